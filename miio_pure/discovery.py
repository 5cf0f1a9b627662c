# SPDX-License-Identifier: MIT
"""Finds devices: says hello to addresses, to subnets, or to every network of this host.

A hello to 255.255.255.255 leaves through the interface of the default route, which on a
router is the Internet side, unless the socket is bound to the address of another
interface. Devices answer hosts of their own subnet only. So to broadcast, we send one
hello from each address of this host.

Before it can send a hello to one address, the host has to find its hardware address.
Linux looks for 1024 of these at once, for three seconds each, and loses any further
hello without an error; so we send at a lower rate. A hello that waits takes up space in
the buffer of its socket, so each socket serves only a few dozen addresses.
"""

import time

from .errors import NoReply, PacketError, TokenError
from .exchange import HELLO_AT
from .link import (
    MAX_RECEIVE,
    PORT,
    check_limits,
    explain,
    find_addresses,
    is_address,
    open_socket,
    resolve,
    socket,
)
from .packet import HELLO, Identified, Packet, decode_hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator, Iterator, List, Optional, Sequence, Set, Tuple

    from .link import Trace

EVERYONE = "255.255.255.255"
MAX_RATE = 300  # hellos a second
# The prefix lengths that a subnet can have. A /20 has 4096 addresses.
PREFIXES = [str(number) for number in range(20, 33)]
# This many hellos do not burden a network, even three times a second.
MAX_AT_ONCE = 100  # hellos
MAX_SHARING = 64  # addresses for each socket
MAX_LATE = 1000  # datagrams read after the time is up
# Looking up names leaves this share of the time for the answers.
ANSWERS_SHARE = 0.2


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

    targets: addresses, host names, or subnets such as 192.168.1.0/24; none means a
    broadcast on every network of this host. timeout: seconds, counted from the moment
    when each target has had its first hello; if there are over 100 targets, 300 hellos
    leave each second. The search ends early when all have answered. bind: a local
    address, or the name of an interface, to send from; a broadcast goes out on that
    interface only. trace: see Client.

    Silence is not an error. Raises ValueError for a subnet that is too large; NoReply
    if nothing can be sent, or if the port of the only target is closed; and NoReply at
    the end, if a target has no address or could not be sent to. This is a generator:
    nothing happens until you ask for its first value.
    """
    check_limits(port, timeout, *targets)
    deadline = time.monotonic() + timeout
    addresses, failures = resolve_all(targets, deadline - timeout * ANSWERS_SHARE)
    if failures and not addresses:
        raise failures[0]
    search = _Search(addresses or [EVERYONE], port, trace)
    try:
        search.open(bind)
        yield from search.run(deadline - time.monotonic())
    finally:
        search.close()
    if failures:
        raise failures[0]


def resolve_all(
    targets: "Sequence[str]", deadline: float
) -> "Tuple[List[str], List[NoReply]]":
    """Return the addresses of the targets, and an error for each that has none."""
    addresses: "List[str]" = []
    failures: "List[NoReply]" = []
    for i, target in enumerate(targets):
        # Share the time out: one silent name server must not use it all.
        now = time.monotonic()
        until = now + (deadline - now) / (len(targets) - i)
        try:
            addresses += list_subnet(target) or [resolve(target, until)]
        except NoReply as error:
            failures.append(error)
    return addresses, failures


def list_subnet(target: str) -> "List[str]":
    """Return the addresses that hosts can have in a subnet; none for anything else.

    ValueError for a subnet that is too large, or malformed.
    """
    network, slash, prefix = target.partition("/")
    if not slash:
        return []
    if not is_address(network) or prefix not in PREFIXES:
        raise ValueError(
            "expected a subnet such as 192.168.1.0/24, not %s; a /20 is the largest, "
            "because it takes 14 s" % ascii(target)
        )
    size = 1 << 32 - int(prefix)
    first = int.from_bytes(socket.inet_aton(network), "big") & -size
    # The first address is the network's and the last is for broadcasts, except in a
    # subnet of two (RFC 3021).
    ends = size > 2
    numbers = range(first + ends, first + size - ends)
    return [socket.inet_ntoa(number.to_bytes(4, "big")) for number in numbers]


def wait(sockets: "Sequence[socket.socket]", timeout: float) -> bool:
    """Wait until a datagram arrives at one of these; False if the time (s) is up."""
    import select

    # Windows has no poll(), and select() fails where a program has many open files.
    if not hasattr(select, "poll"):
        return any(select.select(sockets, (), (), timeout))
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLIN)
    return bool(poll.poll(int(timeout * 1000) + 1))


class _Search:
    """Hellos to some addresses, and the answers to them."""

    def __init__(
        self, addresses: "List[str]", port: int, trace: "Optional[Trace]"
    ) -> None:
        self._port, self._trace = port, trace
        # Targets may overlap, so drop repeated addresses.
        self._addresses = list(dict.fromkeys(addresses))
        # Answers to a broadcast come from any address. We take an address ending in
        # .255 for a subnet's broadcast.
        self._is_open = any(address.endswith(".255") for address in addresses)
        self._is_connected = len(self._addresses) == 1 and not self._is_open
        self._sockets: "List[socket.socket]" = []
        # For each hello: the socket that sends it, and the address that it goes to.
        self._hellos: "List[Tuple[socket.socket, str]]" = []
        # The addresses that have answered.
        self._seen: "Set[str]" = set()

    def open(self, bind: "Optional[str]") -> None:
        """Choose the socket for each hello; NoReply if no interface can send any."""
        sources: "Sequence[Optional[str]]" = [bind]
        if bind is None and self._addresses == [EVERYONE]:
            sources = find_addresses()
        failure = NoReply(
            "cannot search: no network interface is up that can broadcast"
        )
        for source in sources:
            try:
                self._open_sockets(source)
            except NoReply as error:
                failure = error
        if len(self._hellos) < len(self._addresses):
            raise failure

    def _open_sockets(self, source: "Optional[str]") -> None:
        for number, address in enumerate(self._addresses):
            if number % MAX_SHARING == 0:
                sock = open_socket(source)
                self._sockets.append(sock)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sock.setblocking(False)
            self._hellos.append((sock, address))

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def run(self, timeout: float) -> "Iterator[Found]":
        """Say hello three times, and yield the devices that answer.

        timeout: s, counted from the end of the first round of hellos. NoReply if
        nothing can be sent, and at the end if a target could not be sent to.
        """
        failures = yield from self.say_hello(float("inf"))
        if len(failures) < len(self._hellos):
            start = time.monotonic()
            deadline = start + timeout
            for at in HELLO_AT[1:]:
                yield from self.answers(min(start + at, deadline))
                yield from self.say_hello(deadline)
            # Datagrams that arrived in time may still be in the buffers, because the
            # caller was slow.
            yield from self.answers(deadline, MAX_LATE)
            if self._addresses == [EVERYONE]:
                # Some interfaces refused, but others did not.
                return
        for failure in failures:
            raise failure

    def say_hello(self, until: float) -> "Generator[Found, None, List[NoReply]]":
        """Send a hello to each address that has not answered; yield those that answer.

        Returns an error for each hello that could not be sent.
        """
        failures = []
        pause = 1 / MAX_RATE if len(self._hellos) > MAX_AT_ONCE else 0.0
        at = time.monotonic()
        for sock, address in self._hellos:
            now = time.monotonic()
            if address in self._seen or now >= until:
                continue
            try:
                self._send(sock, address)
            except OSError as error:
                failures.append(self._explain(address, error))
                continue
            # If the caller is slow, the next hellos do not make up for lost time.
            at = max(at + pause, now)
            yield from self.answers(at)
        return failures

    def _send(self, sock: "socket.socket", address: str) -> None:
        if self._trace:
            self._trace("sent", HELLO, address)
        if self._is_connected:
            # The system reports a closed port only to a connected socket.
            sock.connect((address, self._port))
            sock.send(HELLO)
        else:
            sock.sendto(HELLO, (address, self._port))

    def answers(self, until: float, late: int = 0) -> "Iterator[Found]":
        """Yield each new device that answers by the time until.

        late: how many more times to look for datagrams after that time.
        """
        while self._is_open or len(self._seen) < len(self._addresses):
            left = until - time.monotonic()
            late -= left <= 0
            if late < 0 or not wait(self._sockets, max(left, 0.0)):
                return
            for sock in self._sockets:
                yield from self._receive(sock)

    def _receive(self, sock: "socket.socket") -> "Iterator[Found]":
        try:
            datagram, (address, port) = sock.recvfrom(MAX_RECEIVE)
        except OSError as error:
            if self._is_connected and isinstance(error, ConnectionError):
                raise self._explain(self._addresses[0], error) from None
            return
        if self._trace:
            self._trace("received", datagram, address)
        is_new = port == self._port and address not in self._seen
        if is_new and (self._is_open or address in self._addresses):
            try:
                packet = decode_hello(datagram)
            except (PacketError, TokenError):
                return
            self._seen.add(address)
            yield Found(address, port, packet)

    def _explain(self, address: str, error: OSError) -> NoReply:
        return explain("%s port %d" % (address, self._port), error)
