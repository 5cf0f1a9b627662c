# SPDX-License-Identifier: MIT
"""Reads UDP datagrams out of frames: IPv4, fragments, UDP.

Frames without IPv4 or UDP are skipped. Checksums are ignored, because network cards
fill them in after the capture.

A datagram that is too long for one packet travels in fragments, which we put together
again here. Only the first fragment contains the ports, so a filter on ports loses all
the others. We yield what there is of such a datagram, and of one that the capture cut
short, with a text that says what is missing.
"""

import struct

from ..errors import MiioError
from .fragments import Fragments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator, Optional

    from .fragments import Key
    from .frames import Frame

# RFC 791, 3.1: version and header length, total length, identification, flags and
# fragment offset, protocol, source and destination.
IPV4 = struct.Struct(">BxHHHxB2x8s")
MORE_FRAGMENTS, OFFSET_BITS = 0x2000, 0x1FFF
UDP = struct.Struct(">HHH2x")
UDP_PROTOCOL = 17
CUT_BY_SNAPLEN = (
    "the capture kept only %d of its %d bytes: capture whole packets, with tcpdump -s 0"
)
FRAGMENTS_MISSING = (
    "only %d of its %d bytes were captured, because other fragments of it are missing: "
    "capture with the filter host ADDRESS; udp port 54321 loses them"
)
OVERLAPPING = "only %d of its %d bytes are certain, because its fragments overlap"
DAMAGED = "only %d of its %d bytes are in the packet, so it was damaged"


class Datagram:
    """A UDP datagram.

    time: seconds since 1970, or None if the capture has no times. source, destination:
    addresses of four bytes. ident: the identification in the IP header. data: the bytes
    that we have. size: how many bytes it had. lack: why data is shorter, or "".
    """

    def __init__(self, time: "Optional[float]", key: "Key") -> None:
        ends, self.ident = key
        self.time, self.source, self.destination = time, ends[:4], ends[4:]
        self.source_port = self.destination_port = 0
        self.data, self.size, self.lack = b"", 0, ""

    def read_udp(self, body: bytes, lack: str) -> bool:
        """Read the header and the data; return False if this is not a UDP datagram.

        lack: the text to use if body is too short; it has places for the two sizes.
        """
        if len(body) < UDP.size:
            return False
        self.source_port, self.destination_port, length = UDP.unpack_from(body)
        self.data, self.size = body[UDP.size : length], length - UDP.size
        if len(self.data) < self.size:
            self.lack = lack % (len(self.data), self.size)
        return self.size >= 0


def read_datagrams(frames: "Iterable[Frame]") -> "Iterator[Datagram]":
    """Yield the UDP datagrams in frames, as they become complete.

    Datagrams that never become complete are yielded when their time is over or the
    frames end, even if the frames end with an error.
    """
    fragments = Fragments()
    try:
        for frame in frames:
            datagram = read_frame(frame, fragments)
            if fragments.given_up:
                yield from make_incomplete(fragments)
            if datagram is not None:
                yield datagram
    except MiioError:
        fragments.give_up_all()
        yield from make_incomplete(fragments)
        raise
    fragments.give_up_all()
    yield from make_incomplete(fragments)


def read_frame(frame: "Frame", fragments: Fragments) -> "Optional[Datagram]":
    """Return the datagram that a frame completes, if any.

    fragments: the earlier ones.
    """
    time, find_ip, data, is_cut = frame
    if fragments.open and time is not None:
        fragments.give_up_old(time)
    start = find_ip(data)
    if start < 0 or len(data) < start + IPV4.size:
        return None
    version, total, ident, flags, protocol, ends = IPV4.unpack_from(data, start)
    header = (version & 15) * 4
    if protocol != UDP_PROTOCOL or version >> 4 != 4 or header < IPV4.size:
        return None
    # Segmentation offload leaves 0 as the length. Bytes after the end are Ethernet's
    # padding.
    end = start + total if total else len(data)
    body = data[start + header : end]
    key = ends, ident
    lack = CUT_BY_SNAPLEN if is_cut else DAMAGED
    if flags & (MORE_FRAGMENTS | OFFSET_BITS):
        pieces = fragments.add(key, time, (flags & OFFSET_BITS) * 8, body)
        pieces.is_cut |= len(body) < end - start - header
        if not flags & MORE_FRAGMENTS:
            pieces.end = (flags & OFFSET_BITS) * 8 + end - start - header
        whole = fragments.take(pieces)
        if whole is None:
            return None
        body = whole
    datagram = Datagram(time, key)
    return datagram if datagram.read_udp(body, lack) else None


def make_incomplete(fragments: Fragments) -> "Iterator[Datagram]":
    """Yield the datagrams that were given up, if we have their beginning."""
    for pieces in fragments.given_up:
        lack = FRAGMENTS_MISSING
        if pieces.is_cut:
            lack = CUT_BY_SNAPLEN
        elif pieces.overlaps:
            lack = OVERLAPPING
        datagram = Datagram(pieces.time, pieces.key)
        if datagram.read_udp(pieces.join(), lack):
            yield datagram
    fragments.given_up = []
