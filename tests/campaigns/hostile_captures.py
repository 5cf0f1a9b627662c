# SPDX-License-Identifier: MIT
"""Captures that are made to keep `decode` busy or to fill the memory.

    python3 -m tests.campaigns.hostile_captures [NAME ...]

Each attack is built, and then read in a process of its own; the limits are those of
`hostile`.
"""

import os
import struct
import sys

from miio_pure import Token, packet

from ..support import TOKEN, captures

from .hostile import main, one_file

READ = """
from miio_pure.capture import read

def work(path):
    count, said = 0, ""
    with open(path, "rb") as file:
        try:
            for message in read(file, ["%s"]):
                count += 1
        except MiioError as error:
            said = ", then: " + str(error)
    return "%%d messages" %% count + said
""" % TOKEN


def repeat(piece, count, start=b""):
    """Return what writes a file that consists of one piece, many times."""

    def build(folder):
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(start)
            for _ in range(count // 1000):
                file.write(piece * 1000)
        return path

    return build


def write_frames(make, count):
    """Return what writes a pcap with make(0), make(1) and so on in it."""

    def build(folder):
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(captures.pcap([]))
            for number in range(count):
                frame = make(number)
                sizes = len(frame), len(frame)
                file.write(struct.pack("<4I", number // 50000, 0, *sizes) + frame)
        return path

    return build


def make_fragment(number):
    """Return a fragment, each of another packet."""
    ends = "10.%d.%d.1" % (number >> 24, number >> 16 & 255), "10.0.0.2"
    body = ETHERNET + captures.ip(b"x" * 24, *ends, number & 0xFFFF, 0x2001)
    return body


def make_empty_fragment(number):
    """Return a fragment without any bytes, at each of the possible places."""
    key = number >> 13 & 0xFFFF
    flags = 0x2000 | number & 0x1FFF
    return ETHERNET + captures.ip(b"", "10.0.0.1", "10.0.0.2", key, flags)


def make_overlap(number):
    """Return fragments of 60 KB that lie over each other."""
    flags = 0x2000 | number % 8
    ident = number // 8 & 0xFFFF
    return ETHERNET + captures.ip(FILL, "10.0.0.1", "10.0.0.2", ident, flags)


def make_revelation(number):
    """Return a hello reply of yet another device."""
    one = captures.hello_reply(bytes.fromhex(TOKEN), number)
    return ETHERNET + captures.from_device(one, number & 0xFFFF)


def make_request(number):
    """Return a request of yet another device, which nobody answers."""
    return ETHERNET + captures.to_device(captures.request(number, device_id=number))


def make_large(number):
    """Return a large datagram, each another one."""
    fill = number.to_bytes(8, "big") + FILL
    return ETHERNET + captures.to_device(fill, number & 0xFFFF)


def sign(text):
    """Return what makes requests with this payload."""
    token = Token(TOKEN)
    datagram = packet.encode(token, text, device_id=1, stamp=1)
    return lambda number: ETHERNET + captures.to_device(datagram, number & 0xFFFF)


ETHERNET = captures.LINK_HEADERS[captures.ETHERNET]
FILL = b"x" * 60000
NG = captures.section() + captures.interface()
SIZES = struct.pack("<2I", 4, 0xFFFFFFFC)
MANY_OPTIONS = captures.interface(options=captures.option(1, b"") * 250000)
# fmt: off
ATTACKS = {
    "a million interfaces": repeat(
        captures.interface(), 1000000, captures.section()),
    "500,000 sections": repeat(NG, 500000),
    "30 MB of options": one_file(
        lambda: captures.section() + MANY_OPTIONS * 30),
    "an option that is its own end": one_file(
        lambda: captures.section() + captures.interface(options=b"\1\0\xff\xff" * 9)),
    "a block of 4 GB": one_file(lambda: NG + SIZES + bytes(9)),
    "a packet of 4 GB": one_file(
        lambda: captures.pcap([]) + b"\xff" * 16 + bytes(9)),
    "a million empty frames": repeat(
        bytes(16), 1000000, captures.pcap([])),
    "200,000 fragments": write_frames(make_fragment, 200000),
    "200,000 empty fragments": write_frames(make_empty_fragment, 200000),
    "100 MB of overlaps": write_frames(make_overlap, 1700),
    "100,000 tokens revealed": write_frames(make_revelation, 100000),
    "40,000 requests, no reply": write_frames(make_request, 40000),
    "100 MB of large datagrams": write_frames(make_large, 1700),
    "60 KB of lists, 20 times": write_frames(
        sign(b'{"id":' + b"[" * 60000), 20),
    "60 KB of repairs, 20 times": write_frames(
        sign(b'{"id":1,"result":[' + b"01,," * 15000), 20),
    "60 KB of bad strings, 20 times": write_frames(
        sign(b'{"id":1,"result":["' + b"\xff\n" * 30000), 20),
    "200 tags of a VLAN": write_frames(
        lambda number: bytes(12) + b"\x81\0\0\1" * 15000, 200),
}
# fmt: on


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:], attacks=ATTACKS, work=READ))
