# SPDX-License-Identifier: MIT
"""Reads the JSON that devices write, even if it is not quite JSON.

A payload is read as strict JSON first. Where that fails, the text is split into tokens,
badly written ones are mended, and the result is read again. The text inside a string
is left as it is.

Nearly everything is mended, because we cannot ask a device to write better. But one
rule holds: a repair never moves a value, and never invents one without saying so. The
values of get_prop count by their position, so `["on",,33]` has three elements, and the
middle one is null ("missing value"). The members of an object have names, so a surplus
comma is dropped there ("repeated comma", "extra comma"), as is one before a closing
bracket. A word that is not JSON becomes a string ("bare word"), and the JSON words in
another case, and Python's None, become what they mean ("misspelt word").
"""

from .errors import PayloadError
from .host import NotJSON, parse, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

BLANKS = " \t\r\n"
_PUNCTUATION = ",:[]{}"
_NOT_FINITE = ("nan", "inf", "infinity")
_MISSPELT = dict(true="true", false="false", null="null", none="null")
# PyPy raises a TypeError: "couldn't record ... RecursionError".
_RECURSION = (RecursionError, TypeError)


def dump(value: "Any") -> bytes:
    """Write compact JSON in ASCII.

    Raises ValueError or TypeError for values that JSON does not have.
    """
    try:
        return write(value).encode("ascii")
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def load(data: bytes, repairs: "Optional[List[str]]" = None) -> "Dict[str, Any]":
    """Return the JSON object in a decrypted payload, mended where necessary.

    A NUL ends the payload. repairs: a list that receives the name of each kind of
    repair made. Raises PayloadError if the result is not an object.
    """
    try:
        value = parse(data.rstrip(b"\0").decode("utf-8"))
    except _RECURSION:
        raise PayloadError("the JSON is nested too deeply", data) from None
    except ValueError:
        value = _load_mended(data, repairs)
    if not isinstance(value, dict):
        raise PayloadError(describe_kind(value), data)
    return value


def describe_kind(value: "Any") -> str:
    """Say what was found where an object should be."""
    kind = "a list" if isinstance(value, list) else "a string, number or word"
    return "expected a JSON object, found %s" % kind


def describe_place(source: str, at: int) -> str:
    """Return the line and the column of a character."""
    line = source.count("\n", 0, at) + 1
    return "line %d column %d" % (line, at - source.rfind("\n", 0, at))


def _load_mended(data: bytes, repairs: "Optional[List[str]]") -> "Any":
    source = data.decode("utf-8", "replace")
    mender = Mender(source)
    if source.encode("utf-8") != data:
        mender.note(0, "invalid UTF-8")
    try:
        value = mender.read()
    except NotJSON as error:
        place = describe_place(source, error.position)
        text = "not valid JSON, even after repairs: %s: %s" % (error.reason, place)
        raise PayloadError(text, data) from None
    if repairs is not None:
        repairs += mender.names
    return value


class Mender:
    """Split a badly written text into tokens, in one pass, and mend them.

    quotes: the characters that may begin a string. names: the kinds of repairs made, in
    order.
    """

    quotes = '"'

    def __init__(self, source: str) -> None:
        self.source = source
        self._word_ends = BLANKS + _PUNCTUATION + self.quotes + "\0"
        # For each token: its index in the source, and its text after the repairs.
        self._tokens: "List[Tuple[int, str]]" = []
        # The last token if it is punctuation; "a" stands for any other token.
        self._last = ""
        # The brackets that are open.
        self._open: "List[str]" = []
        self.names: "List[str]" = []

    def note(self, at: int, repair: str) -> None:
        """Note a kind of repair, made at this index of the source."""
        if repair not in self.names:
            self.names.append(repair)

    def read(self) -> "Any":
        """Mend the source and return its value; raise NotJSON if that is not enough."""
        self._run()
        try:
            return parse(" ".join(token for _, token in self._tokens))
        except NotJSON as error:
            raise NotJSON(error.reason, self._find_source(error.position)) from None
        except _RECURSION:
            raise NotJSON("nested too deeply", 0) from None
        except ValueError:
            # PyPy raises this for an escape such as "\u-001".
            raise NotJSON("not valid", 0) from None

    def _find_source(self, position: int) -> int:
        """Return where in the source this position of the mended text comes from."""
        tokens = iter(self._tokens)
        at, token = next(tokens)
        while position > len(token):
            position -= len(token) + 1
            at, token = next(tokens)
        return at + min(position, len(token) - 1)

    def _run(self) -> None:
        """Go through the source and collect the tokens, mended."""
        at, end = 0, len(self.source)
        while at < end:
            char = self.source[at]
            if char == "\0":
                if self.source[at:].strip("\0"):
                    self.note(at, "bytes after the NUL")
                break
            if char in self.quotes:
                at = self._take_string(at, char)
            elif char in _PUNCTUATION:
                at = self._take_punctuation(at, char)
            elif char in BLANKS:
                at += 1
            else:
                at = self._take_word(at)
        if not self._tokens:
            self.note(0, "empty payload")
            self._tokens.append((0, "{}"))

    def _add(self, at: int, token: str, last: str = "a") -> None:
        self._tokens.append((at, token))
        self._last = last

    def _take_punctuation(self, at: int, char: str) -> int:
        if char in ",]}" and self._last == ":":
            self.note(at, "missing value")
            self._add(at, "null")
        elif char == "," and self._last in ("", ",", "[", "{"):
            return self._take_extra_comma(at)
        elif char in "]}" and self._last == ",":
            comma, _ = self._tokens.pop()
            self.note(comma, "extra comma")
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
            self.note(at, "missing value")
            self._add(at, "null")
            self._add(at, ",", ",")
        else:
            is_repeated = inside == "{" and self._last == ","
            self.note(at, "repeated comma" if is_repeated else "extra comma")
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
            self.note(at, "nan")
            return "null"
        meant = _MISSPELT.get(word.lower())
        if meant:
            self.note(at, "misspelt word")
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
        if number != word and unsigned[:1] == "0":
            self.note(at, "leading zero")
            word = number
        try:
            parse(word)
        except NotJSON:
            # It is not a number either; the error will say so, with its place.
            pass
        except ValueError:
            raise NotJSON("a number is too large", at) from None
        return word

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
        # The string never ends, and the error will say so.
        self._add(at, "".join(parts))
        return end

    def _mend_character(self, at: int, char: str, quote: str) -> str:
        """Return a character of a string, or an escape of two, as JSON has it."""
        if char == "\\'":
            if quote == '"':
                self.note(at, "escaped apostrophe")
            return "'"
        if char < " ":
            self.note(at, "control character in a string")
            return "\\u%04x" % ord(char)
        # Only a string in single quotes can hold this one.
        return '\\"' if char == '"' else char
