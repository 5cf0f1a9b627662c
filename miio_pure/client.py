# SPDX-License-Identifier: MIT
"""The client: exchanges with one device, on one link, one after the other."""

import time
from _thread import RLock

from .discovery import Found, discover
from .errors import NoReply, PayloadError
from .exchange import Request, Signal, ask, greet
from .link import PORT, Link, check_limits
from .packet import Token
from .session import MAX_ID, Credentials, Session

# The os module is a layer over posix that takes as long to import as half of the core.
try:
    import posix as system
except ImportError:
    import os as system  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        Any,
        Callable,
        Dict,
        Generator,
        Optional,
        Sequence,
        Tuple,
        TypeVar,
        Union,
    )

    from .exchange import Given, Retry, Wish
    from .link import Trace
    from .session import Saved

    Result = TypeVar("Result")
    Steps = Generator[Wish, Given, Result]
    # Called with the session, the deadline and the clock.
    Begin = Callable[[Session, float, Callable[[], float]], Steps[Result]]

# The wall clock goes on while a host is suspended, and so does a device's clock, but
# the monotonic clock may stand still. If the two clocks here drift apart by more than
# this, the host was suspended.
MAX_DRIFT = 2.0  # s


class Client:
    """A device on the network; threads may share it, and their calls take turns.

    host: address or name. token: 32 hex digits, 16 bytes, a Token, or None. tokens:
    where saved tokens come from: anything with token(device_id) -> Token or None, such
    as Devices. With neither, the token that the device reveals at first is used.
    timeout: s, for each call. bind: the local address to send from, or the name of the
    interface that has it. trace: called with "sent" or "received", each datagram and
    the device's address; it must not use this client.

    Calls raise MiioError. Invalid arguments raise TypeError, ValueError or TokenError.
    """

    discover = staticmethod(discover)

    def __init__(
        self,
        host: str,
        token: "Union[str, bytes, Token, None]" = None,
        *,
        tokens: "Optional[Saved]" = None,
        port: int = PORT,
        timeout: float = 5.0,
        bind: "Optional[str]" = None,
        trace: "Optional[Trace]" = None,
    ) -> None:
        check_limits(port, timeout, host)
        self.host, self.port, self.timeout = host, port, timeout
        self._bind, self._trace = bind, trace
        self._credentials = Credentials(None if token is None else Token(token), tokens)
        # The lock of each process that uses this client: one more for each fork.
        self._locks: "Dict[int, RLock]" = {}
        self._start()

    def _start(self) -> None:
        """Begin without a socket, with a session that no other process has."""
        self._link: "Optional[Link]" = None
        name = "%s port %d" % (self.host, self.port)
        self._session = Session(self._credentials, choose_first_id(), name)
        self._drift = time.time() - time.monotonic()
        self._process = system.getpid()

    def __repr__(self) -> str:
        return "<Client %s>" % self.host

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; the next call opens a new one."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def handshake(self) -> Found:
        """Say hello; NoReply if the device does not answer within the timeout."""
        address, greeting = self._call(greet)
        return Found(address, self.port, greeting)

    def send(
        self,
        method: str,
        params: "Union[Sequence[Any], Dict[str, Any]]" = (),
        *,
        retry: "Optional[Retry]" = None,
    ) -> "Any":
        """Call a method of the device and return the "result" of its reply.

        retry: what follows a silence. "same": another attempt with the same id, so that
        a device that drops repeated ids acts at most once. "fresh": one with a new id,
        which every device answers, but may act on twice. "never": nothing. Default:
        "fresh" for reads (get_... and miIO.info), "same" for everything else.
        """
        return self.command({"method": method, "params": params}, retry=retry)

    def command(
        self, fields: "Dict[str, Any]", *, retry: "Optional[Retry]" = None
    ) -> "Any":
        """Do what send() does, with any members that a request may have.

        An "id" among the fields is sent as it is.
        """
        request = Request(fields, retry)
        _, result = self._call(
            lambda session, deadline, now: ask(session, request, deadline, now)
        )
        return result

    def info(self) -> "Dict[str, Any]":
        """Return what the device says about itself: the result of miIO.info."""
        result = self.send("miIO.info")
        if not isinstance(result, dict):
            raise PayloadError(
                "expected an object as the result of miIO.info, not "
                + type(result).__name__
            )
        return result

    def _call(self, begin: "Begin[Result]") -> "Tuple[str, Result]":
        """Run an exchange when it is this thread's turn; return (address, result)."""
        deadline = time.monotonic() + self.timeout
        # A lock from before a fork may be held for ever, by a thread that only the
        # parent has. setdefault() is atomic, so threads get the same lock.
        lock = self._locks.setdefault(system.getpid(), RLock())
        if lock._is_owned():  # type: ignore[attr-defined]
            # A signal handler or a trace interrupted this thread's own call, whose
            # answer it would take away.
            raise NoReply(
                "%s: this thread is in the middle of another call" % self._session.name
            )
        try:
            if not lock.acquire(True, self.timeout):
                raise NoReply(
                    "%s: other threads' calls took all of the %g s"
                    % (self._session.name, self.timeout)
                )
            return self._take_turn(begin, deadline, lock)
        finally:
            # Ctrl-C may have interrupted right after the lock was taken above, or just
            # before _take_turn() released it. Coverage cannot see the test of that,
            # which needs a trace function of its own.
            if lock._is_owned():  # type: ignore[attr-defined]  # pragma: no cover
                lock.release()

    def _take_turn(
        self, begin: "Begin[Result]", deadline: float, lock: "RLock"
    ) -> "Tuple[str, Result]":
        try:
            link = self._prepare(deadline)
            steps = begin(self._session, deadline, time.monotonic)
            return link.address, drive(steps, link)
        except NoReply:
            # Late replies go to the old port.
            self.close()
            raise
        finally:
            lock.release()

    def _prepare(self, deadline: float) -> Link:
        """Return the link, a new one if there is none."""
        if system.getpid() != self._process:
            # After a fork, the parent would get the child's answers: they would share
            # the socket and the ids.
            self.close()
            self._start()
        # The monotonic clock stands still in a suspend, so a hello is due.
        drift = time.time() - time.monotonic()
        if abs(drift - self._drift) > MAX_DRIFT:
            self._session.expect_hello()
        self._drift = drift
        if self._link is None:
            self._link = Link(self.host, self.port, self._bind, deadline, self._trace)
        return self._link


def choose_first_id() -> int:
    """Return a random id to start from, so that no two sessions use the same ids.

    Some devices drop ids that they have seen, and others answer them again without
    acting. Without a source of randomness, the clock and the process id must do.
    """
    try:
        number = int.from_bytes(system.urandom(4), "big")
    except NotImplementedError:
        number = int(time.time() * 1e6) ^ system.getpid() << 16
    return number & MAX_ID


def drive(steps: "Steps[Result]", link: Link) -> "Result":
    """Run an exchange to its end on a link; the only loop here that blocks."""
    given: "Given" = None
    while True:
        try:
            wish = steps.send(given)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        given = None
        try:
            if isinstance(wish, bytes):
                given = link.send(wish)
            elif isinstance(wish, Signal):
                # DROP is the only signal that is ever yielded.
                link.renew()
            else:
                given = link.receive(wish)
        except NoReply as error:
            # The exchange adds how many requests were sent, and raises it again.
            steps.throw(error)
