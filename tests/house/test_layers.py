# SPDX-License-Identifier: MIT
"""Imports point one way, and each module takes no more from Python than is listed."""

import os
import unittest

import miio_pure

from ..support import ROOT, TESTS, house, run_python

# What each module or folder imports from the standard library at run time. A new word
# here is a decision, because a router feels each import.
STANDARD = {
    "errors": "",
    "host": "_hashlib _json _md5 hashlib json sys",
    "aes": "",
    "packet": "_struct",
    "payload": "",
    "session": "",
    "exchange": "",
    "link": "_socket _struct _thread errno fcntl socket sys time",
    "discovery": "select time",
    "client": "os posix time",
    "__init__": "",
    "surroundings": "os posix sys",
    "plans": "time",
    "together": "os select time",
    "miot": "difflib",
    "neighbours": "os struct",
    "devices": "fcntl os sys time",
    "join": "",
    "simulator": "heapq select socket threading time",
    "capture": "struct",
    "files": "_hashlib codecs collections functools hashlib io os re struct zlib",
    "tokens": "json os re struct",
    "cli": (
        "_thread collections getpass importlib.machinery importlib.util io keyword "
        "marshal os select signal stat sys time tokenize warnings zipfile"
    ),
    "__main__": "os posix sys",
}
# All that the core may ever take. Those with an underscore are the halves written in C.
CORE_STANDARD = (
    "_hashlib _json _md5 _socket _struct _thread "
    "errno fcntl hashlib json os posix select socket sys time"
)
# What tells a module about the world around it.
WORLD = "_socket _thread os posix random select socket time"


def find_files():
    """Yield each file of the package, and the name of its row."""
    for path in house.find_python(house.PACKAGE):
        yield path, house.find_row(path)


def find_allowed(row):
    """Return the names of the rows that a row may import."""
    above = [one.name for one in house.ROWS[: house.ROWS.index(row)]]
    allowed = {row.name}
    for word in row.imports.split():
        groups = {"above": above, "core": [one.name for one in house.CORE_ROWS]}
        allowed.update(groups.get(word, [word]))
    return allowed


class TableTest(unittest.TestCase):
    def test_every_file_has_a_row(self):
        rows = {row.name for row in house.ROWS}
        for path, name in find_files():
            self.assertIn(
                name, rows, "%s is in no row of tests/support/house.py" % path
            )

    def test_a_row_imports_only_what_stands_above_it(self):
        for row in house.ROWS:
            above = {one.name for one in house.ROWS[: house.ROWS.index(row)]}
            self.assertLessEqual(find_allowed(row) - {row.name}, above, row.name)


class ImportsTest(unittest.TestCase):
    def test_modules_import_what_their_rows_allow(self):
        rows = {row.name: row for row in house.ROWS}
        for path, name in find_files():
            with self.subTest(path=path):
                inner, _ = house.find_imports(path)
                imported = {target.split(os.sep)[0] for target in inner}
                self.assertEqual(imported - find_allowed(rows[name]), set())

    def test_imports_from_the_standard_library_are_listed(self):
        for row in house.ALL:
            with self.subTest(row=row):
                taken = set()
                for path, name in find_files():
                    if name == row:
                        taken.update(house.find_imports(path)[1])
                self.assertEqual(taken, set(STANDARD.get(row, "").split()))

    def test_the_core_takes_little(self):
        for name in house.CORE:
            listed = set(STANDARD[name].split())
            self.assertLessEqual(listed, set(CORE_STANDARD.split()), name)

    def test_rules_know_no_socket_no_clock_and_no_environment(self):
        for name in house.PURE:
            listed = set(STANDARD[name].split())
            self.assertEqual(listed & set(WORLD.split()), set(), name)

    def test_imports_of_our_own_are_relative(self):
        for folder, name in ((house.PACKAGE, "miio_pure"), (TESTS, "tests")):
            for path in house.find_python(folder):
                outer = house.find_imports(path)[1]
                tops = {target.split(".")[0] for target in outer}
                self.assertNotIn(name, tops, path)

    def test_test_files_do_not_import_each_other(self):
        for path in house.find_python(TESTS):
            for target in house.find_imports(path, ROOT)[0]:
                name = os.path.basename(target)
                self.assertFalse(name.startswith("test_"), (path, target))


class FrontDoorTest(unittest.TestCase):
    def test_public_names(self):
        names = (
            "ChecksumError Client DeviceError Found MiioError NoReply PacketError "
            "PayloadError Token TokenError __version__ discover"
        )
        self.assertEqual(sorted(miio_pure.__all__), names.split())
        for name in miio_pure.__all__:
            self.assertTrue(hasattr(miio_pure, name), name)

    def test_the_package_to_install_is_named_where_python_has_no_sockets(self):
        script = "import sys; sys.modules[%r] = None; sys.modules[%r] = None\n"
        script = script % ("socket", "_socket") + "import miio_pure"
        status, _, err = run_python("-c", script)
        self.assertEqual(status, 1)
        self.assertRegex(err, "ImportError: .*socket.*libpython3-stdlib")
