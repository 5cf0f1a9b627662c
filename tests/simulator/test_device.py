# SPDX-License-Identifier: MIT
"""The simulated device in memory: a datagram in, datagrams out."""

import unittest

from miio_pure import Token, TokenError, packet, payload
from miio_pure.simulator import FakeDevice

from ..support import OTHER_TOKEN, TOKEN
from ..support.devices import counting_fan


def ask(device, method, params=(), ident=1, now=10.0, **fields):
    """The decoded replies to one request: "result" or (code, message) each."""
    request = dict({"id": ident, "method": method, "params": params}, **fields)
    request = {name: value for name, value in request.items() if value is not None}
    datagram = packet.encode(
        device.token, payload.dump(request), device_id=device.device_id, stamp=0
    )
    return [outcome(reply, device.token) for reply in device.handle(datagram, now)]


def outcome(datagram, token):
    answer = payload.load(packet.decode(datagram, token).payload)
    error = answer.get("error")
    return (error["code"], error["message"]) if error else answer["result"]


class HelloTest(unittest.TestCase):
    def hello(self, now=100.5, **options):
        (reply,) = FakeDevice(TOKEN, device_id=0x189ABCDEF, **options).handle(
            packet.HELLO, now
        )
        return packet.decode(reply)

    def test_fields(self):
        self.assertEqual(self.hello().header.device_id, 0x189ABCDEF)
        self.assertEqual(self.hello().header.stamp, 100)
        self.assertEqual(self.hello(epoch=1.7e9).header.stamp, 1700000100)

    def test_token_shown_or_hidden(self):
        self.assertEqual(self.hello(reveal=True).token, Token(TOKEN))
        for hidden in (b"\xff" * 16, bytes(16)):
            decoded = self.hello(hidden=hidden)
            self.assertEqual((decoded.token, decoded.header.checksum), (None, hidden))


class MethodsTest(unittest.TestCase):
    def setUp(self):
        self.device = counting_fan(TOKEN)

    def check(self, expected, *args, **fields):
        self.assertEqual(ask(self.device, *args, **fields), [expected])

    def test_miio(self):
        self.assertEqual(ask(self.device, "miIO.info")[0]["model"], "simulated.fan.v1")
        self.check(["on", 33, None, None], "get_prop", ["power", "speed", "nothing", 5])
        self.check(["ok"], "set_speed", [50])
        self.check([50], "get_prop", ["speed"])
        self.check(["ok"], "toggle")
        self.check(["off"], "get_prop", ["power"])
        self.check(["ok"], "toggle")
        self.check(["on"], "get_prop", ["power"])
        self.check(["a", {"b": 1}], "echo", ["a", {"b": 1}])
        self.check([1], "bump")
        self.check([1], "count")

    def test_miot(self):
        self.check(
            [
                {"siid": 2, "piid": 1, "did": "x", "code": 0, "value": True},
                {"siid": 9, "piid": 9, "code": -4003},
            ],
            "get_properties",
            [{"did": "x", "siid": 2, "piid": 1}, {"siid": 9, "piid": 9}],
        )
        self.check(
            [
                {"siid": 2, "piid": 3, "code": 0},
                {"siid": 2, "piid": 1, "code": -4005},
                {"siid": 9, "piid": 9, "code": -4003},
            ],
            "set_properties",
            [
                {"siid": 2, "piid": 3, "value": 70},
                {"siid": 2, "piid": 1, "value": "on"},
                {"siid": 9, "piid": 9, "value": 1},
            ],
        )
        self.assertEqual(self.device.properties[2, 3], 70)
        self.check(
            {"siid": 2, "aiid": 1, "code": 0, "out": []},
            "action",
            {"siid": 2, "aiid": 1, "in": []},
        )
        self.assertIs(self.device.properties[2, 1], False)
        self.check(
            {"siid": 2, "aiid": 7, "code": -4003},
            "action",
            {"siid": 2, "aiid": 7, "in": []},
        )
        self.check(
            {"siid": 2, "aiid": 1, "code": -4003},
            "action",
            {"siid": 2, "aiid": 1, "in": 5},
        )

    def test_errors(self):
        for args in (("nothing",), ("set_nothing", [1])):
            self.check((-10000, "method not found"), *args)
        for params in ([], [1, 2], {"speed": 1}, ["fast"], [True]):
            self.check((-5001, "invalid params"), "set_speed", params)
        for method, params in (
            ("get_properties", ["x"]),
            ("set_properties", [{"siid": 1}]),
            ("action", [1]),
            ("action", {"siid": "1", "aiid": 1}),
            ("get_properties", {}),
        ):
            self.assertEqual(ask(self.device, method, params)[0][0], -5001)
        for method, params in ((None, []), ("get_prop", None), ("get_prop", "power")):
            self.check((-32600, "Invalid Request"), method, params)
        self.device.methods["big"] = lambda params: ["x" * params[0]]
        self.check(["x" * 64900], "big", [64900])
        self.check((-30001, "resp too long"), "big", [65000])
        self.check((-5001, "invalid params"), "set_power", ["x" * 2000])
        self.check((-5001, "too many params"), "get_prop", ["power"] * 4000)
        deep = []
        for _ in range(100000):
            deep = [deep]
        self.device.methods["deep"] = lambda params: deep
        self.check((-30001, "resp invalid json"), "deep")
        while deep:
            deep = deep.pop()

    def test_what_is_ignored(self):
        for ident in ("1", 1.5, True, None, 1 << 70):
            self.assertEqual(ask(self.device, "bump", ident=ident), [])
        token = Token(TOKEN)
        good = packet.encode(
            token,
            b'{"id":1,"method":"bump","params":[]}',
            device_id=self.device.device_id,
            stamp=0,
        )
        for datagram in (
            b"",
            b"junk",
            good[:-1],
            packet.encode(token, b"[]", device_id=self.device.device_id, stamp=0),
            packet.encode(
                token, b'{"id":1,"method":"bump","params":[]}', device_id=5, stamp=0
            ),
            packet.encode(
                Token(OTHER_TOKEN), b"{}", device_id=self.device.device_id, stamp=0
            ),
            packet.HEADER.pack(packet.MAGIC, 32, 5, 5, bytes(16)),
        ):
            self.assertEqual(self.device.handle(datagram, 0.0), [])
        self.assertEqual(self.device.acted, 0)

    def test_acted(self):
        for method in ("get_prop", "miIO.info", "nothing"):
            ask(self.device, method)
        self.assertEqual(self.device.acted, 0)
        ask(self.device, "toggle")
        self.assertEqual(self.device.acted, 1)

    def test_repeated_ids(self):
        for repeats, replies, acted in (
            ("act", [[1], [2]], 2),
            ("drop", [[1]], 1),
            ("answer", [[1], [1]], 1),
        ):
            device = counting_fan(TOKEN, repeats=repeats)
            self.assertEqual(
                ask(device, "bump", ident=5) + ask(device, "bump", ident=5), replies
            )
            self.assertEqual(device.acted, acted)
        for ident in range(6, 80):
            ask(device, "bump", ident=ident)
        self.assertEqual(ask(device, "count", ident=80), [[75]])
        self.assertEqual(ask(device, "bump", ident=5), [[76]])  # no memory is endless


class HighWordTest(unittest.TestCase):
    """One known model fills the high half of the device id in what it sends."""

    def setUp(self):
        self.device = counting_fan(TOKEN, device_id=7, high_word=16)

    def answer(self, device_id):
        text = b'{"id":1,"method":"bump","params":[]}'
        request = packet.encode(Token(TOKEN), text, device_id=device_id, stamp=0)
        return self.device.handle(request, 0.0)

    def test_every_reply_has_it(self):
        (hello,) = self.device.handle(packet.HELLO, 0.0)
        (reply,) = self.answer(7)
        for datagram in (hello, reply):
            header = packet.decode(datagram, Token(TOKEN)).header
            self.assertEqual(header.device_id, 16 << 32 | 7)

    def test_requests_with_it_are_not_answered(self):
        self.assertEqual(self.answer(16 << 32 | 7), [])
        self.assertEqual(self.device.acted, 0)


class GrowthTest(unittest.TestCase):
    """A device that shows its token is no amplifier for those who forge addresses."""

    LONG = {"long": lambda params: ["x" * size for size in params]}

    def device(self, **options):
        return FakeDevice(TOKEN, methods=self.LONG, **options)

    def ask(self, device, params, method="long", ident=1):
        """(bytes that the device received, bytes that it sent, results)"""
        text = payload.dump({"id": ident, "method": method, "params": params})
        token = device.token
        request = packet.encode(token, text, device_id=device.device_id, stamp=0)
        replies = device.handle(request, 0.0)
        results = [outcome(reply, token) for reply in replies if len(reply) > 32]
        return len(request), sum(map(len, replies)), results

    def ask_new(self, *args, **fields):
        return self.ask(self.device(reveal=True), *args, **fields)

    def test_long_replies_become_an_error(self):
        for size in range(0, 400, 7):
            received, sent, (result,) = self.ask_new([size])
            self.assertLessEqual(sent, 3 * received)
            if size > 250:
                self.assertEqual(result, (-30001, "resp too long"))
            if size < 100:
                self.assertEqual(result, ["x" * size])

    def test_the_whole_budget_may_be_used(self):
        cases = [self.ask_new([size]) for size in range(100, 300)]
        received, sent, _ = max(cases, key=lambda case: case[1])
        self.assertEqual(sent, 3 * received)

    def test_the_error_fits_whatever_the_id(self):
        for ident in [10**power for power in range(19)] + [-(10**18)]:
            received, sent, (result,) = self.ask_new([1000], ident=ident)
            self.assertEqual(result, (-30001, "resp too long"))
            self.assertLessEqual(sent, 3 * received)

    def test_info_fits(self):
        for ident in [10**power for power in range(10)]:
            _, _, (result,) = self.ask_new([], "miIO.info", ident=ident)
            self.assertEqual(result["model"], "simulated.fan.v1")
            self.assertEqual(result["token"], TOKEN)

    def test_a_repeated_id_with_a_shorter_request(self):
        device = self.device(reveal=True, repeats="answer")
        _, _, (result,) = self.ask(device, [400] + [0] * 90)
        self.assertEqual(len(result[0]), 400)
        received, sent, (result,) = self.ask(device, [400])
        self.assertEqual(result, (-30001, "resp too long"))
        self.assertLessEqual(sent, 3 * received)

    def test_faults_add_no_more(self):
        for names in (
            ("repeat",),
            ("repeat", "reorder"),
            ("repeat", "extra packets", "dirty JSON"),
        ):
            for size in range(0, 200, 9):
                device = self.device(reveal=True, faults=names)
                for _ in range(3):
                    received, sent, _ = self.ask(device, [size])
                    self.assertLessEqual(sent, 3 * received)

    def test_a_hello_is_answered_with_its_own_size(self):
        for reveal in (True, False):
            (reply,) = FakeDevice(TOKEN, reveal=reveal).handle(packet.HELLO, 0.0)
            self.assertEqual(len(reply), len(packet.HELLO))

    def test_who_knows_a_hidden_token_gets_all(self):
        _, _, (result,) = self.ask(self.device(), [50000])
        self.assertEqual(result, ["x" * 50000])


class FaultsTest(unittest.TestCase):
    def replies(self, fault, times=1):
        device = counting_fan(TOKEN, faults=[fault])
        request = packet.encode(
            device.token,
            b'{"id":1,"method":"bump","params":[]}',
            device_id=device.device_id,
            stamp=0,
        )
        self.device = device
        return [reply for _ in range(times) for reply in device.handle(request, 0.0)]

    def test_none_answers(self):
        self.assertEqual(self.replies("lose"), [])
        self.assertEqual(self.device.acted, 1)
        self.assertEqual(self.replies("deaf"), [])
        self.assertEqual(self.device.acted, 0)
        self.assertEqual(self.device.handle(packet.HELLO, 0.0), [])

    def test_repeat_and_reorder(self):
        first, second = self.replies("repeat")
        self.assertEqual(first, second)
        self.assertEqual(
            [outcome(reply, Token(TOKEN)) for reply in self.replies("reorder", 5)],
            [[2], [1], [4], [3]],
        )

    def test_damage(self):
        for fault in ("damage", "wrong token"):
            (reply,) = self.replies(fault)
            with self.assertRaises(packet.ChecksumError):
                packet.decode(reply, Token(TOKEN))

    def test_wrong_id(self):
        (reply,) = self.replies("wrong id")
        self.assertEqual(
            payload.load(packet.decode(reply, Token(TOKEN)).payload),
            {"id": -1, "result": [1]},
        )

    def test_dirty(self):
        (reply,) = self.replies("dirty JSON")
        names = []
        self.assertEqual(
            payload.load(packet.decode(reply, Token(TOKEN)).payload, names)["result"],
            [1],
        )
        self.assertEqual(len(names), 4)

    def test_small_packets(self):
        extra, reply = self.replies("extra packets")
        self.assertIsNone(packet.decode(extra).payload)
        self.assertEqual(outcome(reply, Token(TOKEN)), [1])
        (reject,) = self.replies("reject")
        self.assertRaises(TokenError, packet.decode, reject)
        self.assertEqual(self.device.acted, 0)
