# SPDX-License-Identifier: MIT
"""The errors carry facts, and their messages carry no secrets."""

import pickle
import unittest

from miio_pure import DeviceError, NoReply, PayloadError
from miio_pure.errors import meaning


class ErrorTest(unittest.TestCase):
    def test_meanings_can_be_looked_up(self):
        self.assertIn("does not know", meaning(-10000))
        self.assertIn("out of range", DeviceError(-4005, "").meaning)
        self.assertEqual((meaning(None), meaning(12345)), ("", ""))
        self.assertEqual(str(DeviceError(-77, "odd")), "device error -77 odd")
        self.assertEqual(str(DeviceError(None, "")), "device error")

    def test_a_long_code_means_its_last_three_digits(self):
        self.assertEqual(meaning(-704030013), meaning(-4001))
        self.assertEqual(meaning(-705201043), meaning(-4005))
        self.assertEqual(meaning(-704042011), "the device is offline")
        for unknown in (-704042999, -700000000, 704042011, -704042, -714042011):
            self.assertEqual(meaning(unknown), "")

    def test_they_carry_facts_and_survive_pickle(self):
        error = NoReply("silent", 2)
        self.assertEqual((str(error), error.errno, error.sent), ("silent", None, True))
        error = PayloadError("no JSON", b"secret")
        self.assertEqual((str(error), error.payload), ("no JSON", b"secret"))
        self.assertNotIn("secret", repr(error))
        for error in (
            NoReply("silent", 2),
            DeviceError(-1, "x"),
            PayloadError("a", b"b"),
        ):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((str(again), vars(again)), (str(error), vars(error)))
