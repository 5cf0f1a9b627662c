# SPDX-License-Identifier: MIT
"""A simulated device that is in no network yet."""

import unittest

from miio_pure import DeviceError
from miio_pure.packet import HELLO, Token, decode, encode
from miio_pure.payload import dump, load
from miio_pure.simulator import NEW_DEVICES, FakeDevice, NewDevice

from ..support import OTHER_TOKEN, TOKEN

ROUTER = {"ssid": "home", "passwd": "12345678", "uid": 1}


class NewDeviceTest(unittest.TestCase):
    def setUp(self):
        self.now = 100.0
        self.make("ok")

    def make(self, kind, **options):
        self.said = []
        self.fake = FakeDevice(TOKEN)
        self.device = NewDevice(
            self.fake, OTHER_TOKEN, kind, report=self.said.append, **options
        )

    def hello(self):
        """Return the packet that answers a hello, or None."""
        replies = self.device.handle(HELLO, self.now)
        return decode(replies[0]) if replies else None

    def ask(self, method, params=(), token=TOKEN):
        """Return the result, or None for silence; or raise DeviceError."""
        request = dump({"id": 1, "method": method, "params": params})
        device_id = self.fake.device_id
        datagram = encode(Token(token), request, device_id=device_id, stamp=0)
        for reply in self.device.handle(datagram, self.now):
            answer = load(decode(reply, Token(token)).payload)
            if "error" in answer:
                raise DeviceError(answer["error"]["code"], answer["error"]["message"])
            return answer["result"]

    def refuse(self, code, method, params):
        with self.assertRaises(DeviceError) as at:
            self.ask(method, params)
        self.assertEqual(at.exception.code, code)

    def test_it_reveals_its_token_and_is_in_no_network(self):
        self.assertEqual(self.hello().token, Token(TOKEN))
        self.assertNotIn("ap", self.ask("miIO.info"))
        self.assertEqual(self.ask("miIO.wifi_assoc_state")["state"], "CONNECTING")

    def test_it_stays_for_a_moment_leaves_and_has_a_new_token_then(self):
        self.make("ok", stays=1.0)
        self.assertEqual(self.ask("miIO.config_router", ROUTER), "ok")
        self.now += 0.9
        self.assertEqual(self.hello().token, Token(TOKEN))
        self.assertFalse(self.device.has_joined)
        self.now += 0.2
        self.assertIsNone(self.hello())
        self.now += 2.0
        self.assertIsNone(self.hello().token)
        self.assertTrue(self.device.has_joined)
        self.assertIsNone(self.ask("miIO.info"))
        info = self.ask("miIO.info", token=OTHER_TOKEN)
        self.assertEqual(info["ap"], {"ssid": "home"})
        state = self.ask("miIO.wifi_assoc_state", token=OTHER_TOKEN)
        self.assertEqual(state["state"], "ONLINE")
        said = ["was told to join 'home'", "is in the network"]
        self.assertEqual(self.said, said)

    def test_it_joins_once(self):
        self.make("keep token", stays=1.0)
        self.ask("miIO.config_router", ROUTER)
        self.refuse(-9999, "miIO.config_router", ROUTER)
        self.now += 4.0
        self.assertEqual(self.hello().token, Token(TOKEN))
        self.refuse(-10000, "miIO.config_router", ROUTER)

    def test_params_that_no_device_takes_are_refused(self):
        for params in (
            [],
            {"ssid": "home", "uid": 1},
            {"passwd": "12345678", "uid": 1},
            dict(ROUTER, uid=0),
            dict(ROUTER, uid="1"),
        ):
            self.refuse(-5001, "miIO.config_router", params)
        self.make("refuse")
        self.refuse(-1, "miIO.config_router", ROUTER)
        self.make("strict")
        self.refuse(-5001, "miIO.config_router", dict(ROUTER, tz="Europe/Berlin"))
        self.assertEqual(self.ask("miIO.config_router", ROUTER), "ok")

    def test_one_with_a_wrong_password_comes_back_and_can_be_told_again(self):
        self.make("wrong password")
        self.ask("miIO.config_router", ROUTER)
        self.now += 4.0
        self.assertEqual(self.hello().token, Token(TOKEN))
        self.assertEqual(self.ask("miIO.wifi_assoc_state")["auth_fail_count"], 1)
        self.assertEqual(self.ask("miIO.config_router", ROUTER), "ok")

    def test_each_kind_answers_in_its_own_way(self):
        answers = {"0": 0, "OK": "OK", "list": ["ok"], "object": {}, "silent": None}
        answers.update({"hello only": None, "refuse": -1})
        for kind in NEW_DEVICES:
            self.make(kind, stays=1.0)
            try:
                answer = self.ask("miIO.config_router", ROUTER)
            except DeviceError as error:
                answer = error.code
            self.assertEqual(answer, answers.get(kind, "ok"), kind)
            self.assertIsNotNone(self.hello())

    def test_the_delay_is_that_of_the_device(self):
        self.fake.delay = 3.0
        self.assertEqual(self.device.delay, 3.0)

    def test_it_need_not_say_what_it_does(self):
        self.device = NewDevice(self.fake, OTHER_TOKEN)
        self.assertEqual(self.ask("miIO.config_router", ROUTER), "ok")
