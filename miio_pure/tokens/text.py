# SPDX-License-Identifier: MIT
"""Finds devices in texts: the cloud's JSON in caches, logs and settings, short notes.

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

MAX_TEXT = 32 << 20  # bytes
MAX_SEGMENT = 4 << 20  # characters that are read as JSON at once
MAX_NOTE_LINE = 200  # characters
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
# The app that vevs modified writes the address, the model and the token on three lines.
_NOTE = (
    re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"),
    re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+){2,}"),
    re.compile(r"\b[0-9a-fA-F]{32}\b"),
)
# A rooted robot's /mnt/data/miio/device.token
_BARE = re.compile(rb"([A-Za-z0-9]{16})\s?\Z")


def is_text(leaf: "Leaf") -> bool:
    """Whether a leaf may be a text of any kind."""
    return b"\0" not in leaf.head


def find_in_text(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the devices of a text in any form."""
    data = leaf.read(MAX_TEXT, "a text")
    leaf.effort.spend(BYTE_OF_TEXT * len(data))
    bare = _BARE.match(data)
    if bare:
        yield make_record(leaf, token=bare.group(1).hex())
        return
    text = data.decode("utf-8", "replace")
    if "&quot;token&quot;" in text:
        # This is Yeelight's XML. A parser of XML would be open to entity bombs.
        text = _ENTITY.sub(_unescape, text)
    if '"token"' in text:
        for found in _find_objects(text, leaf.effort):
            yield _read_device(leaf, found)
    else:
        yield from _read_note(leaf, text)


def _read_note(leaf: "Leaf", text: str) -> "Iterator[Record]":
    lines = text[: 3 * MAX_NOTE_LINE].split("\n")
    matches = [pattern.search(line) for pattern, line in zip(_NOTE, lines)]
    if len(matches) == 3 and None not in matches:
        address, model, token = [match.group() for match in matches if match]
        # The file is called after the device's id.
        name = re.split(r"[/\\]", leaf.path)[-1].split(".")[0]
        device_id = name if name.isdigit() else ""
        fields = {"address": address, "model": model, "device_id": device_id}
        yield make_record(leaf, token=token, **fields)


def _unescape(match: "Match[str]") -> str:
    name, number = match.groups()
    return _ENTITIES[name] if name else chr(min(int(number), 0x10FFFF))


def _read_device(leaf: "Leaf", found: "Dict[str, Any]") -> "Record":
    fields = {}
    for field, keys in _KEYS.items():
        values = [found[key] for key in keys if isinstance(found.get(key), (str, int))]
        fields[field] = values[0] if values else None
    return make_record(leaf, **fields)


def _find_objects(text: str, effort: "Effort") -> "Iterator[Dict[str, Any]]":
    """Yield the JSON objects with a token and a device id, wherever they stand."""
    # First those of one line, as in logs, then those that take several.
    for line in _find_lines(text):
        yield from _scan(line, effort)
    if len(text) <= MAX_SEGMENT:
        yield from _scan(text, effort)


def _find_lines(text: str) -> "Iterator[str]":
    """Yield the lines in which a token is named."""
    at = text.find('"token"')
    while at >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = len(text) if end < 0 else end
        if end - start > MAX_SEGMENT:
            raise MiioError("a line of over %d characters" % MAX_SEGMENT)
        yield text[start:end]
        at = text.find('"token"', end)


def _scan(text: str, effort: "Effort") -> "Iterator[Dict[str, Any]]":
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
