# SPDX-License-Identifier: MIT
"""Captures beside tshark: both find the same datagrams in the same files.

    python3 -m tests.campaigns.tshark_peer [COUNT [SEED]]

It needs tshark and editcap, which are in Debian's package tshark. .ci/run runs it, and
unittest does not. Half of the files are as we write them, and half as editcap does.
"""

import os
import random
import subprocess
import sys
import tempfile

from miio_pure import MiioError
from miio_pure.capture import read

from ..support import TOKEN, captures

FIELDS = "frame.time_epoch ip.src udp.srcport ip.dst udp.dstport udp.payload".split()
# What editcap calls the formats that we read.
FORMATS = ("pcap", "pcapng", "nsecpcap")
MODIFIED = "modpcap"


def run_tshark(path):
    """Return the datagrams that tshark finds, as (time, source, ...) in text."""
    command = ["tshark", "-r", path, "-Y", "udp.port == 54321", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(
        command + ["-E", "separator=,"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=True,
    )
    rows = [line.split(",") for line in done.stdout.decode().splitlines()]
    return sorted((round(float(row[0]), 6),) + tuple(row[1:]) for row in rows)


def run_ours(path):
    """Return the whole datagrams that we find, in the same form."""
    with open(path, "rb") as file:
        messages = list(read(file, [TOKEN]))
    return sorted(
        (
            round(one.time, 6),
            one.source,
            str(one.source_port),
            one.destination,
            str(one.destination_port),
            one.data.hex(),
        )
        for one in messages
        if "captured" not in str(one.error) and "kept" not in str(one.error)
    )


def make_packets(chance):
    """Return IP packets of a random conversation."""
    packets = []
    for ident in range(1, chance.randint(5, 40)):
        kind = chance.randrange(8)
        if kind == 0:
            packets.append(captures.to_device(captures.hello(), ident))
        elif kind == 1:
            reply = captures.hello_reply(bytes.fromhex(TOKEN), ident)
            packets.append(captures.from_device(reply, ident))
        elif kind == 2:
            packets.append(captures.to_device(captures.request(ident), ident))
        elif kind == 3:
            long = captures.reply(ident, ["x" * chance.randint(1, 9000)])
            parts = captures.fragments(long, chance.choice((8, 48, 185)) * 8, ident)
            chance.shuffle(parts)
            packets += parts
        elif kind == 4:
            long = captures.reply(ident, ["y" * 4000])
            packets += captures.fragments(long, ident=ident)[:1]
        elif kind == 5:
            junk = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 90)))
            packets.append(captures.from_device(junk, ident))
        elif kind == 6:
            options = bytes(4 * chance.randrange(1, 5))
            reply = captures.reply(ident)
            packets.append(captures.from_device(reply, ident, options=options))
        else:
            packets.append(captures.to_device(captures.hello(), ident, protocol=6))
    return packets


def write_capture(chance, path):
    """Write a random capture as we do it; return what is special about it."""
    kind = chance.choice(sorted(captures.LINK_HEADERS))
    frames = captures.link(make_packets(chance), kind)
    order = chance.choice("<>")
    if chance.random() < 0.5:
        said = "pcapng, link type %d, %s" % (kind, order)
        data = captures.pcapng(frames, kind, order)
    else:
        nano = chance.random() < 0.5
        said = "pcap, link type %d, %s, nano %s" % (kind, order, nano)
        data = captures.pcap(frames, kind, order, nano)
    with open(path, "wb") as file:
        file.write(data)
    return said


def rewrite(path, name):
    """Have editcap write a capture in another format; return its path."""
    target = path + "." + name
    subprocess.run(["editcap", "-F", name, path, target], check=True)
    return target


def compare(folder, seed):
    """Compare what both find in a random capture; return how much that is."""
    chance = random.Random(seed)
    path = os.path.join(folder, "capture")
    said = write_capture(chance, path)
    if chance.random() < 0.5:
        name = chance.choice(FORMATS)
        said += ", written again as " + name
        path = rewrite(path, name)
    theirs, ours = run_tshark(path), run_ours(path)
    if theirs != ours:
        print("seed %d (%s): they find %d" % (seed, said, len(theirs)))
        for row in sorted(set(theirs) ^ set(ours))[:4]:
            print("only", "tshark" if row in theirs else "we", str(row)[:150])
        raise SystemExit(1)
    return len(ours)


def check_modified(folder):
    """The old kind of pcap that we refuse is called by its name."""
    path = os.path.join(folder, "modified")
    with open(path, "wb") as file:
        file.write(captures.pcap(captures.link(captures.conversation())))
    try:
        run_ours(rewrite(path, MODIFIED))
    except MiioError as error:
        assert "modified" in str(error), error
    else:
        raise SystemExit("a modified pcap is not refused")


def main(count=60, seed=None):
    seed = random.randrange(1 << 32) if seed is None else seed
    print("seed %d" % seed)
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        check_modified(folder)
        for number in range(count):
            total += compare(folder, seed + number)
    print("%d captures, %d datagrams: the same as tshark finds" % (count, total))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
