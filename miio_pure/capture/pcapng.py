# SPDX-License-Identifier: MIT
"""Reads pcapng, the format of Wireshark.

A file consists of blocks: a type, the length of the whole block, a body, and the length
again. A Section Header gives the byte order of all blocks up to the next one. Interface
Descriptions give the link layer and the unit of time, and packets refer to them by
number, counting from 0 in each section. We skip all other blocks.
"""

import struct

from ..errors import MiioError
from .frames import CUT_OFF, check_size, read_exactly, read_up_to
from .links import LINKS, describe_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Dict, Iterator, List, Optional, Set, Tuple

    from .frames import FindIP, Frame

SECTION = b"\x0a\x0d\x0d\x0a"
# The magic of a Section Header shows the byte order.
ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
INTERFACE, OLD_PACKET, SIMPLE_PACKET, ENHANCED_PACKET = 1, 2, 3, 6
MIN_BLOCK = 12  # bytes
MAX_BLOCK = 1 << 20  # bytes of a block that is not skipped
MAX_INTERFACES = 4096
MAX_LINKS = 20  # link types that are named in a message
CHUNK = 1 << 16  # bytes
MICROSECONDS = 10**6
# Codes of the options of an interface: if_tsresol and if_tsoffset.
END_OF_OPTIONS, RESOLUTION, OFFSET = 0, 9, 14


def is_pcapng(start: bytes) -> bool:
    """Tell whether a file with these first bytes is a pcapng."""
    return start[:4] == SECTION


def read_pcapng(file: "BinaryIO", start: bytes) -> "Iterator[Frame]":
    """Yield the frames; start: the first four bytes, which were already read.

    The interfaces of a file may differ. Those with an unknown link type are left out,
    and a MiioError says so at the end.
    """
    blocks = _Blocks(file)
    yield from blocks.frames(start)
    if blocks.unknown_links:
        raise MiioError(describe_links(sorted(blocks.unknown_links)))


class _Interface:
    """An interface that packets come from.

    find_ip: None if the link type is unknown. snaplen: bytes; 0 if there is no limit.
    units: how many units of time make a second. offset: seconds.
    """

    __slots__ = ("link", "find_ip", "snaplen", "units", "offset")

    def __init__(self, link: int, snaplen: int) -> None:
        self.link, self.snaplen = link, snaplen
        self.find_ip: "Optional[FindIP]" = LINKS.get(link)
        self.units, self.offset = MICROSECONDS, 0


class _Blocks:
    """The blocks of a file, one after the other.

    unknown_links: the link types whose packets were left out.
    """

    def __init__(self, file: "BinaryIO") -> None:
        self._file = file
        self._order = "<"
        self._interfaces: "List[_Interface]" = []
        self.unknown_links: "Set[int]" = set()

    def frames(self, start: bytes) -> "Iterator[Frame]":
        """Yield the frames in all blocks; start: the type of the first one."""
        while start:
            if start == SECTION:
                self._begin_section()
            else:
                kind, size = struct.unpack(
                    self._order + "2I", start + read_exactly(self._file, 4)
                )
                frame = self._read_block(kind, size)
                if frame is not None:
                    yield frame
            start = read_up_to(self._file, 4)
            if 0 < len(start) < 4:
                raise MiioError(CUT_OFF)

    def _begin_section(self) -> None:
        size, magic = read_exactly(self._file, 4), read_exactly(self._file, 4)
        if magic not in ORDERS:
            raise MiioError("the capture is damaged: a section has no byte order")
        self._order = ORDERS[magic]
        (length,) = struct.unpack(self._order + "I", size)
        self._skip(length, 12)
        self._interfaces = []

    def _read_block(self, kind: int, size: int) -> "Optional[Frame]":
        """Read the rest of a block; return the frame in it, if any."""
        if kind == ENHANCED_PACKET:
            return self._read_packet(self._read_body(size), "I")
        if kind == INTERFACE:
            self._add_interface(self._read_body(size))
        elif kind == SIMPLE_PACKET:
            return self._read_simple_packet(self._read_body(size))
        elif kind == OLD_PACKET:
            return self._read_packet(self._read_body(size), "H2x")
        else:
            self._skip(size, 8)
        return None

    def _read_body(self, size: int) -> bytes:
        """Return a block's body; size: of the block, with the 8 bytes already read."""
        if size > MAX_BLOCK:
            raise MiioError(
                "the capture is damaged: expected a block of at most %d bytes, but one "
                "of %d bytes is announced" % (MAX_BLOCK, size)
            )
        self._check_size(size)
        data = read_exactly(self._file, size - 8)
        self._check_end(size, data[-4:])
        return data[:-4]

    def _skip(self, size: int, done: int) -> None:
        """Read a block to its end, in pieces; done: bytes that were already read."""
        self._check_size(size)
        left = size - done - 4
        while left > 0:
            left -= len(read_exactly(self._file, min(left, CHUNK)))
        self._check_end(size, read_exactly(self._file, 4))

    def _check_size(self, size: int) -> None:
        if size < MIN_BLOCK or size % 4:
            raise MiioError("the capture is damaged: a block has %d bytes" % size)

    def _check_end(self, size: int, end: bytes) -> None:
        (again,) = struct.unpack(self._order + "I", end)
        if again != size:
            raise MiioError(
                "the capture is damaged: a block has %d bytes by its beginning, but %d "
                "by its end" % (size, again)
            )

    def _unpack(self, form: str, body: bytes) -> "Tuple[int, ...]":
        """Unpack the numbers at the beginning of a body."""
        numbers = struct.Struct(self._order + form)
        if len(body) < numbers.size:
            raise MiioError(
                "the capture is damaged: expected a block with %d bytes in it, but "
                "there are %d" % (numbers.size, len(body))
            )
        return numbers.unpack_from(body)

    # Interfaces

    def _add_interface(self, body: bytes) -> None:
        if len(self._interfaces) == MAX_INTERFACES:
            raise MiioError(
                "the capture is damaged: it describes over %d interfaces"
                % MAX_INTERFACES
            )
        link, snaplen = self._unpack("H2xI", body)
        interface = _Interface(link, snaplen)
        options = self._read_options(body[8:])
        if options.get(RESOLUTION):
            exponent = options[RESOLUTION][0]
            # If the highest bit is set, the unit is a power of 2.
            interface.units = 2 ** (exponent & 0x7F) if exponent >> 7 else 10**exponent
        if len(options.get(OFFSET, b"")) == 8:
            (interface.offset,) = struct.unpack(self._order + "q", options[OFFSET])
        self._interfaces.append(interface)

    def _read_options(self, data: bytes) -> "Dict[int, bytes]":
        """Return the options by code; stop at one that is cut off."""
        options: "Dict[int, bytes]" = {}
        at = 0
        while at + 4 <= len(data):
            code, size = struct.unpack_from(self._order + "2H", data, at)
            if code == END_OF_OPTIONS:
                break
            options[code] = data[at + 4 : at + 4 + size]
            # Values are padded to a multiple of four bytes.
            at += 4 + (size + 3) // 4 * 4
        return options

    def _find_interface(self, number: int) -> _Interface:
        if number >= len(self._interfaces):
            raise MiioError(
                "the capture is damaged: a packet is of interface %d, but only %d are "
                "described" % (number, len(self._interfaces))
            )
        return self._interfaces[number]

    # Packets

    def _read_packet(self, body: bytes, number: str) -> "Optional[Frame]":
        """Return the frame of a packet block; number: the format of its interface."""
        index, high, low, captured, original = self._unpack(number + "4I", body)
        interface = self._find_interface(index)
        check_size(captured)
        if captured > len(body) - 20:
            raise MiioError(
                "the capture is damaged: a packet of %d bytes is in a block with %d"
                % (captured, len(body))
            )
        time = interface.offset + (high << 32 | low) / interface.units
        data = body[20 : 20 + captured]
        return self._make_frame(interface, time, data, original)

    def _read_simple_packet(self, body: bytes) -> "Optional[Frame]":
        """Return the frame of a block that has neither a time nor an interface."""
        (original,) = self._unpack("I", body)
        interface = self._find_interface(0)
        captured = min(original, interface.snaplen or original, len(body) - 4)
        return self._make_frame(interface, None, body[4 : 4 + captured], original)

    def _make_frame(
        self, interface: _Interface, time: "Optional[float]", data: bytes, size: int
    ) -> "Optional[Frame]":
        """Return a frame; None if its link type is unknown. size: its original size."""
        if interface.find_ip is None:
            if len(self.unknown_links) < MAX_LINKS:
                self.unknown_links.add(interface.link)
            return None
        return time, interface.find_ip, data, len(data) < size
