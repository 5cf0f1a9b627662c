# SPDX-License-Identifier: MIT
"""Connects the library to the network: addresses, sockets and socket errors."""

import errno
import sys
import time
from _struct import Struct
from _thread import allocate_lock, get_ident, start_new_thread

from .errors import NoReply

# The socket module is a layer over _socket that takes longer to import than all of this
# package. A UDP client needs nothing that it adds.
try:
    import _socket
except ImportError:
    import socket as _socket  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Generator, Optional, Protocol, Sequence, Tuple
    from typing import TypeVar, Union

    Result = TypeVar("Result")

    class Source(Protocol):
        def receive(self, until: float) -> "Optional[bytes]": ...

    # A call that waits without blocking. It yields what it waits for, and until when,
    # and it is sent what receive() returns there, or None, which may come too early. If
    # receive() raises NoReply, throw that into the call. And close it however it ends.
    Call = Generator[Tuple[Source, float], Optional[bytes], Result]

    # Called with "sent" or "received", each datagram, and the device's address.
    Trace = Callable[[str, bytes, str], None]

socket = _socket
PORT = 54321
MAX_RECEIVE = 65535  # bytes
MAX_TIMEOUT = 86400.0  # s
# Linux lists its interfaces in this file, one on each line. ioctl() describes each one
# in a struct ifreq: the name, then the flags or a sockaddr_in. See netdevice(7).
INTERFACES = "/proc/net/dev"
SIOCGIFFLAGS, SIOCGIFADDR = 0x8913, 0x8915
QUESTION, IFREQ = Struct("40s"), Struct("16xH2x4s16x")
# IFF_UP and IFF_BROADCAST; loopback and point-to-point interfaces lack the second.
BROADCASTS = 0x3
# These errors mean the same as silence: the path is broken, perhaps only for a moment.
LIKE_SILENCE = (
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ENOBUFS,
    # Nothing has arrived yet. This equals EAGAIN, except on Windows.
    errno.EWOULDBLOCK,
    # A timeout has no number.
    None,
)


def check_limits(port: int, timeout: float, *hosts: str) -> None:
    """Raise TypeError or ValueError for invalid arguments."""
    for host in hosts:
        if not isinstance(host, str):
            raise TypeError("a host is a str, not %s" % type(host).__name__)
    if type(port) is not int or not 0 < port < 65536:
        raise ValueError("a port is a whole number from 1 to 65535, not %r" % (port,))
    if type(timeout) not in (int, float):
        raise TypeError("a timeout is a number, not %s" % type(timeout).__name__)
    if not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError("a timeout is over 0 s and at most a day, not %r" % timeout)


def drive(call: "Call[Result]") -> "Result":
    """Run a call to its end; the only loop here that blocks."""
    given: "Optional[bytes]" = None
    try:
        while True:
            source, until = call.send(given)
            try:
                given = source.receive(until)
            except NoReply as error:
                call.throw(error)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        # After Ctrl-C, the traceback would keep the call alive, and also its turn.
        call.close()


class Event:
    """Something that happens in another thread, which a call can wait for.

    It has a receive() like that of a Link, so a call can wait for either. thread: the
    one that made it.
    """

    def __init__(self) -> None:
        self.thread = get_ident()
        self._lock = allocate_lock()
        self._lock.acquire()

    def happen(self) -> None:
        """Wake the waiting thread; two threads may call this at the same time."""
        try:
            self._lock.release()
        except RuntimeError:
            # It has already happened, and no call has waited for it since.
            pass

    def receive(self, until: float) -> None:
        """Wait until it happens, or until this time has come."""
        self._lock.acquire(True, max(0.0, until - time.monotonic()))


def is_address(text: str) -> bool:
    """Tell whether a text is an IPv4 address."""
    try:
        socket.inet_pton(socket.AF_INET, text)
        return True
    except (OSError, ValueError):
        return False


def resolve(host: str, deadline: float) -> str:
    """Return the IPv4 address of a host; NoReply if there is none by the deadline."""
    return drive(look_up(host, deadline))


def look_up(host: str, deadline: float) -> "Call[str]":
    """Do what resolve() does, without blocking."""
    if is_address(host):
        return host
    # A text without letters is a damaged address.
    if not host.strip("0123456789./") or not all(" " < char < "\x7f" for char in host):
        raise NoReply(
            "%s is neither an IPv4 address, such as 192.168.1.47, nor a host name"
            % ascii(host)
        )
    outcome: "Union[str, OSError, None]" = None
    over = Event()

    # getaddrinfo() knows no timeout, so it runs in a thread of its own, which coverage
    # does not follow.
    def search() -> None:  # pragma: no cover
        nonlocal outcome
        try:
            # A str would need the codec idna, which small hosts lack.
            name = host.encode("ascii")
            found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_DGRAM)
            outcome = str(found[0][4][0])
        except OSError as error:
            outcome = error
        finally:
            over.happen()

    try:
        start_new_thread(search, ())
    except RuntimeError:
        # The system gives no more threads.
        search()
    while outcome is None and time.monotonic() < deadline:
        yield over, deadline
    if isinstance(outcome, str):
        return outcome
    reason = outcome.strerror if outcome else "no answer from the name server"
    raise NoReply("cannot find the host %s: %s" % (host, reason))


def open_socket(bind: "Optional[str]") -> "socket.socket":
    """Return a UDP socket; NoReply if it cannot be opened, or cannot send from bind.

    bind: a local address, or the name of the interface that has it.
    """
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        raise NoReply("cannot open a socket: %s" % error.strerror) from None
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
            IFREQ.unpack(ioctl(sock.fileno(), request, QUESTION.pack(name)))
            for request in (SIOCGIFFLAGS, SIOCGIFADDR)
        )
    finally:
        sock.close()
    return flags, socket.inet_ntoa(address)


def find_addresses() -> "Sequence[Optional[str]]":
    """Return the addresses of this host's interfaces that are up and can broadcast.

    Return [None], which leaves the choice to the system, if they cannot be found out.
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
            # This interface has no IPv4 address, or the line is a heading.
            continue
        except ImportError:
            return [None]
        if flags & BROADCASTS == BROADCASTS:
            addresses.append(address)
    return addresses


def explain(name: str, error: OSError) -> NoReply:
    """Explain a socket error to somebody who wants to reach this device."""
    if isinstance(error, ConnectionError):
        # ICMP says that the port is unreachable.
        text = "the port is closed: no miIO device is there, or a firewall blocks it"
    elif error.errno == errno.EBADF:
        text = "the client was closed during the call"
    elif isinstance(error, PermissionError):
        text = "a firewall on this host forbids it, or it is a broadcast address"
    else:
        text = "cannot be reached: %s" % (error.strerror or error)
    return NoReply("%s: %s" % (name, text))


class Link:
    """A UDP socket connected to one device, so that nobody else's datagrams arrive.

    name: how messages refer to the device. address: IPv4. bind: see open_socket().
    Every failure raises NoReply.
    """

    def __init__(
        self,
        name: str,
        address: str,
        port: int,
        bind: "Optional[str]",
        trace: "Optional[Trace]",
    ) -> None:
        self.name, self.address, self.port = name, address, port
        self._trace, self._bind = trace, bind
        self._socket, self._obstacle = self._connect()

    def _connect(self) -> "Tuple[socket.socket, Optional[str]]":
        """Return a new socket, and why it is not connected, or None if it is."""
        sock = open_socket(self._bind)
        try:
            sock.connect((self.address, self.port))
            return sock, None
        except OSError as error:
            sock.close()
            reason = self._excuse(error)
        # Nothing arrives at a socket that has no port.
        return open_socket(None), reason

    def renew(self) -> None:
        """Open a new socket; datagrams sent to the old one can no longer arrive."""
        # The old port is still taken here, so the new one is different. Whenever Ctrl-C
        # comes, one socket stays open.
        old = self._socket
        self._socket, self._obstacle = self._connect()
        if old.fileno() < 0:
            # Another thread closed the link at the same time.
            self.close()
        old.close()

    def send(self, datagram: bytes) -> "Optional[str]":
        """Send a datagram, and return None.

        If it could not leave, for a reason that may pass in a moment, return that
        reason instead.
        """
        if self._trace:
            self._trace("sent", datagram, self.address)
        if self._obstacle is not None:
            self.renew()
        try:
            if self._obstacle is None:
                self._socket.send(datagram)
            return self._obstacle
        except OSError as error:
            return self._excuse(error)

    def _excuse(self, error: OSError) -> str:
        """Return the text of an error that only means silence; raise any other."""
        if error.errno not in LIKE_SILENCE:
            raise explain(self.name, error) from None
        return error.strerror or ""

    def fileno(self) -> int:
        """Return the number that poll and select know the socket by."""
        return self._socket.fileno()

    def receive(self, until: float) -> "Optional[bytes]":
        """Return the next datagram, or None, perhaps before the time `until` has come.

        If that time has already passed, this does not wait.
        """
        try:
            self._socket.settimeout(max(0.0, until - time.monotonic()))
            datagram = self._socket.recv(MAX_RECEIVE)
        except OSError as error:
            self._excuse(error)
            return None
        if self._trace:
            self._trace("received", datagram, self.address)
        return datagram

    def close(self) -> None:
        """Close the socket for good; a call that is using it fails."""
        self._socket.close()
