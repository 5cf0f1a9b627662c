# SPDX-License-Identifier: MIT
"""Finds devices in JSON by one rule, whichever program wrote it.

A device is an object with a token and with an address, a MAC or a device id; fields.py
knows the keys. Some programs spread a device over several nested objects: Home
Assistant keeps the title above the data, openHAB keeps the label two levels above the
properties, and a device's description of itself (miio_info, netif) lies below.

One scanner serves all texts: at each brace it tries to read an object, however deep the
devices in it are. It skips any text that is not JSON. The scanner notices a broken
object only where it breaks, and then goes on just after the first brace of the object.
So broken JSON is read many times, and each character that is read spends effort.

An object found within a broken object is a fragment: we cannot read the JSON around it,
which might say that it belongs to another program. So a fragment itself has to show
that it belongs to Xiaomi, and so does JSON within another text. But an object that
begins at the start of a line is not a fragment, because logs have one on each line.
"""

import json
import re

from ..files.effort import ATTEMPT, CHARACTER_PARSED
from .fields import (
    KEYS,
    is_model,
    is_token,
    is_whole,
    read_address,
    read_device_id,
    read_host,
    read_mac,
    read_short_id,
    read_text,
    tell_device,
)
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

    from ..devices import Record
    from ..files.effort import Effort
    from ..files.walk import Leaf
    from .text import Part

MAX_DIGITS = 20  # of a number in JSON
MAX_MAP = 1 << 18  # characters of a file that maps devices to tokens
MAX_KEY = 120  # characters of a key that tells what a fragment is
# The names of openHAB's things begin with this if they are Xiaomi devices.
BINDING = "miio:"

ENCRYPTED = (
    "ioBroker has encrypted a token in it, with a key that is in another file: copy "
    "the token from the adapter's settings in ioBroker's web page, or get it out of "
    "Xiaomi's cloud"
)
NO_TOKEN = "what stands for its token is not the token of a Wi-Fi device"

# This is the cost, in characters, of finding out that JSON is nested too deeply.
_TOO_DEEP = 20000
_READERS = {
    "name": read_text,
    "model": read_text,
    "address": read_host,
    "mac": read_mac,
    "device_id": read_device_id,
}
# A device describes itself in objects with these keys.
_BELOW = ("miio_info", "netif")
_OBJECT = re.compile(r'\{\s*"')
_KEY = re.compile(r'"([^"\n]*)"\s*:\s*\Z')
# A file that maps addresses or ids to tokens begins like this, as do node-miio's files.
_MAP = re.compile(r'\s*\{\s*"(?:\d{6,20}|\d+\.\d+\.\d+\.\d+|key)"\s*:')
# These adapters of ioBroker keep miIO tokens.
_ADAPTER = re.compile(
    r"system\.adapter\.[\w-]*(?:mihome|miio|roborock|xiaomi|yeelight)"
)
# Mi Home keeps tokens of these forms for a Bluetooth device, and for a router.
_OTHER_TOKEN = re.compile(r"[0-9a-fA-F]{24}\Z|[A-Za-z0-9+/]{43}=\Z")


def _read_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too long for a number")
    return int(digits)


_decode = json.JSONDecoder(parse_int=_read_int).raw_decode


def find_in_json(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the devices in all the JSON of a text."""
    text = part.text
    if '"token"' in text or '"localSecret"' in text:
        is_json = part.is_first and text.lstrip()[:1] in ("{", "[")
        for value, key, is_fragment in _scan(text, is_json, leaf.effort):
            for found in _find_objects(value, key):
                if not is_fragment or _shows_xiaomi(found):
                    yield from _tell_object(leaf, found)
    elif part.is_whole and len(text) <= MAX_MAP and _MAP.match(text):
        values = [value for value, _, _ in _scan(text, True, leaf.effort)]
        if len(values) == 1:
            yield from _tell_map(leaf, values[0])


def _scan(
    text: str, is_json: bool, effort: "Effort"
) -> "Iterator[Tuple[Any, str, bool]]":
    """Yield the outermost JSON objects in a text.

    Yields (object, key of a fragment, whether it is a fragment). is_json: the text
    begins with JSON, and not within an object.
    """
    is_fragment = not is_json
    match = _OBJECT.search(text)
    while match:
        at = match.start()
        is_fragment = is_fragment and text[at - 1 : at] != "\n"
        try:
            value, end = _decode(text, at)
            read = end - at
        except (RecursionError, TypeError):
            # PyPy may raise either of these for JSON that is nested too deeply.
            value, end, read = None, at + 1, _TOO_DEEP
        except ValueError as error:
            # Creating the error counts the lines up to its position, which takes time.
            position = getattr(error, "pos", len(text))
            value, end, read = None, at + 1, position - at + position // 64
        effort.spend(ATTEMPT + CHARACTER_PARSED * read)
        key = _read_key(text, at) if is_fragment and value else ""
        yield value, key, is_fragment
        # Objects that follow the start of a broken object may be parts of it.
        is_fragment = is_fragment or value is None
        match = _OBJECT.search(text, end)


def _read_key(text: str, at: int) -> str:
    """Return the key of the object that begins there; "" if it has none."""
    match = _KEY.search(text, max(0, at - MAX_KEY), at)
    return match.group(1) if match else ""


class _Object:
    """A JSON object, and the path to it.

    key: its own key in parent. parent: the object that it is a member of; None for an
    element of an array, because facts above an array are not about one of its elements.
    is_reply: it is an element of the list that the cloud sent to Mi Home.
    """

    __slots__ = ("fields", "key", "parent", "is_reply")

    def __init__(
        self,
        fields: "Dict[str, Any]",
        key: str,
        parent: "Optional[_Object]",
        is_reply: bool,
    ) -> None:
        self.fields, self.key, self.parent = fields, key, parent
        self.is_reply = is_reply


def _find_objects(value: "Any", key: str) -> "Iterator[_Object]":
    """Yield each object that may be a device, except those of other vendors."""
    waiting: "List[Any]" = [(value, key, None, False)]
    while waiting:
        value, key, parent, is_reply = waiting.pop()
        if isinstance(value, dict):
            found = _Object(value, key, parent, is_reply)
            if _is_foreign(found):
                continue
            is_device = "token" in value or "localSecret" in value
            if is_device:
                yield found
            for name, inner in reversed(list(value.items())):
                if inner and isinstance(inner, (dict, list)):
                    # An object in which a device describes itself is not a new device.
                    if not (is_device and name in _BELOW):
                        waiting.append((inner, name, found, False))
        elif isinstance(value, list):
            is_list = key == "list" and parent is not None and parent.key == "result"
            for inner in reversed(value):
                if inner and isinstance(inner, (dict, list)):
                    waiting.append((inner, "", None, is_list))


def _is_foreign(found: _Object) -> bool:
    """Tell whether an object says that it belongs to devices of other vendors.

    Home Assistant names the domain, ioBroker the adapter, openHAB the binding.
    """
    fields = found.fields
    domain, kind = fields.get("domain"), fields.get("class")
    if isinstance(domain, str) and not domain.startswith("xiaomi"):
        return True
    for name in (found.key, fields.get("k"), fields.get("_id")):
        if isinstance(name, str) and name.startswith("system.adapter."):
            return not _ADAPTER.match(name)
    is_openhab = isinstance(kind, str) and kind.startswith(("org.openhab", "org.ecl"))
    return is_openhab and ":" in found.key and not found.key.startswith(BINDING)


def _tell_object(leaf: "Leaf", found: _Object) -> "Iterator[Record]":
    """Yield the record of an object, if it is a device."""
    fields = _read_fields(found)
    token = fields["token"]
    if token.startswith("$/"):
        if ENCRYPTED not in leaf.notes:
            leaf.notes.append(ENCRYPTED)
    elif is_whole(fields, _is_xiaomi(found)) and not _is_kept(found, token):
        yield from tell_device(leaf, fields, _is_xiaomi(found))
    elif found.fields.get("did") and isinstance(found.fields.get("token"), str):
        # Objects like this come from the cloud, which has an id for everything.
        yield _tell_of_cloud(leaf, found, fields)


def _shows_xiaomi(found: _Object) -> bool:
    """Tell whether an object by itself shows that it belongs to Xiaomi."""
    fields = found.fields
    is_ours = "did" in fields or is_model(read_text(fields.get("model")))
    return is_ours or _is_xiaomi(found)


def _is_xiaomi(found: _Object) -> bool:
    """Tell whether the object, or one that it is in, says that it belongs to Xiaomi.

    Objects that belong to other vendors have already been left out.
    """
    above: "Optional[_Object]" = found
    while above:
        has_domain = isinstance(above.fields.get("domain"), str)
        if has_domain or above.key.startswith(BINDING):
            return True
        above = above.parent
    return False


def _is_kept(found: _Object, token: str) -> bool:
    """Tell whether Mi Home keeps this token for a Bluetooth device or a router."""
    return found.is_reply and bool(_OTHER_TOKEN.match(token))


def _tell_of_cloud(leaf: "Leaf", found: _Object, fields: "Dict[str, str]") -> "Record":
    token, parent = fields["token"], found.fields.get("parent_id")
    if not is_token(token) and not _is_kept(found, token):
        fields["token"] = ""
    record = make_record(leaf, parent, **fields)
    if token.strip("0f") and not fields["token"]:
        record.why = NO_TOKEN
    return record


def _read_fields(found: _Object) -> "Dict[str, str]":
    """Return a device's fields from its object and the objects around it."""
    layers = [found.fields]
    for name in _BELOW:
        # The last layer is the netif in miio_info.
        layers += [_get_object(layer, name) for layer in layers]
    fields = {}
    for field, read in _READERS.items():
        values = [
            read_short_id(layer.get(key)) if key == "id" else read(layer.get(key))
            for layer in layers
            for key in KEYS[field]
            if key in layer and (key != "id" or layer is found.fields)
        ]
        fields[field] = next(filter(None, values), "")
    if "did" in found.fields:
        fields["device_id"] = read_device_id(found.fields["did"]) or read_text(
            found.fields["did"]
        )
    fields["token"] = _read_secret(found.fields)
    _look_above(found, fields)
    return fields


def _get_object(layer: "Dict[str, Any]", name: str) -> "Dict[str, Any]":
    inner = layer.get(name)
    return inner if isinstance(inner, dict) else {}


def _read_secret(fields: "Dict[str, Any]") -> str:
    """Return the token; Valetudo calls it localSecret and may write its characters."""
    if "token" in fields or "cloudSecret" not in fields:
        token = fields.get("token")
        return token.strip() if isinstance(token, str) else ""
    secret = read_text(fields["localSecret"])
    is_plain = len(secret) == 16 and secret.isalnum()
    return secret.encode("utf-8", "replace").hex() if is_plain else secret


def _look_above(found: _Object, fields: "Dict[str, str]") -> None:
    """Take the name and the MAC from the objects above if they are missing."""
    above = found.parent
    if above and not fields["mac"]:
        fields["mac"] = read_mac(above.fields.get("unique_id"))
    if above and found.key == "properties":
        # In openHAB's JSON, the label is another level above the properties.
        above = above.parent
    if above and not fields["name"]:
        title, label = above.fields.get("title"), above.fields.get("label")
        fields["name"] = read_text(title) or read_text(label)


def _tell_map(leaf: "Leaf", value: "Any") -> "Iterator[Record]":
    """Yield the devices of a file if it is {"device id or address": "token"}."""
    if not isinstance(value, dict):
        return
    devices = [_read_persisted(value)] if "value" in value else _read_pairs(value)
    for fields in devices:
        yield from tell_device(leaf, fields)


def _read_persisted(value: "Dict[str, Any]") -> "Dict[str, str]":
    """Return the device in a file of node-miio, which keeps the token as a Buffer."""
    buffer = _get_object(value, "value")
    numbers = buffer.get("data")
    if buffer.get("type") != "Buffer" or not isinstance(numbers, list):
        return {}
    is_bytes = all(type(number) is int and 0 <= number < 256 for number in numbers)
    if len(numbers) != 16 or not is_bytes:
        return {}
    return {
        "device_id": read_short_id(value.get("key")),
        "token": bytes(numbers).hex(),
    }


def _read_pairs(value: "Dict[str, Any]") -> "List[Dict[str, str]]":
    """Return the devices of a map; none if the map contains anything else."""
    devices = [
        {
            "address": read_address(key),
            "device_id": read_short_id(key),
            "token": read_text(token),
        }
        for key, token in value.items()
    ]
    return devices if all(map(is_whole, devices)) else []
