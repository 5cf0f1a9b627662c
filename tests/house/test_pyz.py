# SPDX-License-Identifier: MIT
"""The one file is always the same, and runs however Python is started."""

import os
import tempfile
import unittest
import zipfile

from ..support import ROOT, pyz, run_python


class PyzTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, "miio.pyz")
        pyz.build(self.file)

    def test_the_same_sources_give_the_same_bytes(self):
        again = os.path.join(self.folder, "again.pyz")
        status, out, err = run_python("-m", "tests.support.pyz", again)
        self.assertEqual((status, out, err), (0, "", ""))
        with open(self.file, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_nothing_is_compressed_or_left_out(self):
        with zipfile.ZipFile(self.file) as archive:
            entries = archive.infolist()
        for entry in entries:
            self.assertEqual(entry.compress_type, zipfile.ZIP_STORED)
            self.assertEqual(entry.date_time, (1980, 1, 1, 0, 0, 0))
        self.assertEqual(
            {entry.filename for entry in entries},
            {"__main__.py", "miio_pure/LICENSE"}
            | {name for name, _ in pyz.find_sources()},
        )
        self.assertIn("miio_pure/simulator/server.py", dict(pyz.find_sources()))

    def test_it_runs_with_every_flag_of_python(self):
        for flags in ((), ("-O",), ("-OO",), ("-S",), ("-E",), ("-I",), ("-B", "-s")):
            status, out, err = run_python(*flags, self.file, "--demo", cwd=self.folder)
            self.assertEqual((status, err), (0, ""), flags)
            self.assertIn("set_speed", out)

    def test_it_runs_in_a_folder_that_cannot_be_written(self):
        os.chmod(self.folder, 0o555)
        try:
            status, out, err = run_python(self.file, "--demo", cwd=self.folder)
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(os.listdir(self.folder), ["miio.pyz"])
        finally:
            os.chmod(self.folder, 0o755)

    def test_it_is_a_library_too(self):
        script = (
            "import sys; sys.path.insert(0, %r)\n"
            "from miio_pure import Client; print(Client.__module__)" % self.file
        )
        status, out, err = run_python("-c", script, cwd=self.folder)
        self.assertEqual((status, out, err), (0, "miio_pure.client\n", ""))

    def test_one_line_names_the_package_to_install_where_python_lacks_json(self):
        script = (
            "import runpy, sys; sys.modules['json'] = sys.modules['_json'] = None\n"
            "runpy.run_path(%r, run_name='__main__')" % self.file
        )
        status, out, err = run_python("-c", script, cwd=self.folder)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"\Aerror: [^\n]*libpython3-stdlib[^\n]*\n\Z")

    def test_the_help_names_the_file(self):
        status, out, _ = run_python(self.file, "--help")
        self.assertEqual(status, 0)
        self.assertIn("usage: %s COMMAND" % self.file, out)


class FolderTest(unittest.TestCase):
    def test_it_runs_as_a_folder_as_a_file_and_through_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "miio-pure")
            os.symlink(os.path.join(ROOT, "miio_pure", "__main__.py"), link)
            again = os.path.join(folder, "again")
            os.symlink("miio-pure", again)
            main = os.path.join("miio_pure", "__main__.py")
            for path in ("miio_pure", main, link, again):
                for flags in ((), ("-S",), ("-I",), ("-O",)):
                    status, out, err = run_python(*flags, path, "demo", cwd=ROOT)
                    self.assertEqual((status, err), (0, ""), (flags, path))
                    self.assertIn("set_speed", out)
