# SPDX-License-Identifier: MIT
"""Runs each example of README.rst as it stands, beside a simulated device.

    python3 -m tests.campaigns.readme

Blocks marked `.. code:: sh` and `.. code:: python` are run, in order; UDP port 54321 of
127.0.0.1 must be free. It is run by .ci/run and not by unittest.
"""

import os
import re
import subprocess
import sys

from ..support import ROOT

BLOCK = re.compile(r"^\.\. code:: (sh|python)\n\n((?:    .*\n|\n)+)", re.M)


def main():
    with open(os.path.join(ROOT, "README.rst"), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    device = subprocess.Popen(
        [sys.executable, "-m", "miio_pure", "--simulate"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    failed = 0
    try:
        device.stderr.readline()
        for language, text in blocks:
            code = re.sub("^    ", "", text, flags=re.M)
            # CI runs this one by itself, before anything else.
            if code.strip() == "python3 -m unittest":
                continue
            command = ["bash", "-ec"] if language == "sh" else [sys.executable, "-c"]
            status = subprocess.call(command + [code], cwd=ROOT, timeout=300)
            print("%s: %s" % ("FAILED" if status else "ok", code.strip()), flush=True)
            failed += bool(status)
    finally:
        device.terminate()
        device.communicate()
    print("%d README examples, %d failed" % (len(blocks), failed))
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
