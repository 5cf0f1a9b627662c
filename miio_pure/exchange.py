# SPDX-License-Identifier: MIT
"""The rules of one call to a device, as generators that never block.

The life of a call:

                  +-----------------------------------------+
                  |  hello at 0, 0.3 and 0.9 s              |  only where one is due:
        start --> |     until one is answered               |  at first, after a minute
                  +-----------------------------------------+  and after each silence
                        | answered, or half of the attempt's time is over
                        v
                  +-----------------------------------------+
                  |  request, signed and stamped            |  attempt 1, 2 or 3: each
             +--> |     wait for the reply to this or an    |  has its share, 1:2:2, of
             |    |     earlier attempt of the same call    |  the call's time
             |    +-----------------------------------------+
             |          |                  |          |
             |       silence         busy (reads)   reply --> the result, or DeviceError
             |          |                  |
             |          v                  v
             +----- hello, then the same id or a fresh one
                        |
                        +--> no attempt or no time left: NoReply, with the likely reason

UDP loses packets, repeats them and lets them overtake each other, and anybody can send
them. So every datagram that is not the reply to this call is skipped. That never
extends the call, which has one deadline.

A retry raises the question whether a command can run twice. With the same id, a device
that drops repeated ids acts at most once; but then it may not answer the retry either.
With a fresh id every device answers, and may act twice. So reads take fresh ids, and
commands keep theirs.

A generator yields what it wants, and its driver must act on each value:

- bytes: send them, then send None into the generator; or, if they could not be sent for
  a reason that may soon pass, send a str that names the reason;
- a float: wait until that monotonic time, and send the datagram that arrived, or None,
  which always means that the time has come;
- `DROP`: take a new socket, so that nothing meant for the old one arrives, and send
  None;
- if the network refuses, throw a `NoReply` into it, which it always raises again.

The value that the generator returns is the result of the call. One `Request` may serve
any number of calls, one after the other or at the same time. `Client` drives one call
and blocks; others may drive hundreds with one poll, and the tests drive them with no
socket at all.
"""

from .errors import (
    DeviceError,
    MiioError,
    NoReply,
    PacketError,
    PayloadError,
    TokenError,
)
from .packet import HELLO, Packet
from .session import Session, compose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Generator, List, Literal, Optional, Union

    Retry = Literal["same", "fresh", "never"]
    # The values that a call yields.
    Wish = Union[bytes, float, "Signal"]
    # The values that are sent into it.
    Given = Union[bytes, str, None]
    Outcome = Union["Signal", "Answer"]
    Waiting = Generator[Wish, Given, Outcome]

# When hellos are sent, in seconds from the first: bursts upset some devices.
HELLO_AT = (0.0, 0.3, 0.9)  # s
# Each attempt's share of the time of a call.
SHARES = (1, 2, 2)
# Below this share of a call's time, another attempt is pointless.
MIN_SHARE = 0.1
RETRIES = ("same", "fresh", "never")
# Prefixes of the methods that only read.
READS = ("get_", "miIO.get_", "miIO.info", "miIO.wifi_assoc_state")
# Error codes that go away by themselves, and how long to wait before asking again.
BUSY = (-9999, -30001)
BUSY_PAUSE = 0.5  # s
MAX_ID_BITS = 63
# How many kinds of skipped datagrams a message names.
MAX_KINDS = 3
# One rejection alone may be a damaged hello reply.
MIN_REJECTIONS = 2


class Signal:
    """A sentinel with a name, which cannot be mistaken for any value."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


# A wish: drop what has arrived, and whatever may still arrive for earlier requests. A
# new socket does both.
DROP = Signal("DROP")
# The ways in which waiting can end without an Answer.
SILENCE = Signal("SILENCE")
GREETED = Signal("GREETED")


class Answer:
    """The result that a device answered with."""

    def __init__(self, result: "Any") -> None:
        self.result = result


class Request:
    """A request that can be sent as often as its retries allow.

    fields: the members of the request; an "id" among them is sent as it is. retry:
    "same", "fresh", "never" or None, which is "fresh" for reads and "same" for the
    rest. waits_if_busy: whether to ask a busy device again, which is right for reads.
    Raises TypeError or ValueError if the request cannot be sent.
    """

    def __init__(self, fields: "Dict[str, Any]", retry: "Optional[Retry]") -> None:
        if retry is not None and retry not in RETRIES:
            raise ValueError("retry is one of %s, not %r" % (RETRIES, retry))
        extra = dict(fields)
        method, ident = extra.pop("method", None), extra.pop("id", None)
        if ident is not None:
            if type(ident) is not int:
                raise TypeError("an id is a whole number, not %r" % (ident,))
            if ident.bit_length() > MAX_ID_BITS:
                raise ValueError("an id of %d bits is too long" % ident.bit_length())
        self.body = compose(method, extra.pop("params", ()), extra)
        self.ident: "Optional[int]" = ident
        self.is_read = method.startswith(READS)
        self.retry: "Retry" = retry or ("fresh" if self.is_read else "same")
        self.waits_if_busy = self.is_read

    def begin(
        self, session: Session, deadline: float, now: "Callable[[], float]"
    ) -> "Generator[Wish, Given, Any]":
        """Do what ask() does with this request."""
        return ask(session, self, deadline, now)


def greet(
    session: Session, deadline: float, now: "Callable[[], float]"
) -> "Generator[Wish, Given, Packet]":
    """Say hello; return the hello reply as a Packet, or raise NoReply."""
    return _Call(session, deadline, now).handshake()


def ask(
    session: Session, request: Request, deadline: float, now: "Callable[[], float]"
) -> "Generator[Wish, Given, Any]":
    """Send a request and return the result, or raise the error that says why not.

    deadline: the monotonic time by which the call ends, whatever arrives. now: returns
    the monotonic time.
    """
    return _Call(session, deadline, now).ask(request)


class _Call:
    """One call: hellos, attempts and waits until its deadline."""

    def __init__(
        self, session: Session, deadline: float, now: "Callable[[], float]"
    ) -> None:
        self._session, self._now = session, now
        self._started, self._deadline = now(), deadline
        # A reply to the id of any attempt of this call is the answer.
        self._idents: "List[int]" = []
        self._skipped = _Skipped()
        self._hellos = 0
        self._greeted = False
        self._attempts = 0

    def handshake(self) -> "Generator[Wish, Given, Packet]":
        # A hello stays due until it is answered.
        self._session.expect_hello()
        yield from self._greet(self._deadline)
        greeting = self._session.greeting
        if greeting is None or not self._greeted:
            raise self._skipped.verdict or self._explain_no_hello()
        return greeting

    def ask(self, request: Request) -> "Generator[Wish, Given, Any]":
        try:
            if request.ident is not None and not self._session.needs_hello(self._now()):
                # An earlier request may have had the same id, and its reply may still
                # be on the way. Where a hello comes first, that drops it.
                yield DROP
            if self._session.greeting is None:
                yield from self.handshake()
            return (yield from self._try_all(request))
        except NoReply as error:
            self._session.expect_hello()
            error.attempts = self._attempts
            raise

    def _try_all(self, request: Request) -> "Generator[Wish, Given, Any]":
        busy: "Optional[DeviceError]" = None
        shares = SHARES[:1] if request.retry == "never" else SHARES
        least = (self._deadline - self._started) * MIN_SHARE
        for turn, share in enumerate(shares):
            now = self._now()
            left = self._deadline - now
            if turn and left < least:
                break
            until = now + left * share / sum(shares[turn:])
            try:
                answer = yield from self._attempt(request, until)
            except DeviceError as error:
                if (
                    turn == len(shares) - 1
                    or error.code not in BUSY
                    or not request.waits_if_busy
                ):
                    raise
                busy = error
                # The device has already answered these ids.
                self._idents.clear()
                yield from self._listen(min(self._now() + BUSY_PAUSE, self._deadline))
                continue
            if isinstance(answer, Answer):
                return answer.result
            self._session.silence()
            if self._is_rejected():
                break
        raise busy or self._skipped.verdict or self._explain_silence(request)

    def _attempt(self, request: Request, until: float) -> "Waiting":
        """Send a request once, after a hello if one is due, and wait for the answer."""
        now = self._now()
        if self._session.needs_hello(now):
            outcome = yield from self._greet(now + (until - now) / 2)
            # A late answer to an earlier attempt may come instead of a hello reply.
            if isinstance(outcome, Answer):
                return outcome
            # A device that rejects the token, or reveals another, gets no request.
            if outcome is SILENCE and self._is_rejected():
                return SILENCE
        # The hello reply may have been read too late, because the caller was busy.
        if self._now() >= self._deadline:
            return SILENCE
        ident = request.ident
        if ident is None and self._idents and request.retry == "same":
            ident = self._idents[0]
        ident, datagram = self._session.request(request.body, self._now(), ident)
        self._idents.append(ident)
        self._attempts += yield from self._send(datagram)
        return (yield from self._listen(until))

    def _send(self, datagram: bytes) -> "Generator[Wish, Given, bool]":
        """Send a datagram; return whether it left this host."""
        reason = yield datagram
        if isinstance(reason, str):
            self._skipped.note(reason)
        return reason is None

    def _greet(self, until: float) -> "Waiting":
        """Say hello until it is answered; return GREETED, SILENCE or a late answer."""
        start = self._now()
        if not self._idents:
            # An old hello reply would set the clock back.
            yield DROP
        for at, following in zip(HELLO_AT, HELLO_AT[1:] + (until - start,)):
            if start + at > until:
                break
            self._hellos += yield from self._send(HELLO)
            outcome = yield from self._listen(min(start + following, until), GREETED)
            if outcome is not SILENCE or self._is_rejected():
                return outcome
        return SILENCE

    def _listen(self, until: float, awaited: "Optional[Signal]" = None) -> "Waiting":
        """Wait for a datagram that is meant for this call; skip the others.

        awaited: GREETED while a hello reply is expected, which then ends the wait.
        """
        while True:
            datagram = yield until
            if not isinstance(datagram, bytes):
                return SILENCE
            try:
                if awaited is GREETED and len(datagram) == len(HELLO):
                    self._session.hello(datagram, self._now())
                    self._greeted = True
                    return GREETED
                result = self._session.reply(datagram, self._idents, self._now())
                return Answer(result)
            except (PacketError, PayloadError, TokenError) as error:
                self._skipped.add(error)

    def _is_rejected(self) -> bool:
        return self._skipped.rejections >= MIN_REJECTIONS

    def _explain_no_hello(self) -> NoReply:
        if not self._hellos:
            return self._make_error("nothing could be sent")
        return self._make_error(
            "no answer to hello",
            ": is the device switched on, is the address right, and is this host in "
            "the same subnet? Devices ignore other subnets",
        )

    def _explain_silence(self, request: Request) -> MiioError:
        """Return the most likely reason for the silence."""
        session = self._session
        if session.reveals_another_token() and not session.verified:
            return TokenError(
                "%s: no answer, because the token is wrong: the device shows another "
                "one than %s. That was mistyped, or the device was reset. Without a "
                "given or saved token, the one that it shows is used"
                % (session.name, session.credentials.source)
            )
        if not self._attempts:
            return self._make_error("no request could be sent")
        text = ""
        if not session.verified and (self._greeted or not self._hellos):
            text += (
                "; %s is probably wrong (many devices ignore a wrong token)"
                % session.credentials.source
            )
        if not request.is_read:
            text += "; it may have acted all the same"
        if session.former and not session.verified:
            text += "; " + session.former
        return self._make_error(self._describe_silence(), text)

    def _describe_silence(self) -> str:
        count = self._attempts
        requests = "the request" if count == 1 else "%d requests" % count
        if self._hellos and not self._greeted:
            text = "no answer to %s, nor to hello"
        elif not self._session.verified:
            text = "it answers hello, but did not answer %s"
        elif self._greeted:
            text = "it still answers hello, but did not answer %s"
        else:
            text = "no answer to %s"
        return text % requests

    def _make_error(self, what: str, more: str = "") -> NoReply:
        """Return a NoReply that says what did not happen in time, and then more."""
        spent = self._now() - self._started
        facts = (self._session.name, what, spent, more, self._skipped)
        return NoReply("%s: %s within %.1f s%s%s" % facts)


class _Skipped:
    """Count what arrived instead of an answer, in little memory.

    rejections: how many times a token was refused. verdict: the error that the
    call raises if no answer comes, which is the first such error, or None.
    """

    def __init__(self) -> None:
        self.rejections = 0
        self.verdict: "Optional[MiioError]" = None
        self._kinds: "Dict[str, int]" = {}

    def note(self, text: str) -> None:
        if text not in self._kinds and len(self._kinds) >= MAX_KINDS:
            text = "others"
        self._kinds[text] = self._kinds.get(text, 0) + 1

    def add(self, error: MiioError) -> None:
        self.note(str(error))
        self.rejections += isinstance(error, TokenError)
        if self.verdict is None and isinstance(error, (TokenError, PayloadError)):
            # The traceback would keep the datagram alive.
            self.verdict = error.with_traceback(None)

    def __str__(self) -> str:
        if not self._kinds:
            return ""
        return "; what came instead: " + ", ".join(
            "%s (%s)" % (text, "once" if count == 1 else "%d times" % count)
            for text, count in self._kinds.items()
        )
