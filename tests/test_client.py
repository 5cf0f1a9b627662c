# SPDX-License-Identifier: MIT
"""The client's calls over a wire in memory: deadlines, retries, what is believed."""

import errno
import pickle
import socket
import threading
import unittest
from unittest import mock

from miio_pure import (
    Client,
    DeviceError,
    NoReply,
    PayloadError,
    Token,
    TokenError,
    packet,
    payload,
)
from miio_pure.simulator import HIDDEN, FakeDevice, Simulator, fan

from .support import CLOSED_PORT, OTHER_TOKEN, TOKEN
from .support.devices import counting_fan
from .support.wire import Wire, WireCase


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

    def test_info(self):
        self.assertEqual(self.connect().info()["model"], "simulated.fan.v1")
        client = self.connect()
        self.device.methods["miIO.info"] = lambda params: ["odd"]
        self.assertRaises(PayloadError, client.info)

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
        self.assertEqual(self.wire.sent, [])
        self.assertRaises(TypeError, Client, 5, TOKEN)
        self.assertRaises(ValueError, client.command, {"method": "a", "id": 1 << 70})
        for options in (
            {"port": 0},
            {"port": 1.5},
            {"port": 65536},
            {"timeout": 0},
            {"timeout": float("nan")},
            {"timeout": -1},
            {"timeout": 1e9},
        ):
            self.assertRaises(ValueError, Client, "lamp", TOKEN, **options)
        self.assertRaises(TokenError, Client, "lamp", b"too short")

    def test_dirty_replies(self):
        client = self.connect(faults=())
        self.device.faults = {"dirty JSON", "extra packets", "repeat"}
        for _ in range(3):
            self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_context(self):
        with self.connect() as client:
            self.assertEqual(repr(client), "<Client lamp>")
        self.assertEqual(self.wire.closed, 1)

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
        with self.assertRaisesRegex(NoReply, "is the token right") as caught:
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
            NoReply, r"the request in 5.0 s; it may have acted"
        ):
            client.send("set_power", ["off"], retry="never")
        self.assertEqual(self.wire.closed, 1)
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
        self.assertRaises(DeviceError, client.send, "get_status", retry="never")
        self.assertEqual(len(self.requests()), 4)


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
        self.assertRegex(str(caught.exception), r"and more \(\d{3,} times\)")
        self.assertIn("and more", str(caught.exception))

    def test_a_device_set_up_anew_shows_its_new_token(self):
        client = self.connect(token=None, reveal=True)
        client.send("get_prop", ["power"])
        self.device.token = Token(OTHER_TOKEN)
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_clients_made_at_once_do_not_share_ids(self):
        sent = set()
        for _ in range(5):
            client = self.connect()
            for _ in range(3):
                client.send("get_prop", ["power"])
            sent.update(ident for ident, _ in self.requests())
        self.assertEqual(len(sent), 15)


class ErrorTest(unittest.TestCase):
    def test_they_are_what_they_seem(self):
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


class LinkTest(unittest.TestCase):
    """The same on real sockets."""

    def test_talks(self):
        seen = []
        with Simulator(counting_fan(TOKEN)) as simulator:
            with Client(
                "127.0.0.1",
                TOKEN,
                port=simulator.port,
                bind="127.0.0.1",
                trace=lambda *event: seen.append(event),
            ) as client:
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])
                self.assertEqual(client.handshake().port, simulator.port)
                text = "x" * 60000
                self.assertEqual(client.send("echo", [text]), [text])
                client.close()
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        self.assertEqual(
            [(event, address) for event, _, address in seen[:4]],
            [("sent", "127.0.0.1"), ("received", "127.0.0.1")] * 2,
        )

    def test_what_came_unasked_is_discarded(self):
        from miio_pure.client import Link

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind(("127.0.0.1", 0))
            link = Link("127.0.0.1", device.getsockname()[1], None, Link.now() + 1)
            link.send(b"here")
            _, peer = device.recvfrom(100)
            for count, left in ((3, None), (110, b"junk")):
                for _ in range(count):
                    device.sendto(b"junk", peer)
                link.discard()
                self.assertEqual(link.receive(link.now() + 0.01), left)
            link.close()

    def test_an_error_of_the_past_is_discarded_with_what_followed(self):
        from miio_pure.client import Link

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        link = Link("127.0.0.1", port, None, Link.now() + 1)
        link.send(b"here")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind(("127.0.0.1", port))
            device.sendto(b"junk", link._socket.getsockname())
            link.discard()
            self.assertIsNone(link.receive(link.now() + 0.01))
        link.close()

    def test_host_name(self):
        with Simulator(fan(TOKEN)) as simulator:
            with Client("localhost", TOKEN, port=simulator.port) as client:
                self.assertEqual(client.handshake().address, "127.0.0.1")

    def test_threads_take_turns(self):
        """Eight threads, 5,000 calls: each gets its own answer, and ids stay unique."""
        wrong, idents = [], []
        device = counting_fan(TOKEN)
        handle = device.handle

        def note(datagram, now):
            if len(datagram) > 32:
                request = packet.decode(datagram, device.token)
                idents.append(payload.load(request.payload)["id"])
            return handle(datagram, now)

        device.handle = note
        with Simulator(device) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port, timeout=60) as client:

                def work(number):
                    for i in range(625):
                        if client.send("echo", [number, i]) != [number, i]:
                            wrong.append((number, i))

                threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual((len(idents), len(set(idents))), (5000, 5000))

    def test_a_turn_that_never_comes(self):
        busy, done = threading.Event(), threading.Event()

        class Stuck(Wire):
            def receive(self, until):
                busy.set()
                done.wait()
                return super().receive(until)

        client = Client("lamp", TOKEN, timeout=0.05, link=Stuck(fan(TOKEN)))
        thread = threading.Thread(target=client.send, args=("get_prop", ["power"]))
        thread.start()
        busy.wait()
        with self.assertRaisesRegex(NoReply, "other threads") as caught:
            client.send("get_prop", ["power"])
        self.assertFalse(caught.exception.sent)
        done.set()
        thread.join()

    def test_closed_by_another_thread(self):
        device = fan(TOKEN)
        with Simulator(device) as simulator:
            client = Client("127.0.0.1", TOKEN, port=simulator.port)
            client.info()
            handle = device.handle

            def close_then_handle(*args):
                client.close()
                return handle(*args)

            device.handle = close_then_handle
            try:
                client.info()
            except NoReply as error:
                self.assertRegex(str(error), "was closed")

    def test_a_system_without_sockets(self):
        with mock.patch("socket.socket", side_effect=OSError(errno.EMFILE, "Too many")):
            with self.assertRaisesRegex(NoReply, "gives no socket: Too many"):
                Client("127.0.0.1", TOKEN).info()

    def test_closed_port(self):
        with Client("127.0.0.1", TOKEN, port=CLOSED_PORT, timeout=60) as client:
            with self.assertRaisesRegex(NoReply, "port is closed"):
                client.info()

    def test_a_port_that_closes(self):
        with Simulator(FakeDevice(TOKEN)) as simulator:
            client = Client("127.0.0.1", TOKEN, port=simulator.port, timeout=60)
            client.info()
        with client, self.assertRaisesRegex(NoReply, "port is closed") as caught:
            client.info()
        self.assertEqual(caught.exception.attempts, 1)

    def test_unknown_hosts(self):
        for host in ("no-such-host.invalid", "", "b\u00fcro", "a b", "a\0b", "x" * 300):
            with self.assertRaisesRegex(NoReply, "host") as caught:
                Client(host, TOKEN, timeout=3).info()
            self.assertFalse(caught.exception.sent)
            self.assertNotIn("name server", str(caught.exception))

    def test_local_address_that_is_not_ours(self):
        with self.assertRaisesRegex(NoReply, "cannot send from 192.0.2.77"):
            Client("127.0.0.1", TOKEN, bind="192.0.2.77").info()

    def test_broadcast_address_is_no_device(self):
        with self.assertRaisesRegex(NoReply, "broadcast address"):
            Client("255.255.255.255", TOKEN).info()

    def test_errors_of_the_network(self):
        for number, text in (
            (errno.ENETUNREACH, "cannot be reached"),
            (errno.EPERM, "firewall"),
            (errno.ECONNREFUSED, "port is closed"),
            (errno.EBADF, "was closed"),
        ):
            device = fan(TOKEN)
            client = Client(
                "lamp",
                TOKEN,
                link=Wire(device, [OSError(number, "text of the system")]),
            )
            with self.assertRaisesRegex(NoReply, text):
                client.info()

    def test_a_network_that_is_down_for_a_moment_is_silence(self):
        from miio_pure import client as module

        class Shaky(socket.socket):
            def send(self, *args):
                raise OSError(sends.pop(), "down")

            def recv(self, *args):
                if shaky.pop():
                    raise OSError(errno.EHOSTUNREACH, "no route")
                raise socket.timeout

        shaky = [False, True]
        sends = [errno.EPERM, errno.ENETDOWN]
        link = module.Link("127.0.0.1", 9, None, module.Link.now() + 1)
        link.close()
        link._socket = Shaky(socket.AF_INET, socket.SOCK_DGRAM)
        link.send(b"x")
        self.assertIsNone(link.receive(link.now() + 5))
        self.assertIsNone(link.receive(link.now() - 1))
        self.assertEqual(shaky, [])
        self.assertRaises(OSError, link.send, b"x")
        link.close()
