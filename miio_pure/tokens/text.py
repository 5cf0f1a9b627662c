# SPDX-License-Identifier: MIT
"""Tokens in texts: the cloud's JSON in caches, logs and settings, and short notes."""

import json
import re

from ..errors import MiioError
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Iterator, Match

    from .streams import Budget

SEGMENT = 4 << 20  # characters that are read as JSON at once
EFFORT = 10  # characters read again in broken JSON, for each one of the text
_TOO_DEEP = 20000  # what it costs to find out that something is nested too deeply
_KEYS = {
    "name": ("name",),
    "model": ("model",),
    "ip": ("localip", "localIP", "ip"),
    "mac": ("mac",),
    "did": ("did",),
    "token": ("token",),
}


def _number(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("too long for a number")
    return int(digits)


_decode = json.JSONDecoder(parse_int=_number).raw_decode
# what XML escapes; the module html is missing on small hosts
_ENTITY = re.compile(r"&(?:(quot|amp|lt|gt|apos)|#(\d{1,7}));")
_ENTITIES = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_OBJECT = re.compile(r'\{\s*"')
# vevs' app writes the address, the model and the token on the first three lines
_NOTE = (
    re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"),
    re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+){2,}"),
    re.compile(r"\b[0-9a-fA-F]{32}\b"),
)
_LINE = 200  # characters of such a line
# /mnt/data/miio/device.token of a robot
_BARE = re.compile(rb"([A-Za-z0-9]{16})\s?\Z")


def find_in_text(
    data: bytes, source: str, when: float, budget: "Budget"
) -> "Iterator[Record]":
    """The devices of a text in any form; MiioError if it is too broken to search."""
    bare = _BARE.match(data)
    if bare:
        yield Record(source, when, token=bare.group(1).hex())
        return
    text = data.decode("utf-8", "replace")
    if "&quot;token&quot;" in text:  # Yeelight's XML; no parser, so no entity bombs
        text = _ENTITY.sub(_unescaped, text)
    if '"token"' in text:
        budget.effort += EFFORT * len(text)
        for found in _objects(text, budget):
            yield _record(found, source, when)
        return
    lines = text[: 3 * _LINE].split("\n")
    matches = [pattern.search(line) for pattern, line in zip(_NOTE, lines)]
    if len(matches) < 3 or None in matches:
        return
    ip, model, token = [match.group() for match in matches if match]
    name = re.split(r"[/\\]", source)[-1].split(".")[0]
    did = name if name.isdigit() else ""  # the file is called after it
    yield Record(source, when, ip=ip, model=model, token=token, did=did)


def _unescaped(match: "Match[str]") -> str:
    name, number = match.groups()
    return _ENTITIES[name] if name else chr(min(int(number), 0x10FFFF))


def _record(found: "Dict[str, Any]", source: str, when: float) -> Record:
    fields = {}
    for field, keys in _KEYS.items():
        values = [found[key] for key in keys if isinstance(found.get(key), (str, int))]
        fields[field] = values[0] if values else None
    record = Record(source, when, **fields)
    if not record.token:
        record.why = why_not(record.did, str(found.get("parent_id") or ""))
    return record


def why_not(did: str, parent: str) -> str:
    """Why a device may have no token, by what is known of it."""
    if parent or did.startswith(("lumi.", "blt.", "group.", "ir.")):
        return "it hangs on a gateway or is no device of its own: use that one's token"
    return "the app has none for it, as for cameras and what only the cloud reaches"


def _objects(text: str, budget: "Budget") -> "Iterator[Dict[str, Any]]":
    """The JSON objects with a token and a device id, wherever they stand."""
    yield from _scanned(_lines(text), budget)  # as in logs
    if len(text) <= SEGMENT:
        yield from _scanned([text], budget)  # those that take several lines


def _lines(text: str) -> "Iterator[str]":
    """Those in which a token is named."""
    at = text.find('"token"')
    while at >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = len(text) if end < 0 else end
        if end - start > SEGMENT:
            raise MiioError("a line of over %d characters" % SEGMENT)
        yield text[start:end]
        at = text.find('"token"', end)


def _scanned(texts: "Iterable[str]", budget: "Budget") -> "Iterator[Dict[str, Any]]":
    for text in texts:
        match = _OBJECT.search(text)
        while match:
            at = match.start()
            try:
                value, end = _decode(text, at)
            except (RecursionError, TypeError):  # PyPy has both
                budget.effort -= _TOO_DEEP
                end = at + 1
            except ValueError as error:  # which counts the lines up to its position
                position = getattr(error, "pos", len(text))
                budget.effort -= position - at + position // 64
                end = at + 1
            else:
                yield from _devices(value)
            if budget.effort < 0:
                raise MiioError(
                    "too much broken JSON: this is no log or cache of Mi Home"
                )
            match = _OBJECT.search(text, end)


def _devices(value: "Any") -> "Iterator[Dict[str, Any]]":
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
