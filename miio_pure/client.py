# SPDX-License-Identifier: MIT
"""Talks to one device: exchanges on one link, one after the other."""

import time

from .discovery import Found, discover
from .errors import NoReply, PayloadError
from .exchange import Request, greet
from .link import PORT, Event, Link, check_limits, drive, look_up
from .packet import Token
from .session import Credentials, Session

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
        List,
        Optional,
        Sequence,
        Tuple,
        TypeVar,
        Union,
    )

    from .exchange import Given, Retry, Wish
    from .link import Call, Trace
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
        # The calls under way in each process that uses this client. After a fork, one
        # may never end, because only the parent has its thread.
        self._queues: "Dict[int, List[Event]]" = {}
        self._start()

    def _start(self) -> None:
        """Start again without a socket, with a session that no other process has."""
        self._link: "Optional[Link]" = None
        self._session = Session(
            self._credentials,
            choose_first_id(),
            "%s port %d" % (self.host, self.port),
        )
        # A new session always begins with a hello.
        self._drift = 0.0
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
        if link:
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

        retry: what to do after a silence. "same": try again with the same id, so that a
        device that drops repeated ids acts at most once. "fresh": try with a new id,
        which every device answers, but may act on twice. "never": give up. Default:
        "fresh" for reads (get_... and miIO.info), "same" for everything else.
        """
        return self.command({"method": method, "params": params}, retry=retry)

    def command(
        self, fields: "Dict[str, Any]", *, retry: "Optional[Retry]" = None
    ) -> "Any":
        """Do what send() does, with any members that a request may have.

        An "id" among the fields is sent as it is.
        """
        return self._call(Request(fields, retry).begin)[1]

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
        return drive(self.converse(begin, time.monotonic() + self.timeout))

    def converse(
        self, begin: "Begin[Result]", deadline: float
    ) -> "Call[Tuple[str, Result]]":
        """Run an exchange when it is this call's turn; return (address, result).

        This is a generator, so that one thread can run calls to many devices. See
        Call in link.py.
        """
        # The calls of this process, in their order; the first one has the device. Other
        # threads change the list at the same time, but each step is atomic.
        queue = self._queues.setdefault(system.getpid(), [])
        turn = Event()
        try:
            try:
                yield from self._take(turn, queue, deadline)
                link = yield from self._prepare(deadline)
                steps = begin(self._session, deadline, time.monotonic)
                result = yield from perform(steps, link, time.monotonic)
                return link.address, result
            except NoReply:
                # Late replies go to the old port, unless it is another call's.
                if turn in queue[:1]:
                    self.close()
                raise
            finally:
                leave(queue, turn)
        finally:
            # Ctrl-C may have interrupted the other leave().
            leave(queue, turn)

    def _take(self, turn: Event, queue: "List[Event]", deadline: float) -> "Call[None]":
        """Wait in the queue until it is our turn; NoReply if that takes too long."""
        name = self._session.name
        if any(one.thread == turn.thread for one in queue[:]):
            # A signal handler or a trace interrupted this thread's own call, and would
            # take away its answer.
            raise NoReply("%s: this thread is in the middle of another call" % name)
        queue.append(turn)
        is_first = queue[0] is turn
        while queue[0] is not turn and time.monotonic() < deadline:
            yield turn, deadline
        if not is_first and time.monotonic() >= deadline:
            raise NoReply("%s: other threads' calls took all of the time" % name)

    def _prepare(self, deadline: float) -> "Call[Link]":
        """Return the link; open one if there is none."""
        if system.getpid() != self._process:
            # After a fork, parent and child would share the socket and the ids, so one
            # would get the other's answers.
            self.close()
            self._start()
        # The monotonic clock may stop during a suspend, so make a hello due.
        drift = time.time() - time.monotonic()
        if abs(drift - self._drift) > MAX_DRIFT:
            self._session.expect_hello()
        self._drift = drift
        link = self._link
        if link is None:
            address = yield from look_up(self.host, deadline)
            self._link = link = Link(
                self._session.name, address, self.port, self._bind, self._trace
            )
        return link


def leave(queue: "List[Event]", turn: Event) -> None:
    """Leave a queue, unless that has been done, and wake the next call."""
    if turn in queue:
        queue.remove(turn)
    for first in queue[:1]:
        first.happen()


def choose_first_id() -> int:
    """Return a random number to start from, so that no two sessions use the same ids.

    Some devices drop ids that they have seen, and others answer them again without
    acting. Without a source of randomness, the clock and the process id must do.
    """
    try:
        return int.from_bytes(system.urandom(4), "big")
    except NotImplementedError:
        return int(time.time() * 1e6) ^ system.getpid() << 16


def perform(
    steps: "Steps[Result]", link: Link, now: "Callable[[], float]"
) -> "Call[Result]":
    """Run an exchange on a link to its end, without blocking."""
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
            elif isinstance(wish, float):
                while given is None and now() < wish:
                    given = yield link, wish
            else:
                # DROP is the only signal that is ever yielded.
                link.renew()
        except NoReply as error:
            # The exchange adds how many requests were sent, and raises it again.
            steps.throw(error)
