# SPDX-License-Identifier: MIT
"""The token files of robots, and what may look like one."""

import unittest

from miio_pure.devices import Record
from miio_pure.tokens.robot import join_robots


class DoubtTest(unittest.TestCase):
    def test_a_token_that_is_no_hex_is_not_judged_as_a_robots(self):
        """Damage to a database can make such a record."""
        records = [Record("miio2.db", token="not hex")]
        self.assertEqual(join_robots(records), records)
