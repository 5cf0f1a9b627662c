# SPDX-License-Identifier: MIT
"""A network in memory under the whole library: its sockets, its poll and its clock."""

import contextlib
import errno
import heapq
import socket
import sys
import types
from unittest import mock

from miio_pure import discovery
from miio_pure.discovery import EVERYONE
from miio_pure.packet import HELLO

from .system import system

POLLIN = 1
HERE = "192.0.2.200"


class Network:
    """Devices by address, and a clock that moves only while somebody waits.

    delays: seconds until a reply of the device at an address arrives; 0.05 by default.
    down_until: nothing can be sent before this time.
    greeted, asked: the addresses that hellos and requests went to, in order.
    """

    def __init__(self, devices):
        self.devices = dict(devices)
        self.delays = {}
        self.greeted, self.asked = [], []
        self.time, self.down_until = 5000.0, 0.0
        self.sockets = {}
        self.most_sockets = 0
        self._coming, self._count = [], 0

    def now(self):
        return self.time

    def sleep(self, seconds):
        """Move the clock, and bring what arrives in the meantime."""
        until = self.time + seconds
        while self._coming and self._coming[0][0] <= until:
            self.time, _, number, datagram, source = heapq.heappop(self._coming)
            if number in self.sockets:
                self.sockets[number].arrived.append((datagram, source))
        self.time = max(self.time, until)

    def bring(self, number, datagram, source):
        self._count += 1
        at = self.time + self.delays.get(source[0], 0.05)
        heapq.heappush(self._coming, (at, self._count, number, datagram, source))

    def next_arrival(self):
        return self._coming[0][0] if self._coming else float("inf")

    def choose(self, links, writers, errors, timeout):
        """Do what select.select() does."""
        poll = Poll(self)
        for link in links:
            poll.register(link.fileno(), POLLIN)
        ready = {number for number, _ in poll.poll(timeout * 1000)}
        return [link for link in links if link.fileno() in ready], [], []

    def make_socket(self, *args):
        return Socket(self)

    def next_number(self):
        self._count += 1
        return self._count

    @contextlib.contextmanager
    def under(self, **select):
        """Put the library on this network; select: what the module select has."""
        parts = select or {"poll": lambda: Poll(self), "POLLIN": POLLIN}
        fake = types.SimpleNamespace(**parts)
        with contextlib.ExitStack() as stack:
            stack.enter_context(system(socket=self.make_socket))
            # This host has one address, from which broadcasts leave.
            addresses = mock.patch.object(
                discovery, "find_addresses", lambda *_: [HERE]
            )
            stack.enter_context(addresses)
            stack.enter_context(mock.patch.dict(sys.modules, select=fake))
            stack.enter_context(mock.patch("time.monotonic", self.now))
            stack.enter_context(mock.patch("time.time", self.now))
            stack.enter_context(mock.patch("time.sleep", self.sleep))
            yield self


class Socket:
    """A UDP socket; there is no device at an address that is not listed."""

    def __init__(self, network):
        self.arrived = []
        self._network, self._number = network, network.next_number()
        self._timeout = None
        network.sockets[self._number] = self
        network.most_sockets = max(network.most_sockets, len(network.sockets))

    def fileno(self):
        return self._number if self._number in self._network.sockets else -1

    def close(self):
        self._network.sockets.pop(self._number, None)

    def connect(self, target):
        self._target = target

    def bind(self, target):
        pass

    def setsockopt(self, level, option, value):
        pass

    def settimeout(self, timeout):
        self._timeout = timeout

    def setblocking(self, flag):
        self._timeout = None if flag else 0

    def send(self, datagram):
        self.sendto(datagram, self._target)

    def sendto(self, datagram, target):
        network, (address, port) = self._network, target
        if network.time < network.down_until:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        sent = network.greeted if datagram == HELLO else network.asked
        sent.append(address)
        for reached in network.devices if address == EVERYONE else [address]:
            device = network.devices.get(reached)
            if device is not None:
                for reply in device.handle(datagram, network.time):
                    network.bring(self._number, reply, (reached, port))

    def recv(self, size):
        datagram, _ = self.recvfrom(size)
        return datagram

    def recvfrom(self, size):
        if self.fileno() < 0:
            raise OSError(errno.EBADF, "Bad file descriptor")
        until = self._network.time + self._timeout
        while not self.arrived:
            following = self._network.next_arrival()
            if self._timeout == 0:
                raise BlockingIOError(errno.EAGAIN, "Try again")
            if following > until:
                self._network.sleep(until - self._network.time)
                raise socket.timeout
            self._network.sleep(following - self._network.time)
        return self.arrived.pop(0)


class Poll:
    """What select.poll() returns."""

    def __init__(self, network):
        self._network = network
        self._numbers = []

    def register(self, watched, events):
        number = watched if isinstance(watched, int) else watched.fileno()
        if number < 0:
            raise ValueError("a file descriptor is not negative")
        self._numbers.append(number)

    def poll(self, milliseconds):
        until = self._network.time + milliseconds / 1000
        while True:
            ready = [
                (number, POLLIN)
                for number in self._numbers
                if self._network.sockets[number].arrived
            ]
            if ready or self._network.time >= until:
                return ready
            following = min(self._network.next_arrival(), until)
            self._network.sleep(max(0.0, following - self._network.time))
