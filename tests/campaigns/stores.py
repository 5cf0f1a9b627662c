# SPDX-License-Identifier: MIT
"""Random devices, written as other programs do, come back exactly; and damaged files.

    python3 -m tests.campaigns.stores [COUNT [SEED]]

A text consists of several sections in different forms, so that no reader may take
anything out of a neighbour's lines. Then lines get lost, texts are mutated, and each
sample is cut at every byte: whatever is found, no token is wrong. The seed of a failure
is printed.
"""

import os
import random
import sys
import tempfile
import time

from miio_pure import MiioError
from miio_pure.tokens import find

from ..support import stores
from ..support.samples import read_stores, told

from . import fuzz

# What a mutation puts into a text.
PIECES = fuzz.PIECES + (
    b"token: ",
    b'"token": ',
    b"Thing miio:a [",
    b"MIIO_TOKEN=",
    b"- ",
    b"---\n",
    b"\t",
    b"\x1b[",
    b"\x1f\x8b",
    b"== a (b) ==\n",
    b"0123456789abcdef" * 2,
)
# The forms in which no single line decides what belongs to Xiaomi.
EXACT = [
    write
    for write in stores.WRITERS
    if write not in (stores.write_yaml, stores.write_home_assistant)
]


def make_text(rng):
    """Return the lines of a text, and the devices that it tells of."""
    lines, expected = [], []
    for write in rng.sample(stores.WRITERS, rng.choice((1, 1, 2, 4))):
        devices = [stores.make_device(rng) for _ in range(rng.randrange(1, 5))]
        more, devices = write(rng, devices)
        lines += more + [""]
        expected += devices
    return lines, expected


def check(seed, path):
    """Write a text and read it; return what differs, or None."""
    rng = random.Random(seed)
    lines, expected = make_text(rng)
    with open(path, "wb") as file:
        file.write(stores.pack(rng, stores.encode(rng, lines)))
    found = [record.facts() for record in find(path).records]
    return None if told(found) == told(expected) else (lines, expected, found)


def check_losses(seed, path):
    """Lose a line, or some, of one form; return what is wrong, or None.

    What is left of a device may be found or not, but never with a part of another.
    """
    rng = random.Random(seed)
    write = rng.choice(EXACT)
    devices = [stores.make_device(rng) for _ in range(4)]
    lines, _ = write(rng, devices)
    del lines[rng.randrange(len(lines))]
    with open(path, "wb") as file:
        file.write("\n".join(lines).encode())
    owners = {device["token"]: device for device in devices}
    try:
        records = find(path).records
    except MiioError:
        return None
    for record in records:
        owner = owners.get(record.token)
        for field in ("address", "mac", "device_id", "model"):
            value = getattr(record, field)
            if owner is None or value not in ("", owner[field]):
                return lines, record.facts()
    return None


def lose(count, seed):
    """Lose lines so many times; return the first seed that goes wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            wrong = check_losses(number, os.path.join(folder, "text"))
            if wrong:
                print("seed %d:\n%s\n%s" % (number, "\n".join(wrong[0]), wrong[1]))
                return number
    print("%d texts lost a line, and no devices were mixed" % count)
    return None


def mutate(count, seed):
    """Read so many mutated texts; an exception that gets out is a failure."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        for number in range(count):
            lines, _ = make_text(rng)
            data = fuzz.mutated(stores.encode(rng, lines), rng, PIECES)
            with open(path, "wb") as file:
                file.write(stores.pack(rng, data))
            try:
                fuzz.quietly(find, path)
            except Exception:
                print("seed %d, text %d: %r" % (seed, number, data[:2000]))
                raise
    print("%d mutated texts: nothing got out" % count)


def cut(step=1):
    """Read each sample up to every byte, or every so many; return the first that errs.

    Whatever is found has a token of the whole file.
    """
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        for name, data, devices in read_stores():
            tokens = {device["token"] for device in devices}
            for end in range(count % step, len(data), step):
                with open(path, "wb") as file:
                    file.write(data[:end])
                found = fuzz.quietly(find, path)
                records = [] if isinstance(found, MiioError) else found.records
                count += 1
                if not tokens.issuperset(record.token for record in records):
                    print("%s, cut at %d: a wrong token" % (name, end))
                    return name
    print("%d files that were cut off: no wrong token" % count)
    return None


def run(count, seed):
    """Check so many texts; return the first seed that fails, or None."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            different = check(number, os.path.join(folder, "text"))
            if different:
                lines, expected, found = different
                print("seed %d:\n%s" % (number, "\n".join(lines)))
                print(
                    "missing: %s"
                    % [one for one in told(expected) if one not in told(found)]
                )
                print(
                    "wrong: %s"
                    % [one for one in told(found) if one not in told(expected)]
                )
                return number
    print("%d texts came back exactly" % count)
    return None


if __name__ == "__main__":
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print("seed %d" % first, flush=True)
    mutate(amount, first)
    failures = [run(amount, first), lose(amount, first), cut()]
    sys.exit(failures != [None] * 3)
