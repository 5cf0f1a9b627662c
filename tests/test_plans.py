# SPDX-License-Identifier: MIT
"""Plans: several exchanges with one device, and waits between them."""

import time
import unittest

from miio_pure import Client, DeviceError, NoReply
from miio_pure.exchange import Request, greet
from miio_pure.plans import carry_out

from .support.memory import Network
from .support.devices import counting_fan
from .support import TOKEN


def ask(method):
    return Request({"method": method}, None).begin


class CarryOutTest(unittest.TestCase):
    def setUp(self):
        self.device = counting_fan(TOKEN)
        self.network = Network({"192.0.2.1": self.device})
        self.client = Client("192.0.2.1", TOKEN)

    def carry_out(self, plan):
        with self.network.under():
            return carry_out(self.client, plan)

    def test_each_exchange_follows_from_the_one_before(self):
        def plan():
            greeting = yield greet
            counts = yield ask("bump")
            while counts[-1] < 3:
                counts += yield ask("bump")
            return greeting.header.device_id, counts

        outcome = (self.device.device_id, [1, 2, 3])
        self.assertEqual(self.carry_out(plan()), outcome)

    def test_errors_are_thrown_in_and_come_out(self):
        def plan(method):
            try:
                yield ask("nothing")
            except DeviceError:
                return (yield ask(method))

        self.assertEqual(self.carry_out(plan("bump")), [1])
        with self.assertRaises(DeviceError):
            self.carry_out(plan("nothing"))

    def test_it_waits_until_a_time(self):
        def plan():
            yield start + 7.0
            yield start
            return time.monotonic()

        start = self.network.now()
        self.assertEqual(self.carry_out(plan()), start + 7.0)

    def test_each_exchange_has_the_timeout_of_the_client(self):
        def plan():
            try:
                yield ask("bump")
            except NoReply:
                yield ask("bump")

        self.network.devices.clear()
        start = self.network.now()
        with self.assertRaises(NoReply):
            self.carry_out(plan())
        self.assertAlmostEqual(self.network.now(), start + 2 * self.client.timeout)

    def test_a_plan_without_exchanges(self):
        def plan():
            return 5
            yield

        self.assertEqual(self.carry_out(plan()), 5)
