# SPDX-License-Identifier: MIT
"""Makes the record of a device that was found in a leaf."""

from ..devices import Record
from ..files.effort import RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..files.walk import Leaf


def make_record(leaf: "Leaf", parent: "Any" = None, **fields: "Any") -> Record:
    """Return a record of a device; without a token it says why.

    parent: the id of the gateway that the device belongs to, if any.
    """
    leaf.effort.spend(RECORD)
    record = Record(leaf.path, leaf.time, **fields)
    if not record.token:
        record.why = _explain_lack(record.device_id, bool(parent))
    return record


def _explain_lack(device_id: str, has_parent: bool) -> str:
    if has_parent or device_id.startswith(("lumi.", "blt.", "group.", "ir.")):
        return "it is behind a gateway: talk to that one, with its token"
    return "the app has none for it, as for cameras and what only the cloud reaches"
