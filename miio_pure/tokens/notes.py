# SPDX-License-Identifier: MIT
"""Finds the device in a short note: one that an app wrote, or a robot's own token."""

import re

from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List

    from ..devices import Record
    from ..files.walk import Leaf

MAX_NOTE = 600  # bytes

# The app that vevs modified writes the address, the model and the token on three lines.
_LINES = (
    re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"),
    re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+){2,}"),
    re.compile(r"\b[0-9a-fA-F]{32}\b"),
)
# A rooted robot's /mnt/data/miio/device.token
_BARE = re.compile(rb"([A-Za-z0-9]{16})\s?\Z")


def is_note(leaf: "Leaf") -> bool:
    """Whether a leaf is a token and nothing else, or three lines and nothing else."""
    head = leaf.head
    if len(head) > MAX_NOTE:
        return False
    return bool(_BARE.match(head) or _read_lines(head))


def find_in_note(leaf: "Leaf") -> "Iterator[Record]":
    """Yield the device of a note."""
    data = leaf.read(MAX_NOTE, "a note")
    bare = _BARE.match(data)
    if bare:
        yield make_record(leaf, token=bare.group(1).hex())
        return
    address, model, token = _read_lines(data)
    # The file is called after the device's id.
    name = re.split(r"[/\\:]", leaf.path)[-1].split(".")[0]
    device_id = name if name.isdigit() else ""
    fields = {"address": address, "model": model, "device_id": device_id}
    yield make_record(leaf, token=token, **fields)


def _read_lines(data: bytes) -> "List[str]":
    """Return the address, the model and the token; nothing if there is more or less.

    A text that goes on may tell of several devices, and would mix them up.
    """
    lines = data.decode("utf-8", "replace").split("\n")
    lines = [line for line in lines if line.strip()]
    found = [pattern.search(line) for pattern, line in zip(_LINES, lines)]
    values = [match.group() for match in found if match]
    return values if len(lines) == len(values) == len(_LINES) else []
