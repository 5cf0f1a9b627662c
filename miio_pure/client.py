# SPDX-License-Identifier: MIT
"""The client: a session on a UDP socket, with one deadline for each call."""

import errno
import socket
import time
from _thread import allocate_lock, start_new_thread

from .errors import (
    DeviceError,
    MiioError,
    NoReply,
    PacketError,
    PayloadError,
    TokenError,
)
from .packet import HELLO, Found, Token
from .session import Session, compose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        Any,
        Callable,
        ClassVar,
        Dict,
        Iterator,
        List,
        Optional,
        Sequence,
        Union,
    )

    from .session import Known

    Trace = Callable[[str, bytes, str], None]

PORT = 54321
HELLO_AT = (0.0, 0.3, 0.9)  # s: bursts upset some devices
SHARES = (1, 2, 2)  # how the sends of a call share out its time
RETRIES = ("same", "fresh", "never")
READS = ("get_", "miIO.get_", "miIO.info", "miIO.wifi_assoc_state")  # how they begin
BUSY = (-9999, -30001)  # errors that pass by themselves
BUSY_PAUSE = 0.5  # s
LEAST = 0.1  # of a call's time must be left for a send to be worth it
RECEIVE_SIZE = 65535  # bytes
DISCARDED = 100  # datagrams at the most
# These mean what silence means: the way is broken, for now or for good.
_LIKE_SILENCE = (
    errno.EHOSTUNREACH,
    errno.EHOSTDOWN,
    errno.ENETDOWN,
    errno.ENOBUFS,
    errno.EAGAIN,
)
_SILENCE = object()
_HELLO = object()


def check_limits(port: int, timeout: float, *hosts: str) -> None:
    """ValueError or TypeError for arguments that cannot be meant."""
    for host in hosts:
        if not isinstance(host, str):
            raise TypeError("a host is a str, not %s" % type(host).__name__)
    if type(port) is not int or not 0 < port < 65536:
        raise ValueError("a port is a number from 1 to 65535, not %r" % port)
    if not 0 < timeout <= 86400:
        raise ValueError("a timeout is over 0 s and at most a day, not %r" % timeout)


def resolve(host: str, deadline: float) -> str:
    """The IPv4 address of a host; NoReply if it cannot be found before the deadline."""
    try:
        socket.inet_pton(socket.AF_INET, host)
        return host
    except (OSError, ValueError):
        pass
    if not host.strip("0123456789./") or not all(" " < char < "\x7f" for char in host):
        raise NoReply(
            "%s is neither an IPv4 address, such as 192.168.1.47, nor a host "
            "name" % ascii(host)
        )
    outcome: "List[Union[str, OSError]]" = []
    done = allocate_lock()
    done.acquire()

    # In a thread, as it may block for longer than we may; coverage cannot follow it.
    def look_up() -> None:  # pragma: no cover
        try:
            name = host.encode("ascii")  # str would need idna, which small hosts lack
            found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_DGRAM)
            outcome.append(str(found[0][4][0]))
        except OSError as error:
            outcome.append(error)
        finally:
            done.release()

    try:
        start_new_thread(look_up, ())
    except RuntimeError:  # no more threads
        look_up()
    done.acquire(True, max(0.0, deadline - time.monotonic()))
    result = outcome[0] if outcome else OSError(0, "no answer from the name server")
    if isinstance(result, str):
        return result
    raise NoReply("cannot find the host %s: %s" % (host, result.strerror))


def open_socket(bind: "Optional[str]", deadline: float) -> socket.socket:
    """A UDP socket at the local address bind; NoReply if there is none."""
    address = None if bind is None else resolve(bind, deadline)
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        raise NoReply("this system gives no socket: %s" % error.strerror) from None
    try:
        if address is not None:
            sock.bind((address, 0))
    except OSError as error:
        sock.close()
        text = "cannot send from %s, which is no address of this host: %s"
        raise NoReply(text % (bind, error.strerror)) from None
    return sock


def unreachable(where: str, error: OSError) -> str:
    """What an error of the socket means to one who wants to reach where."""
    if isinstance(error, ConnectionError):  # ICMP says: port unreachable
        text = "%s: the port is closed: no miIO device there, or a firewall in between"
        return text % where
    if error.errno == errno.EBADF:
        return "%s: the client was closed during the call" % where
    if isinstance(error, PermissionError):
        return "%s: a firewall on this host forbids it, or a broadcast address" % where
    return "%s: cannot be reached: %s" % (where, error.strerror or error)


class Link:
    """A UDP socket connected to one device: nobody else's datagrams arrive."""

    now = staticmethod(time.monotonic)

    def __init__(
        self,
        host: str,
        port: int,
        bind: "Optional[str]",
        deadline: float,
        trace: "Optional[Trace]" = None,
    ) -> None:
        self.address = resolve(host, deadline)
        self.port, self._trace = port, trace
        self._socket = open_socket(bind, deadline)
        try:
            self._socket.connect((self.address, port))
        except BaseException:
            self._socket.close()
            raise

    def send(self, datagram: bytes) -> None:
        """Send a datagram; an OSError that means no more than silence is kept quiet."""
        if self._trace:
            self._trace("sent", datagram, self.address)
        try:
            self._socket.send(datagram)
        except OSError as error:
            if error.errno not in _LIKE_SILENCE:
                raise

    def receive(self, until: float) -> "Optional[bytes]":
        """The next datagram, or None if there is none by the time until."""
        while True:
            left = until - self.now()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                datagram = self._socket.recv(RECEIVE_SIZE)
            except socket.timeout:
                return None
            except OSError as error:
                if error.errno not in _LIKE_SILENCE:
                    raise
                continue
            if self._trace:
                self._trace("received", datagram, self.address)
            return datagram

    def discard(self) -> None:
        """Drop what has arrived unasked, such as hello replies of long ago."""
        self._socket.settimeout(0.0)
        for _ in range(DISCARDED):
            try:
                self._socket.recv(RECEIVE_SIZE)
            except BlockingIOError:
                return
            except OSError:
                pass  # an error of the past

    def close(self) -> None:
        self._socket.close()


class Client:
    """A device on the network; may be shared between threads, whose calls take turns.

    host: address or name. token: 32 hex digits, 16 bytes, a Token, None to use the one
    that the device shows in its hello, or a function from a device id to its Token or
    None, such as a tokens.Store. timeout: s, for each call. bind: the local address to
    send from. link: a Link or its like, for tests. trace: called with "sent" or
    "received", each datagram and the device's address.

    Errors: MiioError; TypeError or ValueError for arguments that cannot be meant.
    """

    discover: "ClassVar[Callable[..., Iterator[Found]]]"  # set by discovery.py

    def __init__(
        self,
        host: str,
        token: "Union[str, bytes, Token, Known, None]" = None,
        *,
        port: int = PORT,
        timeout: float = 5.0,
        bind: "Optional[str]" = None,
        link: "Optional[Link]" = None,
        trace: "Optional[Trace]" = None,
    ) -> None:
        check_limits(port, timeout, host)
        self.host, self.port, self.timeout = host, port, timeout
        self._bind, self._trace = bind, trace
        self._given_link = self._link = link
        self._lock = allocate_lock()
        known = token if callable(token) else None
        given = None if token is None or known else Token(token)  # type: ignore
        self._session = Session(given, _first_ident(), known)

    def __repr__(self) -> str:
        return "<Client %s>" % self.host

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; the next call opens a new one."""
        link, self._link = self._link, self._given_link
        if link is not None:
            link.close()

    def handshake(self) -> Found:
        """Say hello; NoReply if the device does not answer within the timeout."""
        return self._call(_Call.handshake)  # type: ignore[no-any-return]

    def send(
        self,
        method: str,
        params: "Union[Sequence[Any], Dict[str, Any]]" = (),
        *,
        retry: "Optional[str]" = None,
    ) -> "Any":
        """Call a method of the device and return the "result" of its reply.

        retry: what follows a silence. "same": a try with the same id, so that a device
        that drops repeated ids acts once at most; "fresh": one with a new id, which
        every device answers, but may act on twice; "never": none. Default: "fresh" for
        reads (get_... and miIO.info), "same" for all else.
        """
        return self.command({"method": method, "params": params}, retry=retry)

    def command(
        self, fields: "Dict[str, Any]", *, retry: "Optional[str]" = None
    ) -> "Any":
        """Like send(), with whatever members fields has besides method and params.

        An "id" among them is sent as it is.
        """
        if retry is not None and retry not in RETRIES:
            raise ValueError('retry is "same", "fresh" or "never", not %r' % (retry,))
        request = _Request(fields, retry)
        return self._call(lambda call: call.ask(request))

    def info(self) -> "Dict[str, Any]":
        """What the device says of itself: the result of miIO.info."""
        result = self.send("miIO.info")
        if not isinstance(result, dict):
            raise PayloadError(
                "expected an object as the result of miIO.info, not "
                + type(result).__name__
            )
        return result

    def _call(self, work: "Callable[[_Call], Any]") -> "Any":
        now = (self._given_link or Link).now
        deadline = now() + self.timeout
        taken = self._lock.acquire(True, self.timeout)
        call = None
        try:
            if not taken or deadline - now() < self.timeout * LEAST:
                raise NoReply(
                    "%s: other threads' calls took all of the %g s"
                    % (self._where(), self.timeout)
                )
            link = self._link
            if link is None:
                link = Link(self.host, self.port, self._bind, deadline, self._trace)
                self._link = link
            call = _Call(self._session, link, self._where(), deadline)
            return work(call)
        except NoReply:
            if call:
                self._hang_up()
            raise
        except OSError as error:
            self._hang_up()
            attempts = call.attempts if call else 0
            raise NoReply(unreachable(self._where(), error), attempts) from None
        finally:
            if taken:
                self._lock.release()

    def _hang_up(self) -> None:
        """After a silence: late replies go to the old port, and hello comes first."""
        self._session.silence()
        self.close()

    def _where(self) -> str:
        return "%s port %d" % (self.host, self.port)


_last_ident = 0
_ident_lock = allocate_lock()


def _first_ident() -> int:
    """Where a session's ids start: at the wall clock's milliseconds, so that they do
    not repeat from one run to the next, nor between clients made at once."""
    global _last_ident
    with _ident_lock:
        _last_ident = max(int(time.time() * 1000), _last_ident + 1000)
        return _last_ident


class _Request:
    """A command, ready to be sent as often as its retries allow."""

    def __init__(self, fields: "Dict[str, Any]", retry: "Optional[str]") -> None:
        extra = dict(fields)
        method, ident = extra.pop("method", None), extra.pop("id", None)
        if ident is not None and type(ident) is not int:
            raise TypeError("an id is a whole number, not %r" % (ident,))
        if ident is not None and ident.bit_length() > 63:
            raise ValueError("an id of %d bits is too long" % ident.bit_length())
        self.body = compose(method, extra.pop("params", ()), extra)
        self.ident: "Optional[int]" = ident
        self.is_read = method.startswith(READS)
        self.retry = retry or ("fresh" if self.is_read else "same")


class _Call:
    """One call: hellos, sends and waits until its deadline."""

    def __init__(
        self, session: Session, link: Link, where: str, deadline: float
    ) -> None:
        self._session, self._link, self._where = session, link, where
        self._started, self._deadline = link.now(), deadline
        self._idents: "List[int]" = []  # of its requests: a reply to any will do
        self._came: "Dict[str, int]" = {}  # what was skipped, and how often
        self._verdict: "Optional[MiioError]" = None
        self._rejections = 0
        self._hellos = 0  # said during this call,
        self._greeted = False  # and whether one was answered
        self.attempts = 0

    def handshake(self) -> Found:
        answer, greeting = self._greet(self._deadline), self._session.greeting
        if answer is _SILENCE or greeting is None:
            raise self._no_hello()
        return Found(self._link.address, self._link.port, greeting)

    def ask(self, request: _Request) -> "Any":
        """The result of a request, or the error that says why there is none."""
        if self._session.greeting is None and self._greet(self._deadline) is _SILENCE:
            raise self._no_hello()
        busy: "Optional[DeviceError]" = None
        shares = SHARES[:1] if request.retry == "never" else SHARES
        least = (self._deadline - self._started) * LEAST
        for turn, share in enumerate(shares):
            now = self._link.now()
            left = self._deadline - now
            if turn and left < least:
                break
            try:
                answer = self._attempt(request, now + left * share / sum(shares[turn:]))
            except DeviceError as error:
                if error.code not in BUSY or not request.is_read:
                    raise
                busy = error
                self._idents.clear()  # they were answered
                self._listen(min(self._link.now() + BUSY_PAUSE, self._deadline))
                continue
            if answer is not _SILENCE:
                return answer
            self._session.silence()
            if self._rejections > 1:  # one alone may be a damaged hello reply
                break
        raise busy or self._verdict or self._no_answer()

    def _attempt(self, request: _Request, until: float) -> "Any":
        """Send a request once, after a hello if one is due, and wait for the answer."""
        now = self._link.now()
        if self._session.needs_hello(now):
            answer = self._greet(now + (until - now) / 2)
            if answer is not _HELLO and answer is not _SILENCE:
                return answer
        ident = request.ident
        if ident is None and self._idents and request.retry == "same":
            ident = self._idents[0]
        ident, datagram = self._session.request(request.body, self._link.now(), ident)
        self._idents.append(ident)
        self._link.send(datagram)
        self.attempts += 1
        return self._listen(until)

    def _greet(self, until: float) -> "Any":
        """Say hello until it is answered: _HELLO, _SILENCE or a late answer."""
        start = self._link.now()
        if not self._idents:
            self._link.discard()
        for at, following in zip(HELLO_AT, HELLO_AT[1:] + (until - start,)):
            if start + at > until:
                break
            self._link.send(HELLO)
            self._hellos += 1
            answer = self._listen(min(start + following, until), for_hello=True)
            if answer is not _SILENCE:
                return answer
        return _SILENCE

    def _listen(self, until: float, for_hello: bool = False) -> "Any":
        """The first datagram that is meant for this call; others are skipped."""
        while True:
            datagram = self._link.receive(until)
            if datagram is None:
                return _SILENCE
            now = self._link.now()
            try:
                if for_hello and len(datagram) == 32:
                    self._session.hello(datagram, now)
                    self._greeted = True
                    return _HELLO
                return self._session.reply(datagram, self._idents, now)
            except (PacketError, PayloadError, TokenError) as error:
                self._skip(error)

    def _skip(self, error: MiioError) -> None:
        """Note why a datagram was skipped, in little space."""
        text = str(error)
        if text not in self._came and len(self._came) >= 3:
            text = "and more"
        self._came[text] = self._came.get(text, 0) + 1
        self._rejections += isinstance(error, TokenError)
        if self._verdict is None and isinstance(error, (TokenError, PayloadError)):
            self._verdict = error.with_traceback(None)  # which would keep the datagram

    def _no_hello(self) -> NoReply:
        text = (
            "%s: no answer to hello in %s: is the device switched on, is the "
            "address right, and is this host in the same subnet? (devices ignore "
            "others)%s"
        )
        return NoReply(text % (self._where, self._spent(), self._instead()))

    def _no_answer(self) -> MiioError:
        """What the silence means, by all that was seen so far."""
        session = self._session
        if session.shows_another_token() and not session.verified:
            return TokenError(
                "%s: no answer, and it shows another token than ours: it was reset or "
                "set up again; leave the token out, and out of the token file, to use "
                "the one it shows" % self._where
            )
        sends = "the request" if self.attempts == 1 else "%d requests" % self.attempts
        if self._hellos and not self._greeted:
            text = "no answer to %s in %s, nor to hello"
        elif not session.verified:
            text = (
                "it answered hello, but not %s in %s: is the token right? (most "
                "devices do not answer a wrong one)"
            )
        elif self._greeted:
            text = "it answers hello, but no longer %s in %s: was its token changed?"
        else:
            text = "no answer to %s in %s"
        text = text % (sends, self._spent()) + "; it may have acted all the same"
        if session.former and not session.verified:
            text += "; " + session.former
        return NoReply("%s: %s%s" % (self._where, text, self._instead()), self.attempts)

    def _spent(self) -> str:
        return "%.1f s" % (self._link.now() - self._started)

    def _instead(self) -> str:
        """What arrived instead of an answer."""
        kinds = self._came.items()
        return "".join("; came instead: %s (%d times)" % kind for kind in kinds)
