# SPDX-License-Identifier: MIT
"""All commands with the modules of OpenWrt, Entware, Yocto, Buildroot and Debian.

Each host is tried by the Python that it has: see hosts.json and small_host.py.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from ..support import pyz
from ..support import TESTS, ROOT, TOKEN, run_python

SAMPLES = os.path.join(TESTS, "samples", "tokens")
ROBOT = "476e6b70343055483230644c53707a12"
COMMAND = '{"method":"get_prop","params":["power"]}'
PACKET = (
    "213100500000000000bc614e0001e24005ffbf4acdf34ca2121aa6bd7b3211b62b4319bb8a3dcfe4"
    "4bb5fee830ddbfafb6b14c77799d708cc220a6e9405e64545d807e86c635db253e8cc3d7f166abed"
)
# For a Python that lacks pkgutil, which `-m` and zip files need: Yocto zeus
PATH_AND_MAIN = "import sys; sys.path.insert(0, %r); import miio_pure.__main__"


def hosts():
    """Those whose Python is this one: (name, whether it has json, has pkgutil)."""
    with open(os.path.join(TESTS, "support", "hosts.json"), encoding="utf-8") as file:
        lists = json.load(file)
    for name, host in sorted(lists.items()):
        if host["python"] == "%d.%d" % sys.version_info[:2]:
            only = " ".join(host.get("only", ())).split()
            yield name, not only or "json" in only, not only or "pkgutil" in only


@unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
class SmallHostsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = os.path.join(cls.folder.name, "miio.pyz")
        pyz.build(cls.file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def ways(self, host, has_pkgutil):
        """The arguments that start the command line there: the folder, the file."""
        start = ["-S", "-s", os.path.join(TESTS, "support", "small_host.py"), host]
        if has_pkgutil:
            yield start + ["-m", "miio_pure"]
            yield start + [self.file]
        else:
            yield start + ["-c", PATH_AND_MAIN % ROOT]
            yield start + ["-c", PATH_AND_MAIN % self.file]

    def check(self, way, *args, says=""):
        status, out, err = run_python(*way + list(args))
        self.assertEqual((status, err), (0, ""), (way, args))
        self.assertIn(says, out, (way, args))

    def test_all_commands(self):
        for host, has_json, has_pkgutil in hosts():
            for way in self.ways(host, has_pkgutil):
                with self.subTest(host=host, way=way[4]):
                    if has_json:
                        self.check_commands(way)
                    else:
                        self.check_refusal(way)

    def check_commands(self, way):
        self.check(way, "--help", says="--discover")
        self.check(way, "--demo", says="set_speed")
        self.check(way, "--token", TOKEN, "--decode", PACKET, says='"result"')
        self.check(way, "--tokens", SAMPLES + "/wal", SAMPLES + "/yeelight", says=ROBOT)
        self.check_packed(way)
        server = subprocess.Popen(
            [sys.executable] + way + ["--simulate", "--port", str(PORT)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        try:
            self.assertIn(b"simulated device", server.stderr.readline())
            port = ["--port", str(PORT)]
            self.check(way, "--discover", "127.0.0.1", *port, says="127.0.0.1")
            self.check(way, "--ip", "127.0.0.1", "--info", *port, says="model")
            # names need no idna codec
            self.check(way, "--ip", "localhost", "--sendcmd", COMMAND, *port, says="on")
        finally:
            server.terminate()
            said = server.communicate()[1]
        self.assertEqual((server.returncode, said), (0, b""))

    def check_packed(self, way):
        """A packed, encrypted backup, or one line where there is no zlib."""
        path = os.path.join(SAMPLES, "backup-encrypted.ab")
        env = dict(os.environ, MIIO_PASSWORD="secret")
        status, out, err = run_python(*way + ["--tokens", path], env=env)
        if "Buildroot" in way[3]:
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"\Aerror: [^\n]* has no zlib, [^\n]*\n\Z")
        else:
            self.assertEqual(status, 0, err)
            self.assertIn(ROBOT, out)

    def check_refusal(self, way):
        """What is missing is named in one line, or in the last line of a traceback.

        Under -m, Python imports the package before any code of ours can catch an error.
        """
        status, out, err = run_python(*way + ["--demo"])
        self.assertEqual((status, out), (1, ""))
        start = "(?s).*\nImportError: " if "-m" in way else r"\Aerror: "
        self.assertRegex(err, start + r"[^\n]*libpython3-stdlib[^\n]*\n\Z")

    def test_bytecode_on_request(self):
        """As the README has it, where Python keeps none by itself."""
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        for host, _, _ in hosts():
            if not host.startswith(("OpenWrt", "Entware")):
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "module.py")
                with open(path, "w") as file:
                    file.write("pass\n")
                start = [
                    "-S",
                    "-s",
                    os.path.join(TESTS, "support", "small_host.py"),
                    host,
                ]
                done = run_python(*start + ["-m", "py_compile", path], env=env)
                self.assertEqual(done, (0, "", ""))
                self.assertTrue(os.listdir(os.path.join(folder, "__pycache__")))

    def test_what_is_not_there(self):
        """The imitation refuses what it should, or these tests would show nothing."""
        for host, _, _ in hosts():
            start = [
                "-S",
                "-s",
                os.path.join(TESTS, "support", "small_host.py"),
                host,
                "-c",
            ]
            for module in ("xml", "sqlite3", "curses"):
                status, _, err = run_python(*start + ["import " + module])
                self.assertEqual(status, 1)
                self.assertIn("(on %s)" % host, err)


PORT = 40000 + os.getpid() % 20000
