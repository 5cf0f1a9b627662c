# SPDX-License-Identifier: MIT
"""pack: write this program as a single file that Python can run.

The same sources always give the same bytes. Nothing is compressed, because small hosts
may lack zlib, and what Python does not need stays out, because flash is small there.

Python cannot add bytecode to a zip file by itself, so each run compiles each module
again. With --bytecode, the file holds the bytecode of the Python that packs it, and no
sources, because they would only take up space. One source of a few lines stays; it
tells the user of any other Python what is wrong.
"""

import io
import marshal
import os
import stat
import sys
import zipfile
from importlib.util import MAGIC_NUMBER

from ..errors import MiioError
from .output import print_line
from .secret import check_secret
from .slim import strip_source
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Sequence

    from .arguments import Options

START_NAME = "__main__.py"
LICENCE = "# SPDX-License-Identifier: MIT\n"
# Without this, another Python would only report a missing module or a bad number.
CHECK = """\
import sys
if sys.implementation.cache_tag != %r:
    raise SystemExit(
        "error: this file was packed with --bytecode for %s, but this Python is %%s; "
        "pack it again with this Python, or without --bytecode"
        %% sys.implementation.cache_tag
    )
"""
START = """\
try:
    import sys
    if sys.version_info < (3, 6):
        sys.exit("error: this program needs Python 3.6 or later")
    import %s.__main__
except ImportError as error:
    raise SystemExit("error: %%s" %% error)
except KeyboardInterrupt:
    raise SystemExit(130)
"""
SHEBANG = b"#!/usr/bin/env python3\n"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
UNIX = 3
# PEP 552: the bytecode is valid whatever its source looks like.
UNCHECKED_HASH = (1).to_bytes(4, "little") + bytes(8)
# Python 3.6 knows no hashes; there stand the time and the size of a source. Where there
# is no source, nothing is compared with them. The start has one, and is compiled.
NO_SOURCE = bytes(8)
# The parts that can be left out, and the modules and folders of each.
PARTS = {
    "captures": ("capture",),
    "devices": ("devices",),
    "neighbours": ("neighbours",),
    "simulator": ("simulator",),
    "tokens": ("tokens", "files"),
}
# How the path of this module ends inside a packed copy.
OWN_ENDS = ("/cli/pack.py", "/cli/pack.pyc")
NAME, _, _ = __name__.rpartition(".cli.")
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(options: "Options") -> int:
    """Write the file, and print its size."""
    (target,) = options.arguments
    check_target(target)
    parts = options.without.split(",") if options.without is not None else []
    data = build(parts, options.bytecode)
    write(target, data)
    print_line("packed: %s, %d bytes" % (ascii(target)[1:-1], len(data)))
    return DONE


def check_target(target: str) -> None:
    """Raise UsageError for a file that packing must not replace."""
    if target == "-":
        raise UsageError("give the name of a file; the copy cannot go to stdout")
    if os.path.isfile(target) and not is_packed(target):
        check_secret("the file", target)
        raise UsageError(
            "%s exists already, and is not a packed copy of this program; remove it "
            "first, or choose another name" % target
        )


def is_packed(path: str) -> bool:
    """Tell whether a file was made by this command, in any version."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return any(name.endswith(OWN_ENDS) for name in names)


def write(target: str, data: bytes) -> None:
    """Write a program; MiioError if that is not possible."""
    try:
        with open(target, "wb") as file:
            file.write(data)
        os.chmod(target, 0o755)
    except OSError as error:
        text = "%s: cannot be written: %s" % (target, error.strerror)
        raise MiioError(text) from None


def build(without: "Sequence[str]" = (), bytecode: bool = False) -> bytes:
    """Return the content of the file."""
    sources = read_sources(without)
    sources[START_NAME] = make_start(bytecode)
    file = io.BytesIO(SHEBANG)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(sources.items()):
            if not name.endswith(".py"):
                add(archive, name, text.encode("utf-8"))
                continue
            slim = strip_source(text)
            if bytecode:
                add(archive, name + "c", compile_source(name, slim))
            if not bytecode or name == START_NAME:
                add(archive, name, slim.encode("utf-8"))
    return file.getvalue()


def make_start(bytecode: bool) -> str:
    """Return the source that Python runs when it is given the file."""
    tag = sys.implementation.cache_tag
    check = CHECK % (tag, tag) if bytecode else ""
    return LICENCE + check + START % NAME


def read_sources(without: "Sequence[str]" = ()) -> "Dict[str, str]":
    """Return the text of each file by its name in the zip, without some parts."""
    left_out = find_left_out(without)
    texts = {}
    for name, data in read_files().items():
        first, _, _ = name.partition("/")
        module, _, _ = first.partition(".")
        if module not in left_out:
            # Lines end in the same way wherever the sources lie.
            texts["%s/%s" % (NAME, name)] = data.decode("utf-8").replace("\r\n", "\n")
    return texts


def find_left_out(without: "Sequence[str]") -> "List[str]":
    """Return the modules and folders that belong to these parts."""
    for part in without:
        if part not in PARTS:
            raise UsageError(
                "--without takes one or more of these, with commas between them: %s"
                % ", ".join(PARTS)
            )
    return [module for part in without for module in PARTS[part]]


def read_files() -> "Dict[str, bytes]":
    """Return the sources of the package, and its licence, by their names in it."""
    if os.path.isdir(PACKAGE):
        return read_folder()
    start = NAME + "/"
    with zipfile.ZipFile(os.path.dirname(PACKAGE)) as archive:
        names = archive.namelist()
        if start + "__init__.py" not in names:
            raise MiioError(
                "this copy holds only bytecode, and packing needs the sources: use the "
                "folder, or a file that was made without --bytecode"
            )
        return {
            name[len(start) :]: archive.read(name)
            for name in names
            if name.startswith(start) and not name.endswith(".pyc")
        }


def read_folder() -> "Dict[str, bytes]":
    """Do what read_files() does, where the package is a folder."""
    files = {}
    for folder, _, names in os.walk(PACKAGE):
        for name in names:
            if name.endswith(".py") or name == "LICENSE":
                path = os.path.join(folder, name)
                inner = os.path.relpath(path, PACKAGE).replace(os.sep, "/")
                with open(path, "rb") as file:
                    files[inner] = file.read()
    licence = os.path.join(os.path.dirname(PACKAGE), "LICENSE")
    if "LICENSE" not in files and os.path.exists(licence):
        with open(licence, "rb") as file:
            files["LICENSE"] = file.read()
    return files


def compile_source(name: str, source: str) -> bytes:
    """Return the content of a .pyc file for this very Python."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    header = UNCHECKED_HASH if sys.version_info >= (3, 7) else NO_SOURCE
    return MAGIC_NUMBER + header + marshal.dumps(code)


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add an entry that is the same whoever packs it, whenever and wherever."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = UNIX
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, content)
