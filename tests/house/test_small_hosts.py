# SPDX-License-Identifier: MIT
"""Every command runs with what OpenWrt, Entware, Yocto, Buildroot and Debian have.

Each Python imitates the hosts that have its version: see hosts.json and small_host.py.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from ..support import ROOT, TESTS, TOKEN, pyz, run_python

PORT = 40000 + os.getpid() % 20000
SMALL_HOST = os.path.join(TESTS, "support", "small_host.py")
SAMPLES = os.path.join(TESTS, "samples", "tokens")
ROBOT = "476e6b70343055483230644c53707a12"
COMMAND = '{"method":"get_prop","params":["power"]}'
PACKET = (
    "213100500000000000bc614e0001e24005ffbf4acdf34ca2121aa6bd7b3211b62b4319bb8a3dcfe4"
    "4bb5fee830ddbfafb6b14c77799d708cc220a6e9405e64545d807e86c635db253e8cc3d7f166abed"
)
# Yocto zeus lacks pkgutil, without which neither `-m` nor a zip file runs.
PATH_AND_MAIN = "import sys; sys.path.insert(0, %r); import miio_pure.__main__"


def hosts():
    """Yield the hosts that have this version: (name, has json, has pkgutil)."""
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
        """Yield the arguments that start the folder there, and the one file."""
        start = ["-S", "-s", SMALL_HOST, host]
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

    def test_every_command_runs_there(self):
        for host, has_json, has_pkgutil in hosts():
            for way in self.ways(host, has_pkgutil):
                with self.subTest(host=host, way=way[4]):
                    if has_json:
                        self.check_commands(way)
                    else:
                        self.check_refusal(way)

    def check_commands(self, way):
        self.check(way, "help", says="discover")
        self.check(way, "demo", says="set_speed")
        self.check(way, "decode", PACKET, "--token", TOKEN, says='"result"')
        self.check(way, "tokens", SAMPLES + "/wal", SAMPLES + "/yeelight", says=ROBOT)
        self.check_packed(way)
        server = subprocess.Popen(
            [sys.executable] + way + ["simulate", "--port", str(PORT)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        try:
            self.assertIn(b"simulated device", server.stderr.readline())
            port = ["--port", str(PORT)]
            self.check(way, "discover", "127.0.0.1", *port, says="127.0.0.1")
            self.check(way, "info", "127.0.0.1", *port, says="model")
            # OpenWrt has no idna codec, but names resolve all the same.
            self.check(way, "send", "localhost", COMMAND, *port, says="on")
            self.check(way, "get", "localhost", "power", *port, says="on")
            self.check(way, "set", "localhost", "2.3=40", *port)
        finally:
            server.terminate()
            said = server.communicate()[1]
        self.assertEqual((server.returncode, said), (0, b""))

    def check_packed(self, way):
        """Read a backup that is compressed and encrypted; Buildroot has no zlib."""
        path = os.path.join(SAMPLES, "backup-encrypted.ab")
        env = dict(os.environ, MIIO_PASSWORD="secret")
        status, out, err = run_python(*way + ["tokens", path], env=env)
        if "Buildroot" in way[3]:
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"\Aerror: [^\n]* has no zlib, [^\n]*\n\Z")
        else:
            self.assertEqual(status, 0, err)
            self.assertIn(ROBOT, out)

    def check_refusal(self, way):
        """Say what to install. With -m, Python puts its own traceback in front."""
        status, out, err = run_python(*way + ["demo"])
        self.assertEqual((status, out), (1, ""))
        before = r"(?s).*\nImportError" if "-m" in way else r"\Aerror"
        self.assertRegex(err, before + r": [^\n]*libpython3-stdlib[^\n]*\n\Z")

    def test_the_readme_s_command_makes_bytecode_where_python_keeps_none(self):
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        for host, _, _ in hosts():
            if not host.startswith(("OpenWrt", "Entware")):
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "module.py")
                with open(path, "w") as file:
                    file.write("pass\n")
                start = ["-S", "-s", SMALL_HOST, host]
                done = run_python(*start + ["-m", "py_compile", path], env=env)
                self.assertEqual(done, (0, "", ""))
                self.assertTrue(os.listdir(os.path.join(folder, "__pycache__")))

    def test_the_imitation_lacks_what_the_host_lacks(self):
        for host, _, _ in hosts():
            start = ["-S", "-s", SMALL_HOST, host, "-c"]
            for module in ("xml", "sqlite3", "curses"):
                status, _, err = run_python(*start + ["import " + module])
                self.assertEqual(status, 1)
                self.assertIn("(on %s)" % host, err)
