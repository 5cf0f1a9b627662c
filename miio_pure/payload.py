# SPDX-License-Identifier: MIT
"""JSON as devices write it, and as people type it.

Both are read as strict JSON first. Where that fails, a text is taken apart into tokens,
badly written ones are mended, and the decoder reads the result. What stands inside a
string is never touched.

`load` reads what a device wrote. We cannot ask it to write better, so nearly anything
is mended, under one rule: a repair never moves a value, and never invents one without
saying so. The values of get_prop count by their position, so `["on",,33]` has three
elements and the one in the middle is null ("missing value"). An object's members have
names, so there a comma too many is dropped ("extra comma"), as is one before a closing
bracket. A JSON word that is spelt otherwise, such as FALSE or None, is what it means
("misspelt word"); any other word is a text ("bare word"), and nan is null ("nan").

`load_typed` reads what somebody typed, which may switch something on. People can be
asked, so it mends only what has a single reading: commas that repeat between members of
an object, single quotes, and words without quotes. For all else it says where, and what
to write instead.
"""

from .errors import PayloadError
from .host import NotJSON, parse, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

_BLANKS = " \t\r\n"
_PUNCTUATION = ",:[]{}"
_NOT_FINITE = ("nan", "inf", "infinity")
_MISSPELT = {"true": "true", "false": "false", "null": "null", "none": "null"}
_TOO_DEEP = "nested too deeply"
# PyPy raises a TypeError: "couldn't record ... RecursionError".
_RECURSION = (RecursionError, TypeError)

MAX_EXCERPT = 60  # characters of the source that an error shows
# A token with some digits missing is still a secret.
MIN_SECRET = 24  # hex digits
_HEX = "0123456789abcdefABCDEF"


def dump(value: "Any") -> bytes:
    """Write compact JSON in ASCII.

    Raises ValueError or TypeError for values that JSON does not have.
    """
    try:
        return write(value).encode("ascii")
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def load(data: bytes, repairs: "Optional[List[str]]" = None) -> "Dict[str, Any]":
    """Return the JSON object in a decrypted payload, mended where that is needed.

    A NUL ends it. repairs: a list that receives the name of each kind of repair made.
    Raises PayloadError if no object is left.
    """
    try:
        value = parse(data.rstrip(b"\0").decode("utf-8"))
    except _RECURSION:
        raise PayloadError("the JSON is %s" % _TOO_DEEP, data) from None
    except ValueError:
        value = _load_mended(data, repairs)
    if not isinstance(value, dict):
        raise PayloadError(_describe_kind(value), data)
    return value


def load_typed(text: str, repairs: "Optional[List[str]]" = None) -> "Dict[str, Any]":
    """Return the JSON object that somebody typed; mend what has a single reading.

    repairs: as for load(). Raises PayloadError for all else. Its text has three lines:
    what is wrong and where, the line of the source, and a caret below the place.
    """
    mender = _Mender(text, typed=True)
    try:
        value = _decode_typed(mender)
    except _Broken as broken:
        raise _explain(text, broken.at, "not valid JSON: %s" % broken) from None
    if not isinstance(value, dict):
        start = len(text) - len(text.lstrip(_BLANKS))
        raise _explain(text, start, _describe_kind(value))
    _add_names(mender, repairs)
    return value


def _explain(text: str, at: int, reason: str) -> PayloadError:
    lines = (reason, _describe_place(text, at), _draw_excerpt(text, at))
    return PayloadError("%s: %s\n%s" % lines, text.encode("utf-8", "surrogatepass"))


def _load_mended(data: bytes, repairs: "Optional[List[str]]") -> "Any":
    source = data.decode("utf-8", "replace")
    mender = _Mender(source)
    if source.encode("utf-8") != data:
        mender.note(0, "invalid UTF-8")
    try:
        value = _decode_mended(mender)
    except _Broken as broken:
        place = _describe_place(source, broken.at)
        text = "not valid JSON, even after repairs: %s: %s" % (broken, place)
        raise PayloadError(text, data) from None
    _add_names(mender, repairs)
    return value


def _decode_typed(mender: "_Mender") -> "Any":
    # Python puts lone surrogates where an argument is not valid UTF-8.
    try:
        mender.source.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _Broken("this is not a valid character", error.start) from None
    try:
        return parse(mender.source)
    except _RECURSION:
        raise _Broken(_TOO_DEEP, 0) from None
    except ValueError:
        return _decode_mended(mender)


def _decode_mended(mender: "_Mender") -> "Any":
    mender.run()
    try:
        return parse(mender.join())
    except NotJSON as error:
        raise _Broken(error.reason, mender.find_source(error.position)) from None
    except _RECURSION:
        raise _Broken(_TOO_DEEP, 0) from None
    except ValueError:
        raise _Broken("a number is too large", mender.find_large_number()) from None


def _add_names(mender: "_Mender", repairs: "Optional[List[str]]") -> None:
    if repairs is not None:
        repairs += mender.names


class _Broken(Exception):
    """A text that cannot be read. at: the index of the character that is to blame."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at


class _Mender:
    """Take a badly written text apart into tokens, in one pass, and mend them.

    names: the kinds of repairs made, in order.
    """

    def __init__(self, source: str, typed: bool = False) -> None:
        self.source, self._typed = source, typed
        self._quotes = "\"'" if typed else '"'
        self._word_ends = _BLANKS + _PUNCTUATION + self._quotes + "\0"
        # Each token: the index in the source at which it stood, and its text now.
        self._tokens: "List[Tuple[int, str]]" = []
        # The last token if it is punctuation, and "a" for any other.
        self._last = ""
        # The brackets that are open.
        self._open: "List[str]" = []
        self.names: "List[str]" = []

    def note(self, at: int, repair: str, advice: str = "") -> None:
        """Note a kind of repair, or raise _Broken if it is not to be made.

        advice: what somebody who typed this should do instead; "" if the repair has a
        single reading.
        """
        if self._typed and advice:
            raise _Broken(advice, at)
        if repair not in self.names:
            self.names.append(repair)

    def join(self) -> str:
        """Return the tokens as one text."""
        return " ".join(token for _, token in self._tokens)

    def find_source(self, position: int) -> int:
        """Return where in the source this position of join() comes from."""
        tokens = iter(self._tokens)
        at, token = next(tokens)
        while position > len(token):
            position -= len(token) + 1
            at, token = next(tokens)
        return at + min(position, len(token) - 1)

    def find_large_number(self) -> int:
        """Return the index in the source of a number that Python refuses to read."""
        return next((at for at, token in self._tokens if _is_too_large(token)), 0)

    def run(self) -> None:
        """Go through the source and collect the tokens, mended."""
        at, end = 0, len(self.source)
        while at < end:
            char = self.source[at]
            if char == "\0":
                self._end_at_nul(at)
                break
            if char in self._quotes:
                at = self._take_string(at, char)
            elif char in _PUNCTUATION:
                at = self._take_punctuation(at, char)
            elif char in _BLANKS:
                at += 1
            else:
                at = self._take_word(at)
        if not self._tokens:
            self.note(0, "empty payload", "there is nothing here")
            self._tokens.append((0, "{}"))

    def _end_at_nul(self, at: int) -> None:
        if self._typed or self.source[at:].strip("\0"):
            self.note(at, "bytes after the NUL", "take this NUL out")

    def _add(self, at: int, token: str, last: str = "a") -> None:
        self._tokens.append((at, token))
        self._last = last

    def _take_punctuation(self, at: int, char: str) -> int:
        if char in ",]}" and self._last == ":":
            self.note(at, "missing value", "a value is missing before this")
            self._add(at, "null")
        elif char == "," and self._last in ("", ",", "[", "{"):
            return self._take_extra_comma(at)
        elif char in "]}" and self._last == ",":
            comma, _ = self._tokens.pop()
            self.note(comma, "extra comma", "nothing follows this comma: take it out")
        if char in "[{":
            self._open.append(char)
        elif char in "]}" and self._open:
            self._open.pop()
        self._add(at, char, char)
        return at + 1

    def _take_extra_comma(self, at: int) -> int:
        """Mend a comma with nothing before it: a missing element, or one too many."""
        inside = self._open[-1] if self._open else ""
        if inside == "[":
            self.note(at, "missing value", "a value is missing before this comma")
            self._add(at, "null")
            self._add(at, ",", ",")
        else:
            repeated = inside == "{" and self._last == ","
            self.note(at, "extra comma", "" if repeated else "take this comma out")
        return at + 1

    def _take_word(self, at: int) -> int:
        end = at
        while end < len(self.source) and self.source[end] not in self._word_ends:
            end += 1
        self._add(at, self._mend_word(at, self.source[at:end]))
        return end

    def _mend_word(self, at: int, word: str) -> str:
        if word in ("true", "false", "null"):
            return word
        if word.lstrip("+-").lower() in _NOT_FINITE:
            self.note(at, "nan", "JSON has no such number: write null or a number")
            return "null"
        meant = _MISSPELT.get(word.lower())
        if meant:
            self.note(at, "misspelt word", "write %s instead of %s" % (meant, word))
            return meant
        if word[0].isalpha() or word[0] == "_":
            self.note(at, "bare word")
            return write(word)
        return self._mend_number(at, word)

    def _mend_number(self, at: int, word: str) -> str:
        sign = "-" if word[0] == "-" else ""
        unsigned = word[len(sign) :]
        digits = unsigned.lstrip("0")
        number = sign + (digits if digits[:1].isdigit() else "0" + digits)
        if number == word or unsigned[:1] != "0":
            # It is a number, or else the decoder will say where it is not.
            return word
        advice = "write numbers without leading zeros, and text in quotes"
        self.note(at, "leading zero", advice)
        return number

    def _take_string(self, at: int, quote: str) -> int:
        parts, end = ['"'], at + 1
        if quote == "'":
            self.note(at, "single quotes")
        while end < len(self.source):
            char = self.source[end]
            if char == quote:
                self._add(at, "".join(parts) + '"')
                return end + 1
            size = 2 if char == "\\" else 1
            parts.append(
                self._mend_character(end, self.source[end : end + size], quote)
            )
            end += size
        # It never ends, as the decoder will say.
        self._add(at, "".join(parts))
        return end

    def _mend_character(self, at: int, char: str, quote: str) -> str:
        """Return a character of a string, or an escape of two, as JSON has it."""
        if char == "\\'":
            if quote == '"':
                self.note(at, "escaped apostrophe", "leave this backslash out")
            return "'"
        if char < " ":
            advice = "write this control character as an escape, such as \\n"
            self.note(at, "control character in a string", advice)
            return "\\u%04x" % ord(char)
        # Only a string in single quotes can hold this one.
        return '\\"' if char == '"' else char


def _is_too_large(token: str) -> bool:
    try:
        parse(token)
    except NotJSON:
        return False
    except ValueError:
        return True
    return False


def _describe_kind(value: "Any") -> str:
    kind = "a list" if isinstance(value, list) else "a string, number or word"
    return "expected a JSON object, found %s" % kind


def _describe_place(source: str, at: int) -> str:
    line = source.count("\n", 0, at) + 1
    return "line %d column %d" % (line, at - source.rfind("\n", 0, at))


def _draw_excerpt(source: str, at: int) -> str:
    """Return what surrounds a place on its line, and a line with a caret below it."""
    first = source.rfind("\n", 0, at) + 1
    line, _, _ = source[first:].partition("\n")
    shown = "".join(char if char.isprintable() else "?" for char in _hide_secrets(line))
    start = max(0, min(at - first - MAX_EXCERPT // 2, len(shown) - MAX_EXCERPT))
    before = shown[start : at - first]
    indent = sum(_measure(char) for char in before)
    return "%s\n%s^" % (shown[start : start + MAX_EXCERPT], " " * indent)


def _hide_secrets(line: str) -> str:
    """Put stars in the place of hex digits that may be a token."""
    parts, run = [], ""
    for char in line + "\n":
        if char in _HEX:
            run += char
        else:
            parts.append("*" * len(run) if len(run) >= MIN_SECRET else run)
            parts.append(char)
            run = ""
    return "".join(parts)[:-1]


def _measure(char: str) -> int:
    """Return how many columns of a terminal a character takes, roughly."""
    code = ord(char)
    if 0x300 <= code < 0x370 or 0xFE00 <= code < 0xFE10:
        # Accents and the like stand on the character before.
        return 0
    wide = 0x1100 <= code < 0x1160 or 0x2E80 <= code < 0xFB00 or 0xFF00 <= code < 0xFF61
    return 2 if wide or 0x1F300 <= code < 0x1FB00 or code >= 0x20000 else 1
