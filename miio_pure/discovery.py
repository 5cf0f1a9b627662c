# SPDX-License-Identifier: MIT
"""Discovery: say hello to one device, to several, or to everybody on the network."""

import errno
import time
from _struct import Struct

from .errors import NoReply, PacketError, TokenError
from .exchange import HELLO_AT
from .link import MAX_RECEIVE, PORT, check_limits, explain, open_socket, resolve, socket
from .packet import HELLO, Identified, Packet, decode_hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List, Optional, Sequence, Set, Tuple

    from .link import Trace

EVERYONE = "255.255.255.255"
# Linux; Python has a name for it only from 3.12 on.
IP_PKTINFO = 8
# struct in_pktinfo of ip(7): interface, local address, header address
PKTINFO = Struct("@i4s4s")
LOOPBACK = "lo"
NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH)
SEND_BUFFER = 1 << 20  # bytes
MAX_LATE = 1000  # datagrams that are read after the time is up
# The part of the time in which names are looked up.
NAMES_SHARE = 0.8


class Found(Identified):
    """A device that answered a hello.

    address, port: where it answered. device_id: int; device_type and serial are its low
    two 16-bit parts. stamp: its clock (s). token: a Token, or None if it is hidden.
    """

    __slots__ = ("address", "port", "stamp", "token")

    def __init__(self, address: str, port: int, packet: Packet) -> None:
        self.address, self.port = address, port
        self.device_id, self.stamp = packet.header.device_id, packet.header.stamp
        self.token = packet.token

    def _facts(self) -> "Tuple[object, ...]":
        return self.address, self.port, self.device_id, self.stamp, self.token

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Found) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return "<Found %s device_id=%d>" % (self.address, self.device_id)


def discover(
    *targets: str,
    timeout: float = 5.0,
    bind: "Optional[str]" = None,
    port: int = PORT,
    trace: "Optional[Trace]" = None,
) -> "Iterator[Found]":
    """Yield a Found for each device that answers a hello, as it answers.

    targets: addresses or host names; none means a broadcast. timeout: s. bind: the
    local address to send from; a broadcast goes out on its interface. trace: see
    Client.

    Silence is not an error. Raises NoReply if nothing can be sent, or if the port of
    the only target is closed; and at the end, if a target has no address or could not
    be sent to. This is a generator: nothing happens until its first value is asked for.
    """
    check_limits(port, timeout, *targets)
    deadline = time.monotonic() + timeout
    addresses, failures = resolve_all(targets, time.monotonic() + timeout * NAMES_SHARE)
    if failures and not addresses:
        raise failures[0]
    search = _Search(addresses or [EVERYONE], port, bind, deadline, trace)
    try:
        failures += search.first_hello(deadline)
        start = time.monotonic()
        for at, following in zip(HELLO_AT, HELLO_AT[1:] + (timeout,)):
            if at:
                if search.is_done() or start + at >= deadline:
                    break
                search.repeat_hello()
            yield from search.answers(min(start + following, deadline))
    finally:
        search.close()
    if failures:
        raise failures[0]


def resolve_all(
    targets: "Sequence[str]", deadline: float
) -> "Tuple[List[str], List[NoReply]]":
    """Return the addresses of all targets, and the reasons why some have none."""
    addresses: "List[str]" = []
    failures: "List[NoReply]" = []
    for i, target in enumerate(targets):
        # Share the time out: one silent name server must not use it all.
        now = time.monotonic()
        try:
            addresses.append(
                resolve(target, now + (deadline - now) / (len(targets) - i))
            )
        except NoReply as error:
            failures.append(error)
    return addresses, failures


class _Search:
    """Hellos to some addresses from one socket, and the answers to them."""

    def __init__(
        self,
        addresses: "List[str]",
        port: int,
        bind: "Optional[str]",
        deadline: float,
        trace: "Optional[Trace]",
    ) -> None:
        self._addresses = addresses
        self._port, self._trace = port, trace
        # The addresses that have answered.
        self._seen: "Set[str]" = set()
        # Answers to a broadcast come from any address. We take an address ending in
        # .255 for a subnet's broadcast.
        self._is_open = any(address.endswith(".255") for address in addresses)
        self._is_connected = len(addresses) == 1 and not self._is_open
        self._socket = open_socket(bind, deadline)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def close(self) -> None:
        self._socket.close()

    def first_hello(self, deadline: float) -> "List[NoReply]":
        """Send a hello to each address; return what could not be sent.

        Many dead addresses fill the send buffer for seconds, so this waits for room
        until the deadline. NoReply if nothing at all could be sent.
        """
        failures: "List[NoReply]" = []
        for address in self._addresses:
            try:
                self._say_hello(address, max(deadline - time.monotonic(), 0.0))
            except OSError as error:
                failures.append(self._explain(address, error))
        if len(failures) == len(self._addresses):
            raise failures[0]
        return failures

    def repeat_hello(self) -> None:
        """Send a hello to each address that has not answered, where there is room."""
        for address in self._addresses:
            if address not in self._seen:
                try:
                    self._say_hello(address, 0.0)
                except OSError:
                    # The first hello could be sent, so this one counts as lost.
                    pass

    def _say_hello(self, address: str, timeout: float) -> None:
        if self._trace:
            self._trace("sent", HELLO, address)
        self._socket.settimeout(timeout)
        if self._is_connected:
            # A closed port is reported to a connected socket only.
            self._socket.connect((address, self._port))
            self._socket.send(HELLO)
            return
        try:
            self._socket.sendto(HELLO, (address, self._port))
        except OSError as error:
            no_route = address == EVERYONE and error.errno in NO_ROUTE
            if not (no_route and self._broadcast_on_interfaces()):
                raise

    def _broadcast_on_interfaces(self) -> int:
        """Broadcast on each interface, without a default route; return how many."""
        # Windows has no sendmsg, and PyPy no if_nameindex.
        if not hasattr(socket.socket, "sendmsg") or not hasattr(socket, "if_nameindex"):
            return 0
        count = 0
        for index, name in socket.if_nameindex():
            if name == LOOPBACK:
                continue
            info = PKTINFO.pack(index, b"", b"")
            options = [(socket.IPPROTO_IP, IP_PKTINFO, info)]
            try:
                self._socket.sendmsg([HELLO], options, 0, (EVERYONE, self._port))
                count += 1
            except OSError:
                # The interface is down, or has no IPv4 address.
                pass
        return count

    def answers(self, until: float) -> "Iterator[Found]":
        """Yield each new device that answers by the time until."""
        late = MAX_LATE
        while late and not self.is_done():
            left = until - time.monotonic()
            if left <= 0:
                # Datagrams that arrived in time may still be in the buffer, because the
                # caller was slow.
                late -= 1
            self._socket.settimeout(max(left, 0.0))
            try:
                datagram, (address, port) = self._socket.recvfrom(MAX_RECEIVE)
            except (socket.timeout, BlockingIOError):
                return
            except OSError as error:
                if self._is_connected and isinstance(error, ConnectionError):
                    raise self._explain(self._addresses[0], error) from None
                continue
            if self._trace:
                self._trace("received", datagram, address)
            yield from self._judge(datagram, address, port)

    def is_done(self) -> bool:
        """Tell whether there is nobody left to wait for."""
        return not self._is_open and self._seen.issuperset(self._addresses)

    def _judge(self, datagram: bytes, address: str, port: int) -> "Iterator[Found]":
        is_expected = self._is_open or address in self._addresses
        if is_expected and port == self._port and address not in self._seen:
            try:
                packet = decode_hello(datagram)
            except (PacketError, TokenError):
                return
            self._seen.add(address)
            yield Found(address, port, packet)

    def _explain(self, address: str, error: OSError) -> NoReply:
        return explain("%s port %d" % (address, self._port), error)
