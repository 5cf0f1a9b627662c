# SPDX-License-Identifier: MIT
"""Reads texts of all kinds, and finds the devices in them by a table of kinds.

A text may be UTF-8 or, as PowerShell writes it, UTF-16; it may be coloured, escaped for
XML, or followed by bytes that are no text. It is read in parts, so that no file is held
in memory as a whole, and each kind of text looks at each part.
"""

import re

from ..errors import MiioError
from ..files.effort import ATTEMPT, BYTE_OF_TEXT
from ..files.streams import decode_utf_16
from .blocks import find_in_blocks
from .environment import find_in_environment
from .fhem import find_in_fhem
from .notes import find_in_note
from .objects import find_in_json
from .robot import find_in_conf
from .things import find_in_things

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator, Match, Tuple

    from ..devices import Record
    from ..files.walk import Leaf

# Bytes that are read as JSON at once: they may take 50 times that.
MAX_SEGMENT = 2 << 20
MAX_OBJECT = 1 << 16  # bytes of an object that takes several lines

# What finds devices in a part of a text. Each looks for what only its own kind of text
# has, and yields nothing for the others.
TEXTS = (
    find_in_json,
    find_in_things,
    find_in_fhem,
    find_in_blocks,
    find_in_environment,
    find_in_note,
    find_in_conf,
)

# The escapes of XML. Small hosts lack the module html.
_ENTITY = re.compile(r"&(?:(quot|amp|lt|gt|apos)|#(\d{1,7}));")
_ENTITIES = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
# The control sequences that make a terminal show colours: ECMA-48.
_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


class Part:
    """A part of a text, which consists of whole lines.

    Each part begins with the last lines of the one before, so that what takes several
    lines is whole in one of them. is_first, is_last: whether the text begins and ends
    with it.
    """

    def __init__(self, text: str, is_first: bool, is_last: bool) -> None:
        self.text, self.is_first, self.is_last = text, is_first, is_last

    @property
    def is_whole(self) -> bool:
        """Tell whether there is no other part."""
        return self.is_first and self.is_last


def is_text(leaf: "Leaf") -> bool:
    """Tell whether a leaf may be any kind of text; raw bytes may follow JSON."""
    head = leaf.head
    return (
        b"\0" not in head or head.lstrip()[:1] in (b"{", b"[") or bool(_is_utf_16(head))
    )


def _is_utf_16(head: bytes) -> bool:
    """Tell whether a text begins with UTF-16's mark, or with ASCII in UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    start = head[:16]
    zeros = [at for at, byte in enumerate(start) if not byte]
    # The byte order is big-endian or little-endian.
    return bool(zeros) and zeros in [list(range(at, len(start), 2)) for at in (0, 1)]


def find_in_text(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices in a text."""
    for part in _read_parts(leaf):
        for find_devices in TEXTS:
            yield from find_devices(leaf, part)


def _read_parts(leaf: "Leaf") -> "Iterator[Part]":
    """Yield a text in parts."""
    file = leaf.file
    if _is_utf_16(leaf.head):
        file = decode_utf_16(file, leaf.effort)
    for data, is_first, is_last in _read_segments(file):
        leaf.effort.spend(BYTE_OF_TEXT * len(data))
        text = data.decode("utf-8", "replace")
        if is_first:
            text = text.lstrip("\ufeff")
        if "&quot;token&quot;" in text:
            # This is Yeelight's XML. A parser of XML would be open to entity bombs.
            leaf.effort.spend(ATTEMPT * text.count("&"))
            text = _ENTITY.sub(_unescape, text)
        if "\x1b[" in text:
            leaf.effort.spend(ATTEMPT * text.count("\x1b["))
            text = _COLOUR.sub("", text)
        yield Part(text, is_first, is_last)


def _read_segments(file: "BinaryIO") -> "Iterator[Tuple[bytes, bool, bool]]":
    """Yield (bytes, is_first, is_last) of each part, as Part describes them."""
    data, known, is_first = b"", 0, True
    while True:
        data += file.read(MAX_SEGMENT - len(data))
        if len(data) < MAX_SEGMENT:
            yield data, is_first, True
            return
        end = data.rfind(b"\n") + 1
        if end <= known:
            raise MiioError("a line of over %d bytes" % (MAX_SEGMENT - known))
        yield data[:end], is_first, False
        start = data.find(b"\n", max(0, end - MAX_OBJECT)) + 1
        data, known, is_first = data[start:], end - start, False


def _unescape(match: "Match[str]") -> str:
    name, number = match.groups()
    return _ENTITIES[name] if name else chr(min(int(number), 0x10FFFF))
