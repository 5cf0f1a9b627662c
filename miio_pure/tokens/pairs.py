# SPDX-License-Identifier: MIT
"""Divides pairs of a key and a value, as texts have them, among devices.

A text may tell of several devices without anything between them:

    name: lamp
    ip: 192.168.1.5
    token: 0123...
    name: vacuum
    ip: 192.168.1.6
    token: 4567...

A key that came before begins the next device. Where a line is missing, that could
give one device the address and the other the token. So a text is divided only where
there is a single way to do it; anything else is refused, because a token with the
address of another device is worse than none.
"""

import re

from ..files.effort import LINE
from .fields import KEYS, is_bluetooth, is_token, is_whole, read_address
from .fields import read_device_id, read_host, read_mac, read_short_id, tell_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, List, Set, Tuple

    from ..devices import Record
    from ..files.walk import Leaf

    Pair = Tuple[str, str]

# The field that each key holds; texts are not exact about capitals and blanks.
FIELDS = {key.lower(): field for field, keys in KEYS.items() for key in keys}
# The tools miio-extract-tokens and npm's miio print these.
FIELDS.update(
    {"ip address": "address", "device id": "device_id", "model info": "model"}
)
MIXED = (
    "it tells of several devices, and which of its lines belong together is not clear: "
    "put an empty line between two devices"
)

_READERS: "Dict[str, Callable[[str], str]]" = {
    "mac": read_mac,
    "device_id": read_device_id,
    "model": str,
    "token": str,
}
# What tells devices apart. Names may differ, as a title does from a label.
_EXACT = ("address", "mac", "device_id", "token")
# The cloud list of python-miio: "IP: 192.168.1.5 (mac: 34:CE:00:00:00:01)".
_MAC_BEHIND = re.compile(r"\S+ \(mac: ([0-9A-Fa-f:]{17})\)\Z")


def tell_devices(
    leaf: "Leaf",
    pairs: "List[Pair]",
    name: str = "",
    is_xiaomi: bool = False,
    is_one: bool = False,
) -> "Iterator[Record]":
    """Yield the devices that pairs tell of; where that is not clear, note it.

    Keys are in lower case. name: that of a device which tells none of its own. is_one:
    they can only be those of one device.
    """
    if not any(map(_is_secret, pairs)):
        return
    leaf.effort.spend(LINE * len(pairs))
    groups = divide(pairs)
    devices = [fields for fields in map(read_fields, groups) if fields]
    if not devices or len(devices) < len(groups) or (is_one and len(devices) > 1):
        if MIXED not in leaf.notes:
            leaf.notes.append(MIXED)
        return
    for fields in devices:
        fields["name"] = fields["name"] or name * (len(devices) == 1)
        yield from tell_device(leaf, fields, is_xiaomi)


def _is_secret(pair: "Pair") -> bool:
    key, value = pair
    word = _take_word(value)
    return FIELDS.get(key) == "token" and (is_token(word) or is_bluetooth(word))


def divide(pairs: "List[Pair]") -> "List[List[Pair]]":
    """Return the pairs of each device; nothing if there is more than one way."""
    groups: "List[List[Pair]]" = [[]]
    keys: "Set[str]" = set()
    for pair in pairs:
        key, _ = pair
        if key in keys:
            groups.append([])
            keys.clear()
        groups[-1].append(pair)
        keys.add(key)
    if len(groups) == 1:
        return groups
    is_clear = all(map(_is_end_clear, groups, groups[1:]))
    return groups if is_clear and all(map(_is_told, groups)) else []


def _get_keys(group: "List[Pair]") -> "List[str]":
    return [key for key, _ in group]


def _is_told(group: "List[Pair]") -> bool:
    """Tell whether this is all of a device, or one that has an empty token."""
    fields = read_fields(group)
    keys = [FIELDS.get(key) for key in _get_keys(group)]
    return is_whole(fields) or ("token" in keys and fields.get("token") == "")


def _is_end_clear(group: "List[Pair]", following: "List[Pair]") -> bool:
    """Tell whether the last pair of a group cannot belong to the group that follows."""
    key, _ = group[-1]
    return key in _get_keys(following) or not _is_told(group[:-1])


def read_fields(pairs: "List[Pair]") -> "Dict[str, str]":
    """Return the fields of a device; nothing if two pairs contradict each other."""
    fields = dict.fromkeys(KEYS, "")
    for key, value in pairs:
        field = FIELDS.get(key, "")
        if field == "name":
            fields["name"] = fields["name"] or value
        elif field:
            found = _read_field(key, field, value)
            if found and field in _EXACT and fields[field] not in ("", found):
                return {}
            fields[field] = fields[field] or found
        behind = _MAC_BEHIND.match(value) if key == "ip" else None
        if behind:
            fields["mac"] = read_mac(behind.group(1))
    return fields


def _take_word(text: str) -> str:
    """Return the first word: other tools put a remark behind some values."""
    return "".join(text.split(None, 1)[:1])


def _read_field(key: str, field: str, value: str) -> str:
    word = _take_word(value)
    if field == "model" and word != value.strip():
        # This is a name for people, not a host.
        return ""
    if key == "id":
        return read_short_id(word)
    if field == "address":
        # A host may also be a name, but an ip is nothing else than an address.
        return read_address(word) or (read_host(word) if key == "host" else "")
    return _READERS[field](word)
