# SPDX-License-Identifier: MIT
"""Yields each leaf of a file, a folder or an archive exactly once.

A leaf is a file that holds no other files. We open everything that does: folders, the
backups of iPhones, Android and MIUI, tar, zip and gzip, also within each other. We
recognise files by their content and never by their names. The -wal and the -journal of
a database come with it, and not as leaves of their own.
"""

import os
from functools import partial

from ..errors import MiioError
from .archive import Member, is_tar, is_zip, tar_members, zip_members
from .backup import is_backup, unwrap
from .effort import BYTE_READ, OPENED_FILE, Effort, TooMuch
from .iphone import LOCKED, MANIFEST, list_files
from .logs import MAX_LOG
from .sqlite import Database, is_database
from .streams import GZIP, gunzip, hold, read_up_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        BinaryIO,
        Callable,
        Container,
        Dict,
        Iterator,
        List,
        Optional,
        Set,
        Tuple,
        Union,
    )

    from .backup import Ask

    OpenLog = Callable[[str], Optional[BinaryIO]]
    ListMembers = Callable[["Walk", "Leaf"], Iterator[Member]]

MAX_HEAD = 4096  # bytes that show the kind of a file
MAX_NESTING = 4  # archives within archives
MAX_KEPT = 64 << 20  # bytes in memory of all the archives that are open
MAX_TOLD = 200  # errors, and as many notes, that are kept
LOGS = ("-wal", "-journal")
CANCELLED = "an empty file: was the backup cancelled on the phone? Make it again"
DENIED = (
    "a backup with no file in it: Mi Home has forbidden backups since about 2019; use "
    "an older version of the app, MIUI's own backup, a rooted phone or an iPhone's"
)


class Leaf:
    """A file that holds no other files.

    path: its name in messages. time: seconds since 1970. size: bytes. file: the open
    file, which has peek(), and seek() if it is a database or is on disk. effort: the
    effort that reading it spends. notes: filled by the code that reads the leaf.
    """

    def __init__(
        self,
        path: str,
        time: float,
        size: int,
        file: "BinaryIO",
        effort: Effort,
        open_log: "OpenLog" = lambda suffix: None,
    ) -> None:
        self.path = path
        self.time = time
        self.size = size
        self.file = file
        self.effort = effort
        self.notes: "List[str]" = []
        self._open_log = open_log

    @property
    def head(self) -> bytes:
        """The first bytes, at most 4096."""
        head: bytes = self.file.peek(MAX_HEAD)  # type: ignore[attr-defined]
        return head[:MAX_HEAD]

    def read(self, limit: int, what: str) -> bytes:
        """Read the whole file; MiioError, which says what it is, if it is longer."""
        data = read_up_to(self.file, limit, what)
        self.effort.spend(BYTE_READ * len(data))
        return data

    def log(self, suffix: str) -> "Optional[bytes]":
        """Read the -wal or the -journal beside it; None if there is none.

        One that cannot be read only gets a note: the database is useful without it.
        """
        try:
            file = self._open_log(suffix)
            if file is None:
                return None
            with file:
                return read_up_to(file, MAX_LOG, "a -wal or -journal")
        except (OSError, MiioError) as error:
            self.notes.append("its %s is left out: %s" % (suffix, explain(error)))
            return None


class Walk:
    """Walks through everything at a path, and collects notes and errors.

    ask: gives the password of encrypted backups. notes: (path, text) for the user.
    errors: (path, MiioError) for each thing that could not be read.
    """

    def __init__(
        self, effort: "Optional[Effort]" = None, ask: "Ask" = lambda: None
    ) -> None:
        self.effort = effort or Effort()
        self.ask = ask
        self.notes: "List[Tuple[str, str]]" = []
        self.errors: "List[Tuple[str, MiioError]]" = []
        self._kept = 0

    def fail(self, path: str, error: "Union[OSError, MiioError]") -> None:
        """Note that something could not be read; raise a TooMuch again."""
        if isinstance(error, TooMuch):
            raise error
        if len(self.errors) < MAX_TOLD:
            self.errors.append((path, explain(error)))

    def note(self, path: str, text: str) -> None:
        """Note something that is worth telling the user."""
        if len(self.notes) < MAX_TOLD:
            self.notes.append((path, text))

    def leaves(self, path: str) -> "Iterator[Leaf]":
        """Yield the leaves of a file or a folder; each must be used before the next.

        Links are followed only where the path itself is one. Raises TooMuch.
        """
        levels = [self._walk_path(path)]
        while levels:
            leaf = next(levels[-1], None)
            if leaf is None:
                levels.pop()
                continue
            try:
                list_members = find_container(leaf.head)
            except (OSError, MiioError) as error:
                self.fail(leaf.path, error)
                continue
            if not list_members:
                yield leaf
            elif len(levels) > MAX_NESTING:
                text = (
                    "archives are nested more than %d deep: unpack the outer ones first"
                    % MAX_NESTING
                )
                self.fail(leaf.path, MiioError(text))
            else:
                levels.append(self._walk_archive(leaf, list_members))

    # On disk

    def _walk_path(self, path: str) -> "Iterator[Leaf]":
        if os.path.isdir(path):
            yield from self._walk_folder(path)
        elif os.path.exists(path) and not os.path.isfile(path):
            # Reading a pipe or a device might never end.
            self.fail(path, MiioError("neither a file nor a folder"))
        elif os.path.isfile(path) and not os.path.getsize(path):
            self.fail(path, MiioError(CANCELLED))
        else:
            yield from self._walk_file(path, path)

    def _walk_folder(self, path: str) -> "Iterator[Leaf]":
        """Yield the files in a folder and in those below it.

        We cannot use os.walk(), because it fails 1,000 folders deep up to Python 3.11.
        """
        folders = [path]
        while folders:
            folder = folders.pop()
            try:
                names, inner = _list_folder(folder)
            except OSError as error:
                self.fail(folder, error)
                continue
            if MANIFEST in names:
                paths = self._list_iphone_files(folder)
                if paths is not None:
                    yield from self._walk_iphone(folder, paths)
                    continue
            for name in sorted(names):
                if not _is_log(name, names):
                    whole = os.path.join(folder, name)
                    yield from self._walk_file(whole, whole)
            folders += sorted(inner, reverse=True)

    def _walk_file(
        self, path: str, shown: str, logs: "Optional[Dict[str, str]]" = None
    ) -> "Iterator[Leaf]":
        """Yield a file. logs: the paths of its logs, if they do not lie beside it."""

        def open_log(suffix: str) -> "Optional[BinaryIO]":
            log = path + suffix if logs is None else logs.get(suffix)
            return open(log, "rb") if log and os.path.isfile(log) else None

        self.effort.spend(OPENED_FILE)
        try:
            with open(path, "rb") as file:
                stat = os.fstat(file.fileno())
                time, size = stat.st_mtime, stat.st_size
                yield Leaf(shown, time, size, file, self.effort, open_log)
        except OSError as error:
            self.fail(shown, error)

    def _list_iphone_files(self, folder: str) -> "Optional[Dict[str, str]]":
        """Return path on the phone -> path on disk; None if this is not a backup."""
        path = os.path.join(folder, MANIFEST)
        try:
            with open(path, "rb") as file:
                if not is_database(file.peek(MAX_HEAD)):
                    raise MiioError(LOCKED)
                return {
                    original: os.path.join(folder, *name.split("/"))
                    for name, original in list_files(Database(file, effort=self.effort))
                }
        except (OSError, MiioError) as error:
            self.fail(path, error)
            return None

    def _walk_iphone(self, folder: str, paths: "Dict[str, str]") -> "Iterator[Leaf]":
        for original, path in sorted(paths.items()):
            if os.path.isfile(path) and not _is_log(original, paths):
                logs = {suffix: paths.get(original + suffix, "") for suffix in LOGS}
                yield from self._walk_file(path, os.path.join(folder, original), logs)

    # In archives

    def _walk_archive(
        self, leaf: Leaf, list_members: "ListMembers"
    ) -> "Iterator[Leaf]":
        """Yield the members of an archive.

        Databases come last, because their logs may follow them in the archive.
        """
        kept: "Dict[str, Tuple[Member, bytes]]" = {}
        kept_before = self._kept
        try:
            for member in list_members(self, leaf):
                path = _join(leaf.path, member.name)
                inner = Leaf(path, member.time, member.size, member.file, self.effort)
                try:
                    if is_database(inner.head) or member.name.endswith(LOGS):
                        kept[member.name] = member, self._keep(inner)
                    else:
                        yield inner
                except (OSError, MiioError) as error:
                    self.fail(path, error)
        except (OSError, MiioError) as error:
            # The members before the damage have already been yielded.
            self.fail(leaf.path, error)
        for name, (member, data) in kept.items():
            if not _is_log(name, kept):
                path = _join(leaf.path, name)
                file, open_log = hold(data), partial(_hold_log, kept, name)
                size, effort = len(data), self.effort
                yield Leaf(path, member.time, size, file, effort, open_log)
        self._kept = kept_before

    def _keep(self, leaf: Leaf) -> bytes:
        """Read a member into memory, within the limit on all that is kept there."""
        data = leaf.read(MAX_KEPT - self._kept, "a packed database or zip")
        self._kept += len(data)
        return data

    def backup_members(self, leaf: Leaf) -> "Iterator[Member]":
        """Yield the members of an Android backup; note if there are none."""
        count = 0
        tar = unwrap(leaf.file, self.ask, self.effort)
        for member in tar_members(tar, self.effort):
            count += 1
            yield member
        if not count:
            self.note(leaf.path, DENIED)

    def tar_members(self, leaf: Leaf) -> "Iterator[Member]":
        """Yield the members of a tar."""
        return tar_members(leaf.file, self.effort)

    def zip_members(self, leaf: Leaf) -> "Iterator[Member]":
        """Yield the members of a zip; one in an archive is read into memory."""
        file = leaf.file
        if not file.seekable():
            file = hold(self._keep(leaf))
        return zip_members(file, self.effort)

    def gzip_members(self, leaf: Leaf) -> "Iterator[Member]":
        """Yield the one file in a gzip; it has the name of the gzip."""
        yield Member("", leaf.time, leaf.size, gunzip(leaf.file, self.effort))


def is_gzip(head: bytes) -> bool:
    """Tell whether a file that begins like this is a gzip that uses deflate."""
    return head.startswith(GZIP + b"\x08")


# The function that recognises each kind of container, and the one that lists it.
CONTAINERS = (
    (is_backup, Walk.backup_members),
    (is_tar, Walk.tar_members),
    (is_zip, Walk.zip_members),
    (is_gzip, Walk.gzip_members),
)


def find_container(head: bytes) -> "Optional[ListMembers]":
    """Return the method that lists a file with this head; None for a leaf."""
    for is_kind, list_members in CONTAINERS:
        if is_kind(head):
            return list_members
    return None


def explain(error: "Union[OSError, MiioError]") -> MiioError:
    """Return the error in our own words, and let go of the objects in its traceback."""
    if isinstance(error, OSError):
        error = MiioError("cannot be read: %s" % (error.strerror or error))
    return error.with_traceback(None)


def _join(path: str, name: str) -> str:
    """Return a member's name for messages; without a name, it is the archive's path."""
    return "%s:%s" % (path, name) if name else path


def _list_folder(path: str) -> "Tuple[Set[str], List[str]]":
    """Return the names of the files in a folder, and the paths of its subfolders."""
    names, folders = set(), []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                names.add(entry.name)
    return names, folders


def _is_log(name: str, names: "Container[str]") -> bool:
    """Tell whether a file is the log of a database that is also there."""
    return any(name.endswith(end) and name[: -len(end)] in names for end in LOGS)


def _hold_log(
    kept: "Dict[str, Tuple[Member, bytes]]", name: str, suffix: str
) -> "Optional[BinaryIO]":
    return hold(kept[name + suffix][1]) if name + suffix in kept else None
