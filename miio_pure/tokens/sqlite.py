# SPDX-License-Identifier: MIT
"""Tables of an SQLite database, read from its file alone: nothing is locked, changed or
written beside it, as sqlite3 would. Source: https://sqlite.org/fileformat2.html"""

import re
import struct

from ..errors import MiioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterator, List, Set, Tuple

    Row = Dict[str, Any]

MAGIC = b"SQLite format 3\0"
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
WAL_MAGICS = (0x377F0682, 0x377F0683)  # checksums of little- and big-endian words
ROWS = 1000000
DEPTH = 20  # of a B-tree, as in SQLite itself
PAYLOAD = 64 << 20  # bytes of all rows of a table
ROW = 8 << 20  # bytes of one
VALUES = 2000000  # of a table
COLUMNS = 2000  # as in SQLite itself
LOG = 32 << 20  # bytes of a -wal or -journal

# page size, version for writing and for reading, reserved bytes of each page
_HEADER = struct.Struct(">16sHBBB")
# WAL: magic, version, page size, sequence, two salts, two sums; a frame: page, pages
# of the database after a commit (else 0), two salts, two sums
_WAL_HEADER = struct.Struct(">8I")
_WAL_FRAME = struct.Struct(">6I")
# records, nonce, pages of the database before, sector size, page size
_JOURNAL_HEADER = struct.Struct(">8s5I")
_ENCODINGS = {0: "utf-8", 1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type: bytes
_LEAF, _INTERIOR = 0x0D, 0x05  # pages of tables
_SQL = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|$)|(\s+)|('(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|"""
    r"""`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[(),]|[^\s'"`\[\](),]+)""",
    re.S,
)
_CONSTRAINTS = set(
    "constraint primary not null unique check default collate references generated as"
    " foreign".split()
)
_SQL_SIZE = 1 << 16  # bytes of one CREATE TABLE


class Database:
    """An SQLite database in a file that can be read and sought.

    wal, journal: the bytes of the files beside it, if any. tables: name (in lower case)
    -> (type, root page, SQL). is_wal: whether it works with a -wal file. Anything that
    is wrong with the file raises MiioError.
    """

    def __init__(
        self, file: "BinaryIO", wal: bytes = b"", journal: bytes = b""
    ) -> None:
        self._file = file
        self._pages: "Dict[int, bytes]" = {}  # those that a log holds
        file.seek(0)
        start = file.read(100)
        if len(start) < 100 or not start.startswith(MAGIC):
            raise MiioError("no SQLite database, or cut off after its start")
        _, size, self._version, _, reserved = _HEADER.unpack_from(start)
        self._size = 65536 if size == 1 else size
        if self._size not in (512 << i for i in range(8)):
            raise MiioError("SQLite pages of %d bytes: damaged" % size)
        self._usable = self._size - reserved
        if self._usable < 480:
            raise MiioError("SQLite pages of %d usable bytes: damaged" % self._usable)
        self._count = file.seek(0, 2) // self._size
        self._roll_back(journal)
        self._replay(wal)
        first = self._page(1)
        self.is_wal = first[18] == 2
        encoding = int.from_bytes(first[56:60], "big")
        if encoding not in _ENCODINGS:
            raise MiioError("SQLite text encoding %d: damaged" % encoding)
        self._encoding = _ENCODINGS[encoding]
        self.tables: "Dict[str, Tuple[str, int, str]]" = {}
        for _, values in self._rows(1):
            kind, name, _, root, sql = (values + [None] * 5)[:5]
            if isinstance(name, str) and isinstance(root, int) and kind != "index":
                self.tables[name.lower()] = (str(kind), root, str(sql))

    def rows(self, name: str, limit: int = PAYLOAD) -> "Iterator[Row]":
        """Each row of a table as column -> value; names in lower case.

        limit: bytes of all rows.
        """
        kind, root, sql = self.tables[name.lower()]
        if kind != "table" or not root:
            raise MiioError("%s is a %s, not a table" % (name, kind))
        columns = _columns(sql)
        if len(columns) > COLUMNS:
            raise MiioError("a table of over %d columns: damaged" % COLUMNS)
        for count, (rowid, values) in enumerate(self._rows(root, limit)):
            if count * len(columns) > VALUES:
                raise MiioError("a table of over %d values" % VALUES)
            row = {}
            for i, (column, is_rowid, default) in enumerate(columns):
                # a column added later is missing from the rows before
                value = values[i] if i < len(values) else default
                row[column] = rowid if is_rowid and value is None else value
            yield row

    # Pages

    def _page(self, number: int) -> bytes:
        if not 1 <= number <= self._count:
            raise MiioError(
                "SQLite page %d of %d: damaged or cut off" % (number, self._count)
            )
        page = self._pages.get(number)
        if page is None:
            self._file.seek((number - 1) * self._size)
            page = self._file.read(self._size)
        if len(page) != self._size:
            raise MiioError("SQLite page %d is cut off" % number)
        return page

    def _roll_back(self, journal: bytes) -> None:
        """Undo the transaction that a hot journal tells of."""
        at = 0
        while journal[at : at + 8] == JOURNAL_MAGIC and len(journal) >= at + 28:
            header = _JOURNAL_HEADER.unpack_from(journal, at)
            _, records, nonce, pages, sector, size = header
            if size != self._size or not 32 <= sector <= 65536:
                return
            if not at:
                self._count = pages
            at += sector
            if records == 0xFFFFFFFF:  # it was not counted
                records = (len(journal) - at) // (size + 8)
            for _ in range(records):
                number = int.from_bytes(journal[at : at + 4], "big")
                page = journal[at + 4 : at + 4 + size]
                total = int.from_bytes(journal[at + 4 + size : at + 8 + size], "big")
                if len(page) < size or total != nonce + _sample(page) & 0xFFFFFFFF:
                    return  # what follows was not written whole
                self._pages.setdefault(number, page)
                at += size + 8
            at += -at % sector

    def _replay(self, wal: bytes) -> None:
        """Take the pages from a write-ahead log, up to its last commit."""
        if len(wal) < 32:
            return
        magic, _, size, _, salt_1, salt_2, *sums = _WAL_HEADER.unpack_from(wal)
        order = ">" if magic & 1 else "<"
        running = _sums(wal[:24], order, (0, 0))
        if magic not in WAL_MAGICS or size != self._size or running != tuple(sums):
            return
        pages: "Dict[int, bytes]" = {}
        for at in range(32, len(wal) - size - 23, size + 24):
            number, commit, one, two, *sums = _WAL_FRAME.unpack_from(wal, at)
            page = wal[at + 24 : at + 24 + size]
            running = _sums(wal[at : at + 8] + page, order, running)
            if (one, two) != (salt_1, salt_2) or running != tuple(sums):
                return  # left over from before, or not written whole
            pages[number] = page
            if commit:
                self._pages.update(pages)
                self._count = commit
                pages = {}

    # B-trees

    def _rows(
        self, root: int, limit: int = PAYLOAD
    ) -> "Iterator[Tuple[int, List[Any]]]":
        """(rowid, values) of each row of the table whose B-tree starts at root."""
        rows = total = 0
        for page, at in self._cells(root, set(), DEPTH):
            size, at = _varint(page, at)
            rowid, at = _varint(page, at)
            rows, total = rows + 1, total + size
            if rows > ROWS or total > limit or size > ROW:
                raise MiioError(
                    "a table of over %d rows or %d bytes: too much, or damaged"
                    % (ROWS, limit)
                )
            if rowid >= 1 << 63:
                rowid -= 1 << 64
            yield rowid, self._values(self._payload(page, at, size))

    def _cells(
        self, number: int, seen: "Set[int]", depth: int
    ) -> "Iterator[Tuple[bytes, int]]":
        """Where each row lies: (page, offset)."""
        if number in seen or not depth:
            raise MiioError("an SQLite B-tree that runs in circles: damaged")
        seen.add(number)
        page = self._page(number)
        start = 100 if number == 1 else 0
        kind = page[start]
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        first = start + (8 if kind == _LEAF else 12)
        least = 6 if kind == _LEAF else 2  # bytes of a cell, and of what points to it
        if kind not in (_LEAF, _INTERIOR) or first + least * count > self._size:
            raise MiioError("SQLite page %d belongs to no table: damaged" % number)
        for (at,) in struct.iter_unpack(">H", page[first : first + 2 * count]):
            if kind == _LEAF:
                yield page, at
            else:
                child = int.from_bytes(page[at : at + 4], "big")
                yield from self._cells(child, seen, depth - 1)
        if kind == _INTERIOR:
            last = int.from_bytes(page[start + 8 : start + 12], "big")
            yield from self._cells(last, seen, depth - 1)

    def _payload(self, page: bytes, at: int, size: int) -> bytes:
        """The bytes of a row, with those on overflow pages."""
        local = size
        if size > self._usable - 35:
            least = (self._usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (self._usable - 4)
            if local > self._usable - 35:
                local = least
        parts, left = [page[at : at + local]], size - local
        if len(parts[0]) < local:
            raise MiioError("an SQLite row that leaves its page: damaged")
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        seen = set()
        while left:
            if number in seen:
                raise MiioError("an SQLite row that runs in circles: damaged")
            seen.add(number)
            page = self._page(number)
            parts.append(page[4 : min(left + 4, self._usable)])
            left -= len(parts[-1])
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)

    def _values(self, payload: bytes) -> "List[Any]":
        end, at = _varint(payload, 0)
        body, values = end, []
        while at < end:
            kind, at = _varint(payload, at)
            value, body = self._value(kind, payload, body)
            values.append(value)
            if len(values) > COLUMNS:
                raise MiioError("a row of over %d values: damaged" % COLUMNS)
        return values

    def _value(self, kind: int, payload: bytes, at: int) -> "Tuple[Any, int]":
        """A value of a serial type, and where the next starts."""
        if kind in (0, 8, 9):
            return (None if kind == 0 else kind - 8), at
        size = _INTEGERS.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
        data = payload[at : at + size]
        if kind in (10, 11) or len(data) != size:
            raise MiioError("an SQLite row with values that it does not hold: damaged")
        if kind < 7:
            return int.from_bytes(data, "big", signed=True), at + size
        if kind == 7:
            return struct.unpack(">d", data)[0], at + size
        return data.decode(self._encoding, "replace") if kind % 2 else data, at + size


def _varint(data: bytes, at: int) -> "Tuple[int, int]":
    """A number of 1 to 9 bytes, and where the next starts."""
    value = 0
    for byte in data[at : at + 8]:
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    if at >= len(data):
        raise MiioError("an SQLite number that is cut off: damaged")
    return value << 8 | data[at], at + 1


def _sample(page: bytes) -> int:
    """What a journal sums up of a page: each 200th byte, from the end."""
    return sum(page[i] for i in range(len(page) - 200, 0, -200))


def _sums(data: bytes, order: str, sums: "Tuple[int, int]") -> "Tuple[int, int]":
    """The running checksum of a write-ahead log."""
    one, two = sums
    words = struct.unpack("%s%dI" % (order, len(data) // 4), data)
    for even, odd in zip(words[::2], words[1::2]):
        one = one + even + two & 0xFFFFFFFF
        two = two + odd + one & 0xFFFFFFFF
    return one, two


def _columns(sql: str) -> "List[Tuple[str, bool, Any]]":
    """What a CREATE TABLE says: (column, whether it is the rowid, default) each."""
    if len(sql) > _SQL_SIZE:
        raise MiioError("a CREATE TABLE of over %d characters: damaged" % _SQL_SIZE)
    tokens = [match.group(2) for match in _SQL.finditer(sql) if match.group(2)]
    columns: "List[Tuple[str, bool, Any]]" = []
    types: "Dict[str, List[str]]" = {}
    for parts in _definitions(tokens):
        words = [part.lower() for part in parts]
        if words[0] in _CONSTRAINTS:  # of the table: a key may be the rowid
            if words[-5:-2] == ["primary", "key", "("]:
                key = _unquoted(parts[-2]).lower()
                if types.get(key) == ["integer"]:
                    columns = [(name, name == key, value) for name, _, value in columns]
            continue
        ends = [i for i, word in enumerate(words) if word in _CONSTRAINTS]
        at = ends[0] if ends else len(words)
        if "as" in words[at:] and "stored" not in words:
            continue  # it is computed when it is read
        name, kind = _unquoted(parts[0]).lower(), words[1:at]
        types[name] = kind
        is_key = "primary" in words[at:] and "desc" not in words[at:]
        default = None
        if "default" in words[at:-1]:
            default = _literal(parts[words.index("default", at) + 1 :])
        columns.append((name, is_key and kind == ["integer"], default))
    return columns


def _definitions(tokens: "List[str]") -> "Iterator[List[str]]":
    """What stands between the commas of the outermost brackets."""
    depth = 0
    parts: "List[str]" = []
    for token in tokens:
        if depth == 1 and token in ",)" and parts:
            yield parts
            parts = []
        elif depth:
            parts.append(token)
        depth += (token == "(") - (token == ")")
        if token == ")" and not depth:
            return


def _unquoted(token: str) -> str:
    quote = token[0]
    if quote == "[":
        return token[1:-1]
    if quote in "'\"`":
        return token[1:-1].replace(quote * 2, quote)
    return token


def _literal(parts: "List[str]") -> "Any":
    """The value that a DEFAULT gives."""
    parts = [part for part in parts if part != "("]
    sign = ""
    while parts and parts[0] in ("-", "+"):
        sign = parts.pop(0)
    text = parts[0] if parts else "null"
    if text.lower() == "x" and parts[1:] and parts[1][0] == "'":
        digits = _unquoted(parts[1])
        return bytes.fromhex(digits) if _is_hex(digits) else None
    if text[0] in "'\"`[":
        return _unquoted(text)
    for number in (int, float) if len(text) < 30 else ():
        try:
            return number(sign + text)
        except ValueError:
            pass
    return {"null": None, "true": 1, "false": 0}.get(text.lower(), text)


def _is_hex(digits: str) -> bool:
    return len(digits) % 2 == 0 and not digits.strip("0123456789abcdefABCDEF")
