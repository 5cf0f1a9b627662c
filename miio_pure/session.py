# SPDX-License-Identifier: MIT
"""A conversation with a device: ids, its clock, hello, request and reply."""

from .errors import DeviceError, PacketError, TokenError
from .packet import SIZE_LIMIT, Packet, Token, decode, decode_hello, encode
from .payload import dump, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, Optional, Tuple

    Known = Callable[[int], Optional[Token]]  # the token of a device id

HELLO_LIFETIME = 60.0  # s
IDENT_LIMIT = 0x7FFFFFFF  # 31 bits; id 0 crashes a Philips bulb
_OVERHEAD = 80  # bytes: header, padding and the id


def compose(
    method: str, params: "Any", extra: "Optional[Dict[str, Any]]" = None
) -> bytes:
    """The JSON of a request without its id; TypeError or ValueError if there is none.

    params: a list, tuple or dict. extra: further members of the object.
    """
    if not isinstance(method, str):
        raise TypeError("method is a str, not %s" % type(method).__name__)
    if not isinstance(params, (list, tuple, dict)):
        raise TypeError(
            "params are a list or a dict (JSON: an array or an object), "
            "not " + type(params).__name__
        )
    fields = {"method": method, "params": params}
    fields.update(extra or {})
    body = dump(fields)
    if len(body) > SIZE_LIMIT - _OVERHEAD:
        raise ValueError("a request of %d bytes does not fit a datagram" % len(body))
    return body


class Session:
    """A conversation with one device: bytes in, bytes out, with `now` from the caller.

    token: Token, or None for what known tells of the device's id, or a hello reveals.
    ident: the first id; they count up, within 31 bits. now: monotonic seconds.
    """

    def __init__(
        self, token: "Optional[Token]", ident: int, known: "Optional[Known]" = None
    ) -> None:
        self.token = token
        self._given = token is not None
        self._known = known
        self.greeting: "Optional[Packet]" = None  # the last hello reply
        self.verified = False  # whether the device ever answered under this token
        self.former = ""  # what is to be said of a device that was there before
        self._ident = ident & IDENT_LIMIT or 1
        self._stamp = 0  # the device's clock (s) ...
        self._heard = 0.0  # ... as it was at this time
        self.silence()
        self._shown: "Optional[Token]" = None  # by the hello reply before the last
        self._length = 0  # of the last request

    def needs_hello(self, now: float) -> bool:
        """Whether there was no hello reply yet, or none for a minute."""
        return now - self._greeted > HELLO_LIFETIME

    def hello(self, datagram: bytes, now: float) -> Packet:
        """Take a hello reply: device id, clock and, if shown and needed, the token.

        Anything else raises PacketError, or TokenError for a rejection of the token.
        """
        packet = self._checked(decode_hello, datagram)
        device_id = packet.header.device_id
        self._shown = self.greeting.token if self.greeting else None
        before = self.greeting.header.device_id if self.greeting else device_id
        if before != device_id:
            if self.verified and not self._given:  # it would get another's commands
                raise PacketError("hello from device %d, not %d" % (device_id, before))
            change = (before, device_id)
            self.former = "device %d was here, it is now device %d" % change
            self.verified = False
            if not self._given:
                self.token = None
        if not self._given:
            token = self._known(device_id) if self._known else None
            token = token or packet.token or self.token
            if token != self.token:
                self.token, self.verified = token, False
        self.greeting = packet
        self._stamp, self._heard, self._greeted = packet.header.stamp, now, now
        return packet

    def _checked(
        self, work: "Callable[..., Packet]", datagram: bytes, *args: "Any"
    ) -> Packet:
        """A packet, decoded; a rejection counts only if it repeats our length."""
        try:
            return work(datagram, *args)
        except TokenError:
            if int.from_bytes(datagram[2:4], "big") == self._length:
                raise
            raise PacketError("a damaged hello reply, or no reply to us") from None

    def stamp(self, now: float) -> int:
        """The device's clock now (s), and half a second, as stamps are cut off."""
        return self._stamp + int(now - self._heard + 0.5)

    def shows_another_token(self) -> bool:
        """Whether two hello replies running showed the same token, and not ours."""
        shown = self.greeting.token if self.greeting else None
        return shown is not None and shown != self.token and shown == self._shown

    def silence(self) -> None:
        """Note a silence: the device may have started anew, so hello comes first."""
        self._greeted = float("-inf")

    def request(
        self, body: bytes, now: float, ident: "Optional[int]" = None
    ) -> "Tuple[int, bytes]":
        """The next request as (id, datagram). body: compose()'s. ident: one's own id.

        PacketError if no hello reply came before; TokenError if there is no token.
        """
        if self.greeting is None:
            raise PacketError("a request needs the device id from a hello reply")
        device_id = self.greeting.header.device_id
        if self.token is None:
            raise TokenError(
                "device %d hides its token: give it (token=, --token or MIIO_TOKEN). "
                "After a reset it shows it until it is set up; else it "
                "is in the Mi Home app's data (--tokens finds it) or the Xiaomi cloud"
                % device_id
            )
        if ident is None:
            ident = self._ident
            self._ident = ident % IDENT_LIMIT + 1
        datagram = encode(
            self.token,
            b'{"id":%d,' % ident + body[1:],
            device_id=device_id,
            stamp=self.stamp(now),
        )
        self._length = len(datagram)
        return ident, datagram

    def reply(self, datagram: bytes, idents: "Collection[int]", now: float) -> "Any":
        """The result in the reply to one of idents; DeviceError if it is an error.

        Other datagrams raise PacketError, ChecksumError, PayloadError, or TokenError if
        the device rejects the token.
        """
        packet = self._checked(decode, datagram, self.token)
        if packet.payload is None:
            raise PacketError("a hello reply that comes late")
        self.verified = True
        answer = load(packet.payload)
        if "id" not in answer:
            empty = "an empty answer, as from a gateway without internet"
            raise PacketError("an answer without an id" if answer else empty)
        ident = answer["id"]
        if type(ident) is not int or ident not in idents:  # True and 1.0 equal 1
            raise PacketError("a reply to another request")
        if "method" in answer and "result" not in answer and "error" not in answer:
            raise PacketError("a request of the device's own")
        # A reply may have been held up on the way: it moves the clock forward only.
        if packet.header.stamp > self.stamp(now):
            self._stamp, self._heard = packet.header.stamp, now
        return _result(answer)


def _result(answer: "Dict[str, Any]") -> "Any":
    error = answer.get("error")
    if not error and "result" in answer:
        return answer["result"]
    if error is None and type(answer.get("code")) is int and answer["code"]:
        error = answer  # some vacuums put code and message at the top level
    if error is None:  # some devices answer miIO.info with its fields at the top level
        return {name: value for name, value in answer.items() if name != "id"}
    code, message = error, error if isinstance(error, str) else ""
    if isinstance(error, dict):
        code, said = error.get("code"), error.get("message", error.get("error", ""))
        message = said if isinstance(said, str) else dump(said).decode()
    raise DeviceError(code if type(code) is int else None, message)
