# SPDX-License-Identifier: MIT
"""Reads environment variables and looks at files, without the os module.

The os module is a layer over posix that takes as long to import as half of the core.
A command needs little from it, and most of that is also in posix.
"""

import sys

try:
    import posix as system
except ImportError:
    import os as system  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

# The bits of a file's mode, which the module stat calls S_IFMT, S_IFREG and S_IMODE.
KIND, REGULAR, RIGHTS = 0o170000, 0o100000, 0o777
# The characters that can separate the folders of a path.
SEPARATORS = "/\\" if sys.platform == "win32" else "/"


def read_variable(name: str) -> "Optional[str]":
    """Return an environment variable, or None if it is not set."""
    # If os has been imported, the program may have changed os.environ. Otherwise, posix
    # has the variables that the process started with.
    os = sys.modules.get("os")
    if os is not None:
        text: "Optional[str]" = os.environ.get(name)
        return text
    value = system.environ.get(name.encode("ascii"))
    if value is None:
        return None
    return value.decode(sys.getfilesystemencoding(), "surrogateescape")


def default_path() -> "Optional[str]":
    """Return where saved devices are kept, or None if there is no home folder."""
    named = read_variable("MIIO_DEVICES")
    if named:
        return named
    home = read_variable("HOME") or read_variable("USERPROFILE")
    if not home:
        return None
    return home.rstrip("/") + "/.config/miio_pure/devices.json"


def split_path(path: str) -> "Tuple[str, str]":
    """Return the folder of a path, up to its last separator, and the name in it."""
    end = max(map(path.rfind, SEPARATORS)) + 1
    return path[:end], path[end:]


def exists(path: str) -> bool:
    """Tell whether there is a file or a folder that can be reached at this path."""
    try:
        system.stat(path)
        return True
    except (OSError, ValueError):
        # ValueError: no path has a NUL in it.
        return False


def is_file(path: str) -> bool:
    """Tell whether this is a regular file, and not a folder or a pipe."""
    return system.stat(path).st_mode & KIND == REGULAR


def read_rights(descriptor: int) -> int:
    """Return who may do what with an open file, such as 0o600."""
    return system.stat(descriptor).st_mode & RIGHTS
