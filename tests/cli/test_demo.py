# SPDX-License-Identifier: MIT
"""demo: everything at once, with a simulated device."""

import sys
from unittest import mock

from ..support import CliCase, run_cli


class DemoTest(CliCase):
    def test_it_discovers_a_device_and_talks_to_it(self):
        status, out, err = run_cli("demo")
        self.assertEqual((status, err), (0, ""))
        for text in (
            "discover: device",
            'info: "simulated.fan.v1"',
            'set_speed [66] -> ["ok"]',
            'get_prop ["power","speed"] -> ["on",66]',
        ):
            self.assertIn(text, out)

    def test_a_copy_without_the_simulator(self):
        with mock.patch.dict(sys.modules, {"miio_pure.simulator": None}):
            for command in ("demo", "simulate"):
                error = self.check_failure(2, command)
                self.assertIn('lacks "simulator", which this command needs', error)
