# SPDX-License-Identifier: MIT
"""A device in memory that speaks MIoT, and what reads and sets its properties."""

import unittest

from miio_pure import Token, packet, payload
from miio_pure.miot import Miot
from miio_pure.simulator import from_spec

from . import TOKEN, specs
from .wire import MemoryClient, Wire

DEVICE_ID = 123456789


class MiotCase(unittest.TestCase):
    root = staticmethod(specs.make_fan)

    def setUp(self):
        self.connect(specs.parse(self.root()))

    def connect(self, spec, faults=(), did=None, **options):
        """Make a device that speaks a spec, and a Miot on a wire to it."""
        options.setdefault("device_id", DEVICE_ID)
        self.spec, self.device = spec, from_spec(spec, TOKEN, **options)
        self.wire = Wire(self.device, faults)
        self.miot = Miot(MemoryClient(self.wire), spec, did=did)

    def requests(self):
        """Return the params of each MIoT request since the last time."""
        sent, self.wire.sent[:] = list(self.wire.sent), []
        return [
            payload.load(packet.decode(datagram, Token(TOKEN)).payload)["params"]
            for datagram in sent
            if len(datagram) > 32
        ]

    def sizes(self):
        """Return how many properties each request was about."""
        return [len(params) for params in self.requests()]

    def answer(self, method, result):
        """Let the device answer a method with this."""
        self.device.methods[method] = lambda params: result

    def change(self, method, change):
        """Let the device answer with what change() makes of its answer."""
        answer = self.device.methods[method]
        self.device.methods[method] = lambda params: change(answer(params))

    def refuse(self, kind, work, *arguments):
        with self.assertRaises(kind) as caught:
            work(*arguments)
        return str(caught.exception)
