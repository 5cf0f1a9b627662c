# SPDX-License-Identifier: MIT
"""pack: one file, from a folder or from such a file."""

import os
import shutil
import sys
import tempfile
import zipfile
from unittest import mock

from miio_pure.cli import pack

from ..support import TOKEN, CliCase, captures, run_cli, run_python


class PackTest(CliCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def pack(self, name, *args):
        """Pack into a file: its path."""
        status, out, err = run_cli("pack", self.path(name), *args)
        self.assertEqual((status, err), (0, ""))
        size = os.path.getsize(self.path(name))
        self.assertEqual(out, "packed: %s, %d bytes\n" % (self.path(name), size))
        return self.path(name)

    def names(self, path):
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())

    def check_demo(self, path, *flags):
        done = run_python("-W", "error", *flags, path, "demo", cwd=self.folder)
        self.assertEqual((done[0], done[2]), (0, ""))
        self.assertIn("set_speed", done[1])

    def test_one_file_of_everything(self):
        path = self.pack("miio.pyz")
        self.assertLessEqual(
            {"__main__.py", "miio_pure/LICENSE", "miio_pure/tokens/search.py"},
            self.names(path),
        )
        self.check_demo(path)
        self.assertTrue(os.access(path, os.X_OK))

    def test_with_bytecode_nothing_is_compiled(self):
        path = self.pack("fast.pyz", "--bytecode")
        self.assertIn("miio_pure/client.pyc", self.names(path))
        has_sources = "miio_pure/client.py" in self.names(path)
        self.assertEqual(has_sources, sys.version_info >= (3, 7))
        script = (
            "import sys; sys.path.insert(0, %r); import miio_pure.client as client\n"
            "print(client.__file__)" % path
        )
        _, out, _ = run_python("-c", script)
        self.assertTrue(out.endswith("client.pyc\n"), out)
        self.check_demo(path)

    def test_other_versions_take_the_sources(self):
        with mock.patch.object(pack, "MAGIC_NUMBER", b"\0\0\r\n"):
            with mock.patch.object(pack.sys, "version_info", (3, 7)):
                path = self.pack("other.pyz", "--bytecode")
        self.check_demo(path)

    def test_python_36_takes_bytecode_only_without_sources(self):
        with mock.patch.object(pack.sys, "version_info", (3, 6)):
            path = self.pack("old.pyz", "--bytecode")
        self.assertNotIn("miio_pure/client.py", self.names(path))
        if sys.version_info >= (3, 7):
            return
        self.check_demo(path)

    def test_parts_can_be_left_out(self):
        path = self.pack("small.pyz", "--without", "tokens,simulator,devices")
        for name in self.names(path):
            for part in ("tokens/", "files/", "simulator/", "miio_pure/devices"):
                self.assertNotIn("miio_pure/" + part, name)
        done = run_python(path, "info", "127.0.0.1", "--port", "1", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (3, ""))
        done = run_python(path, "demo", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (2, ""))
        self.assertIn("came without its folder simulator", done[2])

    def test_captures_can_be_left_out(self):
        path = self.pack("small.pyz", "--without", "captures")
        self.assertNotIn("miio_pure/capture/pcap.py", self.names(path))
        capture = self.path("mi.pcap")
        with open(capture, "wb") as file:
            file.write(captures.pcap([]))
        for args, status, text in (
            (("decode", captures.request().hex(), "--token", TOKEN), 0, ""),
            (("decode", capture), 2, "came without its folder capture"),
            (("tokens", capture), 1, "no token found"),
        ):
            done = run_python(path, *args, cwd=self.folder)
            self.assertEqual(done[0], status, done[2])
            self.assertIn(text, done[2])

    def test_the_file_packs_itself(self):
        path = self.pack("miio.pyz")
        for args in ((), ("--bytecode", "--without", "tokens")):
            again = self.path("again.pyz")
            done = run_python(path, "pack", again, *args, cwd=self.folder)
            self.assertEqual((done[0], done[2]), (0, ""))
            self.check_demo(again)
        run_python(path, "pack", again, cwd=self.folder)
        with open(path, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_bytecode_alone_cannot_be_packed_again(self):
        path = self.path("only.zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("miio_pure/client.pyc", b"")
        with mock.patch.object(pack, "PACKAGE", os.path.join(path, "miio_pure")):
            error = self.check_failure(1, "pack", self.path("x"))
        self.assertIn("bytecode only", error)

    def test_reading_from_a_file_in_this_process(self):
        path = self.pack("miio.pyz")
        with mock.patch.object(pack, "PACKAGE", os.path.join(path, "miio_pure")):
            again = self.pack("again.pyz")
        with open(path, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_an_installed_copy_may_lie_apart_from_its_licence(self):
        copy = self.path("miio_pure")
        shutil.copytree(pack.PACKAGE, copy)
        with mock.patch.object(pack, "PACKAGE", copy):
            path = self.pack("miio.pyz")
        self.assertNotIn("miio_pure/LICENSE", self.names(path))
        self.check_demo(path)

    def test_unknown_parts_and_places_that_cannot_be_written(self):
        for parts in ("x", "", "tokens,x"):
            error = self.check_failure(2, "pack", self.path("x"), "--without", parts)
            self.assertIn("captures, devices, simulator, tokens", error)
        error = self.check_failure(1, "pack", self.folder)
        self.assertIn("cannot be written", error)

    def test_a_python_without_zipfile(self):
        names = {"zipfile": None}
        with mock.patch.dict(sys.modules, names):
            sys.modules.pop("miio_pure.cli.pack")
            error = self.check_failure(1, "pack", self.path("x"))
        self.assertIn("pack cannot run here", error)
