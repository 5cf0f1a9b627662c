# SPDX-License-Identifier: MIT
"""The SQLite reader beside sqlite3, and against what is broken on purpose."""

import io
import os
import random
import sqlite3
import tempfile
import unittest
from unittest import mock

from miio_pure import MiioError
from miio_pure.tokens import sqlite
from miio_pure.tokens.sqlite import Database

from ..campaigns import databases


def made(*statements, page=512):
    """The bytes of a database made by sqlite3."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        base = sqlite3.connect(path)
        databases.execute(base, "pragma page_size=%d" % page)
        for statement in statements:
            databases.execute(base, statement)
        base.commit()
        base.close()
        with open(path, "rb") as file:
            return file.read()


def opened(data, *logs):
    return Database(io.BytesIO(data), *logs)


class CompareTest(unittest.TestCase):
    def test_random_databases(self):
        seed = random.randrange(1 << 32)
        for number in range(seed, seed + 20):
            with self.subTest(seed=number):
                same, files = databases.compare(number)
                self.assertTrue(same)
                for damage_seed in range(20):
                    databases.damage(random.Random(damage_seed), files)


class OverflowTest(unittest.TestCase):
    def test_every_length_around_a_page(self):
        """How much of a row stays on its own page goes in saw teeth."""
        insert = "insert into t values (replace(hex(zeroblob(%d)), '00', 'ab'))"
        lengths = range(220, 560)
        data = made("create table t(a)", *[insert % length for length in lengths])
        texts = [row["a"] for row in opened(data).rows("t")]
        self.assertEqual(texts, ["ab" * length for length in lengths])


class ColumnsTest(unittest.TestCase):
    def test_a_key_that_is_no_rowid(self):
        data = made(
            "create table t(a text, b real, primary key(a))",
            "insert into t values ('x', -1.5)",
        )
        self.assertEqual(list(opened(data).rows("t")), [{"a": "x", "b": -1.5}])

    def test_definitions(self):
        for sql, row in (
            ("create table t(a, b default -1.5)", {"b": -1.5}),
            ("create table t(a, b default (7))", {"b": 7}),
            ("create table t(a, b default true)", {"b": 1}),
            ("create table t(a, b default null not null)", {"b": None}),
            ("create table t(a, b default x'4a')", {"b": b"J"}),
            ("create table t(a, b default x'4')", {"b": None}),
            ("create table t(a, b default)", {"b": None}),
            ('create table t(a, b default "q""q")', {"b": 'q"q'}),
            ("create table t(a, b default word)", {"b": "word"}),
            ("create table t(a, b default - 5)", {"b": -5}),
            ("create table t(a, c as (a + 1), b default 3)", {"b": 3}),
            ("create table t(a, [c d] int, b default 3, check(a > 0))", {"b": 3}),
            ("create table t(a, b", {}),
            ("create table t", {}),
        ):
            columns = sqlite._columns(sql)
            found = {name: value for name, _, value in columns if name == "b"}
            self.assertEqual(found, row, sql)

    def test_the_rowid(self):
        data = made(
            "create table one(id integer primary key, v)",
            "insert into one values (7, 'x')",
            "create table two(id integer, v, constraint k primary key(id))",
            "insert into two values (-8, 'y')",
            "create table three(id integer, v, primary key(id, v))",
            "insert into three values (9, 'z')",
        )
        base = opened(data)
        self.assertEqual(list(base.rows("ONE")), [{"id": 7, "v": "x"}])
        self.assertEqual(list(base.rows("two")), [{"id": -8, "v": "y"}])
        self.assertEqual(list(base.rows("three")), [{"id": 9, "v": "z"}])

    def test_too_long(self):
        with self.assertRaisesRegex(MiioError, "CREATE TABLE of over"):
            sqlite._columns("x" * 2000000)
        for quote in "[`\"'":  # never closed
            self.assertEqual(len(sqlite._columns("create table t(" + quote * 60000)), 0)

    def test_too_many(self):
        columns = ", ".join("c%d" % number for number in range(100))
        base = opened(
            made(
                "create table t(%s)" % columns,
                "insert into t values (%s)" % ", ".join("1" * 100),
                page=4096,
            )
        )
        for name, limit, text in (
            ("COLUMNS", 99, "over 99 (columns|values)"),
            ("VALUES", -1, "over -1 values"),
        ):
            with mock.patch.object(sqlite, name, limit):
                with self.assertRaisesRegex(MiioError, text):
                    list(base.rows("t"))
        with mock.patch.object(sqlite, "COLUMNS", 99):
            with self.assertRaisesRegex(MiioError, "a row of over 99 values"):
                list(base._rows(base.tables["t"][1]))


class RefusalTest(unittest.TestCase):
    DATA = made(
        "create table t(v)",
        "insert into t values (zeroblob(3000))",
        "insert into t values ('row')",
    )

    def refused(self, data, text, table="t"):
        with self.assertRaisesRegex(MiioError, text):
            list(opened(bytes(data)).rows(table))

    def changed(self, at, value):
        data = bytearray(self.DATA)
        data[at : at + len(value)] = value
        return data

    def test_header(self):
        self.refused(self.DATA[:50], "cut off")
        self.refused(b"no" + self.DATA, "no SQLite database")
        self.refused(self.changed(16, b"\3\3"), "pages of 771 bytes")
        self.refused(self.changed(20, b"\x80"), "usable bytes")
        self.refused(self.changed(56, b"\0\0\0\7"), "text encoding 7")
        self.refused(self.DATA[:512], "SQLite page 2 of 1")
        self.refused(self.DATA[:100], "page 1 of 0")

    def test_trees(self):
        root = 512  # the second page
        self.assertEqual(self.DATA[root], 0x0D)
        self.refused(self.changed(root, b"\x0a"), "belongs to no table")
        self.refused(self.changed(root + 3, b"\xff\xff"), "belongs to no table")
        circle = bytes((5, 0, 0, 0, 0, 0, 0, 0)) + (2).to_bytes(4, "big")
        self.refused(self.changed(root, circle), "in circles")
        cell = root + int.from_bytes(self.DATA[root + 8 : root + 10], "big")
        self.refused(self.changed(cell, b"\xff" * 8), "over 1000000 rows or 67108864")
        self.refused(self.changed(root + 8, b"\x02\x00"), "cut off")
        row = root + int.from_bytes(self.DATA[root + 10 : root + 12], "big")
        self.assertEqual(self.DATA[row : row + 3], b"\5\2\2")
        self.refused(self.changed(row + 3, b"\x0b"), "does not hold")
        self.refused(self.changed(row + 3, b"\x7f"), "does not hold")
        self.refused(self.changed(row, b"\1\2\x82"), "cut off")
        data = self.changed(root + 8, (508).to_bytes(2, "big"))
        data[root + 508 : root + 512] = b"\x20\1\2\2"  # 32 bytes, where 2 are left
        self.refused(data, "leaves its page")

    def test_overflow_in_circles(self):
        at = self.DATA.index(bytes(400))  # the first page of zeros that goes on
        page = at // 512 + 1
        while int.from_bytes(self.DATA[(page - 1) * 512 :][:4], "big") != page + 1:
            page += 1
        self.refused(
            self.changed((page - 1) * 512, page.to_bytes(4, "big")), "in circles"
        )

    def test_views(self):
        data = made("create table t(v)", "create view devicerecord as select * from t")
        self.refused(data, "devicerecord is a view", "devicerecord")

    def test_without_rowid(self):
        data = made("create table t(v primary key) without rowid")
        self.refused(data, "belongs to no table")

    def test_a_page_that_is_cut_off(self):
        class Short(io.BytesIO):
            def read(self, size=-1):
                return super().read(size)[: 100 if size == 512 else None]

        with self.assertRaisesRegex(MiioError, "is cut off"):
            Database(Short(self.DATA))


class LogsTest(unittest.TestCase):
    """What does not count as a log is left alone."""

    def files(self):
        """A database, the -wal with two commits, and the -journal of another."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x")
            base = sqlite3.connect(path, isolation_level=None)
            databases.execute(base, "pragma journal_mode=wal")
            databases.execute(base, "create table t(v)")
            databases.execute(base, "insert into t values (1)")
            files = [databases.content(path), databases.content(path + "-wal")]
            base.close()
            return files

    def values(self, data, *logs):
        base = opened(data, *logs)
        return [row["v"] for row in base.rows("t")] if "t" in base.tables else None

    def test_wal(self):
        data, wal = self.files()
        data = data or made(page=4096)
        self.assertEqual(self.values(data, wal), [1])
        frame = (len(wal) - 32) // (4096 + 24)
        self.assertGreater(frame, 1)
        last = 32 + (frame - 1) * (4096 + 24)
        for spoiled in (
            wal[:last],  # not written
            wal[: last + 500],
            wal[:last] + b"\0\0\0\1" + wal[last + 4 :],  # its checksum is wrong
            wal[: last + 8] + bytes(4) + wal[last + 12 :],  # of another round
        ):
            self.assertEqual(self.values(data, spoiled), [], len(spoiled))
        for spoiled in (b"", wal[:31], b"\0" + wal[1:], wal[:24] + bytes(8) + wal[32:]):
            self.assertIsNone(self.values(data, spoiled))

    def test_journal(self):
        data = made("create table t(v)", "insert into t values (1)", page=512)
        page = data[512:1024]
        changed = data[:512] + page.replace(b"\1", b"\2") + data[1024:]
        total = sum(page[i] for i in range(312, 0, -200)) + 99 & 0xFFFFFFFF

        def journal(records=1, sector=512, size=512, total=total, page=page):
            header = sqlite._JOURNAL_HEADER.pack(
                sqlite.JOURNAL_MAGIC, records, 99, 2, sector, size
            )
            record = b"\0\0\0\2" + page + total.to_bytes(4, "big")
            return header + bytes(sector - 28) + record

        before, after = self.values(data), self.raw(changed)
        self.assertEqual(before, [1])
        for good in (journal(), journal(0xFFFFFFFF), journal() + bytes(700)):
            self.assertEqual(self.raw(changed, b"", good), self.raw(data))
        for bad in (
            bytes(600),
            journal(0),
            journal(size=1024),
            journal(total=5),
            journal()[:-100],
            journal(sector=28),
        ):
            self.assertEqual(self.raw(changed, b"", bad), after)
        twice = journal() + bytes(504) + journal(page=bytes(512), total=99)
        self.assertEqual(self.raw(changed, b"", twice), self.raw(data))

    def raw(self, data, *logs):
        return opened(data, *logs)._page(2)
