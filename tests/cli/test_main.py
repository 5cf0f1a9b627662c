# SPDX-License-Identifier: MIT
"""The command line as a process, and what ends it."""

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
from unittest import mock

from ..support import CLOSED_PORT, ROOT, TOKEN, CliCase, run_cli, run_python
from ..support.commands import InterruptCase


class LimitsTest(CliCase):
    def test_a_host_at_its_limits(self):
        error = RuntimeError("can't start new thread")
        with mock.patch("threading.Thread.start", side_effect=error):
            status, _, err = run_cli("--demo")
        self.assertEqual((status, err), (1, "error: can't start new thread\n"))
        with mock.patch("miio_pure.cli.decode.decode", side_effect=MemoryError):
            err = self.check_failure(1, "--decode", "2131")
        self.assertEqual(err, "error: not enough memory\n")


class ProcessTest(InterruptCase):
    def test_run_as_a_file(self):
        path = os.path.join(ROOT, "miio_pure", "__main__.py")
        with self.assertRaisesRegex(SystemExit, "python3 -m miio_pure"):
            runpy.run_path(path, run_name="__main__")

    def test_main_module(self):
        for main, status in (
            (lambda: 3, 3),
            (mock.Mock(side_effect=KeyboardInterrupt), 130),
        ):
            with mock.patch("miio_pure.cli.main", main), self.assertRaises(
                SystemExit
            ) as caught:
                runpy.run_module("miio_pure", run_name="__main__")
            self.assertEqual(caught.exception.code, status)

    def test_terminated(self):
        """SIGTERM while it waits: no traceback."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = str(silent.getsockname()[1])
            process = subprocess.Popen(
                [sys.executable, "-m", "miio_pure", "--discover", "127.0.0.1"]
                + ["--timeout", "60", "--port", port],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            process.terminate()
            self.assertEqual(process.communicate(timeout=20), (b"", b""))

    def test_token_out_of_the_process_list(self):
        """The environment serves instead; no part of it is in the arguments."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = str(silent.getsockname()[1])
            process = subprocess.Popen(
                [sys.executable, "-m", "miio_pure", "--ip", "127.0.0.1", "--info"]
                + ["--port", port],
                cwd=ROOT,
                env=dict(os.environ, MIIO_TOKEN=TOKEN),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            with open("/proc/%d/cmdline" % process.pid, "rb") as file:
                self.assertNotIn(TOKEN.encode(), file.read())
            process.kill()
            process.communicate(timeout=20)

    def test_interrupted(self):
        """Ctrl-C while it waits: no traceback, status 130."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "miio_pure",
                    "--ip",
                    "127.0.0.1",
                    "--info",
                    "--timeout",
                    "60",
                    "--port",
                    str(silent.getsockname()[1]),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            process.send_signal(signal.SIGINT)
            self.assertEqual(
                (process.communicate(timeout=20), process.returncode), ((b"", b""), 130)
            )
        with mock.patch("miio_pure.cli.demo.run", side_effect=KeyboardInterrupt):
            self.assertEqual(run_cli("--demo")[0], 130)

    def test_as_a_process(self):
        status, out, err = run_python("-W", "error", "-m", "miio_pure", "--demo")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(re.search("set_speed", out))

    def test_closed_port_from_outside(self):
        status, out, err = run_python(
            "-m",
            "miio_pure",
            "--ip",
            "127.0.0.1",
            "--info",
            "--port",
            str(CLOSED_PORT),
            "--timeout",
            "50",
        )
        self.assertEqual((status, out), (1, ""))
        self.assertIn("port is closed", err)
        self.assertEqual(threading.active_count(), 1)
