# SPDX-License-Identifier: MIT
"""Reads the tables of an SQLite database from the bytes of its file.

We cannot use the sqlite3 module here. Small hosts lack it, and it changes the files: a
plain SELECT may delete the -wal file beside a database and roll back its -journal.
This reader opens only the file it is given, and only reads. Below is the part of the
format that it needs; the source is https://sqlite.org/fileformat2.html.

**Pages.** The file is an array of pages of the same size, numbered from 1. Page 1
begins with the database header of 100 bytes, which gives the size of a page (512 to
65,536) and the encoding of texts. All integers are big-endian.

**B-trees.** Each table is a tree of pages. The leaves hold the rows, in the order of
their row ids; interior pages only point to other pages. Indexes are trees of another
kind, which this reader does not need.

    interior page 2:    | cell: page 4, to 50 | cell: page 7, to 90 | right: page 9 |
                                 |                     |                    |
    leaf pages:             | 1 2 .. 50 |        | 51 52 .. 90 |       | 91 92 .. |

A page has a header of 8 bytes (12 in an interior page, where the last four are the
number of its right-most child), then an array of cell pointers. A pointer is the offset
of a cell from the start of the page. Cells fill the page from its end:

    0      8         8+2n                                              page size
    +------+---+---+---+--------------+--------+--------+------------+-----------+
    |header|p1 |p2 |...|    unused    | cell n |  ...   |   cell 2   |  cell 1   |
    +------+-+-+-+-+---+--------------+--------+--------+------------+-----------+
             |   |                                      ^            ^
             |   `--------------------------------------'            |
             `-------------------------------------------------------'

On page 1 this header comes after the first 100 bytes, but offsets still count from the
start of the page.

**Cells.** A cell of a leaf is a row: the size of its payload and its row id, each as a
varint (7 bits to a byte, most significant first; all bytes but the last have the top
bit set; a ninth byte gives all its 8 bits), then the payload. If a payload is too long
for its page, the rest is in a chain of overflow pages, each of which begins with the
number of the next (0 in the last):

    cell:  size | row id | start of the payload | page 12
    page 12:  page 31 | more of the payload
    page 31:  0       | the rest, then unused bytes

**Records.** A payload is a record: the size of its own header, a serial type for each
column, and then the values one after the other. Sizes and serial types are varints.

    serial type   0     1-6                   7      8  9  even, from 12   odd, from 13
    value         NULL  integer of 1, 2, 3,   float  0  1  blob of         text of
                        4, 6 or 8 bytes                    (type-12)/2     (type-13)/2

A column that is an INTEGER PRIMARY KEY is another name for the row id, and its value is
stored as NULL. Columns added by ALTER TABLE are missing from older rows and have the
default that the schema gives.

**Schema.** The tree that begins at page 1 is the table sqlite_master. Its rows name all
other tables, the page where each begins, and the CREATE TABLE that made it.

**Logs.** A program that was stopped, or is still running, may leave newer or older
pages beside the file, which replace those in the file: see logs.py.

A file may be damaged, or made to do harm: pages may point in circles, cells may
overlap, and rows may be as long as 8 MB. So each row and value that we read spends
effort.
"""

import struct
from collections import namedtuple

from ..errors import MiioError
from .effort import BYTE_OF_LOG, BYTE_OF_TEXT, BYTE_OF_UTF_16, BYTE_READ
from .effort import CELL, PAGE, VALUE, Effort
from .logs import read_journal, read_wal
from .schema import read_columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Set, Tuple

    from .logs import Log
    from .schema import Column

    Row = Dict[str, Any]

# A row of sqlite_master. kind: table or view. root: the first page of the table.
Table = namedtuple("Table", "kind root sql")

MAX_DEPTH = 20  # levels of a B-tree, as in SQLite itself
MAX_ROW = 8 << 20  # bytes
MAX_COLUMNS = 2000  # as in SQLite itself
DAMAGED = "the SQLite database is damaged: %s; copy it again"

_MAGIC = b"SQLite format 3\0"

# The last bytes of each page may be reserved for extensions.
_HEADER = struct.Struct(">16sH3B35xI")
_Header = namedtuple("_Header", "magic page_size writes reads reserved encoding")
_PAGE = struct.Struct(">B3HB")
_PageHeader = namedtuple("_PageHeader", "kind free cells content fragments")
_ENCODINGS = {0: "utf-8", 1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes
_LEAF, _INTERIOR = 0x0D, 0x05


def is_database(head: bytes) -> bool:
    """Tell whether a file that begins like this is an SQLite database."""
    return head.startswith(_MAGIC)


class Database:
    """An SQLite database in a seekable file.

    wal, journal: the bytes of the files beside it, if any. effort: the effort that
    reading spends. tables: name (in lower case) -> Table. is_wal: whether the database
    works with a -wal file. Any fault in the file raises MiioError.
    """

    def __init__(
        self,
        file: "BinaryIO",
        wal: bytes = b"",
        journal: bytes = b"",
        effort: "Optional[Effort]" = None,
    ) -> None:
        self._file = file
        self._effort = effort or Effort()
        # Pages from a log stay in memory; other pages are read when they are needed.
        self._pages: "Dict[int, bytes]" = {}
        file.seek(0)
        start = file.read(100)
        if len(start) < 100 or not start.startswith(_MAGIC):
            raise MiioError("not an SQLite database, or cut off after its start")
        header = _Header._make(_HEADER.unpack_from(start))
        self._size = 65536 if header.page_size == 1 else header.page_size
        if self._size not in (512 << i for i in range(8)):
            raise MiioError(DAMAGED % ("its pages have %d bytes" % header.page_size))
        self._usable = self._size - header.reserved
        if self._usable < 480:
            raise MiioError(DAMAGED % ("its pages have %d usable bytes" % self._usable))
        self._count = file.seek(0, 2) // self._size
        self._effort.spend(BYTE_OF_LOG * (len(wal) + len(journal)))
        self._take_pages(read_journal(journal, self._size))
        self._take_pages(read_wal(wal, self._size))
        self._read_schema()

    def _take_pages(self, log: "Log") -> None:
        pages, count = log
        self._pages.update(pages)
        if count is not None:
            self._count = count

    def _read_schema(self) -> None:
        header = _Header._make(_HEADER.unpack_from(self._page(1)))
        self.is_wal = header.writes == 2
        if header.encoding not in _ENCODINGS:
            raise MiioError(DAMAGED % ("text encoding %d is unknown" % header.encoding))
        self._encoding = _ENCODINGS[header.encoding]
        self.tables: "Dict[str, Table]" = {}
        for _, payload in self._records(1):
            kind, name, _, root, sql = (self._values(payload) + [None] * 5)[:5]
            if isinstance(name, str) and isinstance(root, int) and kind != "index":
                self.tables[name.lower()] = Table(str(kind), root, str(sql))

    def rows(self, name: str, needle: bytes = b"") -> "Iterator[Row]":
        """Yield each row of a table as column -> value; names in lower case.

        needle: yield only rows whose bytes contain this, which is a quick check.
        """
        table = self.tables[name.lower()]
        if table.kind != "table" or not table.root:
            raise MiioError("%s is a %s, not a table" % (name, table.kind))
        self._effort.spend(VALUE * len(table.sql))
        columns = read_columns(table.sql)
        if len(columns) > MAX_COLUMNS:
            raise MiioError(DAMAGED % ("a table has over %d columns" % MAX_COLUMNS))
        for rowid, payload in self._records(table.root):
            if needle in payload:
                self._effort.spend(VALUE * len(columns))
                yield _make_row(columns, rowid, self._values(payload))

    # Pages
    def _page(self, number: int) -> bytes:
        self._effort.spend(PAGE)
        if not 1 <= number <= self._count:
            raise MiioError(
                DAMAGED % ("page %d of %d is missing" % (number, self._count))
            )
        page = self._pages.get(number)
        if page is None:
            self._file.seek((number - 1) * self._size)
            page = self._file.read(self._size)
        if len(page) != self._size:
            raise MiioError(DAMAGED % ("page %d is cut off" % number))
        return page

    # B-trees

    def _records(self, root: int) -> "Iterator[Tuple[int, bytes]]":
        """Yield (row id, payload) of each row of the table that begins at root."""
        for page, at in self._cells(root, set(), MAX_DEPTH):
            size, at = _read_varint(page, at)
            rowid, at = _read_varint(page, at)
            if size > MAX_ROW:
                raise MiioError(DAMAGED % ("a row has over %d bytes" % MAX_ROW))
            if rowid >= 1 << 63:
                rowid -= 1 << 64
            self._effort.spend(CELL + BYTE_READ * size)
            yield rowid, self._payload(page, at, size)

    def _cells(
        self, number: int, seen: "Set[int]", depth: int
    ) -> "Iterator[Tuple[bytes, int]]":
        """Yield (page, offset) of each row, from this page of a tree down."""
        if number in seen or not depth:
            raise MiioError(DAMAGED % "a tree of pages runs in circles")
        seen.add(number)
        page = self._page(number)
        start = 100 if number == 1 else 0
        header = _PageHeader._make(_PAGE.unpack_from(page, start))
        is_leaf = header.kind == _LEAF
        pointers = start + (8 if is_leaf else 12)
        end = pointers + 2 * header.cells
        if header.kind not in (_LEAF, _INTERIOR) or end > self._size:
            raise MiioError(DAMAGED % ("page %d belongs to no table" % number))
        for (at,) in struct.iter_unpack(">H", page[pointers:end]):
            if is_leaf:
                yield page, at
            else:
                child = int.from_bytes(page[at : at + 4], "big")
                yield from self._cells(child, seen, depth - 1)
        if not is_leaf:
            child = int.from_bytes(page[start + 8 : start + 12], "big")
            yield from self._cells(child, seen, depth - 1)

    def _payload(self, page: bytes, at: int, size: int) -> bytes:
        """Return the bytes of a row, with those on overflow pages."""
        local = self._local_size(size)
        parts, left = [page[at : at + local]], size - local
        if len(parts[0]) < local:
            raise MiioError(DAMAGED % "a row leaves its page")
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        seen = set()
        while left:
            if number in seen:
                raise MiioError(DAMAGED % "a row runs in circles")
            seen.add(number)
            page = self._page(number)
            parts.append(page[4 : min(left + 4, self._usable)])
            left -= len(parts[-1])
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)

    def _local_size(self, size: int) -> int:
        """Return how many bytes of a payload lie on its own page."""
        most = self._usable - 35
        if size <= most:
            return size
        # SQLite fills the overflow pages, and keeps the remaining bytes on the page.
        least = (self._usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (self._usable - 4)
        return int(local if local <= most else least)

    # Records

    def _values(self, payload: bytes) -> "List[Any]":
        end, at = _read_varint(payload, 0)
        body, values = end, []
        while at < end:
            kind, at = _read_varint(payload, at)
            value, body = self._value(kind, payload, body)
            values.append(value)
            if len(values) > MAX_COLUMNS:
                raise MiioError(DAMAGED % ("a row has over %d values" % MAX_COLUMNS))
        self._effort.spend(VALUE * len(values))
        return values

    def _value(self, kind: int, payload: bytes, at: int) -> "Tuple[Any, int]":
        """Return a value of a serial type, and where the next one starts."""
        if kind == 0:
            return None, at
        if kind in (8, 9):
            return kind - 8, at
        size = _INTEGER_SIZES.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
        data = payload[at : at + size]
        if kind in (10, 11) or len(data) != size:
            raise MiioError(DAMAGED % "a row does not hold its values")
        if kind < 7:
            return int.from_bytes(data, "big", signed=True), at + size
        if kind == 7:
            return struct.unpack(">d", data)[0], at + size
        if kind % 2 == 0:
            return data, at + size
        is_utf_8 = self._encoding == "utf-8"
        self._effort.spend((BYTE_OF_TEXT if is_utf_8 else BYTE_OF_UTF_16) * size)
        return data.decode(self._encoding, "replace"), at + size


def _make_row(columns: "List[Column]", rowid: int, values: "List[Any]") -> "Row":
    row = {}
    for number, column in enumerate(columns):
        # Rows that are older than an ALTER TABLE lack the columns that it added.
        value = values[number] if number < len(values) else column.default
        row[column.name] = rowid if column.is_rowid and value is None else value
    return row


def _read_varint(data: bytes, at: int) -> "Tuple[int, int]":
    """Return a number of 1 to 9 bytes, and where the next value starts."""
    value = 0
    for byte in data[at : at + 8]:
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    if at >= len(data):
        raise MiioError(DAMAGED % "a number is cut off")
    return value << 8 | data[at], at + 1
