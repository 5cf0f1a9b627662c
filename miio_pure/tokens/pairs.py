# SPDX-License-Identifier: MIT
"""Divides the pairs of a key and a value in a text among devices.

A text may list several devices without anything between them:

    name: lamp
    ip: 192.168.1.5
    token: 0123...
    name: vacuum
    ip: 192.168.1.6
    token: 4567...

A repeated key begins the next device. If a line is missing, this rule could give a
device the token of the next one. So we divide a text only if there is a single way to
do it, and refuse anything else, because a token with the address of another device is
worse than no token.
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

# The field that each key holds. Texts vary in capitals, so the keys are in lower case.
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
# Two values of such a field mean two devices. One device may have two names, such as a
# title and a label.
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
    """Yield the devices that pairs describe; if they are ambiguous, add a note.

    Keys are in lower case. name: for a device without a name of its own. is_one: the
    pairs can only belong to one device.
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
    """Return the pairs of each device; none if there is more than one way to divide."""
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
    """Tell whether this describes a whole device, or one with an empty token."""
    fields = read_fields(group)
    keys = [FIELDS.get(key) for key in _get_keys(group)]
    return is_whole(fields) or ("token" in keys and fields.get("token") == "")


def _is_end_clear(group: "List[Pair]", following: "List[Pair]") -> bool:
    """Tell whether the last pair of a group cannot belong to the group that follows."""
    key, _ = group[-1]
    return key in _get_keys(following) or not _is_told(group[:-1])


def read_fields(pairs: "List[Pair]") -> "Dict[str, str]":
    """Return the fields of a device; none if two pairs contradict each other."""
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
    """Return the first word, because other tools put a remark after some values."""
    return "".join(text.split(None, 1)[:1])


def _read_field(key: str, field: str, value: str) -> str:
    word = _take_word(value)
    if field == "model" and word != value.strip():
        # A model of several words is a name for people, not Xiaomi's identifier.
        return ""
    if key == "id":
        return read_short_id(word)
    if field == "address":
        # A host may also be a name, but an ip can only be an address.
        return read_address(word) or (read_host(word) if key == "host" else "")
    return _READERS[field](word)
