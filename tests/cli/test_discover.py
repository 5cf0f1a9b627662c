# SPDX-License-Identifier: MIT
"""--discover: devices that answer a hello."""

import json
from unittest import mock

from miio_pure.simulator import Simulator, fan

from ..support import TOKEN, run_cli
from ..support.commands import DeviceCase


class DiscoverTest(DeviceCase):
    options = {"reveal": True, "device_id": 0x89ABCDEF}

    def test_table(self):
        status, out, err = run_cli("--discover", "127.0.0.1", "--port", str(self.port))
        self.assertEqual((status, err, out.count("\n")), (0, "", 2))
        self.assertRegex(out, r"127\.0\.0\.1 +2309737967 +89ab +cdef +\d+ +" + TOKEN)
        self.device.reveal = False
        self.assertIn(
            "hidden", run_cli("--discover", "127.0.0.1", "--port", str(self.port))[1]
        )

    def test_table_of_two(self):
        with Simulator(fan(TOKEN), "127.0.0.2", self.port):
            status, out, _ = run_cli(
                "--discover", "127.0.0.1", "127.0.0.2", "--port", str(self.port)
            )
        self.assertEqual((status, out.count("\n"), out.count("address")), (0, 3, 1))

    def test_json(self):
        status, out, _ = run_cli(
            "--discover", "127.0.0.1", "--port", str(self.port), "--json"
        )
        found = json.loads(out)
        self.assertEqual(
            (status, found["device_id"], found["token"], found["model"]),
            (0, 0x89ABCDEF, TOKEN, None),
        )

    def test_nothing_found(self):
        self.device.faults = {"deaf"}
        error = self.check_failure(
            1, "--discover", "127.0.0.1", "--port", str(self.port), "--timeout", "0.1"
        )
        self.assertRegex(error, "no device answered.* is the address right")
        with mock.patch("miio_pure.discovery.discover", lambda *_, **__: iter(())):
            error = self.check_failure(1, "--discover", "all", "--port", "5")
        self.assertRegex(error, "no device answered.* firewall .* UDP port 5")

    def test_token_shown_in_the_hello_is_used(self):
        status, out, _ = run_cli(*self.at, "--info")
        self.assertEqual((status, json.loads(out)["model"]), (0, "simulated.fan.v1"))
