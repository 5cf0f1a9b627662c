# SPDX-License-Identifier: MIT
"""What a CREATE TABLE says about columns."""

import unittest

from miio_pure import MiioError
from miio_pure.files.schema import read_columns


class ColumnsTest(unittest.TestCase):
    def test_defaults(self):
        for sql, default in (
            ("create table t(a, b default -1.5)", -1.5),
            ("create table t(a, b default (7))", 7),
            ("create table t(a, b default true)", 1),
            ("create table t(a, b default null not null)", None),
            ("create table t(a, b default x'4a')", b"J"),
            ("create table t(a, b default x'4')", None),
            ("create table t(a, b default)", None),
            ("create table t(a, b default -)", None),
            ('create table t(a, b default "q""q")', 'q"q'),
            ("create table t(a, b default word)", "word"),
            ("create table t(a, b default - 5)", -5),
            ("create table t(a, c as (a + 1), b default 3)", 3),
            ("create table t(a, [c d] int, b default 3, check(a > 0))", 3),
        ):
            by_name = {column.name: column for column in read_columns(sql)}
            self.assertEqual(by_name["b"].default, default, sql)

    def test_what_is_no_whole_definition_has_no_columns(self):
        for sql in ("create table t", "create table t(", "create table t(a", ""):
            self.assertEqual(read_columns(sql), [])

    def test_an_integer_primary_key_is_the_row_id(self):
        for sql, is_rowid in (
            ("create table t(a integer primary key)", True),
            ("create table t(a integer, primary key(a))", True),
            ("create table t(a integer, constraint k primary key(a))", True),
            ("create table t(a int primary key)", False),
            ("create table t(a integer primary key desc)", False),
            ("create table t(a integer, b, primary key(a, b))", False),
            ("create table t(a text, primary key(a))", False),
        ):
            self.assertIs(read_columns(sql)[0].is_rowid, is_rowid, sql)

    def test_many_keys_and_many_columns(self):
        """Reading these took the product of their numbers."""
        columns = ", ".join("c%d integer" % number for number in range(1900))
        sql = "create table t(%s%s)" % (columns, ", primary key(c7)" * 2000)
        found = [column.name for column in read_columns(sql) if column.is_rowid]
        self.assertEqual(found, ["c7"])

    def test_it_may_not_be_too_long(self):
        with self.assertRaisesRegex(MiioError, "CREATE TABLE of over"):
            read_columns("x" * 2000000)

    def test_quotes_that_are_never_closed(self):
        for quote in "[`\"'":
            self.assertEqual(read_columns("create table t(" + quote * 60000), [])
