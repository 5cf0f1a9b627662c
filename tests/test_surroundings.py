# SPDX-License-Identifier: MIT
"""What a process finds around it, whether it has loaded the os module or not."""

import os
import sys
import unittest
from unittest import mock

from miio_pure import surroundings
from miio_pure.surroundings import (
    exists,
    is_file,
    read_rights,
    read_variable,
    split_path,
)

from .support import ROOT, run_python
from .support.files import FolderCase
from .support.system import load_without

# Prints variables as a bare interpreter reads them.
READ = """
import sys
sys.path.insert(0, %r)
from miio_pure.surroundings import read_variable
print(ascii([read_variable(name) for name in ("MIIO_A", "MIIO_B", "MIIO_C")]))
""" % ROOT


class VariablesTest(unittest.TestCase):
    def test_they_are_read_from_os_where_a_program_may_have_changed_them(self):
        with mock.patch.dict(os.environ, {"MIIO_A": "\u00e4"}):
            self.assertEqual(read_variable("MIIO_A"), "\u00e4")
        self.assertIsNone(read_variable("MIIO_A"))

    def test_they_are_the_same_with_and_without_os(self):
        values = {b"MIIO_A": b"", b"MIIO_B": "\u00e4 \u20ac".encode() + b"\xff"}
        env = dict(os.environb)
        env.update(values)
        for locale in (b"C", b"C.UTF-8"):
            env[b"LC_ALL"] = locale
            bare = run_python("-S", "-c", READ, env=env)
            self.assertEqual(
                bare, run_python("-S", "-c", "import os\n" + READ, env=env)
            )
            self.assertEqual((bare[0], bare[2]), (0, ""))
            self.assertRegex(bare[1], r"\A\['', '[^']*\\udcff', None\]\n\Z")

    @unittest.skipIf(surroundings.system is os, "needs posix")
    def test_without_os_they_are_those_that_the_process_started_with(self):
        start = {b"MIIO_A": b"\xc3\xa4\xff"}
        with mock.patch.dict(surroundings.system.environ, start):
            with mock.patch.dict(sys.modules):
                del sys.modules["os"]
                self.assertEqual(read_variable("MIIO_A"), os.fsdecode(b"\xc3\xa4\xff"))
                self.assertIsNone(read_variable("MIIO_B"))


class SystemTest(unittest.TestCase):
    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_os_serves_where_there_is_no_posix(self):
        """As on Windows."""
        module = load_without("posix", "miio_pure.surroundings")
        self.assertIs(module.system, os)
        self.assertTrue(module.exists(ROOT) and module.is_file(__file__))
        with mock.patch.dict(os.environ, {"MIIO_A": "x"}):
            self.assertEqual(module.read_variable("MIIO_A"), "x")


class FilesTest(FolderCase):
    def test_what_there_is_at_a_path(self):
        path = self.write(b"text", "file")
        self.assertTrue(exists(path) and is_file(path))
        folder = os.path.dirname(path)
        self.assertTrue(exists(folder))
        self.assertFalse(is_file(folder))
        link = self.path("link")
        os.symlink(path, link)
        self.assertTrue(exists(link) and is_file(link))
        os.remove(path)
        for gone in (path, link, path + "\0", os.path.join(link, "x")):
            self.assertFalse(exists(gone), gone)

    def test_the_folder_and_the_name_of_a_path(self):
        for path, folder, name in (
            ("", "", ""),
            ("name", "", "name"),
            ("/name", "/", "name"),
            ("/a b/c/name", "/a b/c/", "name"),
            ("folder/", "folder/", ""),
        ):
            self.assertEqual(split_path(path), (folder, name))
        with mock.patch.object(surroundings, "SEPARATORS", "/\\"):
            self.assertEqual(split_path("C:\\a/b\\name"), ("C:\\a/b\\", "name"))
            self.assertEqual(split_path("C:\\a\\b/name"), ("C:\\a\\b/", "name"))

    def test_the_rights_of_an_open_file(self):
        path = self.write(b"text", "file")
        os.chmod(path, 0o640)
        with open(path, "rb") as file:
            self.assertEqual(read_rights(file.fileno()), 0o640)
