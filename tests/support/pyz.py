# SPDX-License-Identifier: MIT
"""Makes one file of the whole package, which Python runs as it is.

    python3 -m tests.support.pyz [miio.pyz]

The same sources always give the same bytes. Nothing is compressed, because small hosts
may lack zlib, and what Python does not need stays out, because flash is small there.
"""

import os
import stat
import sys
import zipfile

from . import ROOT
from .slim import strip_source

START = b"""\
# SPDX-License-Identifier: MIT
try:
    import miio_pure.__main__
except ImportError as error:
    raise SystemExit("error: %s" % error)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


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
    with open(target, "wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            add(archive, "__main__.py", START)
            licence = read_text(os.path.join(ROOT, "LICENSE"))
            add(archive, "miio_pure/LICENSE", licence.encode("utf-8"))
            for name, path in find_sources():
                add(archive, name, strip_source(read_text(path)).encode("utf-8"))
    os.chmod(target, 0o755)


def add(archive, name, content):
    """Add an entry that is the same whoever builds it, whenever and wherever."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else "miio.pyz")
