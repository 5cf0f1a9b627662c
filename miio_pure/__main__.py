#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts the command line, with `python3 -m miio_pure` or when this file itself is run.

This file may also be run through a link, such as /usr/bin/miio-pure.

Python 2 can read this file, so that its users are told which version they need. That
is why the types are in comments here.
"""

import sys

if sys.version_info < (3, 6):
    sys.exit(
        "error: this program needs Python 3.6 or later, and this is Python %d.%d"
        % sys.version_info[:2]
    )
try:
    import posix as system
except ImportError:
    import os as system  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple  # noqa: F401

INTERRUPTED = 130


def start():
    # type: () -> int
    """Run the command line; return the exit status."""
    if __package__:
        from .cli import main

        return main()
    return start_file()


def start_file():
    # type: () -> int
    """Run the command line of the folder that this file really lies in."""
    parent, name = leave_folder()
    # With its parent on sys.path, this very package is the one that is imported.
    sys.path.insert(0, parent)
    try:
        package = __import__(name + ".cli")
    finally:
        sys.path.remove(parent)
    status = package.cli.main()  # type: int
    return status


def leave_folder():
    # type: () -> Tuple[str, str]
    """Remove the folder that this file really lies in from sys.path.

    Python puts it first, where our modules would hide others of the same names. Returns
    the parent and the name of the folder.
    """
    first = sys.path[0] if sys.path else ""
    # Python has already followed all links to that folder, so there is no need to spend
    # time on importing os, unless Python was told not to put the folder there.
    if "os" not in sys.modules and first[:1] == "/" and has_this_file(first):
        sys.path[:] = [path for path in sys.path if path != first]
        parent, _, name = first.rpartition("/")
        return parent, name
    import os

    folder = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != folder]
    return os.path.split(folder)


def has_this_file(folder):
    # type: (str) -> bool
    """Tell whether this file, or the one that it is a link to, lies in a folder."""
    try:
        there, here = system.stat(folder + "/__main__.py"), system.stat(__file__)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def leave(status):
    # type: (int) -> None
    """Exit at once: shutting down the interpreter takes longer than many commands."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # The stream is closed or missing, and lost output was reported before.
            pass
    system._exit(status)


try:
    leave(start())
except KeyboardInterrupt:
    # It may also have come while we were leaving.
    leave(INTERRUPTED)
except ImportError as error:
    sys.exit("error: %s" % error)
except MemoryError:
    sys.exit("error: not enough memory")
except OSError as error:
    # For example, there is too little memory to list folders, or too many open files.
    sys.exit("error: the system reports: %s" % (error.strerror or error))
