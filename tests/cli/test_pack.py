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
        names = self.names(path)
        self.assertLessEqual({"__main__.pyc", "miio_pure/client.pyc"}, names)
        sources = {name for name in names if name.endswith(".py")}
        self.assertEqual(sources, {"__main__.py"})
        script = (
            "import sys; sys.path.insert(0, %r); import miio_pure.client as client\n"
            "print(client.__file__)" % path
        )
        _, out, _ = run_python("-c", script)
        self.assertTrue(out.endswith("client.pyc\n"), out)
        for flags in ((), ("-O",), ("-S",)):
            self.check_demo(path, *flags)

    def test_bytecode_for_another_python_is_refused_in_one_line(self):
        tag = sys.implementation.cache_tag
        with mock.patch.object(sys.implementation, "cache_tag", "cpython-99"):
            path = self.pack("other.pyz", "--bytecode")
        for args in (["demo"], [], ["pack", self.path("again.pyz")]):
            status, out, err = run_python(path, *args, cwd=self.folder)
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"\Aerror: [^\n]*\n\Z")
            self.assertIn("--bytecode for cpython-99", err)
            self.assertIn("this Python is %s;" % tag, err)

    def test_parts_can_be_left_out(self):
        path = self.pack("small.pyz", "--without", "tokens,simulator,devices")
        for name in self.names(path):
            for part in ("tokens/", "files/", "simulator/", "miio_pure/devices"):
                self.assertNotIn("miio_pure/" + part, name)
        done = run_python(path, "info", "127.0.0.1", "--port", "1", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (3, ""))
        done = run_python(path, "demo", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (2, ""))
        self.assertIn('lacks "simulator", which this command needs', done[2])
        done = run_python(path, "devices", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (2, ""))
        self.assertIn('lacks "devices"', done[2])
        done = run_python(path, "info", "no-such-host..invalid", cwd=self.folder)
        self.assertEqual((done[0], done[1]), (2, ""))
        self.assertIn("this copy of miio_pure lacks devices.py", done[2])

    def test_what_was_left_out_is_not_in_the_help(self):
        for parts, gone in (
            ("simulator", ["demo", "simulate"]),
            ("tokens,devices", ["tokens", "devices"]),
        ):
            path = self.pack("small.pyz", "--without", parts)
            _, out, _ = run_python(path, "help", cwd=self.folder)
            names = [line.split()[0] for line in out.splitlines() if line[:2] == "  "]
            self.assertIn("info", names)
            self.assertEqual(set(gone) & set(names), set())
            for name in gone:
                self.assertNotIn("small.pyz %s" % name, out)

    def test_captures_can_be_left_out(self):
        path = self.pack("small.pyz", "--without", "captures")
        self.assertNotIn("miio_pure/capture/pcap.py", self.names(path))
        capture = self.path("mi.pcap")
        with open(capture, "wb") as file:
            file.write(captures.pcap([]))
        for args, status, text in (
            (("decode", captures.request().hex(), "--token", TOKEN), 0, ""),
            (("decode", capture), 2, "lacks the folder capture"),
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
        path = self.pack("fast.pyz", "--bytecode")
        done = run_python(path, "pack", self.path("again.pyz"), cwd=self.folder)
        self.assertEqual((done[0], done[1]), (1, ""))
        self.assertRegex(done[2], r"\Aerror: [^\n]*holds only bytecode[^\n]*\n\Z")
        with mock.patch.object(pack, "PACKAGE", os.path.join(path, "miio_pure")):
            error = self.check_failure(1, "pack", self.path("x"))
        self.assertIn("only bytecode", error)

    def test_reading_from_a_file_in_this_process(self):
        path = self.pack("miio.pyz")
        with mock.patch.object(pack, "PACKAGE", os.path.join(path, "miio_pure")):
            again = self.pack("again.pyz")
        with open(path, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

    def test_only_a_packed_copy_is_replaced(self):
        for content in (b"my notes\n", b"", b"PK\3\4"):
            with open(self.path("notes.txt"), "wb") as file:
                file.write(content)
            error = self.check_failure(2, "pack", self.path("notes.txt"))
            self.assertIn("notes.txt exists already, and is not a packed copy", error)
            with open(self.path("notes.txt"), "rb") as file:
                self.assertEqual(file.read(), content)
        with zipfile.ZipFile(self.path("photos.zip"), "w") as archive:
            archive.writestr("photo.jpg", b"")
        self.check_failure(2, "pack", self.path("photos.zip"))
        for args in ((), ("--bytecode",), ()):
            self.pack("miio.pyz", *args)

    def test_a_copy_does_not_go_to_stdout(self):
        error = self.check_failure(2, "pack", "-")
        self.assertIn("cannot go to stdout", error)
        self.assertFalse(os.path.exists("-"))

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
            self.assertIn("captures, devices, neighbours, simulator, tokens", error)
        error = self.check_failure(1, "pack", self.folder)
        self.assertIn("cannot be written", error)

    def test_a_python_without_zipfile(self):
        names = {"zipfile": None}
        with mock.patch.dict(sys.modules, names):
            sys.modules.pop("miio_pure.cli.pack")
            error = self.check_failure(1, "pack", self.path("x"))
        self.assertIn("pack cannot run here", error)
