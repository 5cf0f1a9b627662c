# SPDX-License-Identifier: MIT
"""JSON as people type it.

What somebody types may switch something on, so we do not guess: only what can be read
in one way is mended, namely repeated commas between the members of an object, single
quotes, and words without quotes. For anything else, the error says where it is, and
what to write instead.
"""

from ..errors import PayloadError
from ..host import NotJSON, parse
from ..payload import Mender, describe_place
from .output import measure, say
from .secret import hide_secrets
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

# Repairs that are not made, by name, and what to do instead.
ADVICE = {
    "empty payload": "a value is missing here",
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


def read_typed(what: str, text: str) -> "Any":
    """Return the JSON that somebody typed; warn if it had to be mended.

    what: how messages call it. Raises UsageError, which shows the place, for what has
    more than one reading, or none.
    """
    repairs: "List[str]" = []
    try:
        value = load_typed(text, repairs)
    except PayloadError as error:
        # The lines below the first one show the place, without what may be a token.
        reason, *excerpt = str(error).split("\n")
        raise UsageError("%s is %s" % (what, reason), excerpt) from None
    if repairs:
        say("warning: %s is not valid JSON; mended: %s" % (what, ", ".join(repairs)))
    return value


def load_typed(text: str, repairs: "Optional[List[str]]" = None) -> "Any":
    """Return the value of JSON that somebody typed; mend what has a single reading.

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
