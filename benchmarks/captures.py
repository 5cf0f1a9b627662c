# SPDX-License-Identifier: MIT
"""Reading a capture, beside a library that gets the same datagrams ready cut."""

import io
from struct import pack

from miio_pure import Token, packet, payload

from .measure import Table, compare
from .messages import DEVICE_ID, STAMP, TOKEN, command, python_miio

RAW_IP = 101  # the link type of packets that begin with the IP header


def make_datagrams(count):
    token = Token(TOKEN)
    return [
        packet.encode(
            token,
            payload.dump(dict(command(52), id=number + 1)),
            device_id=DEVICE_ID,
            stamp=STAMP + number,
        )
        for number in range(count)
    ]


def make_pcap(datagrams):
    """Return a pcap file in which one host sends these datagrams to a device."""
    parts = [pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)]
    hosts = bytes((192, 168, 1, 2, 192, 168, 1, 47))
    for number, datagram in enumerate(datagrams):
        size = 28 + len(datagram)
        parts.append(pack("<IIII", STAMP + number, 0, size, size))
        parts.append(pack(">BBHHHBBH", 0x45, 0, size, number, 0, 64, 17, 0) + hosts)
        parts.append(pack(">HHHH", 40000, 54321, size - 20, 0) + datagram)
    return b"".join(parts)


def subjects(settings, missing):
    count = 50 if settings.quick else 2000
    title = "capture of %d messages" % count
    try:
        from miio_pure.capture import read
    except ImportError:
        table = Table(title, "ms")
        table.notes.append("This copy has no miio_pure/capture.")
        yield table
        return
    datagrams = make_datagrams(count)
    data = make_pcap(datagrams)

    def ours():
        return [message.json for message in read(io.BytesIO(data), [TOKEN])]

    if len(ours()) != count or None in ours():
        raise SystemExit("miio_pure.capture does not read all messages")
    contestants = [("miio_pure.capture: file to JSON", ours)]
    if "miio" not in missing:
        decode = python_miio()[1]
        contestants.append(
            (
                "python-miio's Message: datagrams to JSON",
                lambda: [decode(datagram) for datagram in datagrams],
            )
        )
    yield compare(title, contestants, settings, "ms")
