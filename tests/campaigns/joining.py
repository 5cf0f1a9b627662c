# SPDX-License-Identifier: MIT
"""Each kind of new device joins another network, in network namespaces.

    python3 -m tests.campaigns.joining

The computer follows the device from its own network into the other one. All kinds do so
at the same time. It needs root and ip(8), and takes a quarter of a minute.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from miio_pure.simulator import NEW_DEVICES

from ..support import moving

# The status that join ends with, and what it says; other kinds hide a new token.
ENDS = {
    "keep token": (0, "its token still holds"),
    "refuse": (4, "it has not joined"),
    "wrong password": (1, "the password is probably wrong"),
    "hello only": (3, "answers hellos, but no requests"),
}
NEW_TOKEN = (5, "has most probably made a new one")


def check(kind):
    """Return what is wrong with how join ends for a kind of device, or ""."""
    outcome = moving.join(kind, "--timeout", "1", "--debug")
    status, said = ENDS.get(kind, NEW_TOKEN)
    text = outcome.out + outcome.err
    if outcome.status != status or said not in text:
        return "%s: status %d: %s" % (kind, outcome.status, text)
    if moving.PASSWORD in text or "Traceback" in text:
        return "%s: the password, or a traceback" % kind
    has_moved = status in (0, 5)
    address = moving.HOME + moving.DEVICE if has_moved else ""
    (saved,) = outcome.saved
    return "" if saved["address"] == address else "%s: saved %s" % (kind, saved)


def run():
    """Run all kinds; return what is wrong."""
    with ThreadPoolExecutor(len(NEW_DEVICES)) as pool:
        return [error for error in pool.map(check, NEW_DEVICES) if error]


if __name__ == "__main__":
    errors = run()
    print("\n".join(errors) or "%d kinds of devices joined" % len(NEW_DEVICES))
    sys.exit(bool(errors))
