# SPDX-License-Identifier: MIT
"""Finds devices in the Android app's device_list_* files: parcels of Android.

An android.os.Parcel does not describe its own structure, so a reader must know what was
written. These files hold a count and then, for each device, the name of its class, its
id and so on. A string is a little-endian int32 with the number of its UTF-16 characters
(-1 for null), then the characters, a NUL, and padding to a multiple of four bytes.
"""

import re
import struct

from ..files.effort import ATTEMPT
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, Tuple

    from ..devices import Record
    from ..files.walk import Leaf

MAX_PARCEL = 32 << 20  # bytes
MAX_STRING = 1024  # characters

_CLASS = "com.xiaomi.smarthome.core.entity.device.".encode("utf-16-le")
# Between the MAC and the token are isOnline, pid, permitLevel, resetFlag and rssi, each
# of them an int32.
_NUMBERS = 5 * 4  # bytes


def is_parcel(leaf: "Leaf") -> bool:
    """Tell whether a leaf is such a device list."""
    return _CLASS in leaf.head


def find_in_parcel(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices of a parcel; one that cannot be read is left out."""
    data = leaf.read(MAX_PARCEL, "a device list")
    # Newer versions write something before the count, so look for the name of the class
    # that each device begins with.
    for match in re.finditer(re.escape(_CLASS), data):
        leaf.effort.spend(ATTEMPT)
        try:
            fields = _read_device(data, match.start() - 4)
        except (ValueError, struct.error):
            continue
        yield make_record(leaf, **fields)


def _read_device(data: bytes, at: int) -> "Dict[str, str]":
    fields = {}
    for field in ("class", "device_id", "model", "name", "mac"):
        fields[field], at = _read_string(data, at)
    at += _NUMBERS
    for field in ("token", "address"):
        fields[field], at = _read_string(data, at)
    return fields


def _read_string(data: bytes, at: int) -> "Tuple[str, int]":
    """Return a string and where the next field starts; ValueError if it is not one."""
    if at < 0:
        raise ValueError("no length before the string")
    (length,) = struct.unpack_from("<i", data, at)
    if length == -1:
        return "", at + 4
    end = at + 4 + 2 * length
    if not 0 <= length <= MAX_STRING or data[end : end + 2] != b"\0\0":
        raise ValueError("not a string")
    return data[at + 4 : end].decode("utf-16-le", "replace"), end + 2 + -(end + 2) % 4
