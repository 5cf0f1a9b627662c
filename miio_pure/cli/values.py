# SPDX-License-Identifier: MIT
"""What somebody types and what devices answer: values, and items of MIoT.

A property or an action of a newer device has two numbers: siid, the service, and piid
or aiid within that service. They are written 2.1 or 2:1.
"""

from ..errors import meaning
from ..host import parse
from .secret import check_secret
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    Address = Tuple[int, int]

MIOT_METHODS = ("get_properties", "set_properties", "action")
DIGITS = "0123456789"
MAX_DIGITS = 9  # of a siid or piid
RECURSION = (RecursionError, TypeError)


def decode_argument(text: str) -> str:
    """Return an argument as it was typed, even where the locale is C."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise UsageError("an argument has a character that is not UTF-8") from None


def parse_value(text: str) -> "Any":
    """Return the value of an argument: JSON if it is JSON, otherwise the text."""
    text = decode_argument(text)
    try:
        return parse(text)
    except ValueError:
        pass
    except RECURSION:
        # PyPy raises a TypeError instead of a RecursionError.
        raise UsageError("a value is nested too deeply") from None
    if text.strip()[:1] in ("{", "["):
        raise UsageError(
            "a value begins like JSON, but it is not; put JSON in single quotes: "
            "'[\"a\",1]'"
        )
    return text


def parse_params(text: str) -> "Any":
    """Return params: an array or an object as it is, anything else as one param."""
    value = parse_value(text)
    return value if isinstance(value, (list, dict)) else [value]


def parse_address(name: str) -> "Optional[Address]":
    """Return the two numbers of a MIoT property or action, or None for a plain name.

    UsageError for names that need a spec file.
    """
    check_secret("a property or action", name)
    first, separator, second = name.replace(":", ".").partition(".")
    if not separator:
        if not name or not name.replace("_", "").replace("-", "").isalnum():
            raise UsageError("a property or action has a name, or a number such as 2.1")
        return None
    for part in (first, second):
        if not part or part.strip(DIGITS) or len(part) > MAX_DIGITS:
            raise UsageError(
                "%s needs a spec file, which this version cannot read yet; use its "
                "number, such as 2.1" % ascii(name)
            )
    return int(first), int(second)


def find_refusals(answer: "Any") -> "List[Dict[str, Any]]":
    """Return the items of a MIoT answer with a negative code."""
    items = answer if isinstance(answer, list) else [answer]
    return [item for item in items if isinstance(item, dict) and read_code(item) < 0]


def index_items(answer: "Any") -> "Dict[Tuple[Any, Any], Dict[str, Any]]":
    """Return the items of a MIoT answer by (siid, piid): their order may differ."""
    items = answer if isinstance(answer, list) else []
    return {
        (item.get("siid"), item.get("piid")): item
        for item in items
        if isinstance(item, dict) and has_numbers(item)
    }


def has_numbers(item: "Dict[str, Any]") -> bool:
    """Tell whether an item names its property: a device may send anything."""
    return type(item.get("siid")) is int and type(item.get("piid")) is int


def read_code(item: "Dict[str, Any]") -> int:
    """Return the code of a MIoT item; 0 if it has none."""
    code = item.get("code")
    return code if type(code) is int else 0


def name_item(item: "Dict[str, Any]") -> str:
    """Return the number of the property or action that an item is about."""
    return "%s.%s" % (item.get("siid", "?"), item.get("piid", item.get("aiid", "?")))


def explain_refusal(name: str, code: int) -> str:
    """Return the message about a property or action that was refused."""
    known = meaning(code)
    return "%s: the device refused it: code %d%s" % (
        name,
        code,
        " (%s)" % known if known else "",
    )
