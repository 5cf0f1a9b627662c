# SPDX-License-Identifier: MIT
"""The folder, or a part of it, works wherever it is copied to."""

import os
import shutil
import tempfile
import unittest
import zipfile

from ..support import ROOT, TOKEN, pyz, run_python
from ..support.house import ALL, CORE, PACKAGE

PROJECT = "project.devices.xiaomi"
TALK = """
import sys
sys.path[:0] = {folder!r}, {root!r}
{imports}
assert "miio_pure" not in sys.modules
from miio_pure.simulator import Simulator, fan
with Simulator(fan({token!r})) as device:
    found, = Client.discover("127.0.0.1", port=device.port)
    with Client("127.0.0.1", {token!r}, port=device.port) as client:
        print(client.send("get_prop", ["power"]))
"""
DEMO = """
import sys
sys.path.insert(0, {root!r})
from miio_pure.cli import main
sys.exit(main(["--demo"]))
"""


def copy_parts(names, target, source=PACKAGE):
    """Copy modules and folders of the package."""
    os.makedirs(target)
    for name in names:
        if os.path.isdir(os.path.join(source, name)):
            shutil.copytree(os.path.join(source, name), os.path.join(target, name))
        else:
            shutil.copy(os.path.join(source, name + ".py"), target)


class CopyCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check_demo(self, *args, **options):
        status, out, err = run_python(*args, **options)
        self.assertEqual((status, err), (0, ""), args)
        self.assertIn("set_speed", out)


class CoreTest(CopyCase):
    def check_vendored(self, names, imports, source=PACKAGE):
        """Copied into another package under another name, it talks to a device."""
        copy_parts(names, os.path.join(self.folder, *PROJECT.split(".")), source)
        for package in ("project", os.path.join("project", "devices")):
            open(os.path.join(self.folder, package, "__init__.py"), "w").close()
        script = TALK.format(
            folder=self.folder, root=ROOT, imports=imports, token=TOKEN
        )
        status, out, err = run_python("-W", "error", "-c", script, cwd=self.folder)
        self.assertEqual((status, out.strip(), err), (0, "['on']", ""))

    def test_the_core_works_alone_under_another_name(self):
        self.check_vendored(CORE, "from %s import Client" % PROJECT)

    def test_the_core_of_the_one_file_works_alone(self):
        path = os.path.join(self.folder, "miio.pyz")
        pyz.build(path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(self.folder)
        source = os.path.join(self.folder, "miio_pure")
        self.assertTrue(os.path.exists(os.path.join(source, "LICENSE")))
        self.check_vendored(CORE, "from %s import Client" % PROJECT, source)

    def test_the_core_works_without_its_front_door(self):
        names = [name for name in CORE if name != "__init__"]
        imports = "from {0}.client import Client; import {0}.discovery".format(PROJECT)
        self.check_vendored(names, imports)


class CommandLineTest(CopyCase):
    def test_the_command_line_works_without_what_reads_files(self):
        names = [name for name in ALL if name not in ("files", "capture", "tokens")]
        copy_parts(names, os.path.join(self.folder, "xiaomi"))
        self.check_demo("-m", "xiaomi", "--demo", cwd=self.folder)

    def test_the_command_line_works_with_every_flag_of_python(self):
        for flag in ("-O", "-OO", "-S", "-I"):
            self.check_demo(flag, "-c", DEMO.format(root=ROOT))
