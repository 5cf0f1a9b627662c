# SPDX-License-Identifier: MIT
"""What the command line prints: results to stdout, everything else to stderr.

No text that comes from a device or a file can make a terminal do anything: control
characters are escaped, and JSON is ASCII.
"""

import sys
from _thread import allocate_lock, start_new_thread

from ..errors import PayloadError
from .status import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence, TextIO

    from .arguments import Options

MAX_WIDTH = 80  # columns of a table on a terminal
MIN_CELL = 6  # columns of a cell that was shortened
GAP = 2  # columns between two cells
WAIT_BEFORE_TEXT = 1.0  # s
MAX_LISTED = 5  # texts that a message lists
CLEAR_LINE = "\r\x1b[K"
ELLIPSIS = "\u2026"
# All characters before this one take one column.
FIRST_MARK = "\u0300"


def print_line(text: str) -> None:
    """Print one line on stdout; OutputError if it is lost."""
    Notice.hide()
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        write(text + "\n", sys.stdout)
    except OSError as error:
        is_closed = isinstance(error, BrokenPipeError)
        raise OutputError(error.strerror or str(error), is_closed) from None


def print_json(value: "Any") -> None:
    """Print a value as one line of JSON."""
    print_line(format_json(value))


def print_result(
    options: "Options", facts: "Dict[str, Any]", result: "Any", label: str
) -> None:
    """Print what a device returned, which is JSON in any case.

    label: what the line begins with; "" for a single device. With several and --json,
    the facts that name the device stand beside the result.
    """
    if label and options.json:
        print_json(dict(facts, result=result))
    else:
        print_line(label + format_json(result))


def say(text: str) -> None:
    """Print one line on stderr, with control characters escaped."""
    Notice.hide()
    try:
        write(escape(text) + "\n", sys.stderr)
    except OSError:
        # There is nowhere left to say it.
        pass


def write(text: str, stream: "Optional[TextIO]") -> None:
    """Write a text to a stream at once, if it is there and whatever its encoding is."""
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # The locale is C.
        stream.write(text.encode("ascii", "backslashreplace").decode())
    stream.flush()


def silence_stdout() -> None:
    """Redirect stdout to where every write succeeds.

    The interpreter flushes stdout at exit, and would print its own message if it could
    not.
    """
    if sys.stdout is None:
        # It was closed from the start, so its descriptor may belong to another file.
        return
    import os

    try:
        number = sys.stdout.fileno()
        os.dup2(open_sink(), number)
    except OSError:
        # It is no file, or nothing can be opened, so the interpreter will print its
        # message.
        pass


def open_sink() -> int:
    """Return a descriptor that accepts what is left in a buffer."""
    import os

    try:
        return os.open(os.devnull, os.O_WRONLY)
    except OSError:
        # A chroot may have no /dev/null. A pipe has room for what is left.
        _, sink = os.pipe()
        return sink


def format_json(value: "Any") -> str:
    """Return JSON in ASCII, so that no control character gets out."""
    from ..payload import dump

    try:
        return dump(value).decode()
    except ValueError as error:
        raise PayloadError("the result cannot be printed: %s" % error) from None


def format_bare(value: "Any") -> str:
    """Return a value for use in a shell: a string has no quotes around it."""
    return escape(value) if isinstance(value, str) else format_json(value)


def escape(text: str) -> str:
    """Return the text with control characters escaped."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def list_some(texts: "Sequence[str]") -> str:
    """Return the first of these texts, with commas between them."""
    return ", ".join(texts[:MAX_LISTED]) + ", ..." * (len(texts) > MAX_LISTED)


def is_terminal(stream: "Optional[TextIO]") -> bool:
    """Tell whether somebody sees this stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        # The stream was closed.
        return False


def print_table(
    headings: "Sequence[str]",
    rows: "Sequence[Sequence[str]]",
    spare: "Sequence[str]" = (),
    flexible: "Sequence[str]" = (),
) -> None:
    """Print rows below their headings; see format_table()."""
    for line in format_table(headings, rows, spare, flexible):
        print_line(line)


def format_table(
    headings: "Sequence[str]",
    rows: "Sequence[Sequence[str]]",
    spare: "Sequence[str]" = (),
    flexible: "Sequence[str]" = (),
) -> "List[str]":
    """Return the lines of a table, the headings first; in 80 columns on a terminal.

    spare: the headings of columns to leave out there if the space is short, the least
    important one first. flexible: of those whose cells may be shortened.
    """
    cells = [list(headings)] + [[escape(cell) for cell in row] for row in rows]
    columns = [list(column) for column in zip(*cells)]
    if is_terminal(sys.stdout):
        for heading in spare:
            if sum_widths(columns) > MAX_WIDTH:
                columns = [column for column in columns if column[0] != heading]
        shorten_columns(columns, flexible)
    widths = [measure_column(column) for column in columns]
    return [(" " * GAP).join(map(pad, row, widths)).rstrip() for row in zip(*columns)]


def pad(cell: str, width: int) -> str:
    """Return a cell with blanks behind it, so that it takes this width."""
    return cell + " " * (width - measure(cell))


def sum_widths(columns: "Sequence[Sequence[str]]") -> int:
    """Return how many columns of a terminal a table takes."""
    return sum(map(measure_column, columns)) + GAP * (len(columns) - 1)


def measure_column(column: "Sequence[str]") -> int:
    """Return the width of the widest cell."""
    return max(map(measure, column))


def shorten_columns(columns: "List[List[str]]", flexible: "Sequence[str]") -> None:
    """Shorten the cells of some columns until the table fits, the widest ones first."""
    candidates = [column for column in columns if column[0] in flexible]
    widths = [measure_column(column) for column in candidates]
    surplus = sum_widths(columns) - MAX_WIDTH
    while surplus > 0 and widths and max(widths) > MIN_CELL:
        widths[widths.index(max(widths))] -= 1
        surplus -= 1
    for column, width in zip(candidates, widths):
        column[:] = [shorten(cell, width) for cell in column]


def shorten(text: str, width: int) -> str:
    """Return a text that takes at most this width, with an ellipsis if it was cut."""
    if measure(text) <= width:
        return text
    kept, left = "", width - 1
    # The text is too wide, so this ends before the text does.
    for char in text:  # pragma: no branch
        left -= measure(char)
        if left < 0:
            break
        kept += char
    return kept + ELLIPSIS


def measure(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if all(char < FIRST_MARK for char in text):
        return len(text)
    # Only names in other scripts, and emoji, need the tables of this module.
    from .widths import measure_character

    return sum(map(measure_character, text))


class Notice:
    """A line on a terminal that goes away before anything else is printed there.

    A context manager; show() has no effect outside of the context.
    """

    # The notice that may be on the terminal now.
    current: "Optional[Notice]" = None

    def __init__(self) -> None:
        self._is_shown = False
        # Only the thread that holds this lock may write to the terminal.
        self._turn = allocate_lock()

    def __enter__(self) -> "Notice":
        if is_terminal(sys.stderr):
            Notice.current = self
        return self

    def __exit__(self, *exc_info: object) -> None:
        Notice.hide()
        Notice.current = None

    def show(self, text: str) -> None:
        """Show a text on the terminal, instead of the previous one."""
        with self._turn:
            if Notice.current is self:
                self._is_shown = True
                self._write(CLEAR_LINE + shorten(escape(text), MAX_WIDTH - 1))

    @staticmethod
    def hide() -> None:
        """Remove the text from the terminal."""
        notice = Notice.current
        if notice is None:
            return
        with notice._turn:
            if notice._is_shown:
                notice._is_shown = False
                notice._write(CLEAR_LINE)

    @staticmethod
    def _write(text: str) -> None:
        try:
            write(text, sys.stderr)
        except (OSError, ValueError):
            # The terminal is gone, so nobody is watching any more.
            pass


class Waiting(Notice):
    """Says on a terminal what is being waited for, after a second."""

    def __init__(self, text: str, delay: float = WAIT_BEFORE_TEXT) -> None:
        super().__init__()
        self._text, self._delay = text, delay
        self._is_due = False
        self._done = allocate_lock()

    def __enter__(self) -> "Waiting":
        super().__enter__()
        self._done.acquire()
        if Notice.current is self:
            try:
                start_new_thread(self._wait, ())
            except RuntimeError:
                # The system allows no more threads, so the wait is silent.
                pass
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.release()
        super().__exit__()

    def change(self, text: str) -> None:
        """Change the text; show it at once if the second is over."""
        self._text = text
        if self._is_due:
            self.show(text)

    # It runs in a thread of its own, which coverage does not follow.
    def _wait(self) -> None:  # pragma: no cover
        if not self._done.acquire(True, self._delay):
            self._is_due = True
            self.show(self._text)
