# SPDX-License-Identifier: MIT
"""Broadcasts and missing networks, in network namespaces that these tests make
themselves."""

import json
import os
import shutil
import socket
import subprocess
import sys
import unittest

from .support import ROOT

COMMAND = [sys.executable, "-m", "miio_pure"]
NEAR, FAR = "miio-near-%d" % os.getpid(), "miio-far-%d" % os.getpid()


def can_make_namespaces():
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("ip"):
        return False
    name = "miio-try-%d" % os.getpid()
    if subprocess.call(
        ["ip", "netns", "add", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        return False
    return not subprocess.call(["ip", "netns", "del", name])


def ip(*args):
    subprocess.check_call(["ip"] + list(args))


def run(namespace, *args):
    """Run the command line in a namespace: (status, stdout, stderr)."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace] + COMMAND + list(args),
        cwd=ROOT,
        timeout=30,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@unittest.skipUnless(
    can_make_namespaces(), "needs root and ip(8) for network namespaces"
)
class NetworkTest(unittest.TestCase):
    """Two hosts on a cable: this one, and one with two devices at two addresses."""

    @classmethod
    def setUpClass(cls):
        cls.processes = []
        try:
            for name in (NEAR, FAR):
                ip("netns", "add", name)
                ip("-n", name, "link", "set", "lo", "up")
            ip(
                "link",
                "add",
                "near0",
                "netns",
                NEAR,
                "type",
                "veth",
                "peer",
                "name",
                "far0",
                "netns",
                FAR,
            )
            ip("-n", NEAR, "address", "add", "10.77.0.1/24", "dev", "near0")
            for address in ("10.77.0.2", "10.77.0.3"):
                ip("-n", FAR, "address", "add", address + "/24", "dev", "far0")
            ip("-n", NEAR, "link", "set", "near0", "up")
            ip("-n", FAR, "link", "set", "far0", "up")
            for address in ("10.77.0.2", "10.77.0.3"):
                process = subprocess.Popen(
                    ["ip", "netns", "exec", FAR]
                    + COMMAND
                    + ["--simulate", "--bindip", address],
                    cwd=ROOT,
                    stderr=subprocess.PIPE,
                )
                cls.processes.append(process)
                process.stderr.readline()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for process in cls.processes:
            process.terminate()
            process.communicate()
        for name in (NEAR, FAR):
            subprocess.call(["ip", "netns", "del", name])

    def check_found(self, *args):
        status, out, err = run(
            NEAR, "--discover", "all", "--json", "--timeout", "1.2", *args
        )
        self.assertEqual((status, err), (0, ""))
        found = [json.loads(line)["address"] for line in out.splitlines()]
        self.assertEqual(sorted(found), ["10.77.0.2", "10.77.0.3"])

    def test_broadcast(self):
        if hasattr(socket, "if_nameindex"):  # PyPy 3.9 has none
            self.check_found()  # no default route: on every interface
        self.check_found("--bindip", "10.77.0.1")
        ip("-n", NEAR, "route", "add", "default", "dev", "near0")
        self.check_found()
        ip("-n", NEAR, "route", "del", "default")

    def test_commands_across(self):
        status, out, err = run(NEAR, "--ip", "10.77.0.3", "--info")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("model", out)

    def check_failure(self, namespace, text, *args):
        status, out, err = run(namespace, *args)
        self.assertEqual((status, out), (3, ""))
        self.assertRegex(err, r"\Aerror: [^\n]*%s[^\n]*\n\Z" % text)

    def test_nobody_there(self):
        self.check_failure(
            NEAR,
            "no answer|cannot be reached",
            "--ip",
            "10.77.0.9",
            "--info",
            "--timeout",
            "1",
        )
        self.check_failure(
            NEAR,
            "port is closed",
            "--ip",
            "10.77.0.2",
            "--info",
            "--port",
            "9",
            "--timeout",
            "20",
        )

    def test_no_network(self):
        nothing = "nothing could be sent within .*unreachable"
        here = ("--info", "--timeout", "0.5")
        self.check_failure(NEAR, nothing, "--ip", "10.99.0.1", *here)
        self.check_failure(NEAR, "cannot be reached", "--discover", "10.99.0.1")
        self.check_failure(
            NEAR, "cannot find", "--discover", "lamp.lan", "--timeout", "2"
        )
        name = "miio-none-%d" % os.getpid()
        ip("netns", "add", name)
        try:
            self.check_failure(name, "cannot be reached", "--discover", "all")
            self.check_failure(name, nothing, "--ip", "10.77.0.2", *here)
        finally:
            ip("netns", "del", name)
