# SPDX-License-Identifier: MIT
"""What counts as a log of a database, and what is left alone."""

import struct
import unittest

from miio_pure.files.logs import read_journal, read_wal

from ..support.databases import make_wal

SIZE = 4096
NOTHING = {}, None


class WalTest(unittest.TestCase):
    def setUp(self):
        self.wal = make_wal()[1]
        self.frame = SIZE + 24
        count = (len(self.wal) - 32) // self.frame
        self.assertGreater(count, 1)
        self.last = 32 + (count - 1) * self.frame

    def test_the_newest_of_each_page_counts(self):
        pages, count = read_wal(self.wal, SIZE)
        number = int.from_bytes(self.wal[self.last : self.last + 4], "big")
        self.assertEqual(pages[number], self.wal[self.last + 24 :][:SIZE])
        self.assertEqual(count, 2)

    def test_a_transaction_counts_only_if_it_was_written_whole(self):
        earlier = read_wal(self.wal[: self.last], SIZE)
        wal, last = self.wal, self.last
        for spoiled in (
            wal[: last + 500],
            wal[:last] + b"\0\0\0\1" + wal[last + 4 :],
            wal[: last + 8] + bytes(4) + wal[last + 12 :],
        ):
            self.assertEqual(read_wal(spoiled, SIZE), earlier)
        self.assertNotEqual(earlier, read_wal(wal, SIZE))

    def test_what_is_no_wal_is_left_alone(self):
        wal = self.wal
        for spoiled in (b"", wal[:31], b"\0" + wal[1:], wal[:24] + bytes(8) + wal[32:]):
            self.assertEqual(read_wal(spoiled, SIZE), NOTHING)
        self.assertEqual(read_wal(wal, 512), NOTHING)


class JournalTest(unittest.TestCase):
    PAGE = bytes(range(256)) * 2
    NONCE = 99

    def journal(self, records=1, sector=512, size=512, total=None, page=PAGE):
        if total is None:
            total = sum(page[i] for i in range(312, 0, -200)) + self.NONCE
        magic = bytes.fromhex("d9d505f920a163d7")
        header = struct.pack(">8s5I", magic, records, self.NONCE, 2, sector, size)
        record = b"\0\0\0\2" + page + total.to_bytes(4, "big")
        return header + bytes(sector - 28) + record

    def test_its_pages_count(self):
        for good in (
            self.journal(),
            self.journal(0xFFFFFFFF),
            self.journal() + bytes(700),
        ):
            self.assertEqual(read_journal(good, 512), ({2: self.PAGE}, 2))

    def test_the_oldest_of_each_page_counts(self):
        twice = self.journal() + bytes(504) + self.journal(page=bytes(512))
        self.assertEqual(read_journal(twice, 512), ({2: self.PAGE}, 2))

    def test_what_was_not_written_whole_is_left_alone(self):
        for bad in (self.journal(0), self.journal(total=5), self.journal()[:-100]):
            self.assertEqual(read_journal(bad, 512), ({}, 2))

    def test_what_is_no_journal_is_left_alone(self):
        for bad in (bytes(600), self.journal(size=1024), self.journal(sector=28), b""):
            self.assertEqual(read_journal(bad, 512), NOTHING)
