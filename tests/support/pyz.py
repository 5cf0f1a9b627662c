# SPDX-License-Identifier: MIT
"""The whole package in one file that Python runs as it is.

    python3 -m tests.support.pyz [miio.pyz]

The same sources give the same bytes. Nothing is compressed: small hosts may lack zlib.
Comments and docstrings stay behind, as flash is small.
"""

import io
import os
import stat
import sys
import tokenize
import zipfile

from . import ROOT

START = b"""\
# SPDX-License-Identifier: MIT
try:
    import miio_pure.__main__  # noqa: F401
except ImportError as error:  # a Python without json: no traceback
    raise SystemExit("error: %s" % error)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
# a string that follows one of these stands alone
STARTS = (None, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip knows


def sources():
    """(name in the package, path) of each module, in order."""
    for folder, folders, names in os.walk(os.path.join(ROOT, "miio_pure")):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, ROOT).replace(os.sep, "/"), path


def content(path):
    """Of a text file, with the same ends of lines wherever git put it."""
    with open(path, encoding="utf-8") as file:
        return file.read().encode("utf-8")


def slim(source):
    """The same code without comments and docstrings; its first line is the licence."""
    lines = source.decode("utf-8").splitlines(True)
    before = None
    for token in list(tokenize.generate_tokens(io.StringIO("".join(lines)).readline)):
        (row, column), (end_row, end) = token.start, token.end
        if token.type == tokenize.COMMENT and row > 1:
            lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
        if token.type == tokenize.STRING and before in STARTS:
            lines[row - 1] = lines[row - 1][:column] + '""' + lines[end_row - 1][end:]
            lines[row:end_row] = [""] * (end_row - row)
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type
    return "".join(lines).encode("utf-8")


def build(target):
    with open(target, "wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            add(archive, "__main__.py", START)
            licence = content(os.path.join(ROOT, "LICENSE"))
            add(archive, "miio_pure/LICENSE", licence)
            for name, path in sources():
                add(archive, name, slim(content(path)))
    os.chmod(target, 0o755)


def add(archive, name, content):
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix, wherever it is built
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else "miio.pyz")
