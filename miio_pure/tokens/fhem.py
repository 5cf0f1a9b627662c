# SPDX-License-Identifier: MIT
"""Finds devices in the configuration of FHEM.

Its module XiaomiDevice takes one line: `define NAME XiaomiDevice KIND ADDRESS TOKEN`.
"""

import re

from .fields import read_address, tell_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..devices import Record
    from ..files.walk import Leaf
    from .text import Part

_DEFINE = re.compile(
    r"^define[ \t]+(\S+)[ \t]+XiaomiDevice[ \t]+\S+[ \t]+([\d.]+)[ \t]+"
    r"([0-9a-fA-F]{32})[ \t]*\r?$",
    re.M | re.ASCII,
)


def find_in_fhem(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the devices that lines of FHEM define."""
    if "XiaomiDevice" in part.text:
        for name, address, token in _DEFINE.findall(part.text):
            fields = {"name": name, "address": read_address(address), "token": token}
            yield from tell_device(leaf, fields)
