# SPDX-License-Identifier: MIT
"""Finds devices in lines of the form `key: value`: YAML, and the output of other tools.

    - platform: xiaomi_miio           ---------                 == Lamp (online) ==
      host: 192.168.1.5               NAME:   Lamp              \tModel: yeelink...
      token: 0123...                  TOKEN:  0123...           \tToken: 0123...

In all of these, lines that belong together follow each other with equal indentation. So
we read the text as blocks. A block ends where the indentation becomes less, at a rule
such as ---, and at a line that is not a pair. In YAML, a block lies below a key or
after the dash of a list item. Lines that are indented more form a block of their own,
and the outer block continues after it. Empty lines and comments do not end a YAML
block, but they do end any other block, and so does a key without a value.

A line that is not a pair may be the name of the device below it, but only in two forms:
"== name (online) ==" in python-miio's cloud list, and the plain name that
miio-extract-tokens prints. In YAML, the key above a block may be the name.
"""

import json
import re

from ..files.effort import LINE
from .pairs import FIELDS, tell_devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Tuple

    from ..devices import Record
    from ..files.walk import Leaf
    from .pairs import Pair
    from .text import Part

MAX_LINE = 2048  # characters

# A text without this holds no token.
WANTED = re.compile(r"token['\"]?[ \t]*[:=][ \t]*['\"]?[0-9a-f]{24}", re.I)
_RULE = re.compile(r"[-=_*~]{3,}\Z")
_PAIR = re.compile(r"([A-Za-z][\w.-]*(?: [\w.-]+){0,3})[ \t]*[:=][ \t]*(.*)\Z", re.S)
_COMMENT = ("#", "//", ";")
_CLOUD_LIST = re.compile(r"== (.*) \([^()]*\) ==\Z")
# In Home Assistant's YAML, platforms with such names are for Xiaomi devices.
_PLATFORM = re.compile(r"xiaomi|miio|miot")


class _Block:
    """Lines that are indented alike.

    heading: the line above it. is_yaml: it is below a key, or is an item of a list.
    is_item: it is an item of a list. name: the key above it, if that names a device.
    """

    __slots__ = ("indent", "heading", "is_yaml", "is_item", "name", "pairs")

    def __init__(
        self, indent: int, heading: str, is_yaml: bool, name: str, is_item: bool = False
    ) -> None:
        self.indent, self.heading, self.name = indent, heading, name
        self.is_yaml, self.is_item = is_yaml, is_item
        self.pairs: "List[Pair]" = []


class _Reader:
    """Divides lines into blocks."""

    def __init__(self) -> None:
        # Each block is indented more than the one before it.
        self._open: "List[_Block]" = []
        # The previous line, and whether it is a key that may have a block below it.
        self._heading, self._is_key = "", False
        # The indentation and the name of each key without a value around this line.
        self._path: "List[Tuple[int, str]]" = []

    def take(self, line: str) -> "List[_Block]":
        """Take a line; return the blocks that end before it."""
        body = line.strip()
        is_yaml = bool(self._open) and self._open[-1].is_yaml
        if not body or len(body) > MAX_LINE or _RULE.match(body):
            return [] if is_yaml and not body else self._start_anew("", 0)
        expanded = line.expandtabs()
        indent = len(expanded) - len(expanded.lstrip())
        if body.startswith(_COMMENT):
            return [] if is_yaml else self._start_anew(body, indent)
        ended: "List[_Block]" = []
        if body.startswith("- "):
            ended = self.close(indent + 1)
            indent, body = _enter_item(indent, body)
            self._open.append(_Block(indent, "", True, "", True))
        self._path = [(at, key) for at, key in self._path if at < indent]
        pair = _PAIR.match(body)
        if not pair:
            return ended + self._start_anew(body, indent)
        return ended + self._take_pair(indent, body, *pair.groups())

    def close(self, indent: int = 0) -> "List[_Block]":
        """End the blocks with this indentation or more, and return them."""
        kept = [block for block in self._open if block.indent < indent]
        ended, self._open = self._open[len(kept) :], kept
        return ended

    def _start_anew(self, heading: str, indent: int) -> "List[_Block]":
        self._heading, self._is_key = heading, False
        return self.close(indent)

    def _take_pair(
        self, indent: int, body: str, key: str, value: str
    ) -> "List[_Block]":
        is_field = bool(value) or key.lower() in FIELDS
        ended = self.close(indent + 1)
        if self._open and self._open[-1].indent == indent:
            if not is_field and not self._open[-1].is_yaml:
                ended += self.close(indent)
        elif is_field:
            name = self._find_name() if self._is_key else ""
            self._open.append(_Block(indent, self._heading, self._is_key, name))
        if is_field:
            self._open[-1].pairs.append((key.lower(), value))
        self._heading, self._is_key = body, not value and " " not in key
        if self._is_key:
            self._path.append((indent, key))
        return ended

    def _find_name(self) -> str:
        """Return the key above a block, if it is a device in miio2mqtt's settings."""
        keys = [key for _, key in self._path]
        return keys[-1] if keys[-2:-1] in (["Devices"], ["devices"]) else ""


def find_in_blocks(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the devices in the blocks of a text."""
    if not WANTED.search(part.text):
        return
    reader = _Reader()
    lines = part.text.split("\n")
    if not part.is_last:
        # This part ends with a line break, and no empty line follows that.
        lines.pop()
    if not part.is_first:
        # The first block may have begun in the previous part, which had all of it.
        lines = lines[find_start(lines) :]
    for line in lines:
        leaf.effort.spend(LINE)
        for block in reader.take(line):
            yield from _tell_block(leaf, block)
    if part.is_last:
        for block in reader.close():
            yield from _tell_block(leaf, block)


def find_start(lines: "List[str]") -> int:
    """Return the number of the first line that cannot continue a block."""
    bodies = enumerate(line.strip() for line in lines)
    starts = (at for at, body in bodies if body[:2] == "- " or not _PAIR.match(body))
    return next(starts, len(lines))


def _enter_item(indent: int, body: str) -> "Tuple[int, str]":
    """Return the indentation of the text after a dash, and that text."""
    rest = body[1:].lstrip()
    return indent + len(body) - len(rest), rest


def _tell_block(leaf: "Leaf", block: _Block) -> "Iterator[Record]":
    pairs = [(key, _read_value(value, block.is_yaml)) for key, value in block.pairs]
    platforms = [value for key, value in pairs if key in ("platform", "domain")]
    if not all(map(_PLATFORM.search, platforms)):
        return
    name = block.name
    listed = _CLOUD_LIST.match(block.heading)
    if listed:
        name = listed.group(1)
    elif "ip address" in dict(pairs):
        name = block.heading
    # YAML does not repeat a key within an item. If one is repeated, a dash is missing,
    # and perhaps more than that; so an item can only be one device.
    yield from tell_devices(leaf, pairs, name, bool(platforms), block.is_item)


def _read_value(text: str, is_yaml: bool) -> str:
    """Return a value without its quotes and, in YAML, without the comment after it."""
    quote = text[:1]
    if quote in ("'", '"'):
        end = text.find(quote, 1)
        while quote == '"' and end > 0 and text[end - 1] == "\\":
            end = text.find(quote, end + 1)
        if end < 0:
            return ""
        if quote == "'":
            return text[1:end]
        try:
            value = json.loads(text[: end + 1])
        except ValueError:
            return text[1:end]
        return str(value)
    return text.split(" #")[0].rstrip() if is_yaml else text
