# SPDX-License-Identifier: MIT
"""Where the library meets the network: addresses, sockets, and socket errors."""

import errno
import struct
import sys
import time
from _thread import allocate_lock, start_new_thread

from .errors import NoReply

# The socket module is a layer over _socket that takes longer to import than all of this
# package. A UDP client needs nothing of it.
try:
    import _socket
except ImportError:
    import socket as _socket  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional, Sequence, Tuple, Union

    # Called with "sent" or "received", each datagram, and the device's address.
    Trace = Callable[[str, bytes, str], None]

socket = _socket
PORT = 54321
MAX_RECEIVE = 65535  # bytes
MAX_TIMEOUT = 86400.0  # s
# Where Linux lists its interfaces, one a line; and what ioctl() tells about each, in a
# struct ifreq: see netdevice(7). Behind the name stand the flags, or a sockaddr_in.
INTERFACES = "/proc/net/dev"
SIOCGIFFLAGS, SIOCGIFADDR = 0x8913, 0x8915
IFREQ = struct.Struct("16xH2x4s16x")
# IFF_UP and IFF_BROADCAST; loopback and point-to-point interfaces lack the second.
BROADCASTS = 0x3
# These errors mean what silence means: the way is broken, perhaps for a moment only.
LIKE_SILENCE = (
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENOBUFS,
    errno.EAGAIN,
)


def check_limits(port: int, timeout: float, *hosts: str) -> None:
    """Raise TypeError or ValueError for invalid arguments."""
    for host in hosts:
        if not isinstance(host, str):
            raise TypeError("a host is a str, not %s" % type(host).__name__)
    if type(port) is not int or not 0 < port < 65536:
        raise ValueError("a port is a whole number from 1 to 65535, not %r" % (port,))
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError("a timeout is a number, not %s" % type(timeout).__name__)
    if not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError("a timeout is over 0 s and at most a day, not %r" % timeout)


def is_address(text: str) -> bool:
    """Tell an IPv4 address from a name."""
    try:
        socket.inet_pton(socket.AF_INET, text)
        return True
    except (OSError, ValueError):
        return False


def resolve(host: str, deadline: float) -> str:
    """Return the IPv4 address of a host; NoReply if there is none by the deadline."""
    if is_address(host):
        return host
    is_number = not host.strip("0123456789./")
    if is_number or not all(" " < char < "\x7f" for char in host):
        raise NoReply(
            "%s is neither an IPv4 address, such as 192.168.1.47, nor a host name"
            % ascii(host)
        )
    result = _look_up(host, deadline)
    if isinstance(result, str):
        return result
    raise NoReply("cannot find the host %s: %s" % (host, result.strerror))


def _look_up(host: str, deadline: float) -> "Union[str, OSError]":
    outcome: "List[Union[str, OSError]]" = []
    done = allocate_lock()
    done.acquire()

    # getaddrinfo() knows no timeout, so it runs in a thread of its own, which coverage
    # does not follow.
    def look_up() -> None:  # pragma: no cover
        try:
            # A str would need the codec idna, which small hosts lack.
            name = host.encode("ascii")
            found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_DGRAM)
            outcome.append(str(found[0][4][0]))
        except OSError as error:
            outcome.append(error)
        finally:
            done.release()

    try:
        start_new_thread(look_up, ())
    except RuntimeError:
        # The system gives no more threads.
        look_up()
    done.acquire(True, max(0.0, deadline - time.monotonic()))
    return outcome[0] if outcome else OSError(0, "no answer from the name server")


def open_socket(bind: "Optional[str]") -> "socket.socket":
    """Return a UDP socket; NoReply if there is none, or none that sends from bind.

    bind: a local address, or the name of the interface that has it.
    """
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        raise NoReply("this system gives no socket: %s" % error.strerror) from None
    try:
        if bind is not None:
            if not is_address(bind):
                _, bind = ask_interface(bind.encode())
            sock.bind((bind, 0))
    except (ImportError, OSError, ValueError) as error:
        sock.close()
        raise NoReply(
            "cannot send from %s, which is no address or interface of this host: %s"
            % (bind, error.args[-1])
        ) from None
    return sock


def ask_interface(name: bytes) -> "Tuple[int, str]":
    """Return the flags of an interface and its IPv4 address; OSError if it has none.

    ImportError on hosts that lack fcntl: Windows, and some with Yocto.
    """
    from fcntl import ioctl

    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        (flags, _), (_, address) = (
            IFREQ.unpack(ioctl(sock.fileno(), request, struct.pack("40s", name)))
            for request in (SIOCGIFFLAGS, SIOCGIFADDR)
        )
    finally:
        sock.close()
    return flags, socket.inet_ntoa(address)


def find_addresses() -> "Sequence[Optional[str]]":
    """Return the addresses of this host's interfaces that are up and can broadcast.

    One None, which leaves the choice to the system, if the system does not tell.
    """
    try:
        if sys.platform == "win32":
            # Other systems may ask a name server for this.
            return socket.gethostbyname_ex(socket.gethostname())[2]
        with open(INTERFACES, "rb") as file:
            lines = list(file)
    except OSError:
        # This is not Linux.
        return [None]
    addresses = []
    for line in lines:
        try:
            flags, address = ask_interface(line.partition(b":")[0].strip())
        except OSError:
            # It has no IPv4 address, or is a heading.
            continue
        except ImportError:
            return [None]
        if flags & BROADCASTS == BROADCASTS:
            addresses.append(address)
    return addresses


def explain(name: str, error: OSError) -> NoReply:
    """Say what a socket error means to somebody who wants to reach this device."""
    if isinstance(error, ConnectionError):
        # ICMP says that the port is unreachable.
        text = "the port is closed: it is not a miIO device, or a firewall rejects us"
    elif error.errno == errno.EBADF:
        text = "the client was closed during the call"
    elif isinstance(error, PermissionError):
        text = "a firewall on this host forbids it, or it is a broadcast address"
    else:
        text = "cannot be reached: %s" % (error.strerror or error)
    return NoReply("%s: %s" % (name, text))


class Link:
    """A UDP socket connected to one device, so that nobody else's datagrams arrive.

    name: what messages call the device. bind: see open_socket().
    Everything that goes wrong raises NoReply.
    """

    def __init__(
        self,
        host: str,
        port: int,
        bind: "Optional[str]",
        deadline: float,
        trace: "Optional[Trace]" = None,
    ) -> None:
        self.name = "%s port %d" % (host, port)
        self.address = resolve(host, deadline)
        self.port = port
        self._trace = trace
        self._bind = bind
        self._is_closed = False
        self._socket = self._connect()

    def _connect(self) -> "socket.socket":
        sock = open_socket(self._bind)
        try:
            sock.connect((self.address, self.port))
        except OSError as error:
            sock.close()
            raise explain(self.name, error) from None
        return sock

    def renew(self) -> None:
        """Take a new socket: what was sent to the old one can no longer arrive."""
        # The old port is still taken here, so the new one is another. And Ctrl-C at any
        # point leaves a socket that is open.
        old, self._socket = self._socket, self._connect()
        old.close()
        if self._is_closed:
            # Another thread closed the link at the same time.
            self.close()

    def send(self, datagram: bytes) -> "Optional[str]":
        """Send a datagram, and return None.

        If it could not leave, for a reason that may pass in a moment, return the
        reason.
        """
        if self._trace:
            self._trace("sent", datagram, self.address)
        try:
            self._socket.send(datagram)
            return None
        except OSError as error:
            return self._excuse(error)

    def _excuse(self, error: OSError) -> str:
        """Return the text of an error that means what silence means, or raise it."""
        if error.errno not in LIKE_SILENCE:
            raise explain(self.name, error) from None
        return error.strerror or ""

    def receive(self, until: float) -> "Optional[bytes]":
        """Return the next datagram, or None if there is none by the time until."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                return None
            try:
                self._socket.settimeout(left)
                datagram = self._socket.recv(MAX_RECEIVE)
            except socket.timeout:
                return None
            except OSError as error:
                self._excuse(error)
                continue
            if self._trace:
                self._trace("received", datagram, self.address)
            return datagram

    def close(self) -> None:
        """Close the socket, for good: the call that uses it fails."""
        self._is_closed = True
        self._socket.close()
