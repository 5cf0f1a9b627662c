# SPDX-License-Identifier: MIT
"""Makes miIO messages from datagrams, and pairs replies with requests.

We recognise miIO by its port; datagrams with other ports count only if their beginning
fits in every detail. `tcpdump -i any` shows a packet once for each interface that it
passes, so equal datagrams within a second count once. We pair a reply with the request
that has the same id and the same two ends, which shows how long the reply took.
"""

from ..errors import MiioError, PacketError, TokenError
from ..link import PORT
from ..packet import HEADER, HELLO, MAGIC, REJECTED, decode
from ..payload import load
from .known_tokens import KnownTokens
from .recent import Recent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Hashable, Iterable, Iterator, List, Optional

    from ..packet import Packet
    from .datagrams import Datagram

START = MAGIC.to_bytes(2, "big")
# These are the kinds of messages.
HELLO_KIND, HELLO_REPLY, REQUEST = "hello", "hello reply", "request"
REPLY, REJECTION, UNKNOWN = "reply", "rejection", "packet"
MAX_REPEAT_AGE = 1.0  # seconds
MAX_REPEATS = 1 << 20  # bytes of datagrams that are compared with new ones
REPEAT_COST = 200  # bytes, besides those of the datagram
MAX_PENDING = 2048  # requests without a reply


class Message:
    """A miIO message.

    time: seconds since 1970, or None if the capture has no times. source, destination:
    addresses. data: the datagram, as far as it was captured. kind: "hello", "hello
    reply", "request", "reply", "rejection" (of a token), or "packet" if we cannot tell.
    device_id: None in a hello, and if the datagram is not a packet.

    packet: None if the datagram is not a packet, or not complete. json: the object in
    the payload, or None. repairs: the kinds of repairs that the JSON needed. error: the
    MiioError that says why there is no packet or no JSON, or None. took: the seconds
    between the request and this reply, or None.
    """

    __slots__ = (
        "time",
        "source",
        "source_port",
        "destination",
        "destination_port",
        "data",
        "kind",
        "device_id",
        "packet",
        "json",
        "repairs",
        "error",
        "took",
    )

    def __init__(self, datagram: "Datagram") -> None:
        self.time, self.data = datagram.time, datagram.data
        self.source = format_address(datagram.source)
        self.source_port = datagram.source_port
        self.destination = format_address(datagram.destination)
        self.destination_port = datagram.destination_port
        self.kind = UNKNOWN
        self.device_id: "Optional[int]" = None
        self.packet: "Optional[Packet]" = None
        self.json: "Optional[Dict[str, Any]]" = None
        self.repairs: "List[str]" = []
        self.error: "Optional[MiioError]" = None
        self.took: "Optional[float]" = None

    def __repr__(self) -> str:
        return "<Message %s from %s to %s>" % (self.kind, self.source, self.destination)


class Reader:
    """Makes messages from datagrams. tokens: the tokens that may open packets."""

    def __init__(self, tokens: KnownTokens) -> None:
        self._tokens = tokens
        self._repeats, self._pending = Recent(MAX_REPEATS), Recent(MAX_PENDING)

    def read(self, datagrams: "Iterable[Datagram]") -> "Iterator[Message]":
        """Yield the messages in datagrams."""
        for datagram in datagrams:
            if is_miio(datagram) and not self._is_repeat(datagram):
                yield self.read_datagram(datagram)

    def read_datagram(self, datagram: "Datagram") -> Message:
        """Return the message in a datagram, whatever the datagram contains."""
        message = Message(datagram)
        if datagram.data[:2] == START and len(datagram.data) >= HEADER.size // 2:
            message.device_id = int.from_bytes(datagram.data[4:12], "big")
            message.kind = guess_kind(message)
        try:
            if datagram.lack:
                raise PacketError(datagram.lack)
            self._open(message)
        except MiioError as error:
            message.error = error.with_traceback(None)
        return message

    def _is_repeat(self, datagram: "Datagram") -> bool:
        """Tell whether the same datagram came less than a second ago."""
        if datagram.time is None:
            return False
        data = datagram.data
        ends = datagram.source, datagram.destination
        ports = datagram.source_port, datagram.destination_port
        key = data, datagram.ident, ends, ports
        before = self._repeats.get(key)
        if before is not None and abs(datagram.time - before) < MAX_REPEAT_AGE:
            return True
        self._repeats.put(key, datagram.time, REPEAT_COST + len(data))
        return False

    def _open(self, message: Message) -> None:
        """Find the kind of a complete datagram, and decrypt it, or raise MiioError."""
        if message.device_id is not None and len(message.data) > HEADER.size:
            message.packet = self._tokens.open(message.data, message.device_id)
            self._read_json(message, message.packet.payload or b"")
            return
        try:
            message.packet = decode(message.data)
        except TokenError:
            message.kind = REJECTION
            return
        if message.data == HELLO or message.kind == REQUEST:
            message.kind, message.device_id = HELLO_KIND, None
            self._note_request(message, HELLO_KIND)
            return
        message.kind = HELLO_REPLY
        message.took = self._measure(message, HELLO_KIND)
        header, token = message.packet.header, message.packet.token
        if token is not None:
            self._tokens.reveal(header.device_id, token)

    def _read_json(self, message: Message, payload: bytes) -> None:
        """Read the payload, which tells requests from replies."""
        json = message.json = load(payload, message.repairs)
        ident = json.get("id")
        # No device uses an id that is not a number, and a list could not be a key.
        key = ident if type(ident) is int else None
        if "method" in json and "result" not in json and "error" not in json:
            message.kind = REQUEST
            self._note_request(message, key)
        else:
            message.kind = REPLY
            message.took = self._measure(message, key)

    def _note_request(self, message: Message, key: "Hashable") -> None:
        """Keep the time of a request. key: its id, or HELLO_KIND for a hello."""
        if message.time is not None and key is not None:
            asker = message.source, message.source_port
            # Replies to a broadcast hello come from other addresses.
            asked = message.destination if key != HELLO_KIND else ""
            self._pending.put((asker, asked, key), message.time)

    def _measure(self, message: Message, key: "Hashable") -> "Optional[float]":
        """Return the seconds since the request that a reply belongs to, if known."""
        asker = message.destination, message.destination_port
        asked = message.source if key != HELLO_KIND else ""
        time = self._pending.get((asker, asked, key))
        if time is None or message.time is None or message.time < time:
            return None
        took: float = round(message.time - time, 6)
        return took


def format_address(address: bytes) -> str:
    """Return an address as people write it; "" if we do not know it."""
    return "%d.%d.%d.%d" % tuple(address) if address else ""


def is_miio(datagram: "Datagram") -> bool:
    """Tell whether a datagram is a miIO packet, or should be one by its ports."""
    if PORT in (datagram.source_port, datagram.destination_port):
        return True
    data = datagram.data
    if data[:2] != START or datagram.size < HEADER.size:
        return False
    return int.from_bytes(data[2:4], "big") == datagram.size or data[16:] == REJECTED


def guess_kind(message: Message) -> str:
    """Return the kind of an encrypted packet, judging by its ports."""
    to_device = message.destination_port == PORT
    from_device = message.source_port == PORT
    if to_device == from_device:
        return UNKNOWN
    return REQUEST if to_device else REPLY
