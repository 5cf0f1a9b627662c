# SPDX-License-Identifier: MIT
"""JSON as people type it.

What somebody types may switch something on, and people can be asked. So only what has a
single reading is mended: commas that repeat between the members of an object, single
quotes, and words without quotes. For anything else the error says where it is, and what
to write instead.
"""

from ..errors import PayloadError
from ..host import NotJSON, parse
from ..payload import BLANKS, Mender, describe_kind, describe_place
from .output import measure
from .secret import hide_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

# Repairs that are not made, by name, and what to do instead.
ADVICE = {
    "empty payload": "there is nothing here",
    "escaped apostrophe": "leave this backslash out",
    "control character in a string": "write this control character as an escape, such "
    "as \\n",
    "extra comma": "take this comma out",
    "leading zero": "write numbers without leading zeros, and text in quotes",
    "misspelt word": "write true, false and null like this, in lower case",
    "missing value": "a value is missing before this",
    "nan": "JSON has no such number: write null or a number",
}
MAX_EXCERPT = 60  # characters of the source that an error shows


class TypedMender(Mender):
    """Mend what has a single reading, and refuse the rest."""

    quotes = "\"'"

    def note(self, at: int, repair: str) -> None:
        if repair in ADVICE:
            raise NotJSON(ADVICE[repair], at)
        super().note(at, repair)


def load_typed(text: str, repairs: "Optional[List[str]]" = None) -> "Dict[str, Any]":
    """Return the JSON object that somebody typed; mend what has a single reading.

    repairs: a list that receives the name of each kind of repair made. Raises
    PayloadError for anything else. Its text has three lines: what is wrong and where,
    the line of the source, and a caret below the place.
    """
    mender = TypedMender(text)
    try:
        value = _read(mender)
    except NotJSON as error:
        reason = "not valid JSON: %s" % error.reason
        raise _explain(text, error.position, reason) from None
    if not isinstance(value, dict):
        start = len(text) - len(text.lstrip(BLANKS))
        raise _explain(text, start, describe_kind(value))
    if repairs is not None:
        repairs += mender.names
    return value


def _read(mender: TypedMender) -> "Any":
    _check_characters(mender.source)
    try:
        return parse(mender.source)
    except (RecursionError, TypeError, ValueError):
        return mender.read()


def _check_characters(text: str) -> None:
    # Python puts lone surrogates where an argument is not valid UTF-8.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotJSON("this is not a valid character", error.start) from None
    if "\0" in text:
        raise NotJSON("take this NUL out", text.index("\0"))


def _explain(text: str, at: int, reason: str) -> PayloadError:
    lines = (reason, describe_place(text, at), _draw_excerpt(text, at))
    return PayloadError("%s: %s\n%s" % lines, text.encode("utf-8", "surrogatepass"))


def _draw_excerpt(source: str, at: int) -> str:
    """Return what surrounds a place on its line, and a line with a caret below it."""
    first = source.rfind("\n", 0, at) + 1
    line, _, _ = source[first:].partition("\n")
    shown = "".join(char if char.isprintable() else "?" for char in hide_secrets(line))
    start = max(0, min(at - first - MAX_EXCERPT // 2, len(shown) - MAX_EXCERPT))
    before = shown[start : at - first]
    indent = measure(before)
    return "%s\n%s^" % (shown[start : start + MAX_EXCERPT], " " * indent)
