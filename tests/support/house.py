# SPDX-License-Identifier: MIT
"""The plan of the house: which modules there are, and what each may import."""

import ast
import functools
import os
from collections import namedtuple

from miio_pure.cli.slim import strip_source

from . import ROOT

PACKAGE = os.path.join(ROOT, "miio_pure")

# name: a module or a folder. imports: what it may import of the package, at run time;
# "above" is all that stands above it, "core" is all up to __init__.
Row = namedtuple("Row", "name imports")
# Bytes and `now` in, bytes out: these have no socket, no clock and no environment.
PURE_ROWS = (
    Row("errors", ""),
    Row("host", ""),
    Row("aes", ""),
    Row("packet", "errors host aes"),
    Row("payload", "errors host"),
    Row("session", "errors packet payload"),
    Row("exchange", "errors packet session"),
)
CORE_ROWS = PURE_ROWS + (
    Row("link", "errors"),
    Row("discovery", "errors packet exchange link"),
    Row("client", "above"),
    Row("__init__", "above"),
)
# A copy works without any of these that it does not use.
ROWS = CORE_ROWS + (
    Row("surroundings", ""),
    Row("plans", "core"),
    Row("together", "core plans"),
    Row("miot", "core plans together"),
    Row("neighbours", "core"),
    Row("devices", "core surroundings"),
    Row("join", "core"),
    Row("simulator", "core miot"),
    Row("files", "errors aes"),
    Row("capture", "files core"),
    Row("tokens", "errors files devices capture"),
    Row("cli", "above"),
    Row("__main__", "cli"),
)


def find_part(name):
    """Return the path of a module or folder of the package, or None."""
    for path in (os.path.join(PACKAGE, name + ".py"), os.path.join(PACKAGE, name)):
        if os.path.exists(path):
            return path
    return None


def names(rows):
    """Return the names of those rows whose module or folder exists."""
    return tuple(row.name for row in rows if find_part(row.name))


PURE = names(PURE_ROWS)
CORE = names(CORE_ROWS)
ALL = names(ROWS)


def find_python(folder):
    """Return the paths of all Python files below a folder, in order."""
    paths = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        paths += [os.path.join(parent, name) for name in sorted(files)]
    return [path for path in paths if path.endswith(".py")]


def find_row(path):
    """Return the name of the row that a file of the package belongs to."""
    first = os.path.relpath(path, PACKAGE).split(os.sep)[0]
    return os.path.splitext(first)[0]


def read_source(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@functools.lru_cache(maxsize=None)
def parse_run_time(path):
    """Return the syntax tree of what Python runs: without hints and docstrings."""
    return ast.parse(strip_source(read_source(path)), path)


def find_imports(path, root=PACKAGE):
    """Return what a file imports at run time: (relative, absolute).

    The relative ones are paths below root, without the ending: "files/walk".
    """
    inner, outer = set(), set()
    for node in ast.walk(parse_run_time(path)):
        if isinstance(node, ast.Import):
            outer.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outer.add(node.module)
        elif isinstance(node, ast.ImportFrom):
            inner.update(os.path.relpath(one, root) for one in find_targets(path, node))
    return inner, outer


def find_targets(path, node):
    """Return the paths, without endings, that `from ..a import b` takes things from."""
    folder = path
    for _ in range(node.level):
        folder = os.path.dirname(folder)
    if node.module:
        return [os.path.join(folder, *node.module.split("."))]
    targets = []
    for alias in node.names:
        target = os.path.join(folder, alias.name)
        is_module = os.path.isdir(target) or os.path.exists(target + ".py")
        targets.append(target if is_module else os.path.join(folder, "__init__"))
    return targets
