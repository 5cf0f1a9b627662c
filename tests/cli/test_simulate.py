# SPDX-License-Identifier: MIT
"""--simulate: a simulated device as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
from unittest import mock

from miio_pure.simulator import Simulator, fan

from ..support import ROOT, TOKEN, run_cli
from ..support.commands import InterruptCase


class SimulateTest(InterruptCase):
    def start(self, *args):
        """A process that serves a simulated device: (process, its port)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure", "--simulate", "--port", str(port)]
            + list(args),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(self.stop, process)
        self.assertIn("simulated device", process.stderr.readline().decode())
        return process, port

    def stop(self, process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def test_serves_until_it_is_stopped(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process, port = self.start()
            status, out, _ = run_cli("--ip", "127.0.0.1", "--port", str(port), "--info")
            self.assertEqual(
                (status, json.loads(out)["model"]), (0, "simulated.fan.v1")
            )
            process.send_signal(number)
            self.assertEqual(
                (process.communicate(timeout=20), process.returncode), ((b"", b""), 0)
            )

    def test_debug(self):
        process, port = self.start("--debug")
        run_cli("--discover", "127.0.0.1", "--port", str(port))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertIn(b"received 127.0.0.1 32 bytes", err)
        self.assertIn(b"sent 127.0.0.1 32 bytes", err)

    def test_given_token_is_hidden(self):
        _, port = self.start("--token", TOKEN)
        self.assertIn(
            "hides",
            self.check_failure(1, "--ip", "127.0.0.1", "--port", str(port), "--info"),
        )
        self.assertEqual(
            run_cli(
                "--ip", "127.0.0.1", "--port", str(port), "--info", "--token", TOKEN
            )[0],
            0,
        )

    def test_address_that_is_not_ours(self):
        for address in ("192.0.2.77", "no-such-host.invalid", "b\u00fccher..de"):
            self.check_failure(1, "--simulate", "--bindip", address, "--timeout", "2")

    def test_port_in_use(self):
        with Simulator(fan(TOKEN)) as simulator:
            error = self.check_failure(1, "--simulate", "--port", str(simulator.port))
        self.assertIn("cannot listen at 127.0.0.1", error)

    def test_in_this_process(self):
        """The same without a process of its own, for those who measure coverage."""

        def interrupt(self):
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                signal.pause()

        before = signal.getsignal(signal.SIGTERM)
        try:
            with mock.patch.object(Simulator, "serve", interrupt):
                status, out, err = run_cli("--simulate", "--bindip", "127.9.9.9")
        finally:
            signal.signal(signal.SIGTERM, before)
        self.assertEqual((status, out), (0, ""))
        self.assertIn("shown in its hello", err)
