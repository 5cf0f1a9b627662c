# SPDX-License-Identifier: MIT
"""Finds the device in a note that an app wrote: three lines and nothing else.

The app that vevs modified writes the address, the model and the token on three lines,
sometimes with a word in front of each.
"""

import re

from .fields import read_address, read_short_id, tell_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..devices import Record
    from ..files.walk import Leaf
    from .text import Part

MAX_NOTE = 600  # characters

_LINES = (
    re.compile(r"(?:(?:local ?)?ip|address|host)?\s*[:=]?\s*([\d.]{7,15})\Z", re.I),
    re.compile(r"(?:model)?\s*[:=]?\s*([a-z][a-z0-9_]*(?:\.[a-z0-9_-]+){2,})\Z", re.I),
    re.compile(r"(?:token)?\s*[:=]?\s*([0-9a-f]{32})\Z", re.I),
)


def find_in_note(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the device of a note.

    A longer text may describe several devices, whose lines would get mixed up.
    """
    if not part.is_whole or len(part.text) > MAX_NOTE:
        return
    lines = [line.strip() for line in part.text.split("\n") if line.strip()]
    found = [pattern.match(line) for pattern, line in zip(_LINES, lines)]
    values = [match.group(1) for match in found if match]
    if len(lines) == len(values) == len(_LINES):
        address, model, token = values
        fields = {"address": read_address(address), "model": model, "token": token}
        # The file is named after the device id.
        name = re.split(r"[/\\:]", leaf.path)[-1].split(".")[0]
        fields["device_id"] = read_short_id(name)
        yield from tell_device(leaf, fields)
