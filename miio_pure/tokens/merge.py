# SPDX-License-Identifier: MIT
"""Joins what several files tell of the same devices."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from ..devices import Record


def merge(records: "List[Record]") -> "List[Record]":
    """Return a record for each device and token; the newer of two tokens first."""
    devices = _merge_known(records)
    merged = [record for known in devices.values() for record in known]
    by_token: "Dict[str, List[Record]]" = {}
    for record in merged:
        by_token.setdefault(record.token.lower(), []).append(record)
    # Many programs keep the address and the token, but no device id.
    for record in records:
        if not record.device_id and record.token:
            known = by_token.setdefault(record.token.lower(), [])
            same = next((one for one in known if _is_same(one, record)), None)
            if same is None:
                known.append(record)
                merged.append(record)
            else:
                same.learn(record)
    return merged


def _is_same(one: "Record", other: "Record") -> bool:
    """Whether two records with the same token may tell of the same device.

    A record without a device id that tells another address may be an older one.
    """
    is_there = not (one.address and other.address) or one.address == other.address
    return bool(one.device_id) or is_there


def _merge_known(records: "List[Record]") -> "Dict[str, List[Record]]":
    """Return the records of each device id, in the order in which ids were found."""
    devices: "Dict[str, List[Record]]" = {
        record.device_id: [] for record in records if record.device_id
    }
    kept: "Dict[Tuple[str, str], Record]" = {}
    for record in sorted(records, key=lambda one: -one.when):
        if record.device_id:
            key = record.device_id, record.token.lower()
            if key not in kept:
                kept[key] = record
                devices[record.device_id].append(record)
            kept[key].learn(record)
    for device_id, known in devices.items():
        with_token = [record for record in known if record.token]
        for record in known:
            # One file may know the token, and another one the name.
            if with_token and not record.token:
                with_token[0].learn(record)
        devices[device_id] = with_token or known
    return devices
