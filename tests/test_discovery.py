# SPDX-License-Identifier: MIT
"""Discovery on loopback; broadcasts are in test_network."""

import collections
import errno
import os
import select
import socket
import threading
import time
import types
import unittest
from unittest import mock

from miio_pure import Found, NoReply, discover, discovery, link, packet
from miio_pure.simulator import FakeDevice, Simulator, fan

from .support import CLOSED_PORT, TOKEN
from .support.system import interfaces, system


class FoundTest(unittest.TestCase):
    def found(self, stamp=5):
        reply = packet.HEADER.pack(packet.MAGIC, 32, 0x12345, stamp, b"\xff" * 16)
        return Found("192.0.2.1", 54321, packet.decode(reply))

    def test_equal_findings_are_equal(self):
        self.assertEqual(self.found(), self.found())
        self.assertEqual(len({self.found(), self.found()}), 1)
        self.assertNotEqual(self.found(), self.found(stamp=6))
        self.assertNotEqual(self.found(), "192.0.2.1")

    def test_the_parts_of_its_id_have_names(self):
        found = self.found()
        self.assertEqual((found.device_type, found.serial), (1, 0x2345))
        self.assertEqual(repr(found), "<Found 192.0.2.1 device_id=74565>")


class DiscoverTest(unittest.TestCase):
    def test_one_address(self):
        with Simulator(fan(TOKEN, device_id=0x189ABCDEF, reveal=True)) as simulator:
            started = time.monotonic()
            (found,) = discover("127.0.0.1", port=simulator.port, timeout=30)
        self.assertLess(time.monotonic() - started, 20)  # it does not wait for more
        self.assertEqual(
            (
                found.address,
                found.port,
                found.device_id,
                found.token.hex(),
            ),
            ("127.0.0.1", simulator.port, 0x189ABCDEF, TOKEN),
        )

    def test_several_addresses_and_names(self):
        with Simulator(FakeDevice(TOKEN, device_id=1)) as first, Simulator(
            FakeDevice(TOKEN, device_id=2), "127.0.0.2", first.port
        ):
            found = list(
                discover(
                    "localhost", "127.0.0.2", "127.0.0.3", port=first.port, timeout=0.5
                )
            )
        self.assertEqual(
            sorted((one.address, one.device_id) for one in found),
            [("127.0.0.1", 1), ("127.0.0.2", 2)],
        )

    def test_three_hellos_then_the_end(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            self.assertEqual(
                list(discover("127.0.0.1", "127.0.0.2", port=port, timeout=1.0)), []
            )
            silent.setblocking(False)
            self.assertEqual([silent.recv(100) for _ in range(3)], [packet.HELLO] * 3)
            self.assertRaises(BlockingIOError, silent.recv, 100)

    def test_short(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            self.assertEqual(
                list(discover("127.0.0.1", port=silent.getsockname()[1], timeout=0.1)),
                [],
            )

    def test_junk_echo_repeats_and_strangers_are_skipped(self):
        reply = packet.HEADER.pack(packet.MAGIC, 32, 77, 5, b"\xff" * 16)
        seen = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM
        ) as stranger:
            device.bind(("127.0.0.1", 0))
            stranger.bind(("127.0.0.3", device.getsockname()[1]))

            def answer():
                _, peer = device.recvfrom(100)
                stranger.sendto(reply, peer)
                for datagram in (
                    b"",
                    b"junk",
                    packet.HELLO,
                    reply + b"x" * 16,
                    reply,
                    reply,
                ):
                    device.sendto(datagram, peer)

            thread = threading.Thread(target=answer)
            thread.start()
            found = list(
                discover(
                    "127.0.0.1",
                    "127.0.0.4",
                    port=device.getsockname()[1],
                    timeout=0.5,
                    trace=lambda *event: seen.append(event),
                )
            )
            thread.join()
        self.assertEqual(
            [(one.address, one.device_id) for one in found], [("127.0.0.1", 77)]
        )
        self.assertEqual(seen[0], ("sent", packet.HELLO, "127.0.0.1"))
        self.assertIn(("received", b"junk", "127.0.0.1"), seen)

    def test_closed_port(self):
        with self.assertRaisesRegex(NoReply, "port is closed"):
            list(discover("127.0.0.1", port=CLOSED_PORT, timeout=60))

    def test_unknown_host_and_local_address(self):
        with self.assertRaisesRegex(NoReply, "cannot find"):
            list(discover("no-such-host.invalid", timeout=2))
        with self.assertRaisesRegex(NoReply, "cannot send from"):
            list(discover("127.0.0.1", bind="192.0.2.77"))
        self.assertRaises(ValueError, list, discover("127.0.0.1", timeout=0))
        self.assertRaises(ValueError, list, discover("127.0.0.1", port=0))

    def test_an_unknown_host_does_not_hide_the_others(self):
        with Simulator(FakeDevice(TOKEN)) as simulator:
            search = discover(
                "no-such-host.invalid", "127.0.0.1", port=simulator.port, timeout=3
            )
            self.assertEqual(next(search).address, "127.0.0.1")
            with self.assertRaisesRegex(NoReply, "cannot find"):
                next(search)

    def test_a_name_server_that_does_not_answer(self):
        hold = threading.Event()
        answer = [(0, 0, 0, "", ("", 0))]
        with system(getaddrinfo=lambda *args: hold.wait() and answer):
            with self.assertRaisesRegex(NoReply, "no answer from the name server"):
                list(discover("lamp.lan", timeout=0.05))
            with Simulator(FakeDevice(TOKEN)) as simulator:
                search = discover(
                    "lamp.lan", "127.0.0.1", port=simulator.port, timeout=1.0
                )
                self.assertEqual(next(search).address, "127.0.0.1")
                with self.assertRaisesRegex(NoReply, "no answer from the name server"):
                    next(search)
            hold.set()

    def test_a_silent_name_server_leaves_time_for_other_names(self):
        hold = threading.Event()

        def answer(name, *args):
            if name == b"dead.lan":
                hold.wait()
            return [(0, 0, 0, "", ("127.0.0.1", 0))]

        with Simulator(FakeDevice(TOKEN)) as simulator, system(getaddrinfo=answer):
            search = discover("dead.lan", "lamp.lan", port=simulator.port, timeout=1.0)
            self.assertEqual(next(search).address, "127.0.0.1")
            with self.assertRaisesRegex(NoReply, "dead.lan: no answer"):
                next(search)
            hold.set()

    def test_no_more_threads(self):
        limit = mock.patch("miio_pure.link.start_new_thread", side_effect=RuntimeError)
        with limit, Simulator(FakeDevice(TOKEN)) as simulator:
            (found,) = discover("localhost", port=simulator.port)
        self.assertEqual(found.address, "127.0.0.1")

    def test_a_slow_reader_misses_nobody(self):
        with Simulator(FakeDevice(TOKEN, device_id=1)) as first, Simulator(
            FakeDevice(TOKEN, device_id=2), "127.0.0.2", first.port
        ):
            search = discover("127.0.0.1", "127.0.0.2", port=first.port, timeout=0.25)
            found = [next(search)]
            threading.Event().wait(0.3)
            found += search
        self.assertEqual({one.device_id for one in found}, {1, 2})

    def test_dropped_in_the_middle(self):
        """The socket is closed with the generator: -W error shows it otherwise."""
        with Simulator(FakeDevice(TOKEN)) as simulator:
            search = discover("127.0.0.1", "127.0.0.2", port=simulator.port)
            self.assertEqual(next(search).address, "127.0.0.1")
            search.close()


class SubnetTest(unittest.TestCase):
    def test_the_addresses_of_hosts(self):
        for subnet, first, last, count in (
            ("192.168.20.0/24", "192.168.20.1", "192.168.20.254", 254),
            ("192.168.20.77/24", "192.168.20.1", "192.168.20.254", 254),
            ("10.0.16.0/20", "10.0.16.1", "10.0.31.254", 4094),
            ("10.0.0.4/30", "10.0.0.5", "10.0.0.6", 2),
            ("10.0.0.4/31", "10.0.0.4", "10.0.0.5", 2),
            ("10.0.0.4/32", "10.0.0.4", "10.0.0.4", 1),
        ):
            found = discovery.list_subnet(subnet)
            self.assertEqual((found[0], found[-1], len(found)), (first, last, count))
        self.assertEqual(discovery.list_subnet("lamp.lan"), [])

    def test_what_is_too_large_or_no_subnet_is_refused_at_once(self):
        for subnet in (
            "10.0.0.0/19",
            "10.0.0.0/0",
            "10.0.0.0/-5",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/024",
            "10.0.0.0/255.255.255.0",
            "10.0.0/24",
            "lamp.lan/24",
            "::1/24",
        ):
            with self.assertRaisesRegex(
                ValueError, "expected a subnet.*20 is the largest"
            ):
                next(discover("no-such-host.invalid", subnet))

    def test_devices_in_a_subnet_are_found(self):
        with Simulator(FakeDevice(TOKEN, device_id=1), "127.0.0.9") as first, Simulator(
            FakeDevice(TOKEN, device_id=2), "127.0.0.14", first.port
        ):
            found = list(discover("127.0.0.8/29", port=first.port, timeout=0.1))
        self.assertEqual({one.device_id for one in found}, {1, 2})

    def test_it_ends_early_when_all_have_answered(self):
        with Simulator(FakeDevice(TOKEN, device_id=1), "127.0.0.8") as first, Simulator(
            FakeDevice(TOKEN, device_id=2), "127.0.0.9", first.port
        ):
            search = discover("127.0.0.8/31", port=first.port, timeout=1000)
            self.assertEqual(len(list(search)), 2)


class PaceTest(unittest.TestCase):
    """When hellos leave; only the test moves the time."""

    def setUp(self):
        self.now = 1000.0
        self.sent = []
        test = self

        class Socket(link.socket.socket):
            """Counts what it is given, and sends nothing."""

            def sendto(self, data, address):
                test.sent.append((test.now, address[0], self))

        class Poll:
            """Waits by moving the time."""

            def register(self, sock, events):
                pass

            def poll(self, timeout):
                test.now += timeout / 1000.0
                return []

        clock = types.SimpleNamespace(monotonic=lambda: self.now)
        for patch in (
            mock.patch.object(discovery, "time", clock),
            mock.patch("select.poll", Poll),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.Socket = Socket

    def search(self, *targets, **options):
        with system(socket=self.Socket):
            self.assertEqual(list(discover(*targets, **options)), [])
        return [address for _, address, _ in self.sent]

    def test_a_subnet_gets_hellos_at_a_rate_that_linux_can_resolve(self):
        self.search("10.0.0.0/22", timeout=5.0)
        times = [at for at, _, _ in self.sent]
        for start, end in zip(times, times[301:]):
            self.assertGreaterEqual(end - start, 0.999)
        self.assertLess(times[1021] - times[0], 1022 / 290)

    def test_a_few_dozen_addresses_get_their_hellos_at_once(self):
        self.search("10.0.0.0/26", timeout=0.2)
        times = [at for at, _, _ in self.sent]
        self.assertEqual((len(times), times[0]), (62, times[-1]))

    def test_the_timeout_begins_when_all_have_got_a_hello(self):
        addresses = self.search("10.0.0.0/22", timeout=2.0)
        last = self.sent[1021][0]
        self.assertEqual(len(set(addresses[:1022])), 1022)
        self.assertTrue(2.0 <= self.now - last < 2.1, self.now - last)

    def test_targets_that_overlap_get_one_hello(self):
        targets = ("10.0.0.0/29", "10.0.0.3", "10.0.0.0/30", "10.0.0.3", "10.0.0.9")
        addresses = self.search(*targets, timeout=0.2)
        wanted = ["10.0.0.%d" % number for number in (1, 2, 3, 4, 5, 6, 9)]
        self.assertEqual(sorted(addresses), wanted)

    def test_hellos_to_absent_hosts_share_the_buffers_of_several_sockets(self):
        self.search("10.0.0.0/24", timeout=0.2)
        counts = collections.Counter(sock for _, _, sock in self.sent)
        self.assertEqual(sum(counts.values()), 254)
        self.assertEqual(max(counts.values()), 64)

    def test_a_slow_caller_does_not_make_hellos_hurry(self):
        def trace(*event):
            if len(self.sent) == 50:
                self.now += 10.0

        self.search("10.0.0.0/24", timeout=0.2, trace=trace)
        times = [at for at, _, _ in self.sent]
        for start, end in zip(times[50:], times[53:]):
            self.assertGreater(end - start, 0.003)


class BroadcastTest(unittest.TestCase):
    """From where a broadcast leaves, and what a system may say to it; none is sent."""

    LAN = 0x1043

    class Socket(link.socket.socket):
        bound = refused = ()

        def bind(self, address):
            self.bound = address[0]

        def sendto(self, data, address):
            BroadcastTest.sent.append((self.bound, address))
            if self.bound in BroadcastTest.refused:
                raise OSError(BroadcastTest.number, os.strerror(BroadcastTest.number))

    def search(self, refused=(), number=errno.ENETDOWN, **options):
        BroadcastTest.sent, BroadcastTest.refused = [], refused
        BroadcastTest.number = number
        with system(socket=self.Socket), interfaces(
            lo=(0x49, "127.0.0.1"),
            eth0=(self.LAN, "192.0.2.7"),
            **{"br-lan": (self.LAN, "192.168.1.1")},
        ):
            self.assertEqual(list(discover(timeout=0.05, **options)), [])

    def test_one_leaves_from_each_address_of_this_host(self):
        self.search()
        everyone = ("255.255.255.255", 54321)
        wanted = [("192.0.2.7", everyone), ("192.168.1.1", everyone)]
        self.assertEqual(self.sent, wanted)

    def test_one_interface_is_enough(self):
        self.search(refused=("192.0.2.7",))
        self.assertEqual(len(self.sent), 2)

    def test_an_address_that_cannot_be_sent_from_is_left_out(self):
        class Picky(self.Socket):
            def bind(self, address):
                if address[0] == "192.0.2.7":
                    raise OSError(errno.EADDRNOTAVAIL, "belongs to a VRF")
                super().bind(address)

        with mock.patch.object(BroadcastTest, "Socket", Picky):
            self.search()
        self.assertEqual([bound for bound, _ in self.sent], ["192.168.1.1"])

    def test_nothing_leaves_where_no_interface_can_broadcast(self):
        BroadcastTest.sent = []
        with system(socket=self.Socket), interfaces(
            lo=(0x49, "127.0.0.1"), ppp0=(0x1051, "10.0.0.1")
        ):
            with self.assertRaisesRegex(NoReply, "no network interface is up"):
                list(discover(timeout=0.05))
        self.assertEqual(self.sent, [])

    def test_an_interface_can_be_named(self):
        for bind in ("br-lan", "192.168.1.1"):
            self.search(bind=bind)
            self.assertEqual([bound for bound, _ in self.sent], ["192.168.1.1"])

    def test_no_network(self):
        every = ("192.0.2.7", "192.168.1.1")
        for number in (errno.ENETUNREACH, errno.EPERM):
            with self.assertRaisesRegex(NoReply, "cannot be reached|firewall"):
                self.search(refused=every, number=number)

    def test_a_system_that_does_not_tell_its_addresses(self):
        BroadcastTest.sent, BroadcastTest.refused = [], ()
        with system(socket=self.Socket):
            with mock.patch.object(link, "INTERFACES", "/no/such/file"):
                self.assertEqual(list(discover(timeout=0.05)), [])
        self.assertEqual([bound for bound, _ in self.sent], [()])


class RefusalTest(unittest.TestCase):
    def test_a_target_that_cannot_be_sent_to_is_named_at_the_end(self):
        """The buffer of a socket may be full of hellos to hosts that are not there."""

        class Full(link.socket.socket):
            def sendto(self, data, address):
                if address[0] == "127.0.0.3":
                    raise BlockingIOError(errno.EAGAIN, "try again")
                return super().sendto(data, address)

        with Simulator(FakeDevice(TOKEN)) as simulator, system(socket=Full):
            search = discover(
                "127.0.0.3", "127.0.0.1", port=simulator.port, timeout=0.05
            )
            self.assertEqual(next(search).address, "127.0.0.1")
            with self.assertRaisesRegex(NoReply, r"127.0.0.3 port \d+: cannot"):
                next(search)

    def test_too_many_open_files(self):
        real, made = link.socket.socket, []

        def make(*args):
            if made:
                raise OSError(errno.EMFILE, "Too many open files")
            made.append(real(*args))
            return made[0]

        with system(socket=make):
            with self.assertRaisesRegex(
                NoReply, "cannot open a socket: Too many open files"
            ):
                next(discover("127.0.0.0/24"))

    def test_errors_of_a_socket_that_mean_nothing(self):
        class Odd(link.socket.socket):
            errors = [errno.EHOSTUNREACH, errno.ECONNRESET]

            def recvfrom(self, size):
                if self.errors:
                    raise OSError(self.errors.pop(), "no route")
                return super().recvfrom(size)

        with Simulator(FakeDevice(TOKEN)) as simulator, system(socket=Odd):
            search = discover("127.0.0.1", "127.0.0.3", port=simulator.port, timeout=1)
            self.assertEqual(next(search).address, "127.0.0.1")
            search.close()

    def test_a_system_without_poll(self):
        poll = select.poll
        del select.poll
        self.addCleanup(setattr, select, "poll", poll)
        with Simulator(FakeDevice(TOKEN)) as simulator:
            (found,) = discover("127.0.0.1", port=simulator.port, timeout=30)
        self.assertEqual(found.address, "127.0.0.1")
