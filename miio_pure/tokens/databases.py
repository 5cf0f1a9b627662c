# SPDX-License-Identifier: MIT
"""Devices in the databases of Mi Home for Android, iOS and macOS, and in the list of
files that an iPhone's backup is."""

from ..aes import AES, unpad
from ..errors import MiioError
from .record import Record
from .sqlite import PAYLOAD, Database
from .text import why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

# table: what its columns are called, all in lower case
_TABLES = {
    "devicerecord": ("name", "model", "localip", "mac", "did", "token", "parentid"),
    "zdevice": ("zname", "zmodel", "zlocalip", "zmac", "zdid", "ztoken", "zparentid"),
}
_FIELDS = ("name", "model", "ip", "mac", "did", "token")
_HEX = set("0123456789abcdefABCDEF")
_APP = "AppDomain-com.xiaomi.mihome"
DEVICES = 20000  # in all files
NO_ANDROID_TOKENS = (
    "Mi Home 5.0.31 and later keeps no tokens in its database: take them from an older "
    "version, from the log of 5.4.49 or 5.4.54, from an iPhone's backup, or from a "
    "reset device"
)
LOGGED_OUT = (
    "no devices in it: the app was logged out (the database of an account has its "
    "number in front, such as 1234567890_mihome.sqlite)"
)
NO_LOG = (
    "the -wal file that belongs beside it is missing: copy it along, as the newest "
    "entries are there"
)


def find_in_database(
    database: Database, source: str, when: float, has_log: bool
) -> "Tuple[List[Record], List[str]]":
    """The devices of a database of Mi Home, and what is to be said of it.

    Both are empty for any other database.
    """
    records: "List[Record]" = []
    notes: "List[str]" = []
    for table, columns in _TABLES.items():
        if table not in database.tables:
            continue
        for row in database.rows(table):
            if len(records) == DEVICES:
                raise MiioError("over %d devices: more than anybody has" % DEVICES)
            records.append(_record(row, columns, source, when))
        if not records:
            notes.append(LOGGED_OUT)
        elif table == "devicerecord" and not any(record.token for record in records):
            notes.append(NO_ANDROID_TOKENS)
            for record in records:
                record.why = "this version of the app keeps none"
        if database.is_wal and not has_log:
            notes.append(NO_LOG)
    return records, notes


def _record(
    row: "Dict[str, Any]", columns: "Tuple[str, ...]", source: str, when: float
) -> Record:
    values = [row.get(column) for column in columns]
    fields = {
        field: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for field, value in zip(_FIELDS, values)
    }
    record = Record(source, when, **fields)
    record.token = _revealed(record.token)
    if not record.token:
        record.why = why_not(record.did, str(values[-1] or ""))
    return record


def _revealed(token: str) -> str:
    """A token as iOS keeps it: AES-128-ECB under zeros, in hex; others as they are."""
    if len(token) < 64 or len(token) % 32 or not _HEX.issuperset(token):
        return token
    cipher, data = AES(bytes(16)), bytes.fromhex(token)
    blocks = [data[i : i + 16] for i in range(0, len(data), 16)]
    plain = b"".join([cipher.decrypt_block(block) for block in blocks])
    try:
        return unpad(plain).decode("ascii")
    except ValueError:
        return token


def iphone_files(manifest: Database) -> "Iterator[Tuple[str, str]]":
    """Mi Home's files in an iPhone's backup: (path there, path on the phone)."""
    if "files" not in manifest.tables:
        raise MiioError("this Manifest.db is not that of an iPhone's backup")
    for row in manifest.rows("files", 8 * PAYLOAD):  # with a property list for each
        name, path = row.get("fileid"), row.get("relativepath")
        if row.get("domain") == _APP and isinstance(path, str):
            if isinstance(name, str) and _HEX.issuperset(name) and name:
                yield name[:2] + "/" + name, path
