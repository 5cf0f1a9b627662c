# SPDX-License-Identifier: MIT
"""What the command line prints: results to stdout, all else to stderr.

No text that comes from a device or a file can make a terminal do anything: control
characters are escaped, and JSON is ASCII.
"""

import sys

from ..errors import PayloadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, TextIO


def print_line(text: str) -> None:
    """Print one line on stdout."""
    write(text, sys.stdout)


def say(text: str) -> None:
    """Print one line on stderr, with control characters escaped."""
    try:
        write(escape(text), sys.stderr)
    except OSError:
        # There is nowhere left to say it.
        pass


def write(text: str, stream: "Optional[TextIO]", end: str = "\n") -> None:
    """Write a text to a stream, if it is there and whatever its encoding is."""
    if stream is None:
        return
    try:
        print(text, end=end, file=stream, flush=True)
    except UnicodeEncodeError:
        # The locale is C.
        plain = text.encode("ascii", "backslashreplace").decode()
        print(plain, end=end, file=stream, flush=True)


def write_json(value: "Any") -> str:
    """Return JSON in ASCII, so that no control character gets out."""
    from ..payload import dump

    try:
        return dump(value).decode()
    except ValueError as error:
        raise PayloadError("cannot print this: %s" % error) from None


def escape(text: str) -> str:
    """Return the text with control characters escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def measure(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Chinese, Japanese and Korean characters take two.
    """
    return sum(2 if "\u2e80" <= char <= "\uff60" else 1 for char in text)


def print_table(rows: "List[Dict[str, str]]") -> None:
    """Print what is known of devices, their tokens too."""
    keys = ("name", "model", "address", "mac", "device_id", "token", "source")
    titles = ("name", "model", "address", "MAC", "device id", "token", "found in")
    cells = [titles] + [tuple(escape(row[key]) for key in keys) for row in rows]
    widths = [max(map(measure, column)) for column in zip(*cells)]
    for row in cells:
        padded = [
            cell + " " * (most - measure(cell)) for cell, most in zip(row, widths)
        ]
        print_line("  ".join(padded).rstrip())


class Progress:
    """Show the file at hand, on a terminal, once it takes longer than a second."""

    def __init__(self) -> None:
        import time

        self._now = time.monotonic
        self._next = self._now() + 1.0
        self._shown = False

    def __call__(self, name: str) -> None:
        if self._now() > self._next and sys.stderr is not None and sys.stderr.isatty():
            write("\r\x1b[K... " + escape(name[-70:]), sys.stderr, end="")
            self._next = self._now() + 0.2
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            write("\r\x1b[K", sys.stderr, end="")
