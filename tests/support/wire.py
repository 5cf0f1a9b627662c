# SPDX-License-Identifier: MIT
"""A network in memory, whose time only the test moves."""

import heapq
import unittest

from miio_pure import Client, Token, packet, payload

from . import TOKEN
from .devices import counting_fan


class Wire:
    """Stands where a Link does, between a Client and a FakeDevice; only it moves time.

    faults: what happens to each datagram that the client sends, in order: "ok", "lose"
    (it never arrives), "lose reply", or a number: the reply comes that many seconds
    later. When they run out, all is well. junk: datagrams that arrive before the next
    reply.
    """

    address, port = "192.0.2.1", 54321

    def __init__(self, device, faults=(), junk=()):
        self.device = device
        self.faults = list(faults)
        self.junk = list(junk)
        self.sent = []
        self.closed = 0
        self._time = 5000.0
        self._coming = []
        self._count = 0

    def now(self):
        return self._time

    def wait(self, seconds):
        self._time += seconds

    def send(self, datagram):
        self.sent.append(datagram)
        fault = self.faults.pop(0) if self.faults else "ok"
        if isinstance(fault, OSError):
            raise fault
        if fault == "lose":
            return
        for junk in self.junk:
            self._arrive(junk, 0.005)
        replies = self.device.handle(datagram, self._time)
        if fault != "lose reply":
            for reply in replies:
                self._arrive(reply, 0.01 + (fault if isinstance(fault, float) else 0.0))

    def _arrive(self, datagram, delay):
        self._count += 1
        heapq.heappush(self._coming, (self._time + delay, self._count, datagram))

    def receive(self, until):
        if self._coming and self._coming[0][0] <= until:
            at, _, datagram = heapq.heappop(self._coming)
            self._time = max(self._time, at)
            return datagram
        self._time = max(self._time, until)
        return None

    def discard(self):
        while self._coming and self._coming[0][0] <= self._time:
            heapq.heappop(self._coming)

    def close(self):
        self.closed += 1


class WireCase(unittest.TestCase):
    def connect(self, faults=(), *, token=TOKEN, timeout=5.0, junk=(), **device):
        """A client on a wire to a fan."""
        self.device = counting_fan(TOKEN, **device)
        self.wire = Wire(self.device, faults, junk)
        return Client("lamp", token, timeout=timeout, link=self.wire)

    def requests(self):
        """(id, stamp) of each request sent."""
        decoded = [
            packet.decode(datagram, Token(TOKEN))
            for datagram in self.wire.sent
            if len(datagram) > 32
        ]
        return [
            (payload.load(request.payload)["id"], request.header.stamp)
            for request in decoded
        ]

    def spent(self):
        return self.wire.now() - 5000.0
