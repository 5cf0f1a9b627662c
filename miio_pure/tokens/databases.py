# SPDX-License-Identifier: MIT
"""Finds devices in the databases of Mi Home for Android, iOS and macOS, and others."""

from ..files.effort import TooMuch
from ..files.iphone import decrypt_token
from ..files.sqlite import Database, is_database
from .domoticz import TABLE, find_in_hardware
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List

    from ..devices import Record
    from ..files.walk import Leaf

# The column of each field, in the tables of Android, and of iOS and macOS.
_ANDROID = {
    "name": "name",
    "model": "model",
    "address": "localip",
    "mac": "mac",
    "device_id": "did",
    "token": "token",
    "parent": "parentid",
}
_IOS = {
    "name": "zname",
    "model": "zmodel",
    "address": "zlocalip",
    "mac": "zmac",
    "device_id": "zdid",
    "token": "ztoken",
    "parent": "zparentid",
}
_TABLES = {"devicerecord": _ANDROID, "zdevice": _IOS}
NO_ANDROID_TOKENS = (
    "Mi Home 5.0.31 and later keeps no tokens in its database: get them out of "
    "Xiaomi's cloud with a tool such as Xiaomi-cloud-tokens-extractor, and give its "
    "output to tokens; or take them from the log of 5.4.49 or 5.4.54, from an iPhone's "
    "backup, or from a reset device"
)
LOGGED_OUT = (
    "no devices in it: the app was logged out (the database of an account has its "
    "number in front, such as 1234567890_mihome.sqlite)"
)
NO_LOG = (
    "the -wal file that belongs beside it is missing: copy it along, as the newest "
    "entries are there"
)


def is_sqlite(leaf: "Leaf") -> bool:
    """Tell whether a leaf is an SQLite database, of any program."""
    return is_database(leaf.head)


def find_in_database(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices of a database of Mi Home or Domoticz; none for any other."""
    wal, journal = leaf.log("-wal"), leaf.log("-journal")
    database = Database(leaf.file, wal or b"", journal or b"", leaf.effort)
    for table, columns in _TABLES.items():
        if table in database.tables:
            if database.is_wal and wal is None:
                leaf.notes.append(NO_LOG)
            yield from _find_in_table(leaf, database, table, columns)
    if TABLE in database.tables:
        yield from find_in_hardware(leaf, database)


def _find_in_table(
    leaf: "Leaf", database: Database, table: str, columns: "Dict[str, str]"
) -> "Iterator[Record]":
    records: "List[Record]" = []
    too_much = None
    try:
        for row in database.rows(table):
            records.append(_read_device(leaf, row, columns))
    except TooMuch as error:
        # Damage spoils a whole table, because any row may be wrong. Reaching a limit
        # does not, so the rows that were read still count.
        too_much = error
    if not records:
        leaf.notes.append(LOGGED_OUT)
    elif columns is _ANDROID and not any(record.token for record in records):
        leaf.notes.append(NO_ANDROID_TOKENS)
        for record in records:
            record.why = "this version of the app keeps none"
    yield from records
    if too_much:
        raise too_much


def _read_device(
    leaf: "Leaf", row: "Dict[str, Any]", columns: "Dict[str, str]"
) -> "Record":
    fields = {}
    for field, column in columns.items():
        value = row.get(column)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        fields[field] = value
    record = make_record(leaf, **fields)
    record.token = decrypt_token(record.token)
    return record
