# SPDX-License-Identifier: MIT
"""The one file of the whole package, as the command pack makes it.

python3 -m tests.support.pyz [miio.pyz]
"""

import os
import sys

from miio_pure.cli import pack

from . import ROOT


def find_sources():
    """Yield the name in the zip, and the path, of each module, in order."""
    for folder, folders, names in os.walk(os.path.join(ROOT, "miio_pure")):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, ROOT).replace(os.sep, "/"), path


def read_text(path):
    """Return a file's text; its lines end in the same way wherever git put it."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def build(target):
    """Write the file."""
    pack.write(target, pack.build())


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else "miio.pyz")
