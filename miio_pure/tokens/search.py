# SPDX-License-Identifier: MIT
"""Finds devices in files of any kind: a table of sources, and the search by it."""

from ..errors import MiioError
from ..files.effort import Effort, TooMuch
from ..files.walk import Walk
from .captures import find_in_capture, is_capture
from .databases import find_in_database, is_sqlite
from .merge import merge
from .parcel import find_in_parcel, is_parcel
from .robot import find_robot_token, is_robot_token, join_robots
from .secured import is_secured, note_secured
from .text import find_in_text, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, List, Optional, Sequence, Tuple, Union

    from ..devices import Record
    from ..files.walk import Leaf

    Password = Union[str, Callable[[], Optional[str]], None]
    Progress = Callable[[str], None]

# How to recognise a leaf of each kind, and what yields the devices in it.
#
# The first function of a row looks at leaf.head only. The second one reads the leaf
# through leaf.read() or leaf.file, pays for its work with leaf.effort.spend(), and
# yields what make_record() returns. The first row that fits is the only one that is
# used, so is_text, which takes everything that is left, must stay last.
SOURCES = (
    (is_sqlite, find_in_database),
    (is_capture, find_in_capture),
    (is_parcel, find_in_parcel),
    (is_robot_token, find_robot_token),
    (is_secured, note_secured),
    (is_text, find_in_text),
)


class Findings:
    """The results of a search.

    records: the devices with tokens. without: those without; record.why tells the
    reason, as far as it is known. notes: (path, text) for the user.
    """

    def __init__(self) -> None:
        self.records: "List[Record]" = []
        self.without: "List[Record]" = []
        self.notes: "List[Tuple[str, str]]" = []


def find(
    paths: "Sequence[str]", password: "Password", progress: "Optional[Progress]"
) -> Findings:
    """Do what tokens.find() does."""
    records: "List[Record]" = []
    errors: "List[Tuple[str, MiioError]]" = []
    limits: "List[Tuple[str, MiioError]]" = []
    findings = Findings()
    ask = _ask_once(password)
    for path in paths:
        walk = Walk(Effort(), ask)
        try:
            for record in _search(path, walk, progress or _be_silent):
                records.append(record)
        except TooMuch as error:
            limits.append((path, error.with_traceback(None)))
        findings.notes += walk.notes
        errors += walk.errors
    failures = errors + limits
    if failures and not records:
        raise MiioError("%s: %s" % failures[0])
    # The user should first read what was not searched at all.
    findings.notes[:0] = [(path, str(error)) for path, error in limits]
    findings.notes += [(path, str(error)) for path, error in errors]
    for record in merge(join_robots(records)):
        (findings.records if record.token else findings.without).append(record)
    return findings


def _search(path: str, walk: Walk, progress: "Progress") -> "Iterator[Record]":
    """Yield the devices in all leaves of a path, as far as its effort goes."""
    for leaf in walk.leaves(path):
        progress(leaf.path)
        try:
            yield from find_in_leaf(leaf)
        except (OSError, MiioError) as error:
            walk.fail(leaf.path, error)
        for text in leaf.notes:
            walk.note(leaf.path, text)


def find_in_leaf(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices in a leaf of any kind."""
    for is_kind, find_devices in SOURCES:
        if is_kind(leaf):
            yield from find_devices(leaf)
            return


def _ask_once(password: "Password") -> "Callable[[], Optional[str]]":
    """Return what gives the password, and asks for it at most once."""
    answers: "List[Optional[str]]" = []

    def ask() -> "Optional[str]":
        if not answers:
            answers.append(password() if callable(password) else password)
        return answers[0]

    return ask


def _be_silent(path: str) -> None:
    """Ignore the progress."""
