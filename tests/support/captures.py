# SPDX-License-Identifier: MIT
"""Writes captures: pcap and pcapng, each link layer, IP, UDP and fragments."""

import io
import struct

from miio_pure import Token, packet, payload
from miio_pure.capture import read

from . import TOKEN

CLIENT, DEVICE = "192.168.1.10", "192.168.1.47"
CLIENT_PORT, PORT = 41234, 54321
DEVICE_ID = 4711
START = 1700000000.0  # seconds since 1970
BROADCAST = "255.255.255.255"

ETHERNET, RAW, COOKED, COOKED_2, NULL, LOOP = 1, 101, 113, 276, 0, 108
RADIOTAP, PKTAP = 127, 258
SNAP = b"\xaa\xaa\x03\0\0\0\x08\0"
# What stands in front of IPv4, for each link type.
LINK_HEADERS = {
    ETHERNET: bytes(12) + b"\x08\0",
    RAW: b"",
    228: b"",
    12: b"",
    14: b"",
    COOKED: bytes(14) + b"\x08\0",
    COOKED_2: b"\x08\0" + bytes(18),
    NULL: b"\2\0\0\0",
    LOOP: b"\0\0\0\2",
    RADIOTAP: b"\0\0\x08\0" + bytes(4) + b"\x08\2" + bytes(22) + SNAP,
    PKTAP: struct.pack("<4I", 108, 1, ETHERNET, 0) + bytes(92) + bytes(12) + b"\x08\0",
}


# miIO


def hello():
    return packet.HELLO


def hello_reply(token=b"\xff" * 16, device_id=DEVICE_ID, stamp=77):
    return packet.HEADER.pack(packet.MAGIC, 32, device_id, stamp, bytes(token))


def encrypt(value, token=TOKEN, device_id=DEVICE_ID, stamp=78):
    """Return the packet of a request or a reply; bytes are taken as they are."""
    plain = value if isinstance(value, bytes) else payload.dump(value)
    return packet.encode(Token(token), plain, device_id=device_id, stamp=stamp)


def request(ident=1, method="get_prop", params=("power",), **options):
    fields = {"id": ident, "method": method, "params": list(params)}
    return encrypt(fields, **options)


def reply(ident=1, result=("on",), **options):
    return encrypt({"id": ident, "result": result}, **options)


# UDP and IP


def pack_address(text):
    return bytes(map(int, text.split(".")))


def udp(data, source_port, destination_port):
    return struct.pack(">4H", source_port, destination_port, 8 + len(data), 0) + bytes(
        data
    )


def ip(body, source, destination, ident=0, flags=0, protocol=17, options=b""):
    """Return an IPv4 packet; flags: with the fragment offset, in units of 8 bytes."""
    words = 5 + len(options) // 4
    start = struct.pack(
        ">BBHHHBBH4s4s",
        0x40 | words,
        0,
        words * 4 + len(body),
        ident,
        flags,
        64,
        protocol,
        0,
        pack_address(source),
        pack_address(destination),
    )
    total = sum(struct.unpack(">%dH" % (words * 2), start + options))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    start = start[:10] + struct.pack(">H", total ^ 0xFFFF) + start[12:]
    return start + options + body


def to_device(data, ident=0, **options):
    return ip(udp(data, CLIENT_PORT, PORT), CLIENT, DEVICE, ident, **options)


def from_device(data, ident=0, **options):
    return ip(udp(data, PORT, CLIENT_PORT), DEVICE, CLIENT, ident, **options)


def fragments(data, size=1480, ident=9):
    """Return the fragments of a long datagram from the device."""
    body = udp(data, PORT, CLIENT_PORT)
    parts = []
    for offset in range(0, len(body), size):
        is_last = offset + size >= len(body)
        flags = offset // 8 | (0 if is_last else 0x2000)
        part = body[offset : offset + size]
        parts.append(ip(part, DEVICE, CLIENT, ident, flags))
    return parts


def link(packets, kind=ETHERNET):
    """Return the frames of IP packets."""
    return [LINK_HEADERS[kind] + one for one in packets]


# Files


def pcap(frames, kind=ETHERNET, order="<", nano=False, snaplen=262144, step=0.01):
    """Return a pcap with a frame every hundredth of a second.

    A frame may be (time, frame) instead.
    """
    units = 10**9 if nano else 10**6
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    data = [struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, snaplen, kind)]
    for time, frame in add_times(frames, step):
        seconds, fraction = divmod(round(time * units), units)
        kept = frame[:snaplen]
        data.append(
            struct.pack(order + "4I", seconds, fraction, len(kept), len(frame)) + kept
        )
    return b"".join(data)


def add_times(frames, step=0.01):
    for number, frame in enumerate(frames):
        is_timed = isinstance(frame, tuple)
        yield frame if is_timed else (START + number * step, frame)


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order="<"):
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, body, order)


def option(code, value, order="<"):
    padding = bytes(-len(value) % 4)
    return struct.pack(order + "HH", code, len(value)) + value + padding


def interface(kind=ETHERNET, order="<", snaplen=0, options=b""):
    return block(1, struct.pack(order + "HHI", kind, 0, snaplen) + options, order)


def enhanced(frame, ticks, order="<", number=0, original=None, options=b""):
    size = len(frame) if original is None else original
    high, low = ticks >> 32, ticks & 0xFFFFFFFF
    head = struct.pack(order + "5I", number, high, low, len(frame), size)
    return block(6, head + frame + bytes(-len(frame) % 4) + options, order)


def simple(frame, order="<", original=None):
    size = len(frame) if original is None else original
    return block(3, struct.pack(order + "I", size) + frame, order)


def pcapng(frames, kind=ETHERNET, order="<", units=10**6, options=b""):
    """Return a pcapng with one interface; options: of that interface."""
    data = [section(order), interface(kind, order, options=options)]
    for time, frame in add_times(frames):
        data.append(enhanced(frame, round(time * units), order))
    return b"".join(data)


# Reading


def read_all(data, tokens=(TOKEN,), **options):
    """Return all messages of a capture in memory."""
    return list(read(io.BytesIO(data), tokens, **options))


def conversation():
    """Return IP packets: a hello, its reply, a request and its reply."""
    return [
        to_device(hello(), 1),
        from_device(hello_reply(), 2),
        to_device(request(), 3),
        from_device(reply(), 4),
    ]
