# SPDX-License-Identifier: MIT
"""Reads pcap, the format of tcpdump.

A header of 24 bytes gives the link layer. Then come the packets, each after a header of
16 bytes, without any padding. All numbers are in the byte order of the host that wrote
the file. The first four bytes show that byte order, and the unit of the fractions of a
second.
"""

import struct

from ..errors import MiioError
from .frames import CUT_OFF, check_size, read_exactly, read_up_to
from .links import find_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator

    from .frames import Frame

# For each magic, the byte order, and how many units of the fraction make a second.
KINDS = {
    b"\xa1\xb2\xc3\xd4": (">", 1e6),
    b"\xd4\xc3\xb2\xa1": ("<", 1e6),
    b"\xa1\xb2\x3c\x4d": (">", 1e9),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9),
}
MODIFIED = (b"\xa1\xb2\xcd\x34", b"\x34\xcd\xb2\xa1")


def is_pcap(start: bytes) -> bool:
    """Tell whether a file with these first bytes is a pcap of any kind."""
    return start[:4] in KINDS or start[:4] in MODIFIED


def read_pcap(file: "BinaryIO", start: bytes) -> "Iterator[Frame]":
    """Yield the frames; start: the first four bytes, which were already read."""
    if start in MODIFIED:
        raise MiioError(
            'this is a "modified" pcap, as old versions of Linux tools wrote it: '
            "convert it with: editcap -F pcap OLD NEW"
        )
    order, units = KINDS[start]
    # The numbers are major, minor, two reserved ones, snaplen, and the link type in the
    # low 16 bits.
    numbers = struct.unpack(order + "12xII", read_exactly(file, 20))
    snaplen, link = numbers
    find_ip = find_link(link & 0xFFFF)
    header = struct.Struct(order + "4I")
    while True:
        head = read_up_to(file, 16)
        if not head:
            return
        if len(head) < 16:
            raise MiioError(CUT_OFF)
        seconds, fraction, captured, original = header.unpack(head)
        check_size(captured)
        data = read_exactly(file, captured)
        yield seconds + fraction / units, find_ip, data, captured < original
