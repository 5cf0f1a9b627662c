# SPDX-License-Identifier: MIT
"""The exit statuses, and the errors that only a command line has."""

from ..errors import DeviceError, MiioError, NoReply, TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

DONE = 0
# Nothing found, damaged, or the result cannot be written.
FAILED = 1
USAGE = 2
NO_REPLY = 3
# Refused by the device.
REFUSED = 4
# The token is missing, wrong or hidden.
TOKEN = 5
INTERRUPTED = 130


class Mistake(MiioError):
    """What the user asked of one of several devices is wrong."""


# The exit status for each class of errors; the first that fits counts.
STATUSES = (
    (Mistake, USAGE),
    (NoReply, NO_REPLY),
    (DeviceError, REFUSED),
    (TokenError, TOKEN),
    (MiioError, FAILED),
)


class UsageError(Exception):
    """The command line is wrong; the text says why, and what to type instead.

    excerpt: lines that show the place, if there are any.
    """

    def __init__(self, text: str, excerpt: "Sequence[str]" = ()) -> None:
        super().__init__(text)
        self.excerpt = excerpt


class OutputError(Exception):
    """A result cannot be written to stdout.

    is_closed: the reader has closed the pipe, which needs no message.
    """

    def __init__(self, text: str, is_closed: bool = False) -> None:
        super().__init__(text)
        self.is_closed = is_closed


def find_status(error: MiioError) -> int:
    """Return the exit status for an error."""
    return next(status for kind, status in STATUSES if isinstance(error, kind))
