# SPDX-License-Identifier: MIT
"""Puts a FakeDevice on a UDP socket."""

import select
import socket
import threading
import time
from heapq import heappop, heappush

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional, Tuple

    from ..link import Trace
    from .device import FakeDevice

_BROADCAST = "255.255.255.255"
_MAX_WAIT = 1.0  # s
_BUFFER = 65535  # bytes


class Simulator:
    """Serves a FakeDevice on a UDP socket, in a thread, during a `with` block.

    host: the local address to listen on; unless it is a loopback address, broadcasts
    are answered as well. port: 0 takes a free one. trace: as for Client. The attributes
    address and port say where it listens. An address that cannot be bound raises
    OSError.
    """

    def __init__(
        self,
        device: "FakeDevice",
        host: str = "127.0.0.1",
        port: int = 0,
        trace: "Optional[Trace]" = None,
    ) -> None:
        self.device = device
        # A heap of the replies that device.delay holds back. For each, it has the time
        # to send it, a number that keeps the order, the reply, and the receiver.
        self._delayed: "List[Tuple[float, int, bytes, Any]]" = []
        self._delayed_count = 0
        self._open = True
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._socket = _bind_socket(host, port)
        self.address, self.port = self._socket.getsockname()
        self._sockets = [self._socket]
        self._trace = trace
        # tests/test_network.py runs this in a process of its own.
        if not self.address.startswith(("127.", "0.")):  # pragma: no cover
            self._listen_for_broadcasts()

    def _listen_for_broadcasts(self) -> None:  # pragma: no cover (see above)
        # A socket bound to one address receives no broadcasts, so a second one is bound
        # to the broadcast address. Not every system allows that.
        try:
            self._sockets.append(_bind_socket(_BROADCAST, self.port, shared=True))
        except OSError:
            pass

    def __enter__(self) -> "Simulator":
        # start() raises RuntimeError where the system allows no more threads.
        try:
            self._thread.start()
        except RuntimeError:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open = False
        self._wake()
        self._thread.join()
        self.close()

    def _wake(self) -> None:
        """Send an empty datagram to our own socket to wake serve()."""
        address = "127.0.0.1" if self.address == "0.0.0.0" else self.address
        try:
            self._socket.sendto(b"", (address, self.port))
        except OSError:  # pragma: no cover
            # Loopback is down, but serve() wakes up by itself within a second.
            pass

    def close(self) -> None:
        """Close the sockets."""
        for sock in self._sockets:
            sock.close()

    def serve(self) -> None:
        """Answer datagrams until the `with` block ends; without one, for ever."""
        while self._open:
            ready, _, _ = select.select(self._sockets, (), (), self._find_wait())
            for sock in ready:
                try:
                    datagram, peer = sock.recvfrom(_BUFFER)
                except OSError:  # pragma: no cover
                    # Windows reports here that an earlier reply reached a closed port.
                    continue
                self._answer(datagram, peer)
            self._send_delayed()

    def _find_wait(self) -> float:
        """Return the seconds until the next reply has to be sent."""
        if not self._delayed:
            return _MAX_WAIT
        at, *_ = self._delayed[0]
        return max(0.0, at - time.monotonic())

    def _answer(self, datagram: bytes, peer: "Any") -> None:
        now = time.monotonic()
        if self._trace:
            self._trace("received", datagram, peer[0])
        for reply in self.device.handle(datagram, now):
            if self.device.delay:
                at = now + self.device.delay
                self._delayed_count += 1
                heappush(self._delayed, (at, self._delayed_count, reply, peer))
            else:
                self._send(reply, peer)

    def _send_delayed(self) -> None:
        while self._delayed and self._delayed[0][0] <= time.monotonic():
            _, _, datagram, peer = heappop(self._delayed)
            self._send(datagram, peer)

    def _send(self, datagram: bytes, peer: "Any") -> None:
        if self._trace:
            self._trace("sent", datagram, peer[0])
        # A datagram that cannot be sent is lost, as on any network.
        try:
            self._socket.sendto(datagram, peer)
        except OSError:
            pass


def _bind_socket(host: str, port: int, shared: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Only the socket for broadcasts is shared, which tests/test_network.py covers.
        if shared:  # pragma: no cover
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock
