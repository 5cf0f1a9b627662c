# SPDX-License-Identifier: MIT
"""What several tests share: vectors, a wire in memory, the command line in this
process."""

import contextlib
import heapq
import io
import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure import cli

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TOKEN = "00112233445566778899aabbccddeeff"
CLOSED_PORT = 1  # of loopback: a free one may be taken by somebody at any moment
OTHER_TOKEN = "ffeeddccbbaa99887766554433221100"


def vectors():
    with open(os.path.join(HERE, "vectors", "packets.json"), encoding="utf-8") as file:
        return json.load(file)


class Wire:
    """Stands where a Link does, between a Client and a FakeDevice; only it moves time.

    faults: what happens to each datagram that the client sends, in order: "ok", "lose"
    (it never arrives), "lose reply", or a number: the reply comes that many seconds
    later. When they run out, all is well. junk: datagrams that arrive before the next
    reply.
    """

    address, port = "192.0.2.1", 54321

    def __init__(self, device, faults=(), junk=()):
        self.device = device
        self.faults = list(faults)
        self.junk = list(junk)
        self.sent = []
        self.closed = 0
        self._time = 5000.0
        self._coming = []
        self._count = 0

    def now(self):
        return self._time

    def wait(self, seconds):
        self._time += seconds

    def send(self, datagram):
        self.sent.append(datagram)
        fault = self.faults.pop(0) if self.faults else "ok"
        if isinstance(fault, OSError):
            raise fault
        if fault == "lose":
            return
        for junk in self.junk:
            self._arrive(junk, 0.005)
        replies = self.device.handle(datagram, self._time)
        if fault != "lose reply":
            for reply in replies:
                self._arrive(reply, 0.01 + (fault if isinstance(fault, float) else 0.0))

    def _arrive(self, datagram, delay):
        self._count += 1
        heapq.heappush(self._coming, (self._time + delay, self._count, datagram))

    def receive(self, until):
        if self._coming and self._coming[0][0] <= until:
            at, _, datagram = heapq.heappop(self._coming)
            self._time = max(self._time, at)
            return datagram
        self._time = max(self._time, until)
        return None

    def discard(self):
        while self._coming and self._coming[0][0] <= self._time:
            heapq.heappop(self._coming)

    def close(self):
        self.closed += 1


def run_cli(*args, env=None):
    """Run the command line in this process: (status, stdout, stderr)."""
    out, err = io.StringIO(), io.StringIO()
    environment = {
        name: value for name, value in os.environ.items() if name != "MIIO_TOKEN"
    }
    environment.update(env or {})
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(
        err
    ), mock.patch.dict(os.environ, environment, clear=True):
        status = cli.main(list(args))
    return status, out.getvalue(), err.getvalue()


def run_python(*args, **options):
    """Run this interpreter on args in its own process: (status, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable] + list(args),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
        cwd=options.pop("cwd", ROOT),
        **options,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class CliCase(unittest.TestCase):
    """Checks what every failure of the command line has in common."""

    def check_failure(self, status, *args, env=None):
        """It ends with this status and one line on stderr, which is returned."""
        actual, out, err = run_cli(*args, env=env)
        self.assertEqual((actual, out), (status, ""), err)
        self.assertRegex(err, r"\Aerror: [^\n]*\n\Z")
        return err
