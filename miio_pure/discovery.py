# SPDX-License-Identifier: MIT
"""Discovery: say hello to one device, to several, or to all of a network."""

import errno
import socket
import struct
import time

from .client import (
    HELLO_AT,
    PORT,
    RECEIVE_SIZE,
    Client,
    check_limits,
    open_socket,
    resolve,
    unreachable,
)
from .errors import NoReply, PacketError, TokenError
from .packet import HELLO, Found, decode_hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Set
    from .client import Trace

EVERYONE = "255.255.255.255"
_IP_PKTINFO = 8  # Linux; the socket module names it only from Python 3.12 on
LATE = 1000  # datagrams that may be read after the time is up
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH)


def discover(
    *targets: str,
    timeout: float = 5.0,
    bind: "Optional[str]" = None,
    port: int = PORT,
    trace: "Optional[Trace]" = None,
) -> "Iterator[Found]":
    """Yield a Found for each device that answers a hello, as it answers.

    targets: addresses or host names; none: a broadcast. timeout: s. bind: the local
    address to send from; a broadcast goes out on its interface. trace: see Client.

    Raises NoReply if nothing can be sent, if the port of the only target is closed, or,
    at the end, for targets that were not found or asked; silence is no error.
    """
    check_limits(port, timeout, *targets)
    deadline = time.monotonic() + timeout
    addresses, failures = [], []
    for i, target in enumerate(targets):  # they share, as a name server may be silent
        now = time.monotonic()
        share = (deadline - timeout / 5 - now) / (len(targets) - i)
        try:
            addresses.append(resolve(target, now + share))
        except NoReply as error:
            failures.append(error)
    if failures and not addresses:
        raise failures[0]
    with open_socket(bind, deadline) as sock:
        search = _Search(sock, addresses or [EVERYONE], port, trace)
        start = time.monotonic()
        for at, following in zip(HELLO_AT, HELLO_AT[1:] + (timeout,)):
            if not at or start + at < deadline and not search.done():
                failures += search.hello(0.0 if at else deadline)
                yield from search.answers(min(start + following, deadline))
    if failures:
        raise failures[0]


Client.discover = staticmethod(discover)


class _Search:
    """Hellos to some addresses from one socket, and the answers to them."""

    def __init__(
        self,
        sock: socket.socket,
        addresses: "List[str]",
        port: int,
        trace: "Optional[Trace]",
    ) -> None:
        self._socket, self._addresses = sock, addresses
        self._port, self._trace = port, trace
        self._seen: "Set[str]" = set()  # addresses
        # A broadcast's answers come from anywhere. A subnet's ends, mostly, in 255.
        self._open = any(address.endswith(".255") for address in addresses)
        self._connected = len(addresses) == 1 and not self._open
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)

    def hello(self, deadline: float) -> "List[NoReply]":
        """Send a hello to each address that has not answered yet.

        deadline: the first time, and what cannot be sent is returned, or raised if that
        is all; later 0.
        """
        failures: "List[NoReply]" = []
        silent = [one for one in self._addresses if one not in self._seen]
        for address in silent:
            if self._trace:
                self._trace("sent", HELLO, address)
            try:  # many dead addresses fill the buffer for seconds
                self._send(address, max(deadline - time.monotonic(), 0.0))
            except OSError as error:
                failures.append(self._cannot_send(address, error))
        if deadline and len(failures) == len(silent):
            raise failures[0]
        return failures if deadline else []

    def _send(self, address: str, timeout: float) -> None:
        self._socket.settimeout(timeout)
        if self._connected:  # so that a closed port is told at once
            self._socket.connect((address, self._port))
            self._socket.send(HELLO)
            return
        try:
            self._socket.sendto(HELLO, (address, self._port))
        except OSError as error:
            no_route = address == EVERYONE and error.errno in _NO_ROUTE
            if not (no_route and self._send_on_interfaces()):
                raise

    def _send_on_interfaces(self) -> int:
        """Without a default route: broadcast on each; how many took it."""
        if not hasattr(socket.socket, "sendmsg") or not hasattr(socket, "if_nameindex"):
            return 0  # Windows has no sendmsg, PyPy no if_nameindex
        taken = 0
        for index, name in socket.if_nameindex():
            if name == "lo":  # no other hosts are there
                continue
            # struct in_pktinfo of ip(7): interface, local address, header address
            info = struct.pack("@i4s4s", index, b"", b"")
            options = [(socket.IPPROTO_IP, _IP_PKTINFO, info)]
            try:
                self._socket.sendmsg([HELLO], options, 0, (EVERYONE, self._port))
                taken += 1
            except OSError:
                pass  # this one has no address, or is down
        return taken

    def answers(self, until: float) -> "Iterator[Found]":
        """Each new device that answers by the time until."""
        late = LATE
        while late and not self.done():
            left = until - time.monotonic()
            if left <= 0:  # what came in time, while the caller was busy, still counts
                late -= 1
            self._socket.settimeout(max(left, 0.0))
            try:
                datagram, (address, port) = self._socket.recvfrom(RECEIVE_SIZE)
            except (socket.timeout, BlockingIOError):
                return
            except OSError as error:
                if self._connected and isinstance(error, ConnectionError):
                    raise self._cannot_send(self._addresses[0], error) from None
                continue
            if self._trace:
                self._trace("received", datagram, address)
            yield from self._judge(datagram, address, port)

    def done(self) -> bool:
        """Whether there is nobody left to wait for."""
        return not self._open and self._seen.issuperset(self._addresses)

    def _judge(self, datagram: bytes, address: str, port: int) -> "Iterator[Found]":
        expected = self._open or address in self._addresses
        if expected and port == self._port and address not in self._seen:
            try:
                packet = decode_hello(datagram)
            except (PacketError, TokenError):
                return
            self._seen.add(address)
            yield Found(address, port, packet)

    def _cannot_send(self, address: str, error: OSError) -> NoReply:
        return NoReply(unreachable("%s port %d" % (address, self._port), error))
