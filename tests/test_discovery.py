# SPDX-License-Identifier: MIT
"""Discovery on loopback; broadcasts are in test_network."""

import errno
import os
import socket
import threading
import time
import unittest
from unittest import mock

from miio_pure import Found, NoReply, discover, link, packet
from miio_pure.simulator import FakeDevice, Simulator, fan

from .support import CLOSED_PORT, TOKEN
from .support.system import system


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


class RefusalTest(unittest.TestCase):
    """What a system may say to a broadcast, without sending one."""

    class Socket(link.socket.socket):
        refused = errno.ENETUNREACH
        interfaces = None

        def sendto(self, data, address):
            raise OSError(self.refused, os.strerror(self.refused))

        def sendmsg(self, *args):
            self.interfaces.append(args)
            if len(self.interfaces) % 2:
                raise OSError(errno.ENETDOWN, "down")

        def recvfrom(self, size):
            raise OSError(errno.EHOSTUNREACH, "no route")

    def search(self, refused, interfaces):
        self.Socket.refused, self.Socket.interfaces = refused, []
        with system(socket=self.Socket, if_nameindex=lambda: interfaces):
            return list(discover(timeout=0.05))

    def test_no_default_route(self):
        interfaces = [(1, "lo"), (2, "br-lan"), (3, "eth1")]
        self.assertEqual(self.search(errno.ENETUNREACH, interfaces), [])
        self.assertEqual(len(self.Socket.interfaces), 2)
        self.assertEqual(self.Socket.interfaces[1][3], ("255.255.255.255", 54321))

    def test_dead_addresses_fill_the_buffer(self):
        """The first hello waits for room within the time; later ones do not wait."""
        sent = []

        class Full(link.socket.socket):
            def sendto(self, data, address):
                sent.append((address[0], bool(self.gettimeout())))
                if address[0] == "127.0.0.3":
                    raise socket.timeout() if self.gettimeout() else BlockingIOError
                return super().sendto(data, address)

        addresses = ["127.0.0.%d" % n for n in range(1, 4)]
        with Simulator(FakeDevice(TOKEN)) as simulator:
            with system(socket=Full):
                search = discover(*addresses, port=simulator.port, timeout=0.5)
                self.assertEqual(next(search).address, "127.0.0.1")
                with self.assertRaisesRegex(NoReply, r"127.0.0.3 port \d+: cannot"):
                    next(search)
        self.assertEqual(sent[:3], [(address, True) for address in addresses])
        self.assertFalse({(addresses[0], False)} & set(sent[3:]))  # it has answered
        self.assertFalse(any(waits for _, waits in sent[3:]))

    def test_no_network(self):
        for refused, interfaces in (
            (errno.ENETUNREACH, []),
            (errno.ENETUNREACH, [(1, "lo")]),
            (errno.EPERM, [(1, "lo")]),
        ):
            with self.assertRaisesRegex(NoReply, "cannot be reached|firewall"):
                self.search(refused, interfaces)

    def test_a_system_that_cannot_name_interfaces(self):
        self.Socket.refused, self.Socket.interfaces = errno.ENETUNREACH, []
        with system(lacks=["if_nameindex"], socket=self.Socket):
            with self.assertRaisesRegex(NoReply, "cannot be reached"):
                list(discover(timeout=0.05))
