# SPDX-License-Identifier: MIT
"""Broadcasts and missing networks, in network namespaces that these tests make
themselves."""

import json
import unittest

from .support.namespaces import Hosts, can_make_namespaces


@unittest.skipUnless(
    can_make_namespaces(), "needs root and ip(8) for network namespaces"
)
class NetworkTest(unittest.TestCase):
    """Two hosts on a cable: this one, and one with two devices at two addresses."""

    @classmethod
    def setUpClass(cls):
        cls.hosts = Hosts()
        try:
            cls.near, far = cls.hosts.add("near"), cls.hosts.add("far")
            cls.hosts.connect(cls.near, "near0", far, "far0")
            cls.near.add_addresses("near0", "10.77.0.1/24")
            addresses = ("10.77.0.2", "10.77.0.3")
            far.add_addresses("far0", *[address + "/24" for address in addresses])
            for address in addresses:
                simulate = ("-m", "miio_pure", "--simulate", "--bindip", address)
                cls.hosts.start(far, *simulate)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.hosts.__exit__()

    def check_found(self, *args):
        status, out, err = self.near.run(
            "--discover", "all", "--json", "--timeout", "0.5", *args
        )
        self.assertEqual((status, err), (0, ""))
        found = [json.loads(line)["address"] for line in out.splitlines()]
        self.assertEqual(sorted(found), ["10.77.0.2", "10.77.0.3"])

    def test_broadcast(self):
        # Without a default route, and with one.
        self.check_found()
        self.check_found("--bindip", "10.77.0.1")
        self.check_found("--bind", "near0")
        self.near.ip("route", "add", "default", "dev", "near0")
        self.check_found()
        self.near.ip("route", "del", "default")

    def test_commands_across(self):
        for bind in ("near0", "10.77.0.1"):
            words = ("--ip", "10.77.0.3", "--info", "--bind", bind)
            status, out, err = self.near.run(*words)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("model", out)

    def check_failure(self, host, text, *args):
        status, out, err = host.run(*args)
        self.assertEqual((status, out), (3, ""))
        self.assertRegex(err, r"\Aerror: [^\n]*%s[^\n]*\n\Z" % text)

    def test_nobody_there(self):
        words = ("--ip", "10.77.0.9", "--info", "--timeout", "1")
        self.check_failure(self.near, "no answer|cannot be reached", *words)
        words = ("--ip", "10.77.0.2", "--info", "--port", "9", "--timeout", "20")
        self.check_failure(self.near, "port is closed", *words)

    def test_no_network(self):
        nothing = "nothing could be sent within .*unreachable"
        reached = "cannot be reached"
        here = ("--info", "--timeout", "0.5")
        self.check_failure(self.near, nothing, "--ip", "10.99.0.1", *here)
        self.check_failure(self.near, reached, "--discover", "10.99.0.1")
        self.check_failure(self.near, reached, "discover", "10.99.0.0/20")
        words = ("--discover", "lamp.lan", "--timeout", "2")
        self.check_failure(self.near, "cannot find", *words)
        alone = self.hosts.add("none")
        self.check_failure(alone, "cannot search", "--discover", "all")
        self.check_failure(alone, nothing, "--ip", "10.77.0.2", *here)
