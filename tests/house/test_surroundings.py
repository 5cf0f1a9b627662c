# SPDX-License-Identifier: MIT
"""It works without an environment, streams, a locale, a right clock or the usual MD5.

And it neither reads nor writes a file that nobody asked for.
"""

import os
import subprocess
import sys
import tempfile
import unittest

from miio_pure.simulator import FakeDevice, Simulator, fan

from ..support import ROOT, TOKEN, run_python

DEMO = (
    "import sys; sys.path.insert(0, %r)\n"
    "from miio_pure.cli import main; sys.exit(main(['--demo']))\n" % ROOT
)
# Prints which files a run opens, apart from those of Python and of the package.
WATCH = """
import builtins, os, sys
opened = []
def note(event, args):
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "tempfile.mkstemp"):
        opened.append(os.path.abspath(str(args[0])))
if hasattr(sys, "addaudithook"):
    sys.addaudithook(note)
else:
    builtins_open, os_open = builtins.open, os.open
    builtins.open = lambda *a, **k: note("open", a) or builtins_open(*a, **k)
    os.open = lambda *a, **k: note("open", a) or os_open(*a, **k)
sys.path.insert(0, {root!r})
from miio_pure.cli import main
status = main(sys.argv[1:])
own = tuple(sys.path) + (sys.prefix, sys.base_prefix, "/dev/urandom")
strange = [path for path in opened if not path.startswith(tuple(p for p in own if p))]
sys.exit("opened: %s" % strange if strange else status)
"""


class SurroundingsTest(unittest.TestCase):
    def check_demo(self, *args, **options):
        status, out, err = run_python(*args, **options)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("set_speed", out)

    def test_it_runs_without_any_environment(self):
        self.check_demo("-m", "miio_pure", "--demo", env={})

    def test_it_writes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            env = dict(os.environ, HOME=folder, TMPDIR=folder, XDG_CACHE_HOME=folder)
            self.check_demo("-c", DEMO, cwd=folder, env=env)
            self.assertEqual(os.listdir(folder), [])

    def test_it_opens_nothing(self):
        self.check_demo("-c", WATCH.format(root=ROOT), "--demo")
        with Simulator(FakeDevice(TOKEN)) as device:
            status, out, err = run_python(
                "-c",
                WATCH.format(root=ROOT),
                "--ip",
                "127.0.0.1",
                "--info",
                "--port",
                str(device.port),
                "--token",
                TOKEN,
            )
        self.assertEqual((status, err), (0, ""))
        self.assertIn("model", out)

    def test_the_watch_sees_what_is_opened(self):
        script = WATCH.format(root=ROOT)
        script = script.replace("main(sys.argv[1:])", "open('/dev/null')")
        status, _, err = run_python("-c", script)
        self.assertEqual(status, 1)
        self.assertIn("/dev/null", err)

    def closed(self, streams, *args):
        """Run a command with some of the standard streams closed."""
        script = 'exec "$@" %s' % " ".join(stream + ">&-" for stream in streams)
        done = subprocess.run(
            ["sh", "-c", script, "sh", sys.executable, "-m", "miio_pure"] + list(args),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def test_closed_streams_do_no_harm(self):
        for streams in ("1", "2", "12", "012"):
            # A result that nobody gets is a failure.
            is_lost = "1" in streams
            status, out, err = self.closed(streams, "--demo")
            self.assertEqual(status, 1 if is_lost else 0, streams)
            self.assertEqual(b"set_speed" in out, not is_lost)
            self.assertEqual(b"cannot write" in err, is_lost and "2" not in streams)
            status, out, err = self.closed(streams, "--decode", "x")
            self.assertEqual((status, out), (2, b""), streams)
            self.assertEqual(err.startswith(b"error: "), "2" not in streams)

    def test_names_beyond_ascii_work_where_the_locale_is_c(self):
        env = dict(
            os.environ, LC_ALL="C", LANG="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
        )
        methods = {"name": lambda params: params}
        device = FakeDevice(TOKEN, model="лампа.ночь.v1", methods=methods)
        with Simulator(device) as server:
            way = ["-m", "miio_pure", "--ip", "127.0.0.1", "--port", str(server.port)]
            way += ["--token", TOKEN]
            status, out, err = run_python(*way, "--info", env=env)
            self.assertEqual((status, err), (0, ""))
            self.assertIn(r"\u043b\u0430\u043c\u043f\u0430", out)
            command = '{"method":"name","params":["ночь"]}'
            status, out, err = run_python(*way, "--sendcmd", command, env=env)
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(out, '["\\u043d\\u043e\\u0447\\u044c"]\n')

    def test_the_clock_may_say_1970(self):
        script = "import time; time.time = lambda: 2.5\n" + DEMO
        self.check_demo("-c", script)
        script = "import time; time.time = lambda: 0.0\n" + DEMO
        self.check_demo("-c", script)

    def test_one_line_says_that_there_is_no_md5(self):
        """FIPS mode takes MD5 away in more than one way."""
        blocked = "import sys, hashlib; sys.modules['_md5'] = None\n%s\n"
        for refusal in (
            "sys.modules['hashlib'] = None",
            "del hashlib.md5",
            "def no(*args, **options): raise ValueError('disabled for FIPS')\n"
            "hashlib.md5 = no",
        ):
            status, out, err = run_python("-c", blocked % refusal + DEMO)
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"\Aerror: [^\n]*no MD5[^\n]*\n\Z")

    def test_every_command_says_so_where_there_is_no_md5(self):
        """Nothing else is blamed, and hashlib logs no traceback."""
        script = (
            "import sys; sys.path.insert(0, %r)\n"
            "sys.modules['_md5'] = sys.modules['_hashlib'] = None\n"
            "from miio_pure.cli import main; sys.exit(main(sys.argv[1:]))\n" % ROOT
        )
        self.assertEqual(run_python("-c", script, "--version")[0::2], (0, ""))
        with tempfile.TemporaryDirectory() as folder, Simulator(
            fan(TOKEN, reveal=True)
        ) as device:
            path = os.path.join(folder, "tokens.json")
            port = "--port", str(device.port)
            database = os.path.join(ROOT, "tests", "samples", "tokens", "miio2.db")
            saved = "--tokens", database, "--save", "--token-file", path
            for args in (
                ("--discover", "127.0.0.1", *port),
                ("--ip", "127.0.0.1", "--info", *port),
                saved,
                ("--ip", "127.0.0.1", "--info", *port, "--token-file", path),
            ):
                if "--info" in args and "--token-file" in args:
                    self.assertEqual(run_python("-m", "miio_pure", *saved)[0], 0)
                status, _, err = run_python("-c", script, *args)
                self.assertEqual(status, 1)
                self.assertRegex(err, r"(\A|\n)error: [^\n]*no MD5[^\n]*\n\Z")
                self.assertNotIn("Traceback", err)

    def test_hashlib_s_md5_will_do(self):
        script = "import sys, hashlib; sys.modules['_md5'] = None\n" + DEMO
        self.check_demo("-c", script)
