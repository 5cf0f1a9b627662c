#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts the command line: python3 -m miio_pure, or this file itself.

A link to this file may lie anywhere, such as /usr/bin/miio-pure.

Python 2 can read this file, which says that it is too old. So the types stand in
comments here.
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
    import os

    folder = os.path.dirname(os.path.realpath(__file__))
    parent, name = os.path.split(folder)
    # Python puts this folder first, where our modules would hide others of the same
    # names. What is imported from the parent is this very package.
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != folder]
    sys.path.insert(0, parent)
    try:
        package = __import__(name + ".cli")
    finally:
        sys.path.remove(parent)
    status = package.cli.main()  # type: int
    return status


def leave(status):
    # type: (int) -> None
    """End at once: to take the interpreter apart takes longer than many a command."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # The stream is closed, or gone. What was lost has been reported by now.
            pass
    system._exit(status)


try:
    STATUS = start()
except KeyboardInterrupt:
    STATUS = INTERRUPTED
except ImportError as error:
    sys.exit("error: %s" % error)
except MemoryError:
    sys.exit("error: not enough memory")
except OSError as error:
    # There is too little memory to look into folders, or too few open files.
    sys.exit("error: this system refuses: %s" % (error.strerror or error))
leave(STATUS)
