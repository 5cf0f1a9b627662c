# SPDX-License-Identifier: MIT
"""Find tokens in files of any kind, known by their content and never by their name."""

import io
import os

from ..errors import MiioError
from .archive import is_tar, is_zip, tar_members, zip_members
from .backup import MAGIC as BACKUP, MIUI_MAGIC as MIUI_BACKUP, unwrapped
from .databases import DEVICES, find_in_database, iphone_files
from .parcel import find_in_parcel, is_parcel
from .record import Record, merged
from .sqlite import LOG, MAGIC as SQLITE, Database
from .streams import Budget, read_up_to
from .text import find_in_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        BinaryIO,
        Callable,
        Dict,
        Iterable,
        Iterator,
        List,
        Optional,
        Sequence,
        Tuple,
        Union,
    )

    from .archive import Member

    Progress = Callable[[str], None]

HEAD = 4096  # bytes that tell what a file is
CONTENT = 32 << 20  # bytes of one text, parcel or packed database
KEPT = 64 << 20  # bytes of all databases and logs of one archive
NESTING = 4  # archives within archives
ERRORS = 1000  # that are kept
LOGS = ("-wal", "-journal")
CANCELLED = "an empty file: was the backup cancelled on the phone? Make it again"
DENIED = (
    "a backup with no file in it: Mi Home has forbidden backups since about 2019; use "
    "an older version of the app, MIUI's own backup, a rooted phone or an iPhone's"
)
LOCKED = (
    "not readable, as in an encrypted backup of an iPhone: make one without a password"
)


class Findings:
    """What was found: records of devices with tokens, without (record.why tells what is
    known of the reason), and notes, (source, text) each, of what is to be said."""

    def __init__(self) -> None:
        self.records: "List[Record]" = []
        self.without: "List[Record]" = []
        self.notes: "List[Tuple[str, str]]" = []


def find(
    paths: "Sequence[str]",
    password: "Union[str, Callable[[], Optional[str]], None]",
    progress: "Optional[Progress]",
) -> Findings:
    """What tokens.find() promises."""
    search = _Search(password, progress)
    for path in paths:
        search.path(path)
    findings = Findings()
    for record in merged(search.records):
        (findings.records if record.token else findings.without).append(record)
    findings.notes = search.notes
    findings.notes += [(name, str(error)) for name, error in search.errors]
    if search.errors and not search.records:
        raise MiioError("%s: %s" % search.errors[0])
    return findings


class _Search:
    """What has been found so far."""

    def __init__(
        self,
        password: "Union[str, Callable[[], Optional[str]], None]",
        progress: "Optional[Progress]",
    ) -> None:
        self.records: "List[Record]" = []
        self.notes: "List[Tuple[str, str]]" = []
        self.errors: "List[Tuple[str, MiioError]]" = []
        self._password = password
        self._progress = progress or (lambda name: None)

    def _ask(self) -> "Optional[str]":
        if callable(self._password):
            self._password = self._password()
        return self._password

    def path(self, path: str) -> None:
        """A file, or a folder with all that it holds; links are not followed there."""
        if not os.path.isdir(path):
            if os.path.exists(path) and not os.path.isfile(path):  # it may never end
                self.errors.append((path, MiioError("neither a file nor a folder")))
            elif os.path.isfile(path) and not os.path.getsize(path):
                self.errors.append((path, MiioError(CANCELLED)))
            else:
                self._on_disk(path, path)
            return

        def unreadable(error: OSError) -> None:
            self._failed(str(error.filename), error)

        for folder, folders, names in os.walk(path, onerror=unreadable):
            folders.sort()
            manifest = os.path.join(folder, "Manifest.db")
            is_file = os.path.isfile(manifest) and not os.path.islink(manifest)
            if is_file and self._iphone(folder):
                folders.clear()
                continue
            for name in sorted(names):
                whole = os.path.join(folder, name)
                if os.path.isfile(whole) and not os.path.islink(whole):
                    self._on_disk(whole, whole)

    def _iphone(self, folder: str) -> bool:
        """Mi Home's files in an iPhone's backup; whether the folder is one."""
        path = os.path.join(folder, "Manifest.db")
        try:
            with open(path, "rb") as file:
                if file.read(len(SQLITE)) != SQLITE:
                    raise MiioError(LOCKED)
                paths = {
                    original: os.path.join(folder, *name.split("/"))
                    for name, original in iphone_files(Database(file))
                }
        except (OSError, MiioError) as error:
            self._failed(path, error)
            return False
        for original, path in sorted(paths.items()):
            if os.path.isfile(path):
                logs = [paths.get(original + suffix, "") for suffix in LOGS]
                self._on_disk(path, os.path.join(folder, original), logs)
        return True

    def _on_disk(self, path: str, source: str, logs: "Sequence[str]" = ()) -> None:
        """A file; logs: the paths of a -wal and a -journal, if not beside it."""
        logs = logs or [path + suffix for suffix in LOGS]
        try:
            with open(path, "rb") as file:
                when = os.fstat(file.fileno()).st_mtime
                kept = [self._content(log) for log in logs]
                self._file(file, _Place(source, when, Budget()), kept)
        except (OSError, MiioError) as error:
            self._failed(source, error)

    def _failed(self, source: str, error: "Union[OSError, MiioError]") -> None:
        if isinstance(error, OSError):
            error = MiioError("cannot be read: %s" % (error.strerror or error))
        if len(self.errors) < ERRORS:
            self.errors.append((source, error.with_traceback(None)))

    def _content(self, path: str) -> "Optional[bytes]":
        """A -wal or -journal, or None if there is none that can be read."""
        if not path or not os.path.isfile(path):
            return None
        try:
            with open(path, "rb") as file:
                return read_up_to(file, LOG, "a -wal or -journal")
        except (OSError, MiioError) as error:
            self._failed(path, error)
            return None

    def _add(self, records: "Iterable[Record]") -> None:
        for record in records:
            if len(self.records) == DEVICES:
                raise MiioError("over %d devices: more than anybody has" % DEVICES)
            self.records.append(record)

    def _file(
        self, file: "BinaryIO", place: "_Place", logs: "Sequence[Optional[bytes]]" = ()
    ) -> None:
        """A file of any kind. logs: the -wal and the -journal beside it, if any."""
        self._progress(place.source)
        head = file.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
        if head.startswith(SQLITE):
            self._database(file, place, logs)
        elif head.startswith((BACKUP, MIUI_BACKUP)):
            tar = unwrapped(file, self._ask, place.budget)
            self._archive(tar_members(tar), place, DENIED)
        elif is_tar(head):
            self._archive(tar_members(file), place)
        elif is_zip(head):
            if not file.seekable():
                file = io.BytesIO(read_up_to(file, CONTENT, "a packed zip"))
            self._archive(zip_members(file, place.budget), place)
        elif is_parcel(head):
            data = read_up_to(file, CONTENT, "a device list")
            self._add(find_in_parcel(data, place.source, place.when))
        elif b"\0" not in head:
            data = read_up_to(file, CONTENT, "a text")
            found = find_in_text(data, place.source, place.when, place.budget)
            self._add(found)

    def _database(
        self, file: "BinaryIO", place: "_Place", logs: "Sequence[Optional[bytes]]"
    ) -> None:
        wal, journal = logs or (None, None)
        database = Database(file, wal or b"", journal or b"")
        records, notes = find_in_database(
            database, place.source, place.when, wal is not None
        )
        self._add(records)
        self.notes += [(place.source, note) for note in notes]

    def _archive(
        self, members: "Iterator[Member]", place: "_Place", if_empty: str = ""
    ) -> None:
        """All members; databases last, as their logs may come behind them."""
        if place.depth == NESTING:
            raise MiioError("archives within archives, over %d deep" % NESTING)
        kept: "Dict[str, Tuple[float, bytes]]" = {}
        count = 0
        left = KEPT
        try:
            for name, when, content in members:
                count += 1
                inner = place.within(name, when)
                try:
                    head = content.peek(HEAD)  # type: ignore[attr-defined]
                    if head.startswith(SQLITE) or name.endswith(LOGS):
                        limit = min(CONTENT, left)
                        data = read_up_to(content, limit, "a packed database")
                        kept[name] = when, data
                        left -= len(data)
                    else:
                        self._file(content, inner)
                except MiioError as error:
                    self._failed(inner.source, error)
        except MiioError as error:  # what has come before still counts
            self._failed(place.source, error)
        for name, (when, data) in kept.items():
            if data.startswith(SQLITE):
                inner = place.within(name, when)
                logs = [kept.get(name + end, (0, None))[1] for end in LOGS]
                try:
                    self._database(io.BytesIO(data), inner, logs)
                except MiioError as error:
                    self._failed(inner.source, error)
        if not count and if_empty:
            self.notes.append((place.source, if_empty))


class _Place:
    """Where a file lies: its source, its time, how deep in archives, and the bytes that
    are left for it to unpack to."""

    def __init__(
        self, source: str, when: float, budget: Budget, depth: int = 0
    ) -> None:
        self.source = source
        self.when = when
        self.budget = budget
        self.depth = depth

    def within(self, name: str, when: float) -> "_Place":
        return _Place("%s:%s" % (self.source, name), when, self.budget, self.depth + 1)
