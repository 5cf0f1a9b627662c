# SPDX-License-Identifier: MIT
"""Addresses, sockets, and what socket errors mean."""

import errno
import socket
import sys
import time
import unittest
from unittest import mock

from miio_pure import NoReply, link
from miio_pure.link import Link, explain

from .support.system import interfaces, load_without, system


class Fake(link.socket.socket):
    """A socket whose errors are set by the test; else it keeps silent."""

    on_send = on_receive = ()

    def connect(self, address):
        pass

    def send(self, datagram):
        for number in Fake.on_send:
            raise OSError(number, "text of the system")

    def recv(self, size):
        if Fake.on_receive:
            raise OSError(Fake.on_receive.pop(), "text of the system")
        raise socket.timeout


class Unreliable(link.socket.socket):
    """A real socket on a network that is down for the next so many connections."""

    outages = 0

    def connect(self, address):
        if Unreliable.outages:
            Unreliable.outages -= 1
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        super().connect(address)


UP, BROADCAST, LOOPBACK, POINTOPOINT, RUNNING = 0x1, 0x2, 0x8, 0x10, 0x40
LAN = UP | BROADCAST | RUNNING


class InterfacesTest(unittest.TestCase):
    """Which of this host's addresses reach a network with broadcasts."""

    def test_those_that_are_up_can_broadcast_and_have_an_address(self):
        with interfaces(
            lo=(UP | LOOPBACK | RUNNING, "127.0.0.1"),
            wan=(LAN, "192.0.2.7"),
            ppp0=(UP | POINTOPOINT | RUNNING, "198.51.100.7"),
            eth1=(BROADCAST, "192.168.9.1"),
            eth2=(LAN, None),
            **{"br-lan": (LAN, "192.168.1.1")},
        ):
            found = link.find_addresses()
        self.assertEqual(found, ["192.0.2.7", "192.168.1.1"])

    def test_a_system_that_does_not_tell(self):
        with mock.patch.object(link, "INTERFACES", "/no/such/file"):
            self.assertEqual(link.find_addresses(), [None])
        with interfaces(eth0=(LAN, "192.168.1.1")):
            with mock.patch.dict(sys.modules, fcntl=None):
                self.assertEqual(link.find_addresses(), [None])

    def test_windows_knows_the_addresses_of_its_own_name(self):
        answer = ("pc", [], ["192.168.1.5", "10.0.0.5"])
        with mock.patch("sys.platform", "win32"):
            with system(gethostname=lambda: "pc", gethostbyname_ex=lambda _: answer):
                self.assertEqual(link.find_addresses(), answer[2])
            refuse = mock.Mock(side_effect=OSError(11001, "not found"))
            with system(gethostname=lambda: "pc", gethostbyname_ex=refuse):
                self.assertEqual(link.find_addresses(), [None])

    def bind(self, bind):
        made = link.open_socket(bind)
        self.addCleanup(made.close)
        return made.getsockname()[0]

    def test_an_interface_stands_for_its_address(self):
        with interfaces(**{"br-lan": (LAN, "127.0.0.5")}):
            self.assertEqual(self.bind("br-lan"), "127.0.0.5")
        self.assertEqual(self.bind("127.0.0.6"), "127.0.0.6")
        self.assertEqual(self.bind(None), "0.0.0.0")

    def test_what_is_not_here_cannot_be_sent_from(self):
        with interfaces(eth2=(LAN, None)):
            for bind, reason in (
                ("192.0.2.77", "assign"),
                ("eth2", "assign"),
                ("eth9", "No such device"),
                ("a\udc80b", "surrogates"),
                ("x" * 50, "No such device"),
                ("\ud800", "surrogates"),
            ):
                with self.assertRaisesRegex(NoReply, "cannot send from .*" + reason):
                    self.bind(bind)
        with mock.patch.dict(sys.modules, fcntl=None):
            with self.assertRaisesRegex(NoReply, "cannot send from eth0.*fcntl"):
                self.bind("eth0")


class LinkTest(unittest.TestCase):
    def connect(self, port):
        made = Link("lamp", "127.0.0.1", port, None, None)
        self.addCleanup(made.close)
        return made

    def test_what_came_for_the_old_socket_is_dropped(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind(("127.0.0.1", 0))
            made = self.connect(device.getsockname()[1])
            made.send(b"here")
            _, peer = device.recvfrom(100)
            device.sendto(b"early", peer)
            made.renew()
            device.sendto(b"late", peer)
            self.assertIsNone(made.receive(time.monotonic() + 0.01))
            made.send(b"here")
            device.sendto(b"answer", device.recvfrom(100)[1])
            self.assertEqual(made.receive(time.monotonic() + 5), b"answer")
            self.assertIsNone(made.receive(time.monotonic() - 1))

    def renew(self, interruption):
        """Return a link whose renewal was interrupted by a call of this function."""

        class Interrupted(link.socket.socket):
            def connect(self, address):
                super().connect(address)
                try:
                    interruption(made)
                except KeyboardInterrupt:
                    self.close()
                    raise

        made = self.connect(9)
        with system(socket=Interrupted):
            try:
                made.renew()
            except KeyboardInterrupt:
                pass
        return made

    def test_a_link_that_is_closed_while_it_takes_a_new_socket_stays_closed(self):
        made = self.renew(lambda made: made.close())
        with self.assertRaisesRegex(NoReply, "was closed"):
            made.send(b"x")

    def test_ctrl_c_while_it_takes_a_new_socket_leaves_it_usable(self):
        def interrupt(made):
            raise KeyboardInterrupt

        self.assertIsNone(self.renew(interrupt).send(b"x"))

    def test_a_network_that_is_down_for_a_moment_is_silence(self):
        Fake.on_receive = [errno.EHOSTUNREACH, errno.ENETUNREACH]
        with system(socket=Fake):
            made = self.connect(9)
            for number in (errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH):
                Fake.on_send = [number]
                self.assertEqual(made.send(b"x"), "text of the system")
            Fake.on_send = []
            self.assertIsNone(made.send(b"x"))
            for left in (1, 0, 0):
                self.assertIsNone(made.receive(time.monotonic() + 5))
                self.assertEqual(len(Fake.on_receive), left)

    def test_a_new_socket_waits_for_a_network_that_is_down(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.bind(("127.0.0.1", 0))
            for is_first in (True, False):
                with self.subTest(is_first=is_first), system(socket=Unreliable):
                    Unreliable.outages = 3 * is_first
                    made = self.connect(device.getsockname()[1])
                    if not is_first:
                        made.send(b"early")
                        _, peer = device.recvfrom(100)
                        Unreliable.outages = 3
                        made.renew()
                        device.sendto(b"late", peer)
                    for _ in range(2):
                        self.assertEqual(made.send(b"x"), "Network is unreachable")
                        self.assertIsNone(made.receive(time.monotonic() + 0.01))
                    self.assertIsNone(made.send(b"here"))
                    device.sendto(b"answer", device.recvfrom(100)[1])
                    self.assertEqual(made.receive(time.monotonic() + 5), b"answer")

    def test_a_closed_link_does_not_wait_for_the_network(self):
        with system(socket=Unreliable):
            Unreliable.outages = 1
            made = self.connect(9)
            made.close()
            with self.assertRaisesRegex(NoReply, "was closed"):
                made.receive(time.monotonic() + 5)

    def test_other_errors_are_reported(self):
        Fake.on_receive, Fake.on_send = [errno.EBADF], [errno.EPERM]
        with system(socket=Fake):
            made = self.connect(9)
            with self.assertRaisesRegex(NoReply, "firewall"):
                made.send(b"x")
            with self.assertRaisesRegex(NoReply, "was closed"):
                made.receive(time.monotonic() + 5)

    def test_a_system_without_sockets(self):
        refuse = mock.Mock(side_effect=OSError(errno.EMFILE, "Too many open files"))
        with system(socket=refuse):
            with self.assertRaisesRegex(NoReply, "cannot open a socket: Too many"):
                self.connect(9)

    def test_a_system_without_the_c_half_of_sockets(self):
        module = load_without("_socket", "miio_pure.link")
        self.assertIs(module.socket, socket)

    def test_what_errors_mean(self):
        for number, text in (
            (errno.ENETUNREACH, "lamp: cannot be reached: text of the system"),
            (errno.EPERM, "lamp: a firewall"),
            (errno.ECONNREFUSED, "lamp: the port is closed"),
            (errno.EBADF, "lamp: the client was closed"),
        ):
            error = explain("lamp", OSError(number, "text of the system"))
            self.assertIn(text, str(error))
