# SPDX-License-Identifier: MIT
"""Bounds the work that the files at one path can cause.

A file of a few kilobytes can ask for hours of work: archives hold archives, rows of a
database may overlap, and a password is derived in as many rounds as the file says. A
limit for each file does not help, because there may be thousands of files in one
archive. So all that is done for one path given by the user spends from one Effort,
whether the work turns out useful or not. When it is used up, TooMuch ends the search of
that path; whatever was found before is kept.

Effort counts what is done and never looks at a clock, so the same file gives the same
result on every machine. The costs are microseconds on a machine of 2020, rounded up.
"""

from ..errors import MiioError

MAX_EFFORT = 7000000  # microseconds

OPENED_FILE = 60  # microseconds, as are all that follow
MEMBER = 50
BYTE_READ = 0.002
BYTE_UNPACKED = 0.006
BYTE_DECRYPTED = 0.07
PBKDF2_ROUND = 5
PAGE = 10
CELL = 4
VALUE = 0.4
BYTE_OF_TEXT = 0.03
# Python replaces each half of a surrogate pair that stands alone by a slow call.
BYTE_OF_UTF_16 = 0.4
BYTE_OF_LOG = 0.1
CHARACTER_PARSED = 0.25
LINE = 6
ATTEMPT = 5
# All records are kept in memory until the end, so 20,000 of them fill the effort.
RECORD = 350


class TooMuch(MiioError):
    """A limit of a whole path is reached: the rest of it is not searched."""


class Effort:
    """The work that may still be done for one path."""

    def __init__(self, limit: float = MAX_EFFORT) -> None:
        self._left = limit

    def spend(self, cost: float) -> None:
        """Pay for work; raise TooMuch if the effort is used up."""
        self._left -= cost
        if self._left < 0:
            raise TooMuch(
                "this is more than can be searched, so the rest was left out: give the "
                "file that matters by itself, such as the database or the log"
            )
