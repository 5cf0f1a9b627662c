# SPDX-License-Identifier: MIT
"""A network in memory, whose time only the test moves, and a client on it."""

import heapq
import unittest

from miio_pure import Found, Token, packet, payload
from miio_pure.client import drive, perform
from miio_pure.exchange import Request, greet
from miio_pure.session import Credentials, Session

from . import TOKEN
from .devices import counting_fan

FIRST_ID = 1000


class Wire:
    """Stands where a Link does, between an exchange and a FakeDevice.

    faults: what happens to each datagram that the client sends, in order: "ok", "lose"
    (it never arrives), "lose reply", "no network" (it cannot leave for a moment), a
    number (the reply comes that many seconds later), or a NoReply that the network
    answers with. When they run out, all is well.
    junk: datagrams that arrive before the next reply.
    """

    address, port = "192.0.2.1", 54321

    def __init__(self, device, faults=(), junk=()):
        self.device = device
        self.faults = list(faults)
        self.junk = list(junk)
        self.sent = []
        self._time = 5000.0
        self._coming = []
        self._count = 0

    def now(self):
        return self._time

    def wait(self, seconds):
        self._time += seconds

    def send(self, datagram):
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "no network":
            return "Network is unreachable"
        self.sent.append(datagram)
        if isinstance(fault, Exception):
            raise fault
        if fault == "lose":
            return None
        for junk in self.junk:
            self.deliver(junk, 0.005)
        replies = self.device.handle(datagram, self._time)
        if fault != "lose reply":
            for reply in replies:
                self.deliver(reply, 0.01 + (fault if isinstance(fault, float) else 0.0))
        return None

    def deliver(self, datagram, delay):
        self._count += 1
        heapq.heappush(self._coming, (self._time + delay, self._count, datagram))

    def receive(self, until):
        if self._coming and self._coming[0][0] <= until:
            at, _, datagram = heapq.heappop(self._coming)
            self._time = max(self._time, at)
            return datagram
        self._time = max(self._time, until)
        return None

    def renew(self):
        self._coming.clear()


class MemoryClient:
    """What Client is, on a wire: no socket, no clock, no threads."""

    def __init__(
        self, wire, token=TOKEN, *, tokens=None, timeout=5.0, first_id=FIRST_ID
    ):
        self.wire, self.timeout = wire, timeout
        credentials = Credentials(None if token is None else Token(token), tokens)
        self.session = Session(credentials, first_id, "lamp")

    def call(self, begin):
        return drive(self.converse(begin, self.wire.now() + self.timeout))[1]

    def converse(self, begin, deadline):
        """Run an exchange on the wire, whose time is another one than the caller's."""
        now = self.wire.now
        steps = begin(self.session, now() + self.timeout, now)
        return self.wire.address, (yield from perform(steps, self.wire, now))

    def handshake(self):
        return Found(self.wire.address, self.wire.port, self.call(greet))

    def send(self, method, params=(), *, retry=None):
        return self.command({"method": method, "params": params}, retry=retry)

    def command(self, fields, *, retry=None):
        return self.call(Request(fields, retry).begin)


class WireCase(unittest.TestCase):
    def connect(self, faults=(), *, token=TOKEN, tokens=None, timeout=5.0, **device):
        """Return a client on a wire to a fan."""
        junk = device.pop("junk", ())
        self.device = counting_fan(TOKEN, **device)
        self.wire = Wire(self.device, faults, junk)
        return MemoryClient(self.wire, token, tokens=tokens, timeout=timeout)

    def requests(self):
        """Return (id, stamp) of each request sent."""
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
