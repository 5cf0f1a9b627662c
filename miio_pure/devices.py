# SPDX-License-Identifier: MIT
"""Keeps the saved devices in a file, so that their tokens need not be given again.

from miio_pure.devices import Devices
with Client("192.168.1.47", tokens=Devices()) as client:
    client.info()
"""

import sys
from time import monotonic, sleep, time

from .errors import MiioError, TokenError
from .host import parse, write
from .packet import Token
from .surroundings import default_path, exists, is_file, read_rights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

MAX_FILE = 4 << 20  # bytes
MAX_DRAFT_AGE = 3600  # seconds
MAX_FIELDS = {
    "name": 200,
    "model": 64,
    "address": 64,
    "mac": 64,
    "device_id": 64,
    "token": 128,
    "max_batch": 4,
}  # characters

# The characters of numbers and addresses, including those of whole subnets.
_NUMERIC = "0123456789./"
_LOCK_PAUSE = 0.05  # seconds

FIELDS = (
    "name",
    "model",
    "address",
    "mac",
    "device_id",
    "token",
    "max_batch",
    "source",
)
_RIGHTS_OF_OTHERS = 0o077
# The errors that the JSON of another file can raise when read as saved devices.
_DAMAGED = (
    AttributeError,
    LookupError,
    RecursionError,
    TokenError,
    TypeError,
    ValueError,
)


class Record:
    """The facts that a file gives about a device; all are str, "" if unknown.

    They are name, model, address, mac, device_id, token (32 hex digits for Wi-Fi
    devices; others have other forms), and max_batch (how many MIoT properties it
    answers at once), none longer than MAX_FIELDS says. source: where it was found.
    when: how new that is, in seconds since 1970. why: the reason why there is no
    token, as far as it is known.
    """

    __slots__ = FIELDS + ("when", "why")

    name: str
    model: str
    address: str
    mac: str
    device_id: str
    token: str
    max_batch: str

    def __init__(self, source: str, when: float = 0.0, **fields: "Any") -> None:
        self.source = source
        self.when = when
        self.why = ""
        for field in FIELDS[:-1]:
            value = fields.get(field)
            text = "" if value is None else str(value).strip()
            if len(text) > MAX_FIELDS[field]:
                # A part of a name is useful; a part of anything else is wrong.
                text = text[: MAX_FIELDS[field]] if field == "name" else ""
            setattr(self, field, text)

    def __repr__(self) -> str:
        return "<Record %s of %s>" % (self.device_id or self.name or "?", self.source)

    def facts(self) -> "Dict[str, str]":
        """Return all fields by name, even the token; max_batch only if it is known."""
        facts = {field: getattr(self, field) for field in FIELDS}
        if not self.max_batch:
            del facts["max_batch"]
        return facts

    def learn(self, other: "Record") -> None:
        """Fill in missing fields from another record of the same device."""
        for field in FIELDS:
            if not getattr(self, field):
                setattr(self, field, getattr(other, field))


class Devices:
    """The saved devices in a file. A file that is not there yet is empty.

    It is read once; make a new Devices to see what another program has saved since.
    path: by default MIIO_DEVICES, or ~/.config/miio_pure/devices.json. records: a
    Record for each device. warning: why its tokens must not be used, which is "" if all
    is well. unnamed: the device id and the name of each device that the last save() had
    to save without its name. Raises MiioError for a file that cannot be read or is
    damaged.
    """

    def __init__(self, path: "Optional[str]" = None) -> None:
        path = default_path() if path is None else path
        if path is None:
            raise MiioError(
                "HOME is not set, so there is no place for the saved devices: set "
                "MIIO_DEVICES to the path of their file"
            )
        self.records: "List[Record]" = []
        self.warning = ""
        self.unnamed: "List[Tuple[str, str]]" = []
        try:
            self._path, self._source = _complete(path), ""
            if exists(self._path):
                self._load()
        except OSError as error:
            raise MiioError("%s: cannot be read: %s" % (path, error.strerror)) from None

    def __repr__(self) -> str:
        return "<Devices in %s: %d>" % (self.source, len(self.records))

    @property
    def source(self) -> str:
        """The path of the file, without links, for messages and for saving."""
        # The path is found only once, so all parts of a save use the same file.
        if not self._source:
            import os

            self._source = os.path.realpath(self._path)
        return self._source

    def token(self, device_id: int) -> "Optional[Token]":
        """Return the token of a device, or None if it is not saved.

        Raises TokenError if other users can read the file.
        """
        self.check_rights()
        record = self.record(device_id)
        return Token(record.token) if record else None

    def record(self, device_id: int) -> "Optional[Record]":
        """Return the record of the device with this id, or None."""
        wanted = str(device_id)
        return next((one for one in self.records if one.device_id == wanted), None)

    def find(self, wanted: str) -> "Optional[Record]":
        """Return the device of this name, else of this id, else at this address.

        Raises MiioError if two devices share the name or the address.
        """
        for field in ("name", "device_id", "address") if wanted else ():
            found = [one for one in self.records if getattr(one, field) == wanted]
            if len(found) > 1:
                ids = ", ".join(one.device_id for one in found)
                raise MiioError(
                    "%d saved devices have the %s %s: use one of the device ids %s"
                    % (len(found), field, ascii(wanted), ids)
                )
            if found:
                return found[0]
        return None

    def save(self, records: "Iterable[Record]", timeout: float = 5.0) -> int:
        """Add devices to the file; return how many were added or renewed.

        Devices without an id are left out, as are those whose token is not that of a
        Wi-Fi device. If a device is already saved, the new record counts. A name that
        judge_name() refuses, or that another device has, is not saved: see `unnamed`.
        The file is replaced as a whole, and only by one that can be read again.
        timeout: seconds to wait for other programs that are writing it. Raises
        MiioError if it cannot be written.
        """
        return self._lock_and(lambda is_alone: self._save(records, is_alone), timeout)

    def forget(self, record: Record, timeout: float = 5.0) -> None:
        """Remove a device from the file. timeout and errors: as for save()."""
        self._lock_and(lambda is_alone: self._forget(record, is_alone), timeout)

    def _lock_and(self, work: "Callable[[bool], int]", timeout: float) -> int:
        """Do work(is_alone) while no other program writes the file."""
        import os

        try:
            folder = os.path.dirname(self.source)
            os.makedirs(folder, 0o700, exist_ok=True)
            lock = _lock(folder, timeout)
            try:
                return work(lock >= 0)
            finally:
                if lock >= 0:  # pragma: no branch (Windows)
                    os.close(lock)
        except OSError as error:
            raise MiioError(
                "%s: cannot be written: %s" % (self.source, error.strerror)
            ) from None

    def check_rights(self) -> None:
        """Raise TokenError if other users can read the file."""
        if self.warning:
            raise TokenError(self.warning)

    def _load(self) -> None:
        if not is_file(self._path):
            raise MiioError("%s: not a file" % self.source)
        with open(self._path, "rb") as file:
            rights = read_rights(file.fileno())
            data = file.read(MAX_FILE + 1)
        if sys.platform != "win32" and rights & _RIGHTS_OF_OTHERS:
            self.warning = (
                "other users can read the tokens in %s; run: chmod 600 %s"
                % (self.source, _quote(self.source))
            )
        self.records = self._parse(data)

    def _parse(self, data: bytes) -> "List[Record]":
        try:
            if len(data) > MAX_FILE:
                raise ValueError
            records = []
            for fields in parse(data.decode("utf-8"))["devices"]:
                record = Record(str(fields.pop("source", "")), **fields)
                Token(record.token)
                if not record.device_id or record.device_id.strip("0123456789"):
                    raise ValueError
                records.append(record)
            return records
        except _DAMAGED:
            raise MiioError(
                "%s: damaged, or not a file of saved devices: remove it and save them "
                "again" % self.source
            ) from None

    def _save(self, records: "Iterable[Record]", is_alone: bool) -> int:
        new: "Dict[str, Record]" = {}
        for record in records:
            if record.device_id and not record.device_id.strip("0123456789"):
                if _is_token(record.token):
                    # merge() has put the newer of two tokens for a device first.
                    new.setdefault(record.device_id, record)
        self.unnamed = []
        if not new:
            return 0
        current = self._read_again()
        self._check_names(new, current)
        others = [one for one in current if one.device_id not in new]
        self._store(list(new.values()) + others, is_alone)
        return len(new)

    def _check_names(self, new: "Dict[str, Record]", current: "List[Record]") -> None:
        """Fill in fields that are already saved, and remove names that are refused."""
        known = {record.device_id: record for record in current}
        owners = {record.name: record.device_id for record in current}
        for device_id, record in new.items():
            name = record.name
            owner = owners.setdefault(name, device_id)
            if judge_name(name) or owner != device_id:
                record.name = ""
            if device_id in known:
                record.learn(known[device_id])
            if name and not record.name:
                self.unnamed.append((device_id, name))

    def _forget(self, record: Record, is_alone: bool) -> int:
        current = self._read_again()
        kept = [one for one in current if one.device_id != record.device_id]
        self._store(kept, is_alone)
        return len(current) - len(kept)

    def _read_again(self) -> "List[Record]":
        """Return the records in the file, which other programs may have changed."""
        current = Devices(self.source)
        current.check_rights()
        return current.records

    def _store(self, kept: "List[Record]", is_alone: bool) -> None:
        # Each device has a line of its own, for people who look into the file.
        lines = ",\n".join(write(record.facts()) for record in kept)
        data = ('{"devices":[\n%s\n]}\n' % lines).encode("ascii")
        if len(data) > MAX_FILE:
            raise MiioError(
                "%s: %d devices would make it larger than %d bytes, so it was left as "
                "it is" % (self.source, len(kept), MAX_FILE)
            )
        _remove_drafts(self.source, is_alone)
        replace_file(self.source, data)
        self.records = kept


def judge_name(name: str) -> str:
    """Return why a device cannot have this name, or "" if it can.

    A name must not look like anything else that stands for devices on a command line.
    """
    is_odd = name != name.strip() or not name.isprintable()
    is_word = not name.strip(_NUMERIC) or name.lower() == "all" or name[:1] == "-"
    if not (is_odd or is_word or "," in name):
        return ""
    return (
        'a name cannot be empty, "all", a number or an address, cannot begin with a '
        "hyphen, and cannot contain commas, control characters or spaces at its ends"
    )


def _complete(path: str) -> str:
    """Return a path from the root on, so that it means the same from any folder.

    Raises OSError where the current folder has been removed.
    """
    if path[:1] == "/":
        return path
    import os

    # This is not abspath(), which is wrong about a link with /.. behind it.
    return os.path.join(os.getcwd(), path)


def replace_file(path: str, data: bytes) -> None:
    """Write a file as a whole, or not at all."""
    import os

    draft = "%s.%d.new" % (path, os.getpid())
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except BaseException:
        os.remove(draft)
        raise


def _remove_drafts(path: str, is_alone: bool) -> None:
    """Remove the drafts of killed processes, because they hold tokens.

    is_alone: this process holds the lock, so no other one is using a draft. Otherwise
    only those that have not been touched for an hour are removed.
    """
    import os

    folder, name = os.path.split(path)
    for entry in os.listdir(folder):
        number = entry[len(name) + 1 : -len(".new")]
        if entry == "%s.%s.new" % (name, number) and number.isdigit():
            draft = os.path.join(folder, entry)
            is_own = number == str(os.getpid())
            if is_alone or is_own or time() - os.stat(draft).st_mtime > MAX_DRAFT_AGE:
                os.remove(draft)


def _lock(folder: str, timeout: float) -> int:
    """Wait until no other program writes; return a descriptor, or -1 without flock."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover (Windows)
        return -1
    import os

    deadline = monotonic() + timeout
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                if monotonic() >= deadline:
                    raise MiioError(
                        "%s: another program has locked this folder for %g s; end that "
                        "program, or try again" % (folder, timeout)
                    ) from None
            sleep(_LOCK_PAUSE)
    except BaseException:
        os.close(descriptor)
        raise


def _is_token(text: str) -> bool:
    try:
        Token(text)
    except TokenError:
        return False
    return True


def _quote(path: str) -> str:
    """Quote a path for a shell, if it needs quotes."""
    plain = path.replace("/", "").replace(".", "").replace("-", "").replace("_", "")
    return path if plain.isalnum() else "'%s'" % path.replace("'", "'\\''")
