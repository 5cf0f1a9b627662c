# SPDX-License-Identifier: MIT
"""Finds devices in captures of the network: those that reveal their tokens in hellos.

New and reset devices do, and some old firmwares.
"""

from ..files.effort import BYTE_DECRYPTED, BYTE_READ, CHARACTER_PARSED
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Iterator, Set, Tuple

    from ..capture import Message
    from ..devices import Record
    from ..files.effort import Effort
    from ..files.walk import Leaf

# What it costs to read a part of a packet, of which there are two, and a message.
READ, MESSAGE = 1, 10  # microseconds
HIDDEN = (
    "it hides its token in its hellos: that of a reset device shows until it is set up"
)


def is_capture(leaf: "Leaf") -> bool:
    """Tell whether a leaf is a capture; False if this copy lacks that folder."""
    try:
        from ..capture import is_capture
    except ImportError:
        return False
    return is_capture(leaf.head)


def find_in_capture(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices that answered hellos, each once with each of its tokens."""
    from ..capture import read
    from ..capture.messages import HELLO_REPLY

    seen: "Set[Tuple[int, str]]" = set()
    file = _Metered(leaf.file, leaf.effort)
    for message in read(file):  # type: ignore[arg-type]
        _pay(message, leaf.effort)
        packet = message.packet
        if message.kind != HELLO_REPLY or packet is None:
            continue
        token = "" if packet.token is None else packet.token.hex()
        key = packet.header.device_id, token
        if key not in seen:
            seen.add(key)
            fields = {"address": message.source, "device_id": packet.header.device_id}
            record = make_record(leaf, token=token, **fields)
            record.why = "" if token else HIDDEN
            yield record


def _pay(message: "Message", effort: "Effort") -> None:
    """Pay for a message: for decrypting it and for parsing what was in it."""
    packet = message.packet
    payload = None if packet is None else packet.payload
    effort.spend(MESSAGE + (BYTE_DECRYPTED + CHARACTER_PARSED) * len(payload or b""))


class _Metered:
    """A file whose reader pays for what it reads."""

    def __init__(self, file: "BinaryIO", effort: "Effort") -> None:
        self._file, self._effort = file, effort

    def read(self, size: int) -> bytes:
        """Read up to so many bytes."""
        data = self._file.read(size)
        self._effort.spend(READ + BYTE_READ * len(data))
        return data
