# SPDX-License-Identifier: MIT
"""The counter that bounds the work for a path."""

import unittest

from miio_pure import MiioError
from miio_pure.files.effort import MAX_EFFORT, Effort, TooMuch


class EffortTest(unittest.TestCase):
    def test_it_ends_when_all_is_spent(self):
        effort = Effort()
        effort.spend(MAX_EFFORT)
        with self.assertRaises(TooMuch):
            effort.spend(1)

    def test_the_error_says_what_to_try(self):
        with self.assertRaisesRegex(MiioError, "give the file that matters by itself"):
            Effort(10).spend(11)
