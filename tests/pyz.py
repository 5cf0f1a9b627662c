# SPDX-License-Identifier: MIT
"""The whole package in one file that Python runs as it is.

    python3 -m tests.pyz [miio.pyz]

The same sources give the same bytes. Nothing is compressed: small hosts may lack zlib.
"""

import os
import stat
import sys
import zipfile

from .support import ROOT

START = b"""\
# SPDX-License-Identifier: MIT
try:
    import miio_pure.__main__  # noqa: F401
except ImportError as error:  # a Python without json: no traceback
    raise SystemExit("error: %s" % error)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip knows


def sources():
    """(name in the package, path) of each module, in order."""
    for folder, folders, names in os.walk(os.path.join(ROOT, "miio_pure")):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, ROOT).replace(os.sep, "/"), path


def build(target):
    with open(target, "wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            add(archive, "__main__.py", START)
            for name, path in sources():
                with open(path, "rb") as source:
                    add(archive, name, source.read())
    os.chmod(target, 0o755)


def add(archive, name, content):
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix, wherever it is built
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else "miio.pyz")
