# SPDX-License-Identifier: MIT
"""Files that are made to keep `tokens` busy or to fill the memory.

    python3 -m tests.campaigns.hostile [NAME ...]

Each attack is built and searched in a process of its own. The table shows what it cost;
the run fails if an attack took over 10 s of CPU or 200 MB, or ended in a traceback.
"""

import contextlib
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

from ..support import ROOT, backups
from ..support.samples import sample
from ..support.databases import execute, make_manifest, make_wal

MAX_TIME = 10.0  # seconds of CPU
MAX_MEMORY = 200.0  # megabytes at the peak

# VmHWM is the peak since a process was started; ru_maxrss may also count that of the
# process that started it.
CHILD = """
import re, resource, sys
from miio_pure import MiioError
try:
    said = work(sys.argv[1])
except MiioError as error:
    said = "error: " + re.sub("^.*?: ", "", str(error))
used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as status:
    peak = int(re.search("VmHWM:\\\\s*(\\\\d+)", status.read()).group(1))
print("%f %d %s" % (used.ru_utime + used.ru_stime, peak, said))
"""
# Defines work(path), which returns what it found in a file or folder.
SEARCH = """
from miio_pure.tokens import find

def work(path):
    found = find(path, password="secret")
    said = "%d devices" % len(found.records)
    if found.notes:
        said += ", %d notes: " % len(found.notes) + found.notes[-1][1]
    return said
"""
PAGE = 65536  # bytes


def varint(number):
    digits = [number & 0x7F]
    while number > 0x7F:
        number >>= 7
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def record(types, body=b""):
    header = b"".join(map(varint, types))
    size = len(header) + 1
    size += size > 0x7F
    return varint(size) + header + body


def cell(payload, rowid=1):
    return varint(len(payload)) + varint(rowid) + payload


def leaf_page(payload, count, start=0):
    """Return a page whose cells all lie at the same place."""
    data = cell(payload)
    at = PAGE - len(data)
    page = struct.pack(">B3HB", 13, 0, count, at % 65536, 0)
    page += struct.pack(">H", at) * count
    return page + bytes(at - start - len(page)) + data


def database(sql, payload, pages, name="devicerecord", encoding=1):
    """Return a database with one table, whose pages hold the same row many times."""
    texts = [text.encode() for text in ("table", name, name)] + [sql.encode()]
    if encoding == 2:
        texts = [text.decode().encode("utf-16-le") for text in texts]
    kinds = [13 + 2 * len(text) for text in texts]
    schema = record(kinds[:3] + [1] + kinds[3:], b"".join(texts[:3]) + b"\2" + texts[3])
    start = struct.pack(">16sH6B", b"SQLite format 3\0", 1, 1, 1, 0, 64, 32, 32)
    start = start.ljust(56, b"\0") + struct.pack(">I", encoding)
    first = start.ljust(100, b"\0") + leaf_page(schema, 1, 100)
    children = b"".join(struct.pack(">I", 3 + n) + varint(n) for n in range(pages - 1))
    inner = struct.pack(">B3HBI", 5, 0, pages - 1, 0, 0, 2 + pages)
    at = PAGE - len(children)
    pointers = [at + i for i in range(0, len(children), 5)]
    inner += b"".join(struct.pack(">H", pointer) for pointer in pointers)
    inner += bytes(at - len(inner)) + children
    count = min((PAGE - 12 - len(cell(payload))) // 2, 65535)
    return first + inner + leaf_page(payload, count) * pages


def overlapping(pages=3):
    columns = ", ".join("c%d" % number for number in range(1990))
    sql = "create table devicerecord (%s)" % columns
    return database(sql, record([0] * 1990), pages)


def zip_of(data, count):
    return backups.zipped({"%d" % number: data for number in range(count)})


def zip_of_many(count, name="%x"):
    """Return a zip of empty members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(name % number, b"")
    return file.getvalue()


def devices(count, fill):
    """Return the cloud's JSON of devices with long fields."""
    rows = []
    for number in range(count):
        row = dict.fromkeys(("name", "model", "localip", "mac"), fill)
        rows.append(dict(row, did=str(number), token="%032x" % number))
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


def encrypted_header(rounds=200000):
    data = backups.backup(backups.tar({}), 3, True, "secret", rounds=10)
    return data.replace(b"\n10\n", b"\n%d\n" % rounds, 1)


def big_wal(count):
    """Return a database and a -wal that repeats its frames, with right checksums."""
    from miio_pure.files import logs

    data, wal = make_wal()
    sums = struct.unpack_from(">2I", wal, 24)
    order = ">" if wal[3] & 1 else "<"
    out, page = [wal[:32]], os.urandom(4096)
    for number in range(count):
        start = struct.pack(">2I", number + 3, count + 3)
        sums = logs._add_words(start + page, order, sums)
        out.append(start + wal[16:24] + struct.pack(">2I", *sums) + page)
    return data, b"".join(out)


def devices_with_long_names():
    """Return a zip in a zip, whose names are as long as they can be."""
    members = {}
    for number in range(9000):
        device = dict(backups.DEVICE, did=str(number), name="\U0001f600" * 250)
        name = "\U0001f600" * 395 + "%x" % number
        members[name] = json.dumps(device, ensure_ascii=False).encode()
    inner = backups.zipped(members)
    for _ in range(3):
        inner = backups.zipped({"\U0001f600" * 400: inner})
    return inner


def honest_backup():
    """Return an encrypted backup, where the database stands behind many photos."""
    members = {"photo": os.urandom(20 << 20), "miio2.db": sample("miio2.db")}
    return backups.backup(backups.tar(members), 3, True, "secret")


def one_file(make):
    """Return an attack that consists of one file."""

    def build(folder):
        path = os.path.join(folder, "attack")
        with open(path, "wb") as file:
            file.write(make())
        return path

    return build


def manifest(folder):
    make_manifest(os.path.join(folder, "Manifest.db"), [("aa", "x", "y")])
    domain = b"AppDomain-com.xiaomi.mihome"
    sql = "create table Files (%s)" % ", ".join("c%d" % n for n in range(1990))
    payload = record([0] * 1989 + [13 + 2 * len(domain)], domain)
    with open(os.path.join(folder, "Manifest.db"), "wb") as file:
        file.write(database(sql, payload, 26, "Files"))
    return folder


def honest_manifest(folder):
    """Make the backup of a full iPhone: 300,000 files of other apps."""
    import sqlite3

    path = os.path.join(folder, "Manifest.db")
    make_manifest(path, [("ab" * 20, "AppDomain-com.xiaomi.mihome", "Documents/a")])
    with contextlib.closing(sqlite3.connect(path)) as base:
        for number in range(300000):
            row = ("%040x" % number, "CameraRollDomain", "Media/%d" % number)
            execute(base, "insert into Files values (?, ?, ?, 1, zeroblob(400))", row)
        base.commit()
    return folder


def deep_folder(folder):
    for _ in range(1500):
        folder = os.path.join(folder, "x")
        os.mkdir(folder)
    with open(os.path.join(folder, "cache"), "wb") as file:
        file.write(json.dumps(backups.DEVICE).encode())
    return None


def many_files(folder):
    for number in range(20000):
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(b"SQLite format 3\0")
    return folder


def wal_beside(folder):
    data, wal = big_wal(8000)
    for number in range(40):
        for suffix, part in (("", data), ("-wal", wal)):
            with open(os.path.join(folder, "%d%s" % (number, suffix)), "wb") as file:
                file.write(part)
    return folder


def nested_databases(kept=60 << 20, depth=4):
    """Return archives that each keep a database in memory while the next is open."""
    data = b"leaf"
    start = b"SQLite format 3\0"
    for number in range(depth):
        members = {"a.db": start + bytes(kept), "b.db": start + bytes(kept)}
        data = backups.zipped(dict(members, inner=data))
    return data


def keys(count=1300):
    """Return a database whose CREATE TABLE took the square of its length to read."""
    columns = ", ".join("c%d" % number for number in range(1900))
    sql = "create table devicerecord (%s%s)" % (columns, ", primary key(c1)" * count)
    return database(sql[:65000], record([0]), 2)


def invalid_utf16():
    text = b"\x00\xd8" * 10000
    sql = "create table devicerecord (did, token, name)"
    payload = record([0, 0, 13 + 2 * len(text)], text)
    return database(sql, payload, 20, encoding=2)


def repeated(text, size):
    return text * (size // len(text))


LISTS = b'{"token": ['
MEGABYTE = 1 << 20
# fmt: off
ATTACKS = {
    "A1 rows that overlap": one_file(overlapping),
    "A1 a zip of 5 of these": one_file(lambda: zip_of(overlapping(), 5)),
    "A1 a zip of 200 of these": one_file(lambda: zip_of(overlapping(), 200)),
    "A1 a Manifest.db of these": manifest,
    "A1 600 zips of 65,535 members": one_file(lambda: zip_of(zip_of_many(65535), 600)),
    "A1 20,000 encrypted headers": one_file(lambda: zip_of(encrypted_header(), 20000)),
    "A1 32 MB of broken lines": one_file(
        lambda: repeated(b'{"token" x\n', 32 * MEGABYTE)),
    "A1 a zip of 64 of these": one_file(
        lambda: zip_of(repeated(b'{"token" x\n', 32 * MEGABYTE), 64)),
    "A1 keys of one table": one_file(keys),
    "A1 a zip of 500 of these": one_file(lambda: zip_of(keys(), 500)),
    "A7 20,000 devices, long fields": one_file(
        lambda: backups.zipped({"a": devices(20000, "x" * 1000)})),
    "A7 the same with emoji": one_file(
        lambda: backups.zipped({"a": devices(5000, "\U0001f600" * 1000)})),
    "A7 29 MB of nested lists": one_file(
        lambda: LISTS + repeated(b"[[],[]],", 29 * MEGABYTE) + b"0]}"),
    "A7 2 MB of lists in a line": one_file(
        lambda: LISTS + repeated(b"[],", 2 * MEGABYTE - 100) + b"0]}"),
    "A7 2 MB of objects in a line": one_file(
        lambda: LISTS + repeated(b'{"":{"":{}}},', 2 * MEGABYTE - 100) + b"0]}"),
    "A7 2 MB of objects with keys": one_file(
        lambda: LISTS + b",".join(
            b'{"%06x":0}' % n for n in range(150000)) + b"]}"),
    "A7 lines of lists": one_file(
        lambda: (LISTS + repeated(b"[[]],", 900000) + b"0]}\n") * 32),
    "A7 32 MB with an emoji": one_file(
        lambda: '"token" \U0001f600'.encode() + b" " * (32 * MEGABYTE)),
    "A7 32 MB of lines with emoji": one_file(
        lambda: ('"token" \U0001f600'.encode() + b" " * 60 + b"\n") * 400000),
    "A11 a folder 1,500 deep": deep_folder,
    "A12 70,000 members": one_file(lambda: zip_of_many(70000)),
    "nested databases": one_file(nested_databases),
    "nested databases of 9 MB": one_file(lambda: nested_databases(9 << 20)),
    "40 logs of 32 MB": wal_beside,
    "20,000 broken databases": many_files,
    "broken UTF-16": one_file(invalid_utf16),
    "long names": one_file(
        lambda: zip_of_many(30000, "\U0001f600" * 100 + "%x")),
    "200 MB encrypted": one_file(
        lambda: backups.backup(bytes(200 * MEGABYTE), 3, False, "secret")),
    "2 GB of zeros": one_file(
        lambda: zip_of(bytes(64 * MEGABYTE), 32)),
    "2 GB of blanks": one_file(
        lambda: zip_of(b" " * (64 * MEGABYTE), 32)),
    "2 GB of short lines": one_file(
        lambda: zip_of(repeated(b'"token"\n', 64 * MEGABYTE), 32)),
    "entities": one_file(
        lambda: (b"&quot;token&quot;" + b"&#65;" * 100 + b"\n") * 60000),
    "bytes that are not UTF-8": one_file(
        lambda: repeated(b"\xff", MEGABYTE - 1) + b"\n"),
    "a zip of 200 of these": one_file(
        lambda: zip_of((repeated(b"\xff\xe2\x82", MEGABYTE - 1) + b"\n") * 30, 200)),
    "a tar of 1,000,000 members": one_file(
        lambda: zlib_tar(1000000)),
    "20,000 devices, long names": one_file(devices_with_long_names),
    "an honest Manifest.db": honest_manifest,
    "an honest backup of 20 MB": one_file(honest_backup),
}
# fmt: on


def zlib_tar(count):
    """Return a backup with many empty files."""
    block = backups.tar({"a": b""})[:512]
    body = zlib.compress(block * count)
    return b"ANDROID BACKUP\n3\n1\nnone\n" + body


def measure(path, work=SEARCH):
    """Work on a path in a new process: (seconds, megabytes, what it said)."""
    done = subprocess.run(
        [sys.executable, "-c", work + CHILD, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    if done.returncode:
        return 0.0, 0.0, "FAILED: " + done.stderr.decode().strip().splitlines()[-1]
    seconds, peak, said = done.stdout.decode().strip().split(" ", 2)
    return float(seconds), int(peak) / 1000, said


def remove_deep(folder):
    """Remove a deep folder, where shutil.rmtree() fails up to Python 3.11."""
    for place, _, names in reversed(list(walk_down(folder))):
        for name in names:
            os.remove(os.path.join(place, name))
        os.rmdir(place)


def walk_down(folder):
    while True:
        with os.scandir(folder) as scan:
            entries = list(scan)
        folders = [entry.path for entry in entries if entry.is_dir()]
        yield folder, folders, [one.name for one in entries if one.is_file()]
        if not folders:
            return
        folder = folders[0]


def main(*wanted, attacks=ATTACKS, work=SEARCH):
    failed = 0
    print("%-32s %6s %6s %8s  %s" % ("attack", "s", "MB", "KB", "result"))
    for name, build in attacks.items():
        if wanted and not any(part in name for part in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = build(folder)
            size = os.path.getsize(path) if path and os.path.isfile(path) else 0
            seconds, peak, said = measure(path or folder, work)
            if path is None:
                remove_deep(os.path.join(folder, "x"))
        is_bad = seconds > MAX_TIME or peak > MAX_MEMORY or said.startswith("FAILED")
        failed += is_bad
        row = "%-32s %6.1f %6.0f %8.0f  %s"
        print(row % (name, seconds, peak, size / 1000, said[:90]), flush=True)
        if is_bad:
            print("  TOO MUCH: at most %g s and %g MB" % (MAX_TIME, MAX_MEMORY))
    print("%d attacks failed" % failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
