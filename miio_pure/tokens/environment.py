# SPDX-License-Identifier: MIT
"""Finds devices among environment variables: .env files, scripts, Docker's files.

python-miio takes MIROBO_IP and MIROBO_TOKEN, MIPLUG_IP and so on; others MIIO_TOKEN.
What stands in front of _TOKEN tells which variables belong together, wherever they
stand. Variables of other programs, such as GITHUB_TOKEN, are left alone.
"""

import re

from ..files.effort import LINE
from .blocks import WANTED
from .pairs import tell_devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List

    from ..devices import Record
    from ..files.walk import Leaf
    from .pairs import Pair
    from .text import Part

_VARIABLE = re.compile(
    r"^[ \t]*(?:-[ \t]+)?(?:export[ \t]+|set[ \t]+|\$env:)?"
    r"([A-Z][A-Z0-9_]{0,60})_(TOKEN|IP|HOST|ADDRESS|MAC|MODEL|DEVICE_ID|DID|ID|NAME)"
    r"[ \t]*[=:][ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\n]*))",
    re.M,
)
_OURS = re.compile(
    r"(?:^|_)(?:MICEIL|MIEYECARE|MIHOME|MIIO|MIIOCLI|MIOT|MIPLUG|MIROBO|XIAOMI)(?:_|$)"
)


def find_in_environment(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the devices that variables describe."""
    if not WANTED.search(part.text):
        return
    devices: "Dict[str, List[Pair]]" = {}
    for match in _VARIABLE.finditer(part.text):
        leaf.effort.spend(LINE)
        prefix, suffix, double, single, bare = match.groups()
        value = double or single or (bare or "").split(" #")[0].strip()
        if _OURS.search(prefix):
            devices.setdefault(prefix, []).append((suffix.lower(), value))
    for pairs in devices.values():
        yield from tell_devices(leaf, pairs)
