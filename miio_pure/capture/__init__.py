# SPDX-License-Identifier: MIT
"""Reads miIO messages out of captures: pcap and pcapng, from a file or a pipe.

from miio_pure.capture import read
with open("mi.pcap", "rb") as file:
    for message in read(file, ["00112233445566778899aabbccddeeff"]):
        print(message.source, message.kind, message.json or message.error)
"""

from ..errors import MiioError
from .datagrams import Datagram, read_datagrams
from .frames import read_up_to
from .known_tokens import KnownTokens
from .links import skip_ethernet, skip_nothing
from .messages import START, Message, Reader
from .pcap import is_pcap, read_pcap
from .pcapng import is_pcapng, read_pcapng

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterable, Iterator, Optional, Union

    from ..packet import Token
    from ..session import Saved
    from .frames import Frame

__all__ = ["Message", "find_datagram", "is_capture", "read", "read_packet"]

# For each format, the function that recognises its first four bytes, and the one that
# yields the frames of a file.
FORMATS = ((is_pcap, read_pcap), (is_pcapng, read_pcapng))
GZIP = b"\x1f\x8b"


def read(
    file: "BinaryIO",
    tokens: "Iterable[Union[str, bytes, Token]]" = (),
    *,
    saved: "Optional[Saved]" = None,
) -> "Iterator[Message]":
    """Yield the miIO messages in a capture, each as soon as it can be read.

    file: open in binary mode; it may be a pipe. tokens: for any device. saved: any
    object whose token(device_id) returns a device's Token or None, such as Devices.
    Tokens that hello replies in the capture reveal are used, too.

    A message that cannot be read says why in its `error`. Raises TokenError for a
    malformed token, and MiioError if the file is not a capture, or is damaged or cut
    off; the messages before the damage are yielded first. Memory is bounded, however
    long the capture is.
    """
    known = KnownTokens(tokens, saved)
    return Reader(known).read(read_datagrams(read_frames(file)))


def read_packet(
    data: bytes,
    tokens: "Iterable[Union[str, bytes, Token]]" = (),
    *,
    saved: "Optional[Saved]" = None,
) -> Message:
    """Return the message in a packet, with IP headers or without; see read().

    Without them, source and destination are "", and the ports are 0.
    """
    return Reader(KnownTokens(tokens, saved)).read_datagram(find_datagram(data))


def find_datagram(data: bytes) -> Datagram:
    """Return the datagram after an IP header, or all the data if there is no header.

    There may be an Ethernet header in front of the IP header.
    """
    if data[:2] != START:
        for find_ip in (skip_nothing, skip_ethernet):
            for datagram in read_datagrams([(None, find_ip, data, False)]):
                return datagram
    bare = Datagram(None, (b"", 0))
    bare.data, bare.size = data, len(data)
    return bare


def is_capture(start: bytes) -> bool:
    """Tell whether a file with these first bytes is a capture in a known format."""
    return any(is_format(start) for is_format, _ in FORMATS)


def read_frames(file: "BinaryIO") -> "Iterator[Frame]":
    """Yield the frames of a capture in any format."""
    start = read_up_to(file, 4)
    for is_format, read_format in FORMATS:
        if is_format(start):
            yield from read_format(file, start)
            return
    if not start:
        raise MiioError("the capture is empty")
    packed = ", but packed with gzip: unpack it first" if start[:2] == GZIP else ""
    raise MiioError("expected a capture in the format pcap or pcapng" + packed)
