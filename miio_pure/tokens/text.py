# SPDX-License-Identifier: MIT
"""Finds devices in texts that hold JSON of the cloud: caches, logs, settings.

One scanner serves all JSON: at each brace it tries to read an object, and keeps those
that have a token and a device id, at whatever depth. What is no JSON is passed over. An
object that is broken is found out only where it breaks, and the scan goes on behind its
first brace, so broken JSON is read again and again: each character that is read spends
effort, good or bad.
"""

import json
import re

from ..errors import MiioError
from ..files.effort import ATTEMPT, BYTE_OF_TEXT, CHARACTER_PARSED
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, Match

    from ..devices import Record
    from ..files.effort import Effort
    from ..files.walk import Leaf

MAX_SEGMENT = (
    2 << 20
)  # bytes that are read as JSON at once: they may take 50 times that
MAX_OBJECT = 1 << 16  # bytes of an object that takes several lines
MAX_DIGITS = 20  # of a number in JSON

# What it costs to find out that something is nested too deeply, in characters.
_TOO_DEEP = 20000
_KEYS = {
    "name": ("name",),
    "model": ("model",),
    "address": ("localip", "localIP", "ip"),
    "mac": ("mac",),
    "device_id": ("did",),
    "token": ("token",),
    "parent": ("parent_id",),
}


def _read_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too long for a number")
    return int(digits)


_decode = json.JSONDecoder(parse_int=_read_int).raw_decode
# What XML escapes. The module html is missing on small hosts.
_ENTITY = re.compile(r"&(?:(quot|amp|lt|gt|apos)|#(\d{1,7}));")
_ENTITIES = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_OBJECT = re.compile(r'\{\s*"')


def is_text(leaf: "Leaf") -> bool:
    """Whether a leaf may be a text of any kind."""
    return b"\0" not in leaf.head


def find_in_text(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices of all the JSON in a text."""
    for data in _read_segments(leaf):
        leaf.effort.spend(BYTE_OF_TEXT * len(data))
        text = data.decode("utf-8", "replace")
        if "&quot;token&quot;" in text:
            # This is Yeelight's XML. A parser of XML would be open to entity bombs.
            leaf.effort.spend(ATTEMPT * text.count("&"))
            text = _ENTITY.sub(_unescape, text)
        if '"token"' in text:
            for found in _scan(text, leaf.effort):
                yield _read_device(leaf, found)


def _read_segments(leaf: "Leaf") -> "Iterator[bytes]":
    """Yield a text in parts, which consist of whole lines.

    Each part begins with the last lines of the one before, so that an object that takes
    several lines is whole in one of them.
    """
    data, known = b"", 0
    while True:
        data += leaf.file.read(MAX_SEGMENT - len(data))
        if len(data) < MAX_SEGMENT:
            yield data
            return
        end = data.rfind(b"\n") + 1
        if end <= known:
            raise MiioError("a line of over %d bytes" % (MAX_SEGMENT - known))
        yield data[:end]
        start = data.find(b"\n", max(0, end - MAX_OBJECT)) + 1
        data, known = data[start:], end - start


def _unescape(match: "Match[str]") -> str:
    name, number = match.groups()
    return _ENTITIES[name] if name else chr(min(int(number), 0x10FFFF))


def _read_device(leaf: "Leaf", found: "Dict[str, Any]") -> "Record":
    fields = {}
    for field, keys in _KEYS.items():
        values = [found[key] for key in keys if isinstance(found.get(key), (str, int))]
        fields[field] = values[0] if values else None
    return make_record(leaf, **fields)


def _scan(text: str, effort: "Effort") -> "Iterator[Dict[str, Any]]":
    """Yield the JSON objects with a token and a device id, wherever they stand."""
    match = _OBJECT.search(text)
    while match:
        at = match.start()
        try:
            value, end = _decode(text, at)
            read = end - at
        except (RecursionError, TypeError):
            # PyPy raises either for what is nested too deeply.
            value, end, read = None, at + 1, _TOO_DEEP
        except ValueError as error:
            # Creating the error counts the lines up to its position, which takes time.
            position = getattr(error, "pos", len(text))
            value, end, read = None, at + 1, position - at + position // 64
        effort.spend(ATTEMPT + CHARACTER_PARSED * read)
        yield from _find_devices(value)
        match = _OBJECT.search(text, end)


def _find_devices(value: "Any") -> "Iterator[Dict[str, Any]]":
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("token"), str) and "did" in value:
                yield value
            else:
                waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)
