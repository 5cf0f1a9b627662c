# SPDX-License-Identifier: MIT
"""A device joins another network, in network namespaces: it moves, and so do we.

`python3 -m tests.campaigns.joining` does this with each kind of device.
"""

import unittest

from .support import moving
from .support.namespaces import can_make_namespaces


@unittest.skipUnless(
    can_make_namespaces(), "needs root and ip(8) for network namespaces"
)
class MovingTest(unittest.TestCase):
    def test_a_device_is_found_in_the_network_that_it_was_told_to_join(self):
        outcome = moving.join("keep token", "--json")
        self.assertEqual(outcome.status, 0, outcome.err)
        facts = moving.read_facts(outcome)
        self.assertEqual(facts["address"], moving.HOME + moving.DEVICE)
        self.assertIs(facts["token_holds"], True)
        (saved,) = outcome.saved
        self.assertEqual(saved["address"], facts["address"])
        self.assertNotIn(moving.PASSWORD, outcome.out + outcome.err)
