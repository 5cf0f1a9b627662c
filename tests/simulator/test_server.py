# SPDX-License-Identifier: MIT
"""The simulated device on sockets."""

import socket
import unittest
from unittest import mock

from miio_pure import Client, packet
from miio_pure.simulator import Simulator, fan

from ..support import TOKEN


class SimulatorTest(unittest.TestCase):
    def test_delay(self):
        device = fan(TOKEN)
        with Simulator(device) as simulator, Client(
            "127.0.0.1", TOKEN, port=simulator.port
        ) as client:
            device.delay = 0.02
            self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_trace(self):
        seen = []
        with Simulator(
            fan(TOKEN), trace=lambda *event: seen.append(event)
        ) as simulator:
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                client.handshake()
        self.assertEqual(seen[0], ("received", packet.HELLO, "127.0.0.1"))
        self.assertEqual(seen[1][0::2], ("sent", "127.0.0.1"))

    def test_peers_that_are_gone(self):
        with Simulator(fan(TOKEN)) as simulator:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
                for _ in range(20):
                    gone.sendto(packet.HELLO, (simulator.address, simulator.port))
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_all_addresses(self):
        with Simulator(fan(TOKEN), "0.0.0.0") as simulator, Client(
            "127.0.0.1", TOKEN, port=simulator.port
        ) as client:
            self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_a_reply_that_no_network_takes(self):
        device = fan(TOKEN)
        with Simulator(device) as simulator:
            handle = device.handle
            device.handle = lambda *args: [bytes(70000)] + handle(*args)
            with Client("127.0.0.1", TOKEN, port=simulator.port) as client:
                self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_a_system_without_threads(self):
        simulator = Simulator(fan(TOKEN))
        with mock.patch("threading.Thread.start", side_effect=RuntimeError):
            self.assertRaises(RuntimeError, simulator.__enter__)
        Simulator(fan(TOKEN), "127.0.0.1", simulator.port).close()

    def test_port_in_use(self):
        with Simulator(fan(TOKEN)) as simulator:
            self.assertRaises(
                OSError, Simulator, fan(TOKEN), "127.0.0.1", simulator.port
            )
