# SPDX-License-Identifier: MIT
"""A conversation with one device: its clock, the ids of requests, and the token.

A device checks three things in a request, and a session keeps all three:

- The **device id** must be the device's own. We learn it from the reply to a hello.
- The **stamp** must be near the device's clock, which counts seconds since its start on
  most devices. A hello reply shows the clock; from then on we add the seconds that pass
  here. A reboot sets it back, so there is a new hello after a minute without one and
  after every silence.
- The **id** of the request should be new. Some devices drop ids that they have seen,
  others answer them again without acting. So a session starts at a random id, which no
  other process will choose, and counts up.

Every request is signed with the **token**. `Credentials` chooses it by one rule: the
token that was given; otherwise the one saved for this device id; otherwise, but only if
no saved devices are in use, the one that the first hello reply reveals. A hello is not
signed, so anybody can forge one. That is why a revealed token never takes
the place of another one: with saved tokens, a device that is not among them gets no
command, and without any token the first one revealed stays for the life of the client.

Nothing here knows about sockets or clocks: datagrams and `now`, in monotonic seconds,
come from the caller.
"""

from .errors import DeviceError, PacketError, TokenError
from .packet import MAX_DATAGRAM, Packet, Token, decode, decode_hello, encode
from .payload import dump, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, Optional, Protocol, Tuple

    class Saved(Protocol):
        def token(self, device_id: int) -> "Optional[Token]": ...


MAX_HELLO_AGE = 60.0  # s
MAX_ID = 0x7FFFFFFF  # 31 bits, as in the vendor's own client
MAX_LOW_WORD = 0xFFFFFFFF  # the low half of a device id
OVERHEAD = 80  # bytes of header, padding and id


def compose(
    method: str, params: "Any", extra: "Optional[Dict[str, Any]]" = None
) -> bytes:
    """Return the JSON of a request without its id; TypeError or ValueError if invalid.

    params: a list, tuple or dict. extra: further members of the object.
    """
    if not isinstance(method, str):
        raise TypeError("a method is a str, not %s" % type(method).__name__)
    if not isinstance(params, (list, tuple, dict)):
        raise TypeError(
            "params are a list or a dict (in JSON: an array or an object), not "
            + type(params).__name__
        )
    fields = {"method": method, "params": params}
    fields.update(extra or {})
    body = dump(fields)
    if len(body) > MAX_DATAGRAM - OVERHEAD:
        raise ValueError(
            "a request of %d bytes does not fit into a datagram" % len(body)
        )
    return body


class Credentials:
    """The token of a device, and where it came from.

    given: a Token, or None. saved: an object whose token(device_id) returns a Token or
    None; or None if no saved devices are in use. If it has an attribute `source`,
    messages name that as the place where the token comes from.
    """

    def __init__(
        self, given: "Optional[Token]" = None, saved: "Optional[Saved]" = None
    ) -> None:
        self.token = given
        self.is_given = given is not None
        self._saved = saved

    @property
    def source(self) -> str:
        """Where the token came from, for messages."""
        if self.is_given:
            return "the given token"
        if self._saved is not None:
            place = getattr(self._saved, "source", None)
            return "the token from %s" % place if place else "the saved token"
        return "the revealed token"

    def choose(self, device_id: int, revealed: "Optional[Token]") -> None:
        """Choose the token for the device that answered a hello.

        Raises TokenError if the device reveals a different token than it did at first.
        """
        if self.is_given:
            return
        if self._saved is not None:
            self.token = self._look_up(self._saved, device_id)
        elif self.token is None:
            self.token = revealed
        elif revealed is not None and revealed != self.token:
            raise TokenError(
                "device %d reveals another token than at first: it was reset, or "
                "somebody else answers; make a new client to trust it" % device_id
            )

    def require(self, device_id: int) -> Token:
        """Return the token, or raise a TokenError that says how to get one."""
        if self.token is not None:
            return self.token
        if self._saved is not None:
            raise TokenError(
                "device %d is not saved: save it first, or pass its token" % device_id
            )
        raise TokenError(
            "device %d hides its token, so it must be given. A device that was reset "
            "reveals it until it is set up; otherwise the token is in the Mi Home "
            "app's data or in the Xiaomi cloud" % device_id
        )

    @staticmethod
    def _look_up(saved: "Saved", device_id: int) -> "Optional[Token]":
        token = saved.token(device_id)
        # Other programs know only the low word of such an id. See Session.silence().
        if token is None and device_id > MAX_LOW_WORD:
            token = saved.token(device_id & MAX_LOW_WORD)
        return None if token is None else Token(token)


class Session:
    """The state of a conversation with one device.

    first_id: where the ids of requests start. name: how messages refer to the device.
    greeting: the last hello reply, as a Packet, or None. verified: whether the device
    ever answered a request under this token.
    """

    def __init__(self, credentials: Credentials, first_id: int, name: str = "") -> None:
        self.credentials = credentials
        self.name = name
        self.greeting: "Optional[Packet]" = None
        self.verified = False
        # For messages: another device had this address.
        self.former = ""
        self._next_id = first_id & MAX_ID or 1
        # The device's clock, and the monotonic time at which it was read.
        self._stamp = 0
        self._stamp_read = 0.0
        self._greeted = float("-inf")
        # The token that the hello reply before the last one revealed.
        self._revealed: "Optional[Token]" = None
        self._length = 0  # bytes of the last request
        self._omit_high_word = False

    def needs_hello(self, now: float) -> bool:
        """Tell whether a hello is due: the last reply to one is over a minute old."""
        return now - self._greeted > MAX_HELLO_AGE

    def expect_hello(self) -> None:
        """Make a hello due, because the device's clock may have changed."""
        self._greeted = float("-inf")

    def silence(self) -> None:
        """Note that a request was not answered: the device may have restarted."""
        self.expect_hello()
        # At least one device writes 16 into the high word of its replies, and the
        # client that found this out, mi-home-cli, sends 0 there. We do not know whether
        # 16 would do, too, so after each silence we try the other one.
        if not self.verified and self._device_id() > MAX_LOW_WORD:
            self._omit_high_word = not self._omit_high_word

    def hello(self, datagram: bytes, now: float) -> None:
        """Learn the device id, the clock and, if needed, the token from a hello reply.

        A rejection of the token raises TokenError; anything else raises PacketError.
        """
        packet = self._decode(decode_hello, datagram)
        device_id = packet.header.device_id
        if self.greeting and self._device_id() != device_id:
            self._meet(device_id)
        token = self.credentials.token
        self.credentials.choose(device_id, packet.token)
        if self.credentials.token != token:
            self.verified = False
        self._revealed = self.greeting.token if self.greeting else None
        self.greeting = packet
        self._stamp, self._stamp_read = packet.header.stamp, now
        # A forged hello reply, or one from before the device was saved or reset, gives
        # us no token. Then the next request begins with another hello.
        if self.credentials.token:
            self._greeted = now

    def _meet(self, device_id: int) -> None:
        """Note that another device has this address; PacketError if it is refused."""
        before = self._device_id()
        if self.verified and not self.credentials.is_given:
            # Otherwise a device that took over the address would get these commands.
            raise PacketError("a hello from device %d, not %d" % (device_id, before))
        self.former = "device %d was here before device %d" % (before, device_id)
        self.verified = self._omit_high_word = False

    def _device_id(self) -> int:
        return self.greeting.header.device_id if self.greeting else 0

    def _decode(
        self, decode_it: "Callable[..., Packet]", datagram: bytes, *args: "Any"
    ) -> Packet:
        """Decode a datagram; ignore a rejection without our request's length."""
        try:
            return decode_it(datagram, *args)
        except TokenError:
            if int.from_bytes(datagram[2:4], "big") == self._length:
                raise TokenError(
                    "the device rejects %s: a reset or a new setup changes the token"
                    % self.credentials.source
                ) from None
            raise PacketError("a damaged hello reply, or one for others") from None

    def stamp(self, now: float) -> int:
        """Return the device's clock now, in seconds.

        Half a second is added because devices cut off the fraction.
        """
        return self._stamp + int(now - self._stamp_read + 0.5)

    def reveals_another_token(self) -> bool:
        """Tell whether the last two hello replies revealed one token that isn't ours.

        A single reply proves nothing, because it may be damaged.
        """
        revealed = self.greeting.token if self.greeting else None
        is_other = revealed not in (None, self.credentials.token)
        return is_other and revealed == self._revealed

    def request(
        self, body: bytes, now: float, ident: "Optional[int]" = None
    ) -> "Tuple[int, bytes]":
        """Sign the next request; return its id and the datagram.

        body: from compose(). ident: send this id instead of the next one. Raises
        PacketError before the first hello reply, and TokenError without a token.
        """
        if self.greeting is None:
            raise PacketError("a request needs the device id from a hello reply")
        device_id = self._device_id()
        token = self.credentials.require(device_id)
        if ident is None:
            ident = self._next_id
            # Id 0 is left out: it crashes a Philips bulb.
            self._next_id = ident % MAX_ID + 1
        datagram = encode(
            token,
            b'{"id":%d,' % ident + body[1:],
            device_id=device_id & MAX_LOW_WORD if self._omit_high_word else device_id,
            stamp=self.stamp(now),
        )
        self._length = len(datagram)
        return ident, datagram

    def reply(self, datagram: bytes, idents: "Collection[int]", now: float) -> "Any":
        """Return the result in the reply to one of idents.

        Raises DeviceError if the reply is an error, and TokenError if the device
        rejects the token. Others raise PacketError, ChecksumError or PayloadError.
        """
        packet = self._decode(decode, datagram, self.credentials.token)
        if packet.payload is None:
            raise PacketError("a hello reply that comes late")
        self.verified = True
        answer = load(packet.payload)
        _match(answer, idents)
        # A reply may have been held up on its way, so it moves the clock forward only.
        if packet.header.stamp > self.stamp(now):
            self._stamp, self._stamp_read = packet.header.stamp, now
        return _read_result(answer)


def _match(answer: "Dict[str, Any]", idents: "Collection[int]") -> None:
    """Raise PacketError unless an answer is the reply to one of these ids."""
    if not answer:
        raise PacketError("an empty answer, as from a gateway without Internet access")
    if "id" not in answer:
        raise PacketError("an answer without an id")
    ident = answer["id"]
    # `in` alone would let True and 1.0 pass for 1.
    if type(ident) is not int or ident not in idents:
        raise PacketError("a reply to another request")
    if "method" in answer and "result" not in answer and "error" not in answer:
        raise PacketError("a request that the device sends by itself")


def _read_result(answer: "Dict[str, Any]") -> "Any":
    error = answer.get("error")
    if not error and "result" in answer:
        return answer["result"]
    # Some vacuums put code and message at the top level.
    if error is None and type(answer.get("code")) is int and answer["code"]:
        error = answer
    # Some devices answer miIO.info with its fields at the top level.
    if error is None:
        return {name: value for name, value in answer.items() if name != "id"}
    code, message = error, error if isinstance(error, str) else ""
    if isinstance(error, dict):
        code, said = error.get("code"), error.get("message", error.get("error", ""))
        message = said if isinstance(said, str) else dump(said).decode()
    raise DeviceError(code if type(code) is int else None, message)
