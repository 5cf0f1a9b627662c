# SPDX-License-Identifier: MIT
"""What the package may cost in modules, bytes and memory. Nothing here is timed.

Only code counts: explanations and type hints are free.
"""

import marshal
import os
import sys
import tempfile
import unittest

from miio_pure import aes
from miio_pure.cli.slim import strip_source
from miio_pure.devices import Devices, Record
from miio_pure.simulator import Simulator, fan

from ..support import TOKEN, house, pyz, run_python

# What `import miio_pure` loads: only the halves of json and socket that are written in
# C, because the others take longer to load than all of our core.
LIBRARY = "_json _md5 _socket _struct _thread errno posix time".split()
# What the command line loads in addition when it talks to a device. The os module is
# not among it: that would take as long as half of the core.
COMMAND_LINE = ["sys"]
MAIN = os.path.join(house.PACKAGE, "__main__.py")
# Does what Python does with a file that it is given.
RUN_AS_FILE = """
path, sys.path[0], sys.argv = %r, %r, %r
names = {"__name__": "__main__", "__package__": None, "__file__": path}
import posix
posix._exit = sys.exit
try:
    exec(compile(open(path, "rb").read(), path, "exec"), names)
except SystemExit as end:
    assert end.code == 0, end.code
"""

KIB = 1024
MAX_CORE = 64000  # bytes of code
MAX_CORE_BYTECODE = 132 * KIB  # Python 3.11 needs most, 3.6 only half of that
# The whole file has 430,000 bytes today: MIoT, help for each command, the readers of
# other programs' files and a simulator are in it. --without leaves parts out.
MAX_ONE_FILE = 440000  # bytes
MAX_IMPORT_MEMORY = 8 * KIB * KIB  # under qemu; elsewhere it takes 4 to 5 MiB
MAX_MESSAGE_MEMORY = 3 * KIB * KIB  # for a message of 64 KiB
MIN_TABLES, MAX_TABLES = 2 * KIB, 16 * KIB
# A process counts the peak of the one that started it as its own, so a small one starts
# the one that is measured.
PEAK = """
import os, sys
python, script = sys.argv[1:]
pid = os.spawnv(os.P_NOWAIT, python, [python, "-S", "-c", script])
_, status, used = os.wait4(pid, 0)
print(status, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


class ModulesTest(unittest.TestCase):
    def loaded(self, script, **options):
        """Return the modules that a script loads into a bare interpreter."""
        watch = "import sys; before = set(sys.modules)\n%s\n" % script
        watch += "print(' '.join(set(sys.modules) - before))"
        status, out, err = run_python("-S", "-c", watch, **options)
        self.assertEqual((status, err), (0, ""))
        return set(out.splitlines()[-1].split())

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_the_import_loads_nothing_that_is_not_listed(self):
        standard = self.loaded("import " + ", ".join(LIBRARY))
        own = {"miio_pure." + name for name in house.CORE if name != "__init__"}
        self.assertEqual(
            self.loaded("import miio_pure") - standard, own | {"miio_pure"}
        )

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_a_command_that_runs_as_a_file_loads_little_more(self):
        standard = self.loaded("import " + ", ".join(LIBRARY + COMMAND_LINE))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        link, saved = (os.path.join(folder.name, name) for name in ("link", "saved"))
        os.symlink(MAIN, link)
        fields = {"name": "lamp", "address": "127.0.0.1", "token": TOKEN}
        with Simulator(fan(TOKEN)) as simulator:
            record = Record("", device_id=simulator.device.device_id, **fields)
            Devices(saved).save([record])
            for device, token in (("127.0.0.1", TOKEN), ("lamp", "")):
                env = dict(os.environ, MIIO_TOKEN=token)
                env["MIIO_DEVICES"] = saved if device == "lamp" else saved + "-not"
                for main, words in (
                    (MAIN, ["info", device]),
                    (link, ["send", device, "get_prop", '["power"]']),
                    (MAIN, ["get", device, "power"]),
                    (link, ["get", device, "2.1"]),
                    (MAIN, ["set", device, "power=off"]),
                ):
                    words += ["--port", str(simulator.port)]
                    script = RUN_AS_FILE % (main, house.PACKAGE, [main] + words)
                    more = self.loaded("import sys\n" + script, env=env) - standard
                    strange = [name for name in more if "miio_pure" not in name]
                    self.assertEqual(strange, [], words)


class BytesTest(unittest.TestCase):
    def sources(self):
        """Yield the code of each module of the core."""
        for name in house.CORE:
            yield name, strip_source(house.read_source(house.find_part(name)))

    def test_the_core_is_small(self):
        sizes = {name: len(code.encode("utf-8")) for name, code in self.sources()}
        self.assertLessEqual(sum(sizes.values()), MAX_CORE, sizes)

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_the_bytecode_of_the_core_is_small(self):
        total = 0
        for name, source in self.sources():
            total += len(marshal.dumps(compile(source, name + ".py", "exec"))) + 16
        self.assertLessEqual(total, MAX_CORE_BYTECODE)

    def test_the_one_file_is_small(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "miio.pyz")
            pyz.build(path)
            self.assertLessEqual(os.path.getsize(path), MAX_ONE_FILE)


@unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
class MemoryTest(unittest.TestCase):
    def process_peak(self, script):
        """Return the peak memory of a fresh process in bytes, the least of three."""
        peaks = []
        for _ in range(3):
            status, out, err = run_python("-S", "-c", PEAK, sys.executable, script)
            self.assertEqual((status, err), (0, ""))
            child, peak = out.split()
            self.assertEqual(child, "0")
            peaks.append(int(peak))
        return min(peaks)

    def test_the_import_takes_little_memory(self):
        bare = self.process_peak("pass")
        self.assertLess(self.process_peak("import miio_pure") - bare, MAX_IMPORT_MEMORY)

    def peak(self, work):
        """Return the most memory that work needs, besides its result."""
        import tracemalloc

        tracemalloc.start()
        try:
            result = work()
            return tracemalloc.get_traced_memory()[1] - sys.getsizeof(result)
        finally:
            tracemalloc.stop()

    def test_a_long_message_takes_little_memory(self):
        cipher, data = aes.AES(bytes(16)), bytes(65536)
        for work in (cipher.encrypt_cbc, cipher.decrypt_cbc):
            self.assertLess(
                self.peak(lambda: work(bytes(16), data)), MAX_MESSAGE_MEMORY
            )

    def test_the_tables_are_small(self):
        total = 0
        for value in vars(aes).values():
            for table in value if isinstance(value, (list, tuple)) else [value]:
                # A table that is used as a function is behind a bound method.
                table = getattr(table, "__self__", table)
                if isinstance(table, (bytes, int)):
                    total += sys.getsizeof(table)
        self.assertLess(total, MAX_TABLES)
        self.assertGreater(total, MIN_TABLES)
