# SPDX-License-Identifier: MIT
"""Reads the -wal and the -journal that may lie beside an SQLite database.

A write-ahead log (-wal) holds newer pages, in frames with running checksums. Frames are
valid up to the last one that ends a transaction. A rollback journal (-journal) holds
pages as they were before a transaction that never ended, so restoring them undoes it.
As SQLite does, we ignore anything that is not such a log or was not written completely.
"""

import struct
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional, Tuple

    # Pages by number, and how many pages the database has, if the log says so.
    Log = Tuple[Dict[int, bytes], Optional[int]]

MAX_LOG = 32 << 20  # bytes

_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
# size: pages of the database before the transaction.
_JOURNAL_HEADER = struct.Struct(">8s5I")
_JournalHeader = namedtuple(
    "_JournalHeader", "magic records nonce size sector page_size"
)
_UNCOUNTED = 0xFFFFFFFF
# The magic says whether a WAL's checksums add little-endian or big-endian words.
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_WAL_HEADER = struct.Struct(">8I")
_WalHeader = namedtuple(
    "_WalHeader", "magic version page_size sequence salt_1 salt_2 sum_1 sum_2"
)
# size: pages of the database after this transaction, or 0 if it has not ended yet.
_WAL_FRAME = struct.Struct(">6I")
_WalFrame = namedtuple("_WalFrame", "page size salt_1 salt_2 sum_1 sum_2")


def read_journal(journal: bytes, page_size: int) -> "Log":
    """Return the pages that undo the transaction of a journal."""
    pages: "Dict[int, bytes]" = {}
    count = None
    at = 0
    while journal[at : at + 8] == _JOURNAL_MAGIC and len(journal) >= at + 28:
        header = _JournalHeader._make(_JOURNAL_HEADER.unpack_from(journal, at))
        if header.page_size != page_size or not 32 <= header.sector <= 65536:
            break
        if count is None:
            count = header.size
        at += header.sector
        records = header.records
        if records == _UNCOUNTED:
            records = (len(journal) - at) // (page_size + 8)
        for _ in range(records):
            number = int.from_bytes(journal[at : at + 4], "big")
            page = journal[at + 4 : at + 4 + page_size]
            total = journal[at + 4 + page_size : at + 8 + page_size]
            if len(page) < page_size or total != _sum_page(page, header.nonce):
                return pages, count
            pages.setdefault(number, page)
            at += page_size + 8
        # Each header begins a sector of the disk.
        at += -at % header.sector
    return pages, count


def _sum_page(page: bytes, nonce: int) -> bytes:
    """Return a journal's checksum of a page: every 200th byte, counted from the end."""
    total = nonce + sum(page[i] for i in range(len(page) - 200, 0, -200))
    return (total & 0xFFFFFFFF).to_bytes(4, "big")


def read_wal(wal: bytes, page_size: int) -> "Log":
    """Return the pages of a write-ahead log, up to its last commit."""
    pages: "Dict[int, bytes]" = {}
    count = None
    if len(wal) < _WAL_HEADER.size:
        return pages, count
    header = _WalHeader._make(_WAL_HEADER.unpack_from(wal))
    order = ">" if header.magic & 1 else "<"
    sums = _add_words(wal[:24], order, (0, 0))
    if header.magic not in _WAL_MAGICS or header.page_size != page_size:
        return pages, count
    if sums != (header.sum_1, header.sum_2):
        return pages, count
    uncommitted: "Dict[int, bytes]" = {}
    frame_size = _WAL_FRAME.size + page_size
    for at in range(_WAL_HEADER.size, len(wal) - frame_size + 1, frame_size):
        frame = _WalFrame._make(_WAL_FRAME.unpack_from(wal, at))
        page = wal[at + _WAL_FRAME.size : at + frame_size]
        sums = _add_words(wal[at : at + 8] + page, order, sums)
        # The next frame may be left from an earlier round, or not be complete.
        if (frame.salt_1, frame.salt_2) != (header.salt_1, header.salt_2):
            break
        if sums != (frame.sum_1, frame.sum_2):
            break
        uncommitted[frame.page] = page
        if frame.size:
            pages.update(uncommitted)
            count = frame.size
            uncommitted = {}
    return pages, count


def _add_words(data: bytes, order: str, sums: "Tuple[int, int]") -> "Tuple[int, int]":
    """Continue the running checksum of a write-ahead log."""
    one, two = sums
    words = struct.unpack("%s%dI" % (order, len(data) // 4), data)
    for even, odd in zip(words[::2], words[1::2]):
        one = one + even + two & 0xFFFFFFFF
        two = two + odd + one & 0xFFFFFFFF
    return one, two
