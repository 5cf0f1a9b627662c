# SPDX-License-Identifier: MIT
"""The Android app's device_list_* files: an android.os.Parcel, little-endian."""

import re
import struct

from .record import Record
from .text import why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Tuple

_CLASS = "com.xiaomi.smarthome.core.entity.device.".encode("utf-16-le")
_LONGEST = 1024  # characters of a string


def is_parcel(head: bytes) -> bool:
    return _CLASS in head


def find_in_parcel(data: bytes, source: str, when: float) -> "Iterator[Record]":
    """The devices of a parcel; one that cannot be read is left out."""
    # newer ones have bytes before the count: look for the class that each starts with
    for match in re.finditer(re.escape(_CLASS), data):
        at = match.start() - 4
        try:
            _, at = _string(data, at)
            did, at = _string(data, at)
            model, at = _string(data, at)
            name, at = _string(data, at)
            mac, at = _string(data, at)
            at += 5 * 4  # isOnline, pid, permitLevel, resetFlag, rssi
            token, at = _string(data, at)
            ip, at = _string(data, at)
        except (ValueError, struct.error):
            continue
        record = Record(
            source, when, did=did, model=model, name=name, mac=mac, token=token, ip=ip
        )
        if not token:
            record.why = why_not(did, "")
        yield record


def _string(data: bytes, at: int) -> "Tuple[str, int]":
    """A string, and where the next field starts: length, UTF-16, NUL, padding."""
    if at < 0:
        raise ValueError("no length before the string")
    (length,) = struct.unpack_from("<i", data, at)
    if length == -1:
        return "", at + 4
    end = at + 4 + 2 * length
    if not 0 <= length <= _LONGEST or data[end : end + 2] != b"\0\0":
        raise ValueError("no string")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end + 2 + -(end + 2) % 4
