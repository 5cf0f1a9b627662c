# SPDX-License-Identifier: MIT
"""The rules of a call, on a network in memory: deadlines, retries, what is believed."""

import unittest

from miio_pure import (
    DeviceError,
    NoReply,
    PayloadError,
    Token,
    TokenError,
    packet,
)
from miio_pure.exchange import DROP, Request, ask, greet
from miio_pure.session import Credentials, Session
from miio_pure.simulator import HIDDEN

from .support import OTHER_TOKEN, TOKEN
from .support.wire import WireCase


class CallTest(WireCase):
    def test_cold_and_warm(self):
        client = self.connect()
        self.assertEqual(client.send("get_prop", ["power", "speed"]), ["on", 33])
        self.assertEqual(client.send("set_speed", [66]), ["ok"])
        self.assertEqual(client.send("get_prop", ("speed",)), [66])
        self.assertEqual(
            [len(datagram) == 32 for datagram in self.wire.sent],
            [True, False, False, False],
        )
        (first, _), (second, _), (third, _) = self.requests()
        self.assertEqual((second, third), (first + 1, first + 2))

    def test_handshake(self):
        found = self.connect(device_id=0x189ABCDEF).handshake()
        self.assertEqual(
            (found.address, found.device_id, found.stamp, found.token),
            ("192.0.2.1", 0x189ABCDEF, 5000, None),
        )

    def test_token_from_the_device(self):
        self.assertEqual(
            self.connect(token=None, reveal=True).send("get_prop", ["power"]), ["on"]
        )
        for hidden in (HIDDEN, bytes(16)):
            with self.assertRaisesRegex(TokenError, "hides"):
                self.connect(token=None, hidden=hidden).send("get_prop", ["power"])
            self.assertEqual(self.requests(), [])

    def test_device_error(self):
        client = self.connect()
        with self.assertRaises(DeviceError) as caught:
            client.send("no_such_method")
        self.assertEqual(caught.exception.code, -10000)
        self.assertEqual(len(self.requests()), 1)

    def test_whole_commands(self):
        client = self.connect()
        self.device.methods["see"] = lambda params: [params]
        self.assertEqual(client.command({"method": "see", "id": 5, "sid": "x"}), [[]])
        self.assertEqual(self.requests()[0][0], 5)
        for fields in ({"method": "see", "id": "5"}, {"method": "see", "id": True}, {}):
            self.assertRaises(TypeError, client.command, fields)

    def test_mistakes_are_told_before_anything_is_sent(self):
        client = self.connect()
        for call in (
            lambda: client.send("a", "on"),
            lambda: client.send("a", [{1}]),
            lambda: client.send(5),
        ):
            self.assertRaises(TypeError, call)
        self.assertRaises(ValueError, client.send, "a", retry="often")
        self.assertRaises(ValueError, client.send, "a", ["x" * 70000])
        self.assertRaises(ValueError, client.command, {"method": "a", "id": 1 << 70})
        self.assertEqual(self.wire.sent, [])

    def test_dirty_replies(self):
        client = self.connect(faults=())
        self.device.faults = {"dirty JSON", "extra packets", "repeat"}
        for _ in range(3):
            self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_new_hello_after_a_minute(self):
        client = self.connect()
        client.send("get_prop", ["power"])
        self.wire.wait(59)
        client.send("get_prop", ["power"])
        self.wire.wait(2)
        client.send("get_prop", ["power"])
        self.assertEqual(
            [len(datagram) == 32 for datagram in self.wire.sent],
            [True, False, False, True, False],
        )

    def test_goes_on_without_the_hello_of_a_minute_ago(self):
        client = self.connect(["ok", "ok", "lose", "lose"])
        client.send("get_prop", ["power"])
        self.wire.wait(100)
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])


class SilenceTest(WireCase):
    def test_no_answer_to_hello(self):
        client = self.connect(["lose"] * 99, timeout=2.0)
        with self.assertRaisesRegex(NoReply, "no answer to hello") as caught:
            client.send("get_prop", ["power"])
        self.assertEqual((caught.exception.attempts, caught.exception.sent), (0, False))
        self.assertEqual(len(self.wire.sent), 3)
        self.assertAlmostEqual(self.spent(), 2.0)
        self.assertRaises(NoReply, client.handshake)

    def test_hellos_are_spaced(self):
        client = self.connect(["lose", "lose"])
        client.handshake()
        self.assertAlmostEqual(self.spent(), 0.91)

    def test_short_timeout(self):
        with self.assertRaises(NoReply):
            self.connect(["lose"] * 99, timeout=0.2).handshake()
        self.assertEqual(len(self.wire.sent), 1)
        self.assertAlmostEqual(self.spent(), 0.2)

    def test_wrong_token(self):
        client = self.connect(token=OTHER_TOKEN)
        with self.assertRaisesRegex(
            NoReply, "the given token is probably wrong"
        ) as caught:
            client.send("set_power", ["off"])
        self.assertEqual((caught.exception.attempts, caught.exception.sent), (3, True))
        self.assertAlmostEqual(self.spent(), 5.0)

    def test_shares_of_the_time(self):
        client = self.connect(["ok"] + ["lose reply", "ok"] * 3)
        with self.assertRaises(NoReply) as caught:
            client.send("set_power", ["off"])
        self.assertEqual(caught.exception.attempts, 3)
        stamps = [stamp - 5000 for _, stamp in self.requests()]
        self.assertEqual(stamps, [0, 1, 3])
        self.assertAlmostEqual(self.spent(), 5.0)

    def test_gone_after_it_was_there(self):
        client = self.connect()
        client.send("get_prop", ["power"])
        self.device.faults = {"deaf"}
        with self.assertRaisesRegex(
            NoReply, r"the request within 5.0 s; it may have acted"
        ):
            client.send("set_power", ["off"], retry="never")
        self.device.faults = set()
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        self.assertEqual(
            len(self.wire.sent[-2]), 32
        )  # hello comes first after a silence

    def test_junk_is_named_and_buys_no_time(self):
        client = self.connect(
            ["ok"] + ["lose reply"] * 99, junk=[b"junk", b"\x21\x31" + bytes(50)]
        )
        with self.assertRaisesRegex(
            NoReply, r"came instead: a miIO packet has 32 bytes or more"
        ):
            client.send("get_prop", ["power"])
        self.assertAlmostEqual(self.spent(), 5.0)


class RetryTest(WireCase):
    def test_same_id_acts_once_where_repeats_are_dropped(self):
        client = self.connect(["ok", "lose reply", "ok", "ok"], repeats="drop")
        self.assertRaises(NoReply, client.send, "bump")
        self.assertEqual(self.device.acted, 1)
        self.assertEqual(len({ident for ident, _ in self.requests()}), 1)

    def test_same_id_is_answered_again(self):
        client = self.connect(["ok", "lose reply"], repeats="answer")
        self.assertEqual(client.send("bump"), [1])
        self.assertEqual(self.device.acted, 1)
        (first, early), (second, late) = self.requests()
        self.assertEqual(first, second)
        self.assertEqual(late, early + 1)  # under the current stamp

    def test_reads_take_fresh_ids(self):
        client = self.connect(["ok", "lose reply"], repeats="drop")
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        (first, _), (second, _) = self.requests()
        self.assertEqual(second, first + 1)

    def test_which_methods_are_reads(self):
        for method, fresh in (
            ("get_prop", True),
            ("get_properties", True),
            ("miIO.info", True),
            ("miIO.get_ota_state", True),
            ("set_power", False),
            ("toggle", False),
            ("miIO.ota", False),
            ("getaway", False),
        ):
            client = self.connect(["ok"] + ["lose reply", "ok"] * 3)
            self.assertRaises(NoReply, client.send, method)
            self.assertEqual(
                len({ident for ident, _ in self.requests()}), 3 if fresh else 1, method
            )

    def test_asked_for(self):
        for retry, idents, sends in (("fresh", 3, 3), ("same", 1, 3), ("never", 1, 1)):
            client = self.connect(["ok"] + ["lose reply", "ok"] * 3)
            self.assertRaises(NoReply, client.send, "toggle", retry=retry)
            self.assertEqual(len({ident for ident, _ in self.requests()}), idents)
            self.assertEqual(len(self.requests()), sends)
            self.assertAlmostEqual(self.spent(), 5.0)

    def test_same_id_for_a_read_if_asked_for(self):
        client = self.connect(["ok", "lose reply"], repeats="answer")
        self.assertEqual(client.send("get_prop", ["power"], retry="same"), ["on"])
        self.assertEqual(len({ident for ident, _ in self.requests()}), 1)

    def test_hello_takes_half_of_a_share_at_most(self):
        """Unanswered, it leaves the rest for the request that is sent all the same."""
        client = self.connect()
        client.handshake()
        self.wire.wait(100)
        start, times = self.wire.now(), []
        send = self.wire.send

        def note(datagram):
            times.append((len(datagram) > 32, round(self.wire.now() - start, 3)))
            if len(datagram) > 32:
                send(datagram)

        self.wire.send = note
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        self.assertEqual(times, [(False, 0.0), (False, 0.3), (True, 0.5)])

    def test_a_late_answer_to_an_earlier_send_counts(self):
        """Whether it comes while hello is said or while the next send waits."""
        for late in (1.0, 1.2):
            client = self.connect(["ok", late, "lose", "lose", "lose", "lose"])
            self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_a_late_answer_to_an_earlier_call_does_not(self):
        client = self.connect(["ok", 6.5] + ["lose"] * 20)
        self.assertRaises(NoReply, client.send, "get_prop", ["power"])
        self.wire.faults = []
        self.device.properties["power"] = "changed"
        self.assertEqual(client.send("get_prop", ["power"]), ["changed"])
        self.wire.wait(5)
        self.assertEqual(client.send("get_prop", ["power"]), ["changed"])

    def test_busy_device_is_asked_again_for_reads(self):
        for method, calls in (("get_status", 3), ("start", 1)):
            client = self.connect()
            answers = [
                DeviceError(-9999, "user ack timeout"),
                DeviceError(-30001, "resp invalid json"),
            ]

            def work(params):
                if answers:
                    raise answers.pop(0)
                return ["done"]

            self.device.methods[method] = work
            if calls == 1:
                self.assertRaises(DeviceError, client.send, method)
            else:
                self.assertEqual(client.send(method), ["done"])
                self.assertAlmostEqual(self.spent(), 1.04)
            self.assertEqual(len(self.requests()), calls)
            self.assertEqual(len({ident for ident, _ in self.requests()}), calls)

    def busy(self, *faults, timeout=5.0):
        client = self.connect(faults, timeout=timeout)

        def work(params):
            raise DeviceError(-9999, "user ack timeout")

        self.device.methods["get_status"] = work
        return client

    def test_what_a_busy_device_said_is_not_forgotten(self):
        for faults, timeout in (
            (["ok", "ok"] + ["lose"] * 20, 5.0),  # silent from then on
            ([], 0.3),  # no time for another send
            (["ok", 1.2] + ["lose"] * 20, 5.0),  # it comes during the next hello
        ):
            client = self.busy(*faults, timeout=timeout)
            with self.assertRaises(DeviceError):
                client.send("get_status")
            self.assertLessEqual(self.spent(), timeout + 0.001)

    def test_no_send_when_the_time_is_up(self):
        self.assertRaises(DeviceError, self.busy(timeout=0.3).send, "get_status")
        self.assertEqual(len(self.requests()), 1)

    def test_a_busy_answer_that_comes_twice(self):
        """The second copy is no answer to the next send."""
        client = self.connect()
        answers = [DeviceError(-9999, "user ack timeout")]

        def work(params):
            if answers:
                raise answers.pop()
            return ["done"]

        self.device.methods["get_status"] = work
        handle = self.device.handle
        again = []

        def handle_and_repeat_later(datagram, now):
            replies = handle(datagram, now)
            late, again[:] = list(again), replies
            return late + replies if len(datagram) > 32 else replies

        self.device.handle = handle_and_repeat_later
        self.assertEqual(client.send("get_status"), ["done"])
        self.assertEqual(len(self.requests()), 2)

    def test_busy_for_good(self):
        client = self.connect()

        def work(params):
            raise DeviceError(-9999, "user ack timeout")

        self.device.methods["get_status"] = work
        self.assertRaises(DeviceError, client.send, "get_status")
        self.assertEqual(len(self.requests()), 3)
        spent = self.spent()
        self.assertRaises(DeviceError, client.send, "get_status", retry="never")
        self.assertEqual(len(self.requests()), 4)
        # Nothing follows the last attempt, so there is nothing to wait for.
        self.assertAlmostEqual(self.spent() - spent, 0.01)


class VerdictTest(WireCase):
    def test_rejected_token(self):
        client = self.connect()
        self.device.faults = {"reject"}
        with self.assertRaisesRegex(TokenError, "rejects"):
            client.send("get_prop", ["power"])
        self.assertLess(self.spent(), 3.1)  # the second rejection settles it

    def test_a_forged_rejection_does_not_keep_the_answer_away(self):
        forged = packet.HEADER.pack(packet.MAGIC, 80, 5, 5, HIDDEN)
        client = self.connect(junk=[forged])
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_no_json_at_all(self):
        odd = packet.encode(Token(TOKEN), b"[", device_id=5, stamp=5)
        client = self.connect(["ok"] + ["lose reply", "ok"] * 3, junk=[odd])
        with self.assertRaises(PayloadError) as caught:
            client.send("get_prop", ["power"])
        self.assertEqual(caught.exception.payload, b"[")
        client = self.connect(["ok", "lose reply"], junk=[odd])
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_one_rejection_may_be_a_damaged_hello(self):
        client = self.connect(["ok", "lose"])
        handle = self.device.handle

        def reject_once(datagram, now):
            self.device.faults = {"reject"} if not rejected else set()
            rejected.append(datagram)
            return handle(datagram, now)

        rejected = []
        client.handshake()
        self.wire.faults = []
        self.device.handle = reject_once
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_other_peoples_packets(self):
        """Signed by another token, damaged, with another id: skipped and told apart."""
        for fault, text in (
            ("wrong token", "checksum"),
            ("damage", "checksum"),
            ("wrong id", "another request"),
            ("lose", "may have acted|token"),
        ):
            client = self.connect()
            self.device.faults = {fault}
            with self.assertRaisesRegex(NoReply, text):
                client.send("get_prop", ["power"])

    def test_reordered(self):
        client = self.connect()
        self.device.faults = {"reorder"}
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])


class FloodTest(WireCase):
    def test_junk_without_end(self):
        """Other junk each time: skipped in little space, named in short."""
        client = self.connect(["ok"] + ["lose reply"] * 9)
        self.wire.junk = [
            b"\x21\x31" + bytes([n >> 8, n & 255] * 31) for n in range(3000)
        ]
        with self.assertRaises(NoReply) as caught:
            client.send("get_prop", ["power"])
        self.assertLess(len(str(caught.exception)), 500)
        self.assertRegex(str(caught.exception), r"others \(\d{3,} times\)")


class BeliefTest(WireCase):
    """Whose hello is believed, and what follows from that."""

    def test_the_first_revealed_token_stays_for_good(self):
        client = self.connect(token=None, reveal=True)
        client.send("get_prop", ["power"])
        self.device.token = Token(OTHER_TOKEN)
        sent = len(self.requests())
        with self.assertRaisesRegex(TokenError, "another token than at first"):
            client.handshake()
        with self.assertRaisesRegex(TokenError, "another token than at first"):
            client.send("toggle")
        self.assertEqual((self.device.acted, len(self.requests())), (0, sent))
        self.assertLess(self.spent(), 2.0)

    def test_a_device_that_is_not_saved_gets_no_command(self):
        class Saved:
            def token(self, device_id):
                return None

        client = self.connect(token=None, tokens=Saved(), reveal=True)
        text = "device %d is not saved" % self.device.device_id
        with self.assertRaisesRegex(TokenError, text):
            client.send("toggle")
        self.assertEqual((self.device.acted, self.requests()), (0, []))

    def test_a_hello_reply_that_gives_no_token_is_not_kept(self):
        """It may be forged, or the device may be saved in the meantime."""
        saved = {}

        class Saved:
            def token(self, device_id):
                return saved.get(device_id)

        client = self.connect(token=None, tokens=Saved())
        self.assertRaises(TokenError, client.send, "toggle")
        saved[self.device.device_id] = TOKEN
        self.assertEqual(client.send("toggle"), ["ok"])
        forged = packet.HEADER.pack(packet.MAGIC, 32, 99, 9, b"\xff" * 16)
        client = self.connect(token=None, tokens=Saved(), junk=[forged])
        self.assertRaises(TokenError, client.send, "toggle")
        self.wire.junk = []
        self.assertEqual(client.send("toggle"), ["ok"])

    def test_a_device_that_wants_0_in_the_high_word(self):
        for retry, works in ((None, True), ("fresh", True), ("never", False)):
            client = self.connect(device_id=7)
            handle = self.device.handle

            def answer_as_16(datagram, now):
                replies = handle(datagram, now)
                return [r[:7] + b"\x10" + r[8:] if len(r) == 32 else r for r in replies]

            self.device.handle = answer_as_16
            if works:
                self.assertEqual(client.send("set_power", ["on"], retry=retry), ["ok"])
                self.assertEqual(len(self.requests()), 2)
                client.send("set_power", ["on"], retry="never")
                self.assertEqual(len(self.requests()), 3)
            else:
                with self.assertRaises(NoReply):
                    client.send("set_power", ["on"], retry=retry)
                self.assertEqual(len(self.requests()), 1)


class ChosenIdTest(WireCase):
    def test_a_reply_to_an_earlier_request_is_not_the_answer(self):
        """Copies of the first reply are on the way, some of them for long."""
        client = self.connect()
        self.device.methods["set_speed"] = lambda params: params
        handle = self.device.handle

        def repeat_late(datagram, now):
            replies = handle(datagram, now)
            for reply in replies:
                for delay in (0.001, 0.012, 0.2):
                    self.wire.deliver(reply, delay)
            return replies

        self.device.handle = repeat_late
        for number in range(5):
            fields = {"id": 1, "method": "set_speed", "params": [number]}
            self.assertEqual(client.command(fields), [number])
            self.wire.wait(0.015)


class MessageTest(WireCase):
    def silence(self, method, **options):
        client = self.connect(["ok"] + ["lose"] * 20, **options)
        with self.assertRaises(NoReply) as caught:
            client.send(method)
        return str(caught.exception)

    def test_a_read_cannot_have_acted(self):
        self.assertNotIn("acted", self.silence("get_prop"))
        self.assertIn("it may have acted all the same", self.silence("toggle"))

    def test_requests_that_could_not_leave_do_not_count(self):
        """The device cannot have acted, and the message says what is in the way."""
        for faults, attempts in ((["no network"] * 20, 0), (["lose"] * 20, 3)):
            client = self.connect(["ok"] + faults)
            client.handshake()
            with self.assertRaises(NoReply) as caught:
                client.send("toggle")
            self.assertEqual(caught.exception.attempts, attempts)
            self.assertEqual(caught.exception.sent, attempts > 0)
            text = str(caught.exception)
            self.assertEqual("acted" in text, attempts > 0)
            self.assertEqual("Network is unreachable" in text, attempts == 0)

    def test_a_network_that_is_back_in_a_moment_is_no_error(self):
        client = self.connect(["ok", "no network", "no network"])
        client.handshake()
        self.assertEqual(client.send("toggle"), ["ok"])
        self.assertEqual((self.device.acted, len(self.requests())), (1, 1))

    def test_no_message_doubles_its_punctuation(self):
        for method in ("get_prop", "toggle"):
            self.assertNotRegex(self.silence(method, junk=[b"junk"]), r"[?;,.][;,.]")


class GeneratorTest(unittest.TestCase):
    """What a driver sees: wishes come out, datagrams and refusals go in."""

    def setUp(self):
        self.time = 100.0
        session = Session(Credentials(Token(TOKEN)), 1, "lamp")
        request = Request({"method": "toggle", "id": 5}, None)
        self.steps = ask(session, request, 105.0, lambda: self.time)

    def test_it_names_what_it_wants(self):
        wish = next(self.steps)
        self.assertIs(wish, DROP)
        self.assertEqual(repr(wish), "DROP")
        self.assertEqual(next(self.steps), packet.HELLO)
        self.assertEqual(next(self.steps), 100.3)
        hello = packet.HEADER.pack(packet.MAGIC, 32, 7, 9, b"\xff" * 16)
        request = self.steps.send(hello)
        self.assertGreater(len(request), 32)
        self.assertEqual(next(self.steps), 101.0)
        reply = packet.encode(
            Token(TOKEN), b'{"id":5,"result":["ok"]}', device_id=7, stamp=9
        )
        with self.assertRaises(StopIteration) as end:
            self.steps.send(reply)
        self.assertEqual(end.exception.value, ["ok"])

    def test_a_hello_reply_that_is_read_too_late_is_followed_by_nothing(self):
        """A caller that does other things reads it when the time is up."""
        hello = packet.HEADER.pack(packet.MAGIC, 32, 7, 9, b"\xff" * 16)
        for late in (105.0, 130.0):
            self.setUp()
            for datagram in (None, None, None):
                self.steps.send(datagram)
            self.time = late
            with self.assertRaisesRegex(NoReply, "no request could be sent") as caught:
                self.steps.send(hello)
            self.assertFalse(caught.exception.sent)

    def test_nor_is_one_that_comes_after_a_first_attempt(self):
        hello = packet.HEADER.pack(packet.MAGIC, 32, 7, 9, b"\xff" * 16)
        for datagram in (None, None, None, hello, None):
            wish = self.steps.send(datagram)
        self.time = wish
        self.assertEqual(self.steps.send(None), packet.HELLO)
        self.steps.send(None)
        self.time = 105.0
        with self.assertRaisesRegex(NoReply, "did not answer the request") as caught:
            self.steps.send(hello)
        self.assertEqual(caught.exception.attempts, 1)

    def test_a_refusal_ends_a_handshake(self):
        session = Session(Credentials(), 1, "lamp")
        steps = greet(session, 105.0, lambda: 100.0)
        self.assertEqual([next(steps), next(steps)], [DROP, packet.HELLO])
        with self.assertRaisesRegex(NoReply, "network is gone") as caught:
            steps.throw(NoReply("network is gone"))
        self.assertFalse(caught.exception.sent)

    def test_a_refusal_tells_how_many_requests_left_before(self):
        hello = packet.HEADER.pack(packet.MAGIC, 32, 7, 9, b"\xff" * 16)
        for sent, attempts in (([], 0), ([hello], 0), ([hello, None], 1)):
            self.setUp()
            for datagram in [None, None, None] + sent:
                self.steps.send(datagram)
            with self.assertRaisesRegex(NoReply, "network is gone") as caught:
                self.steps.throw(NoReply("network is gone"))
            self.assertEqual(caught.exception.attempts, attempts)
