# SPDX-License-Identifier: MIT
"""Captures, read in this process and shown by whole processes."""

import io
import os
import tempfile

from miio_pure.capture import read

from tests.support import captures

from .measure import compare
from .messages import TOKEN
from .processes import MAIN, measured

COUNT, QUICK_COUNT = 5000, 50  # packets


def subjects(settings, missing):
    count = QUICK_COUNT if settings.quick else COUNT
    data = make_capture(count)
    has_peer = not {"miio", "dpkt"} & missing
    contestants = [("miio_pure", lambda: read_ours(data, count))]
    if has_peer:
        contestants.append(("python-miio", lambda: read_theirs(data, count)))
    title = "capture of %d packets, read and decrypted" % count
    yield compare(title, contestants, settings, "ms")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "capture.pcap")
        with open(path, "wb") as file:
            file.write(data)
        ours = ["-S", MAIN, "decode", path, "--token", TOKEN.hex()]
        shells = [("miio_pure/__main__.py decode", ours)]
        if has_peer:
            main = "from miio.devtools import devtools; devtools()"
            theirs = ["-W", "ignore", "-c", main, "parse-pcap", path, TOKEN.hex()]
            shells.append(("miiocli devtools parse-pcap", theirs))
        title = "capture of %d packets, shown" % count
        yield from measured(title, shells, b"get_prop", settings)


def make_capture(count):
    """Return a pcap with so many requests and replies."""
    packets = []
    for ident in range(1, count // 2 + 1):
        ask = captures.request(ident, "get_prop", ["power", "speed", "mode"])
        answer = captures.reply(ident, ["on", 33, "auto"])
        packets.append(captures.to_device(ask, 2 * ident & 0xFFFF))
        packets.append(captures.from_device(answer, 2 * ident + 1 & 0xFFFF))
    return captures.pcap(captures.link(packets))


def read_ours(data, count):
    found = sum(one.json is not None for one in read(io.BytesIO(data), [TOKEN]))
    assert found == count, found


def read_theirs(data, count):
    from miio.devtools import pcapparser

    # It prints statistics in the end.
    pcapparser.echo = lambda *args: None
    messages = pcapparser.read_payloads_from_file(io.BytesIO(data), [TOKEN.hex()])
    found = sum(1 for _ in messages)
    assert found == count, found
