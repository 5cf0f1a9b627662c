# SPDX-License-Identifier: MIT
"""Makes SQLite databases with sqlite3."""

import contextlib
import os
import sqlite3
import tempfile


def execute(base, statement, values=()):
    """Run a statement; its cursor is closed at once, which PyPy would put off."""
    with contextlib.closing(base.cursor()) as cursor:
        cursor.execute(statement, values)


def content(path):
    """Return the bytes of a file; none if there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def make_database(*statements, page=512):
    """Return the bytes of a database."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        with contextlib.closing(sqlite3.connect(path)) as base:
            execute(base, "pragma page_size=%d" % page)
            for statement in statements:
                execute(base, statement)
            base.commit()
        return content(path)


def make_wal():
    """Return the bytes of a database and of its -wal, which has two transactions."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as base:
            execute(base, "pragma page_size=4096")
            execute(base, "pragma journal_mode=wal")
            execute(base, "create table t(v)")
            execute(base, "insert into t values (1)")
            return content(path), content(path + "-wal")


def make_manifest(path, rows, table="Files"):
    """Make the list of files of an iPhone's backup: (fileID, domain, path) each."""
    with contextlib.closing(sqlite3.connect(path)) as base:
        execute(
            base,
            "create table %s (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, "
            "flags INTEGER, file BLOB)" % table,
        )
        for row in rows:
            execute(base, "insert into %s values (?, ?, ?, 1, '')" % table, row)
        base.commit()
