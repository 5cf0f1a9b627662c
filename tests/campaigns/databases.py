# SPDX-License-Identifier: MIT
"""Random SQLite databases, read by our reader and by sqlite3; and damaged ones.

    python3 -m tests.campaigns.databases [COUNT [DAMAGED [SEED]]]

A database follows from its seed alone; the seed of a failure is printed.
"""

import contextlib
import io
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time

from miio_pure import MiioError
from miio_pure.files.sqlite import Database

from ..support.databases import content, execute

PAGES = [512 << i for i in range(8)]
KEYS = (
    '"id" INTEGER PRIMARY KEY',
    "`id` integer primary key autoincrement",
    "id INT",
    "[id] INTEGER PRIMARY KEY DESC",
    "id INTEGER /* , ( */",
)
MAX_TIME = 2.0  # seconds that a damaged one may take


def value(rng):
    letters = "Aж客\U0001f600"
    return rng.choice(
        (
            lambda: None,
            lambda: rng.randrange(2),
            lambda: rng.randrange(-(2**63), 2**63),
            lambda: rng.randrange(-300, 300),
            lambda: rng.random() * 1e9,
            lambda: "".join(rng.choice(letters) for _ in range(rng.choice((3, 900)))),
            lambda: bytes(rng.getrandbits(8) for _ in range(rng.choice((0, 5, 700)))),
            lambda: "x" * rng.choice((1, 100, 1000, 20000)),
        )
    )()


def build(rng, path):
    """Fill a new database by chance; the connection, still open."""
    base = sqlite3.connect(path, isolation_level=None)
    execute(base, "pragma page_size=%d" % rng.choice(PAGES))
    encoding = rng.choice(("UTF-8", "UTF-16le", "UTF-16be"))
    execute(base, "pragma encoding='%s'" % encoding)
    execute(base, "pragma auto_vacuum=%d" % rng.choice((0, 0, 1, 2)))
    mode = rng.choice(("wal", "delete", "truncate", "persist"))
    execute(base, "pragma journal_mode=%s" % mode)
    execute(base, "pragma wal_autocheckpoint=%d" % rng.choice((0, 3, 1000)))
    execute(base, "pragma cache_size=%d" % rng.choice((5, 2000)))
    execute(base, "pragma synchronous=off")
    for table in ["t%d" % number for number in range(rng.randrange(1, 4))]:
        key = rng.choice(KEYS)
        tail = "" if "PRIMARY" in key.upper() else rng.choice(("", ", primary key(id)"))
        execute(
            base,
            'create table %s (%s, a VARCHAR, "b c" BLOB -- , (x\n, d TEXT%s)'
            % (table, key, tail),
        )
        execute(base, "begin")
        fill(rng, base, table, rng.choice((0, 1, 5, 60, 300)))
        execute(base, "commit")
        if rng.random() < 0.5:
            execute(base, "alter table %s add column e TEXT default 'it''s'" % table)
            execute(base, "alter table %s add column f INTEGER default -5" % table)
            execute(base, "alter table %s add column g default x'0aff'" % table)
            fill(rng, base, table, 3)
        if rng.random() < 0.5:
            execute(base, "delete from %s where rowid %% 3 = 0" % table)
        if rng.random() < 0.4:
            change = "update %s set a = ? where rowid %% 2 = 0" % table
            execute(base, change, (value(rng),))
    execute(base, "create index i on t0(a)")
    execute(base, "create view v as select * from t0")
    if rng.random() < 0.2:
        execute(base, "vacuum")
    if rng.random() < 0.5:  # a transaction that is under way
        execute(base, "begin immediate")
        execute(base, "update t0 set a = ?", ("q" * rng.randrange(1, 3000),))
        execute(base, "delete from t0 where rowid % 2")
        fill(rng, base, "t0", 20)
    return base


def fill(rng, base, table, count):
    for _ in range(count):
        columns = "id, a, [b c], d" if rng.random() < 0.3 else "a, [b c], d"
        values = [value(rng) for _ in range(3)]
        if columns.startswith("id"):
            values.insert(0, rng.randrange(1, 1 << rng.choice((7, 40, 62))))
        marks = ", ".join("?" * len(values))
        with contextlib.suppress(sqlite3.IntegrityError):
            insert = "insert into %s (%s) values (%s)" % (table, columns, marks)
            execute(base, insert, values)


def told_by_sqlite(path):
    with contextlib.closing(sqlite3.connect(path)) as base:
        names = base.execute("select name from sqlite_master where type = 'table'")
        tables = {}
        for (name,) in names.fetchall():
            cursor = base.execute("select * from %s order by rowid" % name)
            columns = [column[0].lower() for column in cursor.description]
            tables[name.lower()] = [dict(zip(columns, row)) for row in cursor]
        return tables


def told_by_us(data, wal, journal):
    base = Database(io.BytesIO(data), wal, journal)
    return {
        name: list(base.rows(name))
        for name, table in base.tables.items()
        if table.kind == "table"
    }


def compare(seed):
    """Whether both tell the same of a copy as it lies on the disk; its three files."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path, copy = os.path.join(folder, "x"), os.path.join(folder, "y")
        with contextlib.closing(build(rng, path)):
            for suffix in ("", "-wal", "-journal"):
                if os.path.exists(path + suffix):
                    shutil.copy(path + suffix, copy + suffix)
        files = [content(copy + suffix) for suffix in ("", "-wal", "-journal")]
        return told_by_us(*files) == told_by_sqlite(copy), files  # ours changes nothing


def damage(rng, files):
    """Read the files with bytes changed or cut off: values or a MiioError, soon."""
    files = [bytearray(data) for data in files]
    for _ in range(rng.choice((1, 1, 3, 30))):
        data = rng.choice([data for data in files if data])
        at = rng.randrange(min(len(data), rng.choice((120, 5000, 1 << 30))))
        data[at] = rng.choice((0, 1, 255, rng.getrandbits(8)))
        if rng.random() < 0.1:
            del data[rng.randrange(1, len(data) + 1) :]
    start = time.monotonic()
    with contextlib.suppress(MiioError):
        told_by_us(*map(bytes, files))
    return time.monotonic() - start


def main(count=300, damaged=5000, seed=None):
    seed = int(time.time()) if seed is None else seed
    print("seed %d" % seed, flush=True)
    slowest = 0.0
    for number in range(seed, seed + count):
        same, files = compare(number)
        if not same:
            raise SystemExit("seed %d: sqlite3 reads something else" % number)
        for damage_seed in range(damaged // count):
            try:
                rng = random.Random(damage_seed)
                slowest = max(slowest, damage(rng, files))
            except BaseException:
                print("seed %d, damage %d" % (number, damage_seed))
                raise
    print("%d databases agree; slowest of the damaged: %.2f s" % (count, slowest))
    return 0 if slowest < MAX_TIME else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
