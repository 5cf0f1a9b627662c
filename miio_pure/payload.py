# SPDX-License-Identifier: MIT
"""JSON as devices write it: strict JSON first, then repairs, each with a name."""

import json

from .errors import PayloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

_BLANK = " \t\r\n"
_WORD_ENDS = _BLANK + ',:[]{}"\0'
_NO_NUMBERS = ("nan", "inf", "infinity")
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
_TOO_DEEP = "the JSON is nested too deeply"
_RECURSION = (RecursionError, TypeError)  # PyPy: "couldn't record ... RecursionError"


def _finite(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):  # JSON could not say it again
        raise ValueError("number too large: %.20s" % digits)
    return number


def _refuse(word: str) -> None:
    raise ValueError("%s is not JSON" % word)


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse).decode


def dump(value: "Any") -> bytes:
    """Compact JSON in ASCII; ValueError or TypeError for what JSON cannot say."""
    try:
        return _encode(value).encode("ascii")
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def load(
    data: bytes, repairs: "Optional[List[str]]" = None, quotes: str = '"'
) -> "Dict[str, Any]":
    """The JSON object in a decrypted payload, repaired where a device wrote it badly.

    A NUL ends it. repairs: a list that receives the name of each kind of repair made.
    quotes: what strings may stand in, if it is not JSON. PayloadError: no object left.
    """
    try:
        value = _decode(data.rstrip(b"\0").decode("utf-8"))
    except _RECURSION:  # no repair would change that
        raise PayloadError(_TOO_DEEP, data) from None
    except ValueError:
        value = _load_repaired(data, [] if repairs is None else repairs, quotes)
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a string, number or word"
        raise PayloadError("expected a JSON object, found %s" % kind, data)
    return value


def _load_repaired(data: bytes, repairs: "List[str]", quotes: str) -> "Any":
    source = data.decode("utf-8", "replace")
    repair = _Repair(source, quotes)
    if source.encode("utf-8") != data:
        repair.name("invalid UTF-8")
    repair.run()
    try:
        value = _decode(repair.text())
    except json.JSONDecodeError as error:
        text = "no JSON, even after repairs: %s: %s"
        place = repair.place(error.pos)
        raise PayloadError(text % (error.msg, place), data) from None
    except _RECURSION:
        raise PayloadError(_TOO_DEEP, data) from None
    except ValueError as error:  # a number that is too large
        raise PayloadError("the JSON is of no use: %s" % error, data) from None
    repairs += repair.names
    return value


class _Repair:
    """One pass over the tokens of broken JSON; what stands in strings is left alone."""

    def __init__(self, text: str, quotes: str) -> None:
        self._source, self._quotes = text, quotes
        self._tokens: "List[Tuple[int, str]]" = []  # where it stood, what it is now
        self._last = ""  # the last token if it is punctuation, "a" for any other
        self.names: "List[str]" = []

    def name(self, repair: str) -> None:
        if repair not in self.names:
            self.names.append(repair)

    def text(self) -> str:
        return " ".join(token for _, token in self._tokens)

    def place(self, position: int) -> str:
        """Where in the source the character at this position of text() comes from."""
        tokens = iter(self._tokens)
        source, token = next(tokens)
        while position > len(token):
            position -= len(token) + 1
            source, token = next(tokens)
        at = source + min(position, len(token) - 1)
        line = self._source.count("\n", 0, at) + 1
        return "line %d column %d" % (line, at - self._source.rfind("\n", 0, at))

    def run(self) -> None:
        at, end = 0, len(self._source)
        while at < end:
            char = self._source[at]
            if char == "\0":
                if self._source[at:].strip("\0"):
                    self.name("bytes after the NUL")
                break
            if char in self._quotes:
                at = self._string(at, char)
            elif char in ",:[]{}":
                at = self._punctuation(at, char)
            elif char in _BLANK:
                at += 1
            else:
                at = self._word(at)
        if not self._tokens:
            self.name("empty payload")
            self._tokens.append((0, "{}"))

    def _add(self, at: int, token: str, last: str = "a") -> None:
        self._tokens.append((at, token))
        self._last = last

    def _punctuation(self, at: int, char: str) -> int:
        if char in ",]}" and self._last == ":":
            self.name("missing value")
            self._add(at, "null")
        if char == "," and self._last in ("", ",", "[", "{"):
            self.name("extra comma")
        else:
            if char in "]}" and self._last == ",":
                self.name("extra comma")
                self._tokens.pop()
            self._add(at, char, char)
        return at + 1

    def _word(self, at: int) -> int:
        end = at
        while end < len(self._source) and self._source[end] not in _WORD_ENDS:
            end += 1
        word = self._source[at:end]
        self._add(at, self._repaired_word(word))
        return end

    def _repaired_word(self, word: str) -> str:
        if word in ("true", "false", "null"):
            return word
        if word.lstrip("+-").lower() in _NO_NUMBERS:
            self.name("nan")
            return "null"
        if word[0].isalpha() or word[0] == "_":
            self.name("bare word")
            return _PYTHON_WORDS.get(word) or _encode(word)
        sign = "-" if word[0] == "-" else ""
        unsigned = word[len(sign) :]
        digits = unsigned.lstrip("0")
        number = sign + (digits if digits[:1].isdigit() else "0" + digits)
        if number != word and unsigned[:1] == "0":
            self.name("leading zero")
            return number
        return word  # a number, or else the decoder will say where it is not

    def _string(self, at: int, quote: str) -> int:
        parts, end = ['"'], at + 1
        if quote != '"':
            self.name("single quotes")
        while end < len(self._source):
            char = self._source[end]
            if char == quote:
                self._add(at, "".join(parts) + '"')
                return end + 1
            if char == "\\":
                escape = self._source[end : end + 2]
                if escape == "\\'":
                    self.name("escaped apostrophe")
                    escape = "'"
                parts.append(escape)
                end += 1
            elif char < " ":
                self.name("control character in a string")
                parts.append("\\u%04x" % ord(char))
            else:
                parts.append('\\"' if char == '"' else char)
            end += 1
        self._add(at, "".join(parts))  # never closed: the decoder will say so
        return end
