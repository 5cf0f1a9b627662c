# SPDX-License-Identifier: MIT
"""Gets MD5 and JSON in the quickest way that this Python offers.

On a router, a command spends most of its time on imports. `hashlib` loads OpenSSL, and
`json` loads `re` and everything that `re` needs, but the C code inside both loads at
once. So this module uses the C code if it is there, and otherwise the ordinary modules.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Tuple

    Hash = Callable[[bytes], Any]
    Codec = Tuple[Callable[[str], Any], Callable[[Any], str]]

BLANKS = " \t\n\r"  # RFC 8259 section 2


def _find_md5() -> "Optional[Hash]":
    try:
        from _md5 import md5  # type: ignore[import-not-found,unused-ignore]

        md5(b"")
        return md5  # type: ignore[no-any-return,unused-ignore]
    except (ImportError, ValueError):
        pass
    try:
        # Importing hashlib logs a traceback where MD5 is missing, so ask OpenSSL first.
        if "hashlib" not in sys.modules:
            from _hashlib import openssl_md5

            _allow_md5(openssl_md5)
        from hashlib import md5

        return _allow_md5(md5)
    except (ImportError, ValueError):
        return None


def _allow_md5(md5: "Callable[..., Any]") -> "Hash":
    """Wrap md5 with usedforsecurity=False, so that it works on hosts in FIPS mode.

    Python has that parameter from 3.9 on. Raises ValueError if MD5 is forbidden anyway.
    """
    try:
        md5(b"", usedforsecurity=False)
        return lambda data: md5(data, usedforsecurity=False)
    except (TypeError, ValueError):
        md5(b"")
        return md5


class NotJSON(ValueError):
    """A text is not strict JSON.

    reason: what was expected. position: the index of the wrong character.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason, position)
        self.reason, self.position = reason, position


def _read_float(digits: str) -> float:
    number = float(digits)
    # JSON has no infinity, so such a number could not be written again.
    if abs(number) == float("inf"):
        raise ValueError("number too large: %.20s" % digits)
    return number


def _refuse_constant(word: str) -> "Any":
    raise ValueError("%s is not JSON" % word)


def _refuse_object(value: object) -> "Any":
    raise TypeError("%s cannot be written as JSON" % type(value).__name__)


class _Rules:
    """Hold the settings that the C scanner reads."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float = staticmethod(_read_float)
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)


def load_c_json() -> "Codec":
    """Return (parse, write), built from the C half of the json module.

    Raises ImportError or TypeError on a Python without that half, such as PyPy.
    """
    from _json import (
        encode_basestring_ascii,
        make_encoder,
        make_scanner,
    )

    scan = make_scanner(_Rules())  # type: ignore[arg-type]

    def parse(text: str) -> "Any":
        text = text.rstrip(BLANKS)
        start = len(text) - len(text.lstrip(BLANKS))
        try:
            value, end = scan(text, start)
        except StopIteration as stop:
            raise NotJSON("expected a value", stop.value) from None
        except SystemError:
            # Up to Python 3.11, the scanner can raise its error only where json has
            # been imported.
            _load_error_class(start)
            return parse(text)
        except ImportError:
            raise NotJSON("not valid", start) from None
        except ValueError as error:
            raise _explain(error) from None
        rest = text[end:].lstrip(BLANKS)
        if rest:
            raise NotJSON("expected the end", len(text) - len(rest))
        return value

    def write(value: "Any") -> str:
        encode = make_encoder(
            {}, _refuse_object, encode_basestring_ascii, None, ":", ",", False, False,
            False,
        )  # fmt: skip
        return "".join(encode(value, 0))

    write([parse('{"a":[1.5]}')])
    return parse, write


def _load_error_class(start: int) -> None:
    """Import the error that the C scanner raises.

    Up to 3.11, Debian's smallest Python has no json. There, raise NotJSON without a
    position.
    """
    try:
        import json  # noqa: F401
    except ImportError:
        raise NotJSON("not valid", start) from None


def load_json() -> "Codec":
    """Return (parse, write), built from the ordinary json module."""
    import json

    decode = json.JSONDecoder(
        parse_float=_read_float, parse_constant=_refuse_constant
    ).decode
    encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

    def parse(text: str) -> "Any":
        try:
            return decode(text)
        except ValueError as error:
            raise _explain(error) from None

    return parse, encode


def _explain(error: ValueError) -> ValueError:
    """Turn a JSONDecodeError into NotJSON; return any other error as it is."""
    position = getattr(error, "pos", None)
    if position is None:
        return error
    return NotJSON(str(getattr(error, "msg")), position)


# md5(data) returns an object whose digest() has 16 bytes; None where this Python has no
# MD5 at all.
md5 = _find_md5()

# parse(text) returns the value of a strict JSON text. It raises NotJSON where the text
# is not JSON, and ValueError for numbers that are too large.
# write(value) returns compact JSON in ASCII. It raises ValueError or TypeError for
# values that JSON does not have.
try:
    parse, write = load_c_json()
except (ImportError, TypeError):
    parse, write = load_json()
