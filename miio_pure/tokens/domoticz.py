# SPDX-License-Identifier: MIT
"""Finds devices in the database of Domoticz.

Its table Hardware has a row for each plugin that is in use. A plugin has six fields of
its own, Mode1 to Mode6, and each keeps the token in another one.
"""

import re

from .fields import is_token, read_host, read_text, tell_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..devices import Record
    from ..files.sqlite import Database
    from ..files.walk import Leaf

TABLE = "hardware"
_MODES = ["mode%d" % number for number in range(1, 7)]
# The names of plugins for devices of Xiaomi, such as xiaomi-mi-robot-vacuum. Other
# plugins also keep keys of 32 digits.
_PLUGIN = re.compile(r"xiaomi|miio|miot|roborock|yeelight|(?<![a-z])mi(?![a-z])", re.I)


def find_in_hardware(leaf: "Leaf", database: "Database") -> "Iterator[Record]":
    """Yield the devices of the plugins for Xiaomi."""
    for row in database.rows(TABLE):
        modes = [read_text(row.get(mode)) for mode in _MODES]
        tokens = [text for text in modes if is_token(text)]
        if len(tokens) == 1 and _PLUGIN.search(read_text(row.get("extra"))):
            fields = {
                "name": read_text(row.get("name")),
                "address": read_host(row.get("address")),
                "token": tokens[0],
            }
            yield from tell_device(leaf, fields, True)
