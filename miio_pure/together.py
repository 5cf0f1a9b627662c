# SPDX-License-Identifier: MIT
"""Calls many devices at once, in one thread.

`Client` runs one exchange and blocks; here up to 64 are under way at once. Each is a
generator that says what it waits for, and one poll waits for all of them. (More would
not help: a system looks up the hardware addresses of only so many dead devices at a
time.)

**Time.** The whole call has one deadline. Up to 64 clients have all of the time. If
there are more, the ones that begin first get only a share of it, and so devices that do
not answer leave time for the others: with 100 clients the first 36 get half of the
time, with 128 all of them do. A device that answers makes room for the next one. So
every client gets a turn, unless the caller itself uses up the time between two
outcomes; then the errors of the remaining clients say that nothing was sent.

**Plans.** Each client runs plans (see `plans`). Plans of the same client run one after
the other.

`Run` is for programs that go on for a long time: plans may begin at any time, and there
is a time limit for each of their exchanges.

**Turns.** Other threads may use the same clients. A client belongs to this call only
while a request to it is under way, and never while its own outcome is being yielded.
"""

import os
import time

from .client import Client
from .errors import MiioError, NoReply
from .exchange import Request
from .link import PORT, Event, Link, check_limits
from .plans import NEVER, follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        Any,
        Callable,
        Dict,
        Iterable,
        Iterator,
        List,
        Optional,
        Sequence,
        Tuple,
        Union,
    )

    from .client import Begin, Steps
    from .exchange import Retry
    from .link import Call
    from .plans import Plan
    from .session import Session

    # A client and the value that its plan returned, or the error that it ended with.
    Outcome = Tuple[Client, Any]

MAX_UNDER_WAY = 64
# How often we check for events that poll cannot watch: our turn with a client that
# another thread uses, and the answer of a name server.
PAUSE = 0.005  # s


def send_to_all(
    clients: "Iterable[Client]",
    method: str,
    params: "Union[Sequence[Any], Dict[str, Any]]" = (),
    *,
    retry: "Optional[Retry]" = None,
    timeout: float = 5.0,
) -> "Iterator[Outcome]":
    """Call a method of many devices; yield (client, result or MiioError) as each ends.

    The arguments are those of Client.send(). timeout: s, for the whole call; the
    clients' own timeouts do not count. A client that is given twice is called twice.
    This is a generator: nothing is sent until you ask for its first value, and if you
    leave early, its close() ends the exchanges that are still under way.
    """
    request = Request({"method": method, "params": params}, retry)
    return run_all([(client, _ask_once(request)) for client in clients], timeout)


def _ask_once(request: Request) -> "Plan[Any]":
    return (yield request.begin)


def run_all(
    plans: "Iterable[Tuple[Client, Plan[Any]]]", timeout: float = 5.0
) -> "Iterator[Outcome]":
    """Run a plan with each client; yield (client, value or MiioError) as each ends.

    timeout: s, for the whole call. The outcomes of one client come in the order of its
    plans. If a plan raises any error but a MiioError, the whole call ends with it.
    """
    check_limits(PORT, timeout)
    queues: "Dict[Client, List[Plan[Any]]]" = {}
    for client, plan in plans:
        if not isinstance(client, Client):
            raise TypeError("expected a Client, not %s" % type(client).__name__)
        queues.setdefault(client, []).append(plan)
    run = Run(len(queues), timeout)
    for client, waiting in queues.items():
        run.add(client, *waiting)
    return run.outcomes(timeout)


def _converse(
    client: Client, begin: "Begin[Any]", deadline: float, keep_open: bool
) -> "Call[Tuple[str, Any]]":
    """Run one exchange of a plan.

    keep_open: whether the client may keep its socket for the next exchange.
    """
    if time.monotonic() >= deadline:
        # A request sent now could not be answered in time.
        raise NoReply(
            "%s port %d: the time was up before this request could be sent"
            % (client.host, client.port)
        )
    if not keep_open:
        begin = _close_after(client, begin)
    return (yield from client.converse(begin, deadline))


def _close_after(client: Client, begin: "Begin[Any]") -> "Begin[Any]":
    """Wrap an exchange so that it closes the socket while no other call can use it."""

    def run(
        session: "Session", deadline: float, now: "Callable[[], float]"
    ) -> "Steps[Any]":
        try:
            result = yield from begin(session, deadline, now)
        except MiioError:
            client.close()
            raise
        client.close()
        return result

    return run


class _Strand:
    """The plans of one client, of which one is under way.

    deadline: for all of them. run: the Run that they belong to. call: the plan under
    way. source, until: what that plan waits for, and the latest time to wake it.
    """

    def __init__(
        self, client: Client, plans: "Sequence[Plan[Any]]", deadline: float, run: "Run"
    ) -> None:
        self.client = client
        self._left = list(plans[::-1])
        self._deadline, self._run = deadline, run
        self.begin_next()

    def begin_next(self) -> bool:
        """Begin the next plan with its share of the time; False if none is left."""
        if not self._left:
            return False
        now = time.monotonic()
        until = now + (self._deadline - now) / len(self._left)

        def converse(begin: "Begin[Any]", share: float) -> "Call[Tuple[str, Any]]":
            now = time.monotonic()
            latest = now + min((until - now) * share, self._run.timeout)
            return _converse(self.client, begin, latest, self._run.keep_open)

        self.call = follow(self._left.pop(), converse, until)
        return True

    def go_on(self, resume: "Callable[[Any], Any]", given: "Any") -> "List[Any]":
        """Let the plan go on to its next wait; return a list with its outcome, if any.

        resume: the method of the call that continues it.
        """
        try:
            self.source, self.until = resume(given)
        except StopIteration as end:
            return [end.value]
        except MiioError as error:
            return [error]
        if isinstance(self.source, Event):
            self.until = min(self.until, time.monotonic() + PAUSE)
        return []


class Run:
    """Plans with many clients, up to 64 of them at once.

    count: how many clients there are. timeout: s, for each exchange.
    """

    def __init__(self, count: int, timeout: float) -> None:
        self.timeout = timeout
        # With more clients than that, each closes its socket after each exchange,
        # because otherwise this process might run out of file descriptors.
        self.keep_open = count <= MAX_UNDER_WAY
        self._waiting: "List[Tuple[Client, Sequence[Plan[Any]]]]" = []
        self._strands: "List[_Strand]" = []
        self._process = os.getpid()

    def add(self, client: Client, *plans: "Plan[Any]") -> None:
        """Add plans of a client that has none here."""
        self._waiting.append((client, plans))

    def outcomes(self, timeout: float) -> "Iterator[Outcome]":
        """Yield the outcomes of all plans, which end within this time (s)."""
        try:
            try:
                yield from self.go_on(NEVER, time.monotonic() + timeout)
            finally:
                self.close()
        finally:
            # Ctrl-C may have interrupted the first close().
            self.close()

    def close(self) -> None:
        """End the plans that are under way."""
        for strand in self._strands:
            strand.call.close()

    def go_on(self, until: float, deadline: float = NEVER) -> "Iterator[Outcome]":
        """Yield outcomes until a time, or until there are no more plans.

        If that time has already passed, strands that are due still go on. deadline: the
        time by which plans that begin now must end; they share the time that is left.
        """
        while self._waiting or self._strands:
            while self._waiting and len(self._strands) < MAX_UNDER_WAY:
                strand = self._begin(deadline)
                yield from self._advance(strand, strand.call.send, None)
            for strand, resume, given in self._find_due(until):
                yield from self._advance(strand, resume, given)
            if time.monotonic() >= until:
                break

    def _begin(self, deadline: float) -> _Strand:
        """Begin with the next client, which gets a share of the time that is left."""
        rounds = -(-len(self._waiting) // MAX_UNDER_WAY)
        now = time.monotonic()
        until = now + (deadline - now) / rounds
        client, plans = self._waiting.pop(0)
        strand = _Strand(client, plans, until, self)
        self._strands.append(strand)
        return strand

    def _advance(
        self, strand: _Strand, resume: "Callable[[Any], Any]", given: "Any"
    ) -> "Iterator[Outcome]":
        """Let a strand go on to its next wait; yield the outcomes of its plans."""
        while True:
            outcomes = strand.go_on(resume, given)
            if not outcomes:
                return
            yield strand.client, outcomes[0]
            self._check_process()
            if not strand.begin_next():
                self._strands.remove(strand)
                return
            resume, given = strand.call.send, None

    def _check_process(self) -> None:
        """Refuse to go on in the child of a fork, which has its parent's sockets."""
        if self._process != os.getpid():
            raise RuntimeError("the process that began this call goes on with it")

    def _find_due(
        self, until: float
    ) -> "Iterator[Tuple[_Strand, Callable[[Any], Any], Any]]":
        """Wait; yield each strand that has something to do, and how it goes on."""
        now = time.monotonic()
        # When no strand is left, there is nothing to wait for.
        wakings = [strand.until for strand in self._strands] or [now]
        until = min(wakings + [until])
        links = [one.source for one in self._strands if isinstance(one.source, Link)]
        ready = set(find_ready(links, max(0.0, until - now)))
        now = time.monotonic()
        for strand in self._strands[:]:
            call, is_over = strand.call, strand.until <= now
            if strand.source in ready:
                try:
                    # A datagram that has arrived counts, even if we look too late.
                    datagram = strand.source.receive(now)
                except NoReply as error:
                    yield strand, call.throw, error
                    continue
                if datagram is not None or is_over:
                    yield strand, call.send, datagram
            elif is_over:
                yield strand, call.send, None


def find_ready(links: "List[Link]", timeout: float) -> "Iterable[Link]":
    """Return the links that may have a datagram, after at most timeout seconds."""
    # Programs that run plans with a single client do not need this module.
    import select

    try:
        if not hasattr(select, "poll"):
            return select.select(links, (), (), timeout)[0]
        poll = select.poll()
        numbers = {link.fileno(): link for link in links}
        for number in numbers:
            # poll reports errors in any case.
            poll.register(number, select.POLLIN)
        # Round up, because a wait that ends too early would only be repeated.
        milliseconds = int(-(-timeout * 1000 // 1))
        return [numbers[number] for number, _ in poll.poll(milliseconds)]
    except (OSError, ValueError):
        # Another thread has closed a link, or select() cannot watch numbers as large as
        # these or an empty list (Windows). So return all links, a short time later.
        time.sleep(min(timeout, PAUSE))
        return links
