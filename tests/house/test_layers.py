# SPDX-License-Identifier: MIT
"""Which module may import what, and that the folder can be copied anywhere."""

import ast
import os
import shutil
import sys
import tempfile
import unittest
import zipfile

from ..support import pyz
from ..support import ROOT, TOKEN, run_python
from ..support.house import CORE, PACKAGE, PURE

TOKENS = os.path.join(PACKAGE, "tokens")
SIMULATOR = os.path.join(PACKAGE, "simulator")
MD5 = {"_hashlib", "_md5", "hashlib", "sys"}
# The modules from the top down, and what each takes from the standard library.
LAYERS = (
    ("errors", set()),
    ("aes", set()),
    ("packet", {"struct"} | MD5),
    ("payload", {"json"}),
    ("session", set()),
    ("client", {"errno", "socket", "time", "_thread"}),
    ("discovery", {"errno", "socket", "struct", "time"}),
    ("simulator.device", set()),
    ("simulator.server", {"heapq", "select", "socket", "threading", "time"}),
    ("simulator", set()),
    ("tokens.record", set()),
    ("tokens.streams", {"io", "zlib"}),
    ("tokens.sqlite", {"re", "struct"}),
    ("tokens.text", {"json", "re"}),
    ("tokens.parcel", {"re", "struct"}),
    ("tokens.archive", {"functools", "re", "struct"}),
    ("tokens.backup", {"_hashlib", "hashlib"}),
    ("tokens.databases", set()),
    ("tokens.search", {"io", "os"}),
    ("tokens.store", {"fcntl", "json", "os"}),
    ("tokens", set()),
    ("cli", {"argparse", "getpass", "os", "signal", "sys", "time", "warnings"}),
    ("__main__", {"sys"}),
)


def imports(name):
    """What a module imports at run time: (from the package, from outside)."""
    path = os.path.join(PACKAGE, *name.split("."))
    if os.path.isdir(path):
        path = os.path.join(path, "__init__")
    with open(path + ".py", encoding="utf-8") as file:
        tree = ast.parse(file.read())
    package = ""
    for folder in ("tokens", "simulator"):
        if name.split(".")[0] == folder:
            package = folder + "."
    hints = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    ]
    skipped = {id(child) for hint in hints for child in ast.walk(hint)}
    inner, outer = set(), set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            outer.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                names = [node.module] if node.module else []
                names = names or [alias.name for alias in node.names]
                prefix = package if node.level == 1 else ""
                inner.update(prefix + name for name in names)
            else:
                outer.add(node.module)
    return inner, outer


class LayersTest(unittest.TestCase):
    def test_every_module_has_its_place(self):
        modules = set()
        for folder, prefix in (
            (PACKAGE, ""),
            (TOKENS, "tokens."),
            (SIMULATOR, "simulator."),
        ):
            for name in os.listdir(folder):
                if name.endswith(".py"):
                    name = name[:-3]
                    whole = prefix and name == "__init__"
                    modules.add(prefix[:-1] if whole else prefix + name)
        self.assertEqual(modules, {name for name, _ in LAYERS} | {"__init__"})

    def test_imports_point_one_way(self):
        above = set()
        for name, allowed in LAYERS:
            inner, outer = imports(name)
            if name == "cli":
                inner.discard("__version__")
            self.assertLessEqual(inner, above, name)
            self.assertEqual(outer, allowed, name)
            above.add(name)
        self.assertLessEqual(imports("__init__")[0], set(CORE))

    def test_the_core_reads_no_clock(self):
        for name in PURE:
            self.assertFalse(
                imports(name)[1] & {"socket", "time", "random", "os", "logging"}
            )

    def test_every_file_names_its_licence(self):
        for folder in (
            PACKAGE,
            TOKENS,
            SIMULATOR,
            os.path.join(ROOT, "tests"),
            os.path.join(ROOT, "benchmarks"),
        ):
            for name in os.listdir(folder):
                if name.endswith(".py"):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        self.assertEqual(
                            file.readline(), "# SPDX-License-Identifier: MIT\n", name
                        )


class FirstImportTest(unittest.TestCase):
    def test_the_package_to_install_is_named(self):
        """As on the smallest Pythons, which lack sockets."""
        script = "import sys; sys.modules[%r] = None; sys.modules[%r] = None\n"
        script = script % ("socket", "_socket") + "import miio_pure"
        status, _, err = run_python("-c", script)
        self.assertEqual(status, 1)
        self.assertRegex(err, "ImportError: .*socket.*libpython3-stdlib")


class VendoredTest(unittest.TestCase):
    def check_vendored(self, names, imports, source=PACKAGE):
        """Copied into another package under another name, it talks to a device."""
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "project", "devices", "xiaomi")
            os.makedirs(target)
            for name in names:
                shutil.copy(os.path.join(source, name + ".py"), target)
            for package in ("project", os.path.join("project", "devices")):
                open(os.path.join(folder, package, "__init__.py"), "w").close()
            script = (
                "import sys; sys.path[:0] = [%r, %r]\n%s\n"
                "assert 'miio_pure' not in sys.modules\n"
                "from miio_pure.simulator import Simulator, fan\n"
                "with Simulator(fan(%r)) as device:\n"
                "    found, = Client.discover('127.0.0.1', port=device.port)\n"
                "    with Client('127.0.0.1', %r, port=device.port) as client:\n"
                "        print(client.send('get_prop', ['power']))\n"
            ) % (folder, ROOT, imports, TOKEN, TOKEN)
            status, out, err = run_python("-W", "error", "-c", script, cwd=folder)
        self.assertEqual((status, out.strip(), err), (0, "['on']", ""))

    def test_core_alone_under_another_name(self):
        self.check_vendored(CORE, "from project.devices.xiaomi import Client")

    def test_core_of_the_one_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "miio.pyz")
            pyz.build(path)
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
            source = os.path.join(folder, "miio_pure")
            self.assertTrue(os.path.exists(os.path.join(source, "LICENSE")))
            self.check_vendored(
                CORE, "from project.devices.xiaomi import Client", source
            )

    def test_not_even_the_front_door(self):
        modules = "project.devices.xiaomi."
        self.check_vendored(
            CORE[:-1],
            "from %sclient import Client; import %sdiscovery" % (modules, modules),
        )

    def test_command_line_without_tokens(self):
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "xiaomi")
            os.makedirs(target)
            for name in CORE + ("cli", "__main__"):
                shutil.copy(os.path.join(PACKAGE, name + ".py"), target)
            shutil.copytree(SIMULATOR, os.path.join(target, "simulator"))
            status, out, err = run_python("-m", "xiaomi", "--demo", cwd=folder)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("set_speed", out)

    def test_optimised_interpreter(self):
        for flag in ("-O", "-OO", "-S", "-I"):
            script = (
                "import sys; sys.path.insert(0, %r)\n"
                "from miio_pure.cli import main; sys.exit(main(['--demo']))"
            )
            status, out, err = run_python(flag, "-c", script % ROOT)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("set_speed", out)


class PythonTest(unittest.TestCase):
    def test_this_python_is_new_enough(self):
        self.assertGreaterEqual(sys.version_info, (3, 6))
