# SPDX-License-Identifier: MIT
"""The command line as a process: how it is started, and what ends it."""

import ast
import os
import re
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

from miio_pure.client import system as SYSTEM

from ..support import CLOSED_PORT, ROOT, TOKEN, CliCase, house, pyz
from ..support import run_cli, run_python
from ..support.commands import DeviceCase, InterruptCase

MAIN = os.path.join(ROOT, "miio_pure", "__main__.py")
# What no command that talks to a device may load: each costs milliseconds on a PC, and
# twenty times that on a router.
SLOW = {"json", "re", "enum", "socket", "argparse", "typing", "threading", "hashlib"}
WATCH = """
import runpy, sys
sys.argv[:] = [{path!r}] + {words!r}
code = compile(open({path!r}).read(), {path!r}, "exec")
for name in {slow!r}:
    sys.modules.pop(name, None)
import posix
posix._exit = sys.exit
before = set(sys.modules)
try:
    exec(code, {{"__name__": "__main__", "__package__": None, "__file__": {path!r}}})
except SystemExit as end:
    print(end.code, " ".join(set(sys.modules) - before))
"""


# Runs a file with a Ctrl-C at one line of its function leave().
INTERRUPT = """
import runpy, sys
path, left = {path!r}, {step}
def trace(frame, event, argument):
    global left
    if (frame.f_code.co_filename, frame.f_code.co_name) != (path, "leave"):
        return trace if frame.f_code.co_name == "<module>" else None
    left -= event == "line"
    if left == 0:
        raise KeyboardInterrupt
    return trace
sys.argv[:] = [path, "--version"]
sys.settrace(trace)
runpy.run_path(path, run_name="__main__")
"""


def no_exit():
    """Make a SystemExit of an exit that would end the tests, too."""
    return mock.patch.object(SYSTEM, "_exit", sys.exit)


class LimitsTest(CliCase):
    def test_a_host_at_its_limits(self):
        error = RuntimeError("can't start new thread")
        with mock.patch("threading.Thread.start", side_effect=error):
            status, _, err = run_cli("demo")
        self.assertEqual((status, err), (1, "error: can't start new thread\n"))
        with mock.patch("miio_pure.cli.decode.decode", side_effect=MemoryError):
            err = self.check_failure(1, "decode", "2131")
        self.assertEqual(err, "error: not enough memory\n")
        error = OSError(24, "Too many open files")
        with mock.patch("miio_pure.cli.decode.decode", side_effect=error):
            err = self.check_failure(1, "decode", "2131")
        self.assertEqual(err, "error: the system reports: Too many open files\n")

    def test_ctrl_c(self):
        with mock.patch("miio_pure.cli.demo.run", side_effect=KeyboardInterrupt):
            self.assertEqual(run_cli("demo"), (130, "", ""))


class FileTest(CliCase):
    """__main__.py as python3 -m, as a file, and through a link from anywhere."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.link = os.path.join(self.folder, "miio-pure")
        os.symlink(MAIN, self.link)

    def test_it_runs_as_a_module_as_a_file_and_through_a_link(self):
        for args in (["-m", "miio_pure"], [MAIN], [self.link], ["-I", self.link]):
            folder = ROOT if args[0] == "-m" else self.folder
            done = run_python("-W", "error", *args, "demo", cwd=folder)
            self.assertEqual((done[0], done[2]), (0, ""), args)
            self.assertIn("set_speed", done[1])
        done = run_python(self.link, "help", cwd=self.folder)
        self.assertIn("usage: %s COMMAND" % self.link, done[1])
        path = self.folder + os.pathsep + os.environ["PATH"]
        env = dict(os.environ, PATH=path)
        done = run_python(self.link, "help", cwd=self.folder, env=env)
        self.assertIn("usage: miio-pure COMMAND", done[1])

    def test_a_copy_under_another_name_runs_through_a_link(self):
        copy = os.path.join(self.folder, "some where", "xiaomi")
        shutil.copytree(os.path.join(ROOT, "miio_pure"), copy)
        os.remove(self.link)
        os.symlink(os.path.join(copy, "__main__.py"), self.link)
        done = run_python(self.link, "--version", cwd=ROOT)
        self.assertEqual((done[0], done[2]), (0, ""))
        self.assertTrue(done[1].endswith(" from %s\n" % os.path.realpath(copy)))

    def test_what_a_message_tells_to_run_can_be_run(self):
        folder = os.path.join(self.folder, "it's here")
        os.mkdir(folder)
        pyz.build(os.path.join(folder, "miio.pyz"))
        os.chmod(os.path.join(folder, "miio.pyz"), 0o644)
        # The python3 of a message is the one that runs these tests.
        python = os.path.join(folder, "python3")
        with open(python, "w") as file:
            file.write('#!/bin/sh\nexec %s "$@"\n' % shlex.quote(sys.executable))
        os.chmod(python, 0o755)
        env = dict(os.environ, PATH=folder + os.pathsep + os.environ["PATH"])
        for args, place in (
            (["-m", "miio_pure"], ROOT),
            ([MAIN], self.folder),
            ([self.link], ROOT),
            (["miio.pyz"], folder),
            (["./miio.pyz"], folder),
            ([os.path.join(folder, "miio.pyz")], self.folder),
        ):
            _, _, err = run_python(*args, "nonsense", cwd=place)
            command = err[err.index("(see: ") + len("(see: ") : -len(")\n")]
            out = subprocess.check_output(["sh", "-c", command], cwd=place, env=env)
            self.assertIn(b"commands:", out, args)

    def test_every_way_to_it_leads_to_the_same_copy(self):
        copy = os.path.join(self.folder, "opt", "xiaomi")
        shutil.copytree(os.path.join(ROOT, "miio_pure"), copy)
        main = os.path.join(copy, "__main__.py")
        link = os.path.join(self.folder, "opt", "link.py")
        os.symlink("xiaomi/__main__.py", link)
        os.symlink("opt", os.path.join(self.folder, "by-folder"))
        again = os.path.join(self.folder, "again")
        os.symlink(os.path.join("by-folder", "link.py"), again)
        expected = " from %s\n" % os.path.realpath(copy)
        for flags in (["-S"], ["-I"]):
            for folder, path in (
                (self.folder, main),
                (self.folder, again),
                (self.folder, "again"),
                (self.folder, "by-folder/link.py"),
                (self.folder, "by-folder/xiaomi/__main__.py"),
                (self.folder, "./opt/../by-folder/xiaomi/__main__.py"),
                (copy, "__main__.py"),
                (copy, "./__main__.py"),
                (os.path.join(self.folder, "opt"), "../again"),
            ):
                done = run_python(*flags, path, "--version", cwd=folder)
                self.assertEqual((done[0], done[2]), (0, ""), (flags, path))
                self.assertTrue(done[1].endswith(expected), (flags, path, done[1]))

    def test_it_runs_where_the_current_folder_was_removed(self):
        for flags in ("", "-S"):
            script = "mkdir gone && cd gone && rmdir ../gone && exec %s %s %s demo"
            words = (shlex.quote(sys.executable), flags, shlex.quote(self.link))
            done = subprocess.run(
                ["sh", "-c", script % words],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=60,
            )
            # Where Python is started by a shell script, that shell complains.
            ours = re.sub(rb"sh: 0: getcwd\(\) failed: [^\n]*\n", b"", done.stderr)
            self.assertEqual((done.returncode, ours), (0, b""))

    def test_it_is_executable_and_has_its_licence_on_the_second_line(self):
        with open(MAIN) as file:
            lines = file.read().split("\n")
        self.assertEqual(lines[0], "#!/usr/bin/env python3")
        self.assertEqual(lines[1], "# SPDX-License-Identifier: MIT")

    def run_file(self, main):
        """Run __main__.py as a file here, with this main: the exit status."""
        path = list(sys.path)
        with mock.patch("miio_pure.cli.main", main), no_exit():
            with self.assertRaises(SystemExit) as caught:
                runpy.run_path(MAIN, run_name="__main__")
        self.assertEqual(sys.path, path)
        return caught.exception.code

    def test_it_ends_with_the_status_of_main(self):
        self.assertEqual(self.run_file(lambda: 3), 3)
        interrupt = mock.Mock(side_effect=KeyboardInterrupt)
        self.assertEqual(self.run_file(interrupt), 130)
        lack = mock.Mock(side_effect=ImportError("no socket"))
        self.assertEqual(self.run_file(lack), "error: no socket")
        full = mock.Mock(side_effect=MemoryError)
        self.assertEqual(self.run_file(full), "error: not enough memory")
        full = mock.Mock(side_effect=OSError(12, "Cannot allocate memory"))
        text = "error: the system reports: Cannot allocate memory"
        self.assertEqual(self.run_file(full), text)
        with mock.patch("miio_pure.cli.main", lambda: 4), no_exit():
            with self.assertRaises(SystemExit) as caught:
                runpy.run_module("miio_pure", run_name="__main__")
        self.assertEqual(caught.exception.code, 4)

    @unittest.skipIf(SYSTEM is os, "needs posix")
    def test_without_os_it_takes_the_folder_that_python_put_first(self):
        package = os.path.dirname(MAIN)
        for first in (package, ROOT, "/nowhere", ""):
            with mock.patch.object(sys, "path", [first] + sys.path):
                with mock.patch.dict(sys.modules), mock.patch("miio_pure.cli.main"):
                    del sys.modules["os"]
                    with no_exit(), self.assertRaises(SystemExit):
                        runpy.run_path(MAIN, run_name="__main__")
                self.assertNotEqual(sys.path[0], package)

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_a_system_without_posix_and_without_stdout(self):
        """As Windows, where stdout is closed."""
        lacks = mock.patch.dict(sys.modules, posix=None)
        with lacks, mock.patch("os._exit", sys.exit), mock.patch("sys.stdout", None):
            self.assertEqual(self.run_file(lambda: 2), 2)

    def test_an_old_python_gets_one_line(self):
        with mock.patch.object(sys, "version_info", (2, 7, 18)):
            self.assertEqual(
                self.run_file(None),
                "error: this program needs Python 3.6 or later, and this is Python 2.7",
            )

    def test_an_old_python_can_read_the_file(self):
        """Type hints would be an error of syntax for Python 2."""
        for node in ast.walk(ast.parse(house.read_source(MAIN))):
            self.assertNotIsInstance(node, ast.AnnAssign)
            self.assertIsNone(getattr(node, "returns", None))
            self.assertIsNone(getattr(node, "annotation", None))

    def test_a_python_that_lacks_modules_gets_one_line(self):
        script = (
            "import runpy, sys; sys.modules['_socket'] = sys.modules['socket'] = None\n"
            "runpy.run_path(%r, run_name='__main__')" % self.link
        )
        status, out, err = run_python("-S", "-c", script, cwd=self.folder)
        self.assertEqual((status, out), (1, ""))
        self.assertRegex(err, r"\Aerror: [^\n]*libpython3-stdlib[^\n]*\n\Z")


class StartTest(DeviceCase):
    def test_no_slow_module_is_loaded_by_what_talks_to_a_device(self):
        self.save()
        self.device.reveal = True
        port = ["--port", str(self.port)]
        for words in (
            ["info", "lamp"],
            ["get", "lamp", "power", "2.1"],
            ["get", "127.0.0.1", "power"],
            ["set", "lamp", "power=on", "2.1=true"],
            ["send", "lamp", "get_prop", '["power"]'],
            ["send", "lamp", '{"method":"toggle"}'],
        ):
            script = WATCH.format(path=MAIN, words=words + port, slow=sorted(SLOW))
            env = dict(os.environ, HOME=self.home)
            status, out, err = run_python("-S", "-c", script, env=env)
            self.assertEqual((status, err), (0, ""))
            code, *loaded = out.splitlines()[-1].split()
            self.assertEqual(code, "0", out)
            if sys.implementation.name == "cpython":
                self.assertEqual(set(loaded) & SLOW, set(), words)


class SignalTest(InterruptCase):
    def start(self, *args, **options):
        """Start a command that waits for a silent device: the process."""
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(silent.close)
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure"]
            + list(args)
            + ["--port", port, "--timeout", "60"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        silent.recv(100)
        return process

    def test_ctrl_c_while_it_waits(self):
        for command in ("info", "discover"):
            process = self.start(command, "127.0.0.1")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.communicate(timeout=20), (b"", b""))
            self.assertEqual(process.returncode, 130)

    def test_ctrl_c_while_it_ends(self):
        ends = []
        while 0 not in ends:
            script = INTERRUPT.format(path=MAIN, step=len(ends) + 1)
            status, out, err = run_python("-c", script)
            self.assertEqual((out[:10], err), ("miio_pure ", ""))
            ends.append(status)
        self.assertGreater(len(ends), 5)
        self.assertEqual(set(ends[:-1]), {130})

    def test_sigterm_while_it_waits(self):
        process = self.start("discover", "127.0.0.1")
        process.terminate()
        self.assertEqual(process.communicate(timeout=20), (b"", b""))

    def test_a_token_in_the_environment_is_not_in_the_process_list(self):
        env = dict(os.environ, MIIO_TOKEN=TOKEN)
        process = self.start("info", "127.0.0.1", env=env)
        with open("/proc/%d/cmdline" % process.pid, "rb") as file:
            self.assertNotIn(TOKEN.encode(), file.read())
        process.kill()
        process.communicate(timeout=20)

    def test_a_closed_port_ends_it_at_once(self):
        status, out, err = run_python(
            "-m",
            "miio_pure",
            "info",
            "127.0.0.1",
            "--timeout",
            "50",
            "--port",
            str(CLOSED_PORT),
        )
        self.assertEqual((status, out), (3, ""))
        self.assertIn("port is closed", err)
        self.assertEqual(threading.active_count(), 1)


class ShellTest(CliCase):
    def shell(self, script):
        """Run a shell script with $MIIO as the command: (stdout, stderr)."""
        done = subprocess.run(
            ["sh", "-c", script],
            env=dict(os.environ, MIIO="%s -m miio_pure" % sys.executable),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        return done.stdout.decode(), done.stderr.decode()

    def test_a_lost_result_is_not_a_success(self):
        for redirection in (">&-", "> /dev/full"):
            out, err = self.shell("($MIIO --version %s); echo $?" % redirection)
            self.assertEqual(out, "1\n")
            self.assertRegex(err, r"\Aerror: cannot write the result: [^\n]*\n\Z")

    def test_a_reader_that_stops_reading(self):
        out, err = self.shell("($MIIO help; echo $? >&2) | true")
        self.assertIn(err, ("0\n", "1\n"))
