# SPDX-License-Identifier: MIT
"""Every leaf of files, folders and archives, exactly once."""

import gzip
import io
import os
from unittest import mock

from miio_pure.files import walk
from miio_pure.files.effort import Effort, TooMuch
from miio_pure.files.walk import Walk

from ..support import backups
from ..support.databases import make_database, make_manifest, make_wal
from ..support.files import WalkCase

DATABASE = make_database("create table t(v)")


class FolderTest(WalkCase):
    def test_files_come_in_order_and_before_folders(self):
        for name in ("b", "a", "c/z", "c/d/y", "aa/x"):
            self.write(name.encode(), *name.split("/"))
        found, said = self.walk()
        names = [name.replace(os.sep, "/") for name in found]
        self.assertEqual(names, ["a", "b", "aa/x", "c/z", "c/d/y"])
        self.assertEqual(said, "")

    def test_links_are_followed_only_at_the_start(self):
        self.write(b"inner", "folder", "a")
        outside = self.write(b"outside", "outside")
        link = self.path("folder", "link")
        os.symlink(outside, link)
        os.symlink(self.folder, self.path("folder", "loop"))
        found, _ = self.walk(self.path("folder"))
        self.assertEqual(list(found.values()), [b"inner"])
        found, _ = self.walk(link)
        self.assertEqual(list(found.values()), [b"outside"])

    def test_a_folder_that_is_very_deep(self):
        """os.walk() fails there up to Python 3.11."""
        folder = self.folder
        for _ in range(1100):
            folder = os.path.join(folder, "x")
            os.mkdir(folder)
            # shutil.rmtree() fails there, too.
            self.addCleanup(os.rmdir, folder)
        path = self.write_in(folder)
        self.addCleanup(os.remove, path)
        found, said = self.walk()
        self.assertEqual((list(found.values()), said), ([b"end"], ""))

    def write_in(self, folder):
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(b"end")
        return path

    def test_what_is_not_there_or_no_file(self):
        self.assertIn("No such file", self.walk(self.path("none"))[1])
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        for path in (pipe, os.devnull):
            self.assertIn("neither a file nor a folder", self.walk(path)[1])
        self.assertEqual(self.walk(), ({}, ""))

    def test_an_empty_file_is_explained(self):
        self.check_error(b"", "cancelled on the phone")

    def test_a_folder_that_cannot_be_read(self):
        refusal = PermissionError(13, "Permission denied", self.folder)
        with mock.patch("os.scandir", side_effect=refusal):
            self.assertIn("cannot be read: Permission denied", self.walk()[1])

    def test_a_file_on_a_disk_that_fails(self):
        self.write(b"good", "a")
        self.write(b"bad", "b")

        class Failing(io.BufferedReader):
            def peek(self, size=0):
                if self.raw.read(1) == b"b":
                    raise OSError(5, "Input/output error")
                return b"good"

        def open_failing(path, mode):
            return Failing(io.FileIO(path))

        with mock.patch.object(walk, "open", open_failing, create=True):
            found, said = self.walk()
        self.assertEqual(
            (list(found), said), (["a"], "cannot be read: Input/output error")
        )

    def test_files_spend_effort(self):
        for number in range(20):
            self.write(b"x", str(number))
        with self.assertRaises(TooMuch):
            self.walk(effort=Effort(1000))

    def test_only_so_many_errors_and_notes_are_kept(self):
        for number in range(5):
            self.write(b"PK\3\4", str(number))
            self.write(backups.backup(b""), "%d.ab" % number)
        with mock.patch.object(walk, "MAX_TOLD", 3):
            said = self.walk()[1]
        self.assertEqual(said.count("no directory"), 3)
        self.assertEqual(said.count("forbidden backups"), 3)


class LeafTest(WalkCase):
    def leaves(self, path=None):
        return Walk().leaves(path or self.folder)

    def test_what_a_leaf_tells(self):
        path = self.write(b"x" * 9000)
        os.utime(path, (5, 7))
        (leaf,) = [
            (leaf.path, leaf.time, leaf.size, leaf.head, leaf.read(9000, "it"))
            for leaf in self.leaves()
        ]
        self.assertEqual(leaf, (path, 7.0, 9000, b"x" * 4096, b"x" * 9000))

    def test_a_member_tells_the_same(self):
        path = self.write(backups.tar({"a": b"member"}))
        (leaf,) = [
            (leaf.path, leaf.time, leaf.size, leaf.head) for leaf in self.leaves()
        ]
        self.assertEqual(leaf, (path + ":a", 1547000000.0, 6, b"member"))


class LogsTest(WalkCase):
    """The -wal and the -journal come with their database, and not as leaves."""

    def logs(self, path=None):
        return {
            leaf.path.replace(self.folder + os.sep, ""): (
                leaf.log("-wal"),
                leaf.log("-journal"),
            )
            for leaf in Walk().leaves(path or self.folder)
        }

    def test_on_disk(self):
        self.write(DATABASE, "a.db")
        self.write(b"log\0", "a.db-wal")
        self.write(DATABASE, "b.db")
        self.write(b"undo\0", "b.db-journal")
        self.write(b"alone", "c.db-wal")
        self.assertEqual(
            self.logs(),
            {
                "a.db": (b"log\0", None),
                "b.db": (None, b"undo\0"),
                "c.db-wal": (None, None),
            },
        )

    def test_in_archives(self):
        members = {
            "x/a.db-wal": b"log",
            "x/a.db": DATABASE,
            "b.db": DATABASE,
            "b.db-journal": b"undo",
            "c.db-wal": b"alone",
        }
        expected = {
            "file:x/a.db": (b"log", None),
            "file:b.db": (None, b"undo"),
            "file:c.db-wal": (None, None),
        }
        for pack in (backups.tar, backups.zipped):
            self.assertEqual(self.logs(self.write(pack(members))), expected)

    def test_a_log_that_cannot_be_read_is_noted(self):
        self.write(DATABASE, "a.db")
        self.write(bytes(2000), "a.db-wal")
        with mock.patch.object(walk, "MAX_LOG", 1000):
            (notes,) = [
                (leaf.log("-wal"), leaf.notes) for leaf in Walk().leaves(self.folder)
            ]
        self.assertIsNone(notes[0])
        self.assertIn("-wal or -journal of over 1000 bytes", notes[1][0])


class IphoneTest(WalkCase):
    NAME = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    DOMAIN = "AppDomain-com.xiaomi.mihome"
    PATH = "Documents/1_mihome.sqlite"

    def setUp(self):
        super().setUp()
        self.write(b"mihome", "3d", self.NAME)
        self.write(b"log", "3e", "3e0d")
        self.write(b"of another app", "aa", "aabb")

    def manifest(self, rows, **options):
        make_manifest(self.path("Manifest.db"), rows, **options)

    def test_only_the_files_of_mi_home(self):
        self.manifest(
            [
                (self.NAME, self.DOMAIN, self.PATH),
                ("3e0d", self.DOMAIN, self.PATH + "-wal"),
                ("../../etc/passwd", self.DOMAIN, "Documents/2_mihome.sqlite"),
                ("ffff", self.DOMAIN, "Documents/lost.sqlite"),
                ("\xe9" * 40, self.DOMAIN, "Documents/odd.sqlite"),
                ("aabb", "AppDomain-other", self.PATH),
                ("aabc", self.DOMAIN, None),
            ]
        )
        leaves = [
            (leaf.path, leaf.file.read(), leaf.log("-wal"))
            for leaf in Walk().leaves(self.folder)
        ]
        self.assertEqual(leaves, [(self.path(self.PATH), b"mihome", b"log")])

    def test_another_manifest_makes_it_a_folder_like_others(self):
        self.manifest([], table="Other")
        found, said = self.walk()
        self.assertEqual(len(found), 4)
        self.assertIn("not that of an iPhone", said)

    def test_a_pipe_is_no_manifest(self):
        os.mkfifo(self.path("Manifest.db"))
        self.assertEqual(len(self.walk()[0]), 3)

    def test_an_encrypted_backup_is_explained(self):
        self.write(b"\x93\x01" * 50, "Manifest.db")
        self.assertIn("without a password", self.walk()[1])


class GzipTest(WalkCase):
    def test_what_is_packed_has_the_name_of_the_file(self):
        self.write(gzip.compress(b"text"), "a.gz")
        self.write(gzip.compress(backups.tar({"x/y": b"more"})), "b")
        found, said = self.walk()
        self.assertEqual((found, said), ({"a.gz": b"text", "b:x/y": b"more"}, ""))

    def test_databases_and_zips_may_be_packed(self):
        database = b"SQLite format 3\0" + bytes(200)
        self.assertEqual(self.contents(gzip.compress(database)), [database])
        self.assertEqual(
            self.contents(gzip.compress(backups.zipped({"a": b"1"}))), [b"1"]
        )

    def test_damage_is_an_error(self):
        packed = gzip.compress(bytes(range(256)) * 99)
        self.check_error(packed[:-20], "cut off")
        self.check_error(packed[:3] + bytes(90), "damaged|cut off")


class NestingTest(WalkCase):
    def test_archives_within_archives(self):
        data = backups.zipped({"c": b"leaf"})
        data = backups.tar({"b.zip": data})
        found, _ = self.walk(self.write(backups.backup(backups.tar({"a.tar": data}))))
        self.assertEqual(found, {"file:a.tar:b.zip:c": b"leaf"})

    def test_they_may_not_go_too_deep(self):
        data = b"leaf"
        for depth in range(6):
            data = backups.zipped({"inner": data})
            if depth < walk.MAX_NESTING:
                self.assertEqual(self.contents(data), [b"leaf"])
        self.check_error(data, "archives are nested more than 4 deep")

    def test_what_is_kept_in_memory_is_bounded(self):
        members = {"%d.db" % number: DATABASE for number in range(4)}
        with mock.patch.object(walk, "MAX_KEPT", 3 * len(DATABASE) + 5):
            found = self.check_error(backups.tar(members), "over 5 bytes")
            self.assertEqual(len(found), 3)
            # What an inner archive kept is free again when it ends.
            outer = {"%d.tar" % n: backups.tar({"a": DATABASE}) for n in range(6)}
            self.assertEqual(len(self.contents(backups.tar(outer))), 6)
            packed = backups.zipped({"a": os.urandom(9000)})
            self.check_error(backups.tar({"a.zip": packed}), "or zip of over")

    def test_a_wal_in_an_archive_is_found(self):
        data, log = make_wal()
        members = {"a": data or DATABASE, "a-wal": log}
        (leaf,) = [
            leaf.log("-wal") for leaf in Walk().leaves(self.write(backups.tar(members)))
        ]
        self.assertEqual(leaf, log)
