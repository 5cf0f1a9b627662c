# SPDX-License-Identifier: MIT
"""The SQLite reader on databases that sqlite3 made, and on broken ones."""

import io
import unittest

from miio_pure import MiioError
from miio_pure.files.effort import Effort, TooMuch
from miio_pure.files.sqlite import Database

from ..support.databases import make_database, make_wal


def open_database(data, *logs, **options):
    return Database(io.BytesIO(data), *logs, **options)


class RowsTest(unittest.TestCase):
    def rows(self, name, *statements):
        return list(open_database(make_database(*statements)).rows(name))

    def test_rows_of_every_length_around_a_page(self):
        """How much of a row stays on its own page goes in saw teeth."""
        insert = "insert into t values (replace(hex(zeroblob(%d)), '00', 'ab'))"
        lengths = range(220, 560)
        statements = [insert % length for length in lengths]
        texts = [row["a"] for row in self.rows("t", "create table t(a)", *statements)]
        self.assertEqual(texts, ["ab" * length for length in lengths])

    def test_a_key_that_is_no_row_id(self):
        rows = self.rows(
            "t",
            "create table t(a text, b real, primary key(a))",
            "insert into t values ('x', -1.5)",
        )
        self.assertEqual(rows, [{"a": "x", "b": -1.5}])

    def test_keys_that_are_row_ids(self):
        data = make_database(
            "create table one(id integer primary key, v)",
            "insert into one values (7, 'x')",
            "create table two(id integer, v, constraint k primary key(id))",
            "insert into two values (-8, 'y')",
            "create table three(id integer, v, primary key(id, v))",
            "insert into three values (9, 'z')",
        )
        base = open_database(data)
        self.assertEqual(list(base.rows("ONE")), [{"id": 7, "v": "x"}])
        self.assertEqual(list(base.rows("two")), [{"id": -8, "v": "y"}])
        self.assertEqual(list(base.rows("three")), [{"id": 9, "v": "z"}])

    def test_only_rows_with_a_needle(self):
        data = make_database(
            "create table t(v)", "insert into t values ('hay'), ('a needle')"
        )
        rows = list(open_database(data).rows("t", b"needle"))
        self.assertEqual(rows, [{"v": "a needle"}])

    def test_columns_that_were_added_later(self):
        rows = self.rows(
            "t",
            "create table t(a)",
            "insert into t values (1)",
            "alter table t add column b default 'x'",
        )
        self.assertEqual(rows, [{"a": 1, "b": "x"}])

    def test_a_wal_counts(self):
        data, wal = make_wal()
        base = open_database(data or make_database(page=4096), wal)
        self.assertEqual(list(base.rows("t")), [{"v": 1}])
        self.assertTrue(base.is_wal)


class LimitsTest(unittest.TestCase):
    def test_columns(self):
        columns = ", ".join("c%d" % number for number in range(2001))
        data = make_database("create table t(a)", page=65536)
        # sqlite3 itself makes no table of over 2,000 columns.
        base = open_database(data)
        base.tables["t"] = base.tables["t"]._replace(sql="create table t(%s)" % columns)
        with self.assertRaisesRegex(MiioError, "a table has over 2000 columns"):
            list(base.rows("t"))

    def test_values_of_a_row(self):
        data = bytearray(
            make_database(
                "create table t(v)",
                "insert into t values (zeroblob(60000))",
                page=65536,
            )
        )
        # The row is made to say that its header goes on through the zeros, which are
        # serial types, too.
        at = data.rindex(bytes(60000)) - 4
        self.assertEqual(data[at], 4)
        data[at : at + 2] = b"\xa0\x00"
        with self.assertRaisesRegex(MiioError, "a row has over 2000 values"):
            list(open_database(bytes(data)).rows("t"))

    def test_all_that_is_read_spends_effort(self):
        inserts = ["insert into t values (%d, 'text')" % number for number in range(99)]
        data = make_database("create table t(a, b)", *inserts)
        self.assertEqual(
            len(list(open_database(data, effort=Effort(2000)).rows("t"))), 99
        )
        rows = open_database(data, effort=Effort(600)).rows("t")
        with self.assertRaises(TooMuch):
            for count, _ in enumerate(rows, 1):
                pass
        self.assertGreater(count, 10)


class RefusalTest(unittest.TestCase):
    DATA = make_database(
        "create table t(v)",
        "insert into t values (zeroblob(3000))",
        "insert into t values ('row')",
    )

    def refused(self, data, text, table="t"):
        """Check that reading the table raises a MiioError that says so."""
        with self.assertRaisesRegex(MiioError, text):
            list(open_database(bytes(data)).rows(table))

    def changed(self, at, value):
        data = bytearray(self.DATA)
        data[at : at + len(value)] = value
        return data

    def test_headers_that_are_damaged(self):
        self.refused(self.DATA[:50], "cut off")
        self.refused(b"no" + self.DATA, "not an SQLite database")
        self.refused(self.changed(16, b"\3\3"), "pages have 771 bytes")
        self.refused(self.changed(20, b"\x80"), "usable bytes")
        self.refused(self.changed(56, b"\0\0\0\7"), "text encoding 7")
        self.refused(self.DATA[:512], "page 2 of 1 is missing")
        self.refused(self.DATA[:100], "page 1 of 0")

    def test_trees_that_are_damaged(self):
        # The root of the table is the second page.
        root = 512
        self.assertEqual(self.DATA[root], 0x0D)
        self.refused(self.changed(root, b"\x0a"), "belongs to no table")
        self.refused(self.changed(root + 3, b"\xff\xff"), "belongs to no table")
        circle = bytes((5, 0, 0, 0, 0, 0, 0, 0)) + (2).to_bytes(4, "big")
        self.refused(self.changed(root, circle), "in circles")
        cell = root + int.from_bytes(self.DATA[root + 8 : root + 10], "big")
        self.refused(self.changed(cell, b"\xff" * 8), "row has over 8388608 bytes")
        self.refused(self.changed(root + 8, b"\x02\x00"), "cut off")
        row = root + int.from_bytes(self.DATA[root + 10 : root + 12], "big")
        self.assertEqual(self.DATA[row : row + 3], b"\5\2\2")
        self.refused(self.changed(row + 3, b"\x0b"), "does not hold")
        self.refused(self.changed(row + 3, b"\x7f"), "does not hold")
        self.refused(self.changed(row, b"\1\2\x82"), "cut off")
        data = self.changed(root + 8, (508).to_bytes(2, "big"))
        # A row of 32 bytes begins where 2 are left on the page.
        data[root + 508 : root + 512] = b"\x20\1\2\2"
        self.refused(data, "leaves its page")

    def test_overflow_pages_that_run_in_circles(self):
        # Look for the first page of zeros that goes on.
        at = self.DATA.index(bytes(400))
        page = at // 512 + 1
        while int.from_bytes(self.DATA[(page - 1) * 512 :][:4], "big") != page + 1:
            page += 1
        self.refused(
            self.changed((page - 1) * 512, page.to_bytes(4, "big")), "in circles"
        )

    def test_a_view_is_no_table(self):
        data = make_database(
            "create table t(v)", "create view devicerecord as select * from t"
        )
        self.refused(data, "devicerecord is a view", "devicerecord")

    def test_tables_without_row_ids_are_not_read(self):
        data = make_database("create table t(v primary key) without rowid")
        self.refused(data, "belongs to no table")

    def test_a_page_that_is_cut_off_while_it_is_read(self):
        class Short(io.BytesIO):
            def read(self, size=-1):
                return super().read(size)[: 100 if size == 512 else None]

        with self.assertRaisesRegex(MiioError, "is cut off"):
            Database(Short(self.DATA))
