# SPDX-License-Identifier: MIT
"""Finds the name that somebody may have meant."""

from ..surroundings import default_path
from .hint import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Optional

    from ..devices import Devices
    from .arguments import Options

MAX_WORD = 40  # letters of a typed word; the rest is not compared


def find_nearest(word: str, names: "Iterable[str]") -> str:
    """Return the name that differs least from a mistyped word, or ""."""
    distance, nearest = min((measure_distance(word, name), name) for name in names)
    return nearest if distance <= (len(nearest) + 2) // 3 else ""


def guess_device(options: "Options", devices: "Optional[Devices]", typed: str) -> str:
    """Return what somebody may have meant by an unknown DEVICE, or ""."""
    records = devices.records if devices is not None else []
    names = {record.name.lower(): record.name for record in records if record.name}
    nearest = find_nearest(typed.lower(), names) if names else ""
    if nearest:
        return "did you mean %s?" % quote(names[nearest])
    for word in options.arguments:
        if word in names.values() and options.command is not None:
            name = options.command.name
            return "the device comes first: %s %s ..." % (name, quote(word))
    return explain_no_devices(options)


def explain_no_devices(options: "Options") -> str:
    """Return why no saved device can be found, if there is a reason, or ""."""
    import os

    try:
        from ..devices import Devices  # noqa: F401
    except ImportError:
        return "this copy of miio_pure lacks devices.py, so it cannot save devices"
    if default_path() is None and options.devices is None:
        return "HOME is not set, so set MIIO_DEVICES to the file of saved devices"
    path = os.environ.get("MIIO_DEVICES")
    if path and options.devices is None and not os.path.exists(path):
        return "MIIO_DEVICES names a file that does not exist: %s" % path
    return ""


def measure_distance(one: str, other: str) -> int:
    """Return how many letters must be inserted, removed, replaced, or swapped.

    Only neighbours are swapped (optimal string alignment).
    """
    rows = [list(range(len(other) + 1))]
    for i, char in enumerate(one[:MAX_WORD], 1):
        above, row = rows[-1], [i]
        for j, wanted in enumerate(other, 1):
            replaced = above[j - 1] + (char != wanted)
            row.append(min(above[j] + 1, row[-1] + 1, replaced))
            if i > 1 and j > 1 and one[i - 2 : i] == wanted + other[j - 2]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]
