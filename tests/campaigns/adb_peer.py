# SPDX-License-Identifier: MIT
"""Backups of Android beside hoardy-adb: what it packs we read, what we read it unpacks.

    python3 -m tests.campaigns.adb_peer

It is run by .ci/run, which installs hoardy-adb, and not by unittest.
"""

import os
import subprocess
import sys
import tempfile

from miio_pure.tokens import find

from ..support.samples import SAMPLES

HOARDY = os.path.join(os.path.dirname(sys.executable), "hoardy-adb")


def hoardy(*args):
    subprocess.run([HOARDY] + list(args), check=True)


def tokens(path, password=None):
    records = find(path, password=password).records
    return sorted((one.device_id, one.token) for one in records)


def main():
    tar = os.path.join(SAMPLES, "backup.tar")
    right = tokens(tar)
    assert len(right) == 3, right
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for version in range(1, 6):
            for options in ([], ["-c"]):
                for password in (None, "secret", "пароль"):
                    count += 1
                    path = os.path.join(folder, "%d.ab" % count)
                    secret = ["--output-passphrase", password, "-e"] if password else []
                    wanted = ["--output-version", str(version), tar, path]
                    hoardy("wrap", *secret, *options, *wanted)
                    assert tokens(path, password) == right, path
        for name in ("backup", "backup-deflated", "backup-encrypted"):
            path = os.path.join(SAMPLES, name + ".ab")
            unpacked = os.path.join(folder, name + ".tar")
            hoardy("unwrap", "-p", "secret", path, unpacked)
            assert tokens(unpacked) == tokens(path, "secret") == right, path
    print("%d backups of hoardy-adb read, 3 of ours unpacked by it" % count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
