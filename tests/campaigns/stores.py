# SPDX-License-Identifier: MIT
"""Random devices, written as other programs do, come back exactly.

    python3 -m tests.campaigns.stores [COUNT [SEED]]

A text consists of several sections in different forms, so that no reader may take
anything out of a neighbour's lines. The seed of a failure is printed.
"""

import os
import random
import sys
import tempfile
import time

from miio_pure.tokens import find

from ..support import stores
from ..support.samples import told


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
    sys.exit(run(amount, first) is not None)
