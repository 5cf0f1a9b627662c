# SPDX-License-Identifier: MIT
"""A file that keeps tokens, so that they need not be given again."""

import json
import os

from ..errors import MiioError, TokenError
from ..packet import Token
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Optional

SIZE = 4 << 20  # bytes of the file
_OTHERS = 0o077  # what group and others may do
# what reading a file raises whose JSON is not that of a token file
_DAMAGED = (
    AttributeError,
    LookupError,
    RecursionError,
    TokenError,
    TypeError,
    ValueError,
)


class Store:
    """The tokens in a file, by device id; called with a device id, it gives the Token.

    So it serves as the token of a Client: Client("192.168.1.47", token=Store(path)). A
    file that is not there is empty. One that others can read raises TokenError, a
    damaged one MiioError.
    """

    def __init__(self, path: str) -> None:
        self.records: "List[Record]" = []
        try:
            self.path = os.path.realpath(path)  # needs the folder one is in
        except OSError as error:
            raise MiioError("%s: cannot be read: %s" % (path, error.strerror)) from None
        try:
            self._load()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise MiioError("%s: cannot be read: %s" % (path, error.strerror)) from None

    def __repr__(self) -> str:
        return "<Store %s, %d devices>" % (self.path, len(self.records))

    def token(self, device_id: int) -> "Optional[Token]":
        record = self.find(device_id)
        return Token(record.token) if record else None

    def find(self, device_id: int) -> "Optional[Record]":
        """What is known of a device, or None."""
        did = str(device_id)
        return next((record for record in self.records if record.did == did), None)

    def _load(self) -> None:
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise MiioError("%s: not a file" % self.path)
        with open(self.path, "rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise TokenError(
                    "%s: others can read it, and its tokens: chmod 600 %s"
                    % (self.path, _quoted(self.path))
                )
            data = file.read(SIZE + 1)
        try:
            if len(data) > SIZE:
                raise ValueError
            for fields in json.loads(data.decode("utf-8"))["devices"]:
                record = Record(str(fields.pop("source", "")), **fields)
                Token(record.token)
                self.records.append(record)
        except _DAMAGED:
            raise MiioError(
                "%s: no token file, or damaged: remove it and save the tokens again"
                % self.path
            ) from None

    def save(self, records: "Iterable[Record]") -> int:
        """Add devices to the file, which is written whole or not at all; how many.

        Those without a device id, or with a token of no Wi-Fi device, are left out. For
        a device that is known, what is new counts. MiioError if it cannot be written.
        """
        try:
            folder = os.path.dirname(self.path)
            os.makedirs(folder, 0o700, exist_ok=True)
            lock = _lock(folder)
            try:
                return self._save(records)
            finally:
                if lock >= 0:  # pragma: no branch (Windows)
                    os.close(lock)
        except OSError as error:
            raise MiioError(
                "%s: cannot be written: %s" % (self.path, error.strerror)
            ) from None

    def _save(self, records: "Iterable[Record]") -> int:
        new: "Dict[str, Record]" = {}
        for record in records:
            if record.did and not record.did.strip("0123456789"):
                if _is_token(record.token):
                    new.setdefault(record.did, record)  # the newest comes first
        if not new:
            return 0
        old = Store(self.path).records  # somebody else may have added some
        for record in old:
            if record.did in new:
                new[record.did].learn(record)
        self.records = list(new.values()) + [one for one in old if one.did not in new]
        devices = [record.facts() for record in self.records]
        text = json.dumps({"devices": devices}, indent=1) + "\n"
        draft = "%s.%d.new" % (self.path, os.getpid())
        if os.path.exists(draft):  # of a process that was killed
            os.remove(draft)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            os.replace(draft, self.path)
        except BaseException:
            os.remove(draft)
            raise
        return len(new)


def _lock(folder: str) -> int:
    """Wait for other writers: a descriptor to close, or -1 where there is no flock."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover (Windows)
        return -1
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _is_token(text: str) -> bool:
    try:
        Token(text)
    except TokenError:
        return False
    return True


def _quoted(path: str) -> str:
    """For a shell, where it needs to be."""
    plain = path.replace("/", "").replace(".", "").replace("-", "").replace("_", "")
    return path if plain.isalnum() else "'%s'" % path.replace("'", "'\\''")
