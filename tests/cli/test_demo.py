# SPDX-License-Identifier: MIT
"""--demo: all of it with a simulated device."""

import unittest

from ..support import run_cli


class DemoTest(unittest.TestCase):
    def test_demo(self):
        status, out, err = run_cli("--demo")
        self.assertEqual((status, err), (0, ""))
        for text in (
            "discover: device",
            "info: {",
            'set_speed [66] -> ["ok"]',
            'get_prop ["power","speed"] -> ["on",66]',
        ):
            self.assertIn(text, out)
