# SPDX-License-Identifier: MIT
"""What the package may cost: modules, bytes, memory. Counts, never clocks."""

import importlib.util
import marshal
import os
import sys
import tempfile
import unittest

from miio_pure import aes

from ..support import pyz
from ..support import run_python
from ..support.house import CORE, PACKAGE
from ..support.slim import strip_source

# All that the library takes from the standard library, directly. A new entry here is a
# decision: routers feel each one.
LIBRARY = {"_md5", "_socket", "_thread", "errno", "os", "struct", "time"}
# PyPy has no C half of json.
LIBRARY.add("_json" if importlib.util.find_spec("_json") else "json")
# What the command line adds when it talks to a device.
COMMAND_LINE = {"argparse", "json", "sys"}

KIB = 1024
MAX_CODE = 60000  # bytes of the core, without comments, docstrings and annotations
# The bytecode of the core: 140 KiB on 3.14, which writes the most, and 75 on 3.6.
MAX_BYTECODE = 150 * KIB
# The whole file: 164,000 bytes today. What it may be is set when the command line is
# finished.
MAX_FILE = 170000
IMPORT_MEMORY = 8 * KIB * KIB  # beyond a bare interpreter, under qemu; 4 to 5 else
# A process counts the peak of the one that started it as its own: start from a small
# one.
PEAK = """
import os, sys
python, script = sys.argv[1:]
pid = os.spawnv(os.P_NOWAIT, python, [python, "-S", "-c", script])
_, status, used = os.wait4(pid, 0)
print(status, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


class ModulesTest(unittest.TestCase):
    def loaded(self, script):
        """The modules that a script brings into a bare interpreter."""
        watch = "import sys; before = set(sys.modules)\n%s\n" % script
        watch += "print(' '.join(set(sys.modules) - before))"
        status, out, err = run_python("-S", "-c", watch)
        self.assertEqual((status, err), (0, ""))
        return set(out.splitlines()[-1].split())

    def test_import(self):
        standard = self.loaded("import " + ", ".join(LIBRARY))
        own = {"miio_pure"} | {"miio_pure." + name for name in CORE if name[0] != "_"}
        self.assertEqual(self.loaded("import miio_pure") - standard, own)

    def test_command(self):
        standard = self.loaded("import " + ", ".join(LIBRARY | COMMAND_LINE))
        # argparse and gettext load these when a parser is made, on some versions
        standard |= {"_locale", "locale", "encodings.aliases", "encodings", "codecs"}
        script = (
            "from miio_pure.cli import main\n"
            "main(['--ip', '127.0.0.1', '--port', '1', '--info', '--timeout', '0.1'])"
        )
        script = "import io\nsys.stderr = io.StringIO()\n" + script
        own = {name for name in self.loaded(script) - standard if "miio" not in name}
        self.assertLessEqual(own, {"io", "_colorize", "shutil", "fnmatch", "zlib"})


class BytesTest(unittest.TestCase):
    def sources(self, modules):
        for name in modules:
            with open(os.path.join(PACKAGE, name + ".py"), "rb") as file:
                yield name, file.read()

    def test_sources(self):
        slim = sum(
            len(strip_source(source.decode("utf-8")))
            for _, source in self.sources(CORE)
        )
        self.assertLessEqual(slim, MAX_CODE)

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_bytecode(self):
        total = 0
        for name, source in self.sources(CORE):
            # Docstrings explain, and explanations are free.
            code = compile(source, name + ".py", "exec", optimize=2)
            total += len(marshal.dumps(code)) + 16
        self.assertLess(total, MAX_BYTECODE)

    def test_one_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "miio.pyz")
            pyz.build(path)
            self.assertLess(os.path.getsize(path), MAX_FILE)


@unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
class MemoryTest(unittest.TestCase):
    def process_peak(self, script):
        """Of a fresh process, bytes: the least of three."""
        peaks = []
        for _ in range(3):
            status, out, err = run_python("-S", "-c", PEAK, sys.executable, script)
            self.assertEqual((status, err), (0, ""))
            child, peak = out.split()
            self.assertEqual(child, "0")
            peaks.append(int(peak))
        return min(peaks)

    def test_import(self):
        bare = self.process_peak("pass")
        self.assertLess(self.process_peak("import miio_pure") - bare, IMPORT_MEMORY)

    def peak(self, work):
        import tracemalloc

        tracemalloc.start()
        try:
            result = work()
            return tracemalloc.get_traced_memory()[1] - sys.getsizeof(result)
        finally:
            tracemalloc.stop()

    def test_long_messages(self):
        cipher, data = aes.AES(bytes(16)), bytes(65536)
        for work in (cipher.encrypt_cbc, cipher.decrypt_cbc):
            self.assertLess(self.peak(lambda: work(bytes(16), data)), 3 << 20)

    def test_tables(self):
        total = 0
        for value in vars(aes).values():
            for table in value if isinstance(value, (list, tuple)) else [value]:
                table = getattr(table, "__self__", table)  # a gather is a bound method
                if isinstance(table, (bytes, int)):
                    total += sys.getsizeof(table)
        self.assertLess(total, 16384)
        self.assertGreater(total, 2048)
