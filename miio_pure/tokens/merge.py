# SPDX-License-Identifier: MIT
"""Joins the records of the same devices from several files."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from ..devices import Record

# This is the key for a device that may have any address.
ANYWHERE = ""


def merge(records: "List[Record]") -> "List[Record]":
    """Return a record for each device and token; the newer of two tokens first."""
    devices = _merge_known(records)
    merged = [record for known in devices.values() for record in known]
    tokens: "Dict[str, Dict[str, Record]]" = {}
    for record in merged:
        tokens.setdefault(record.token.lower(), {}).setdefault(ANYWHERE, record)
    # Many programs keep the address and the token, but no device id.
    for record in records:
        if not record.device_id and record.token:
            places = tokens.setdefault(record.token.lower(), {})
            if not _join(places, record):
                places[record.address] = record
                merged.append(record)
    return merged


def _join(places: "Dict[str, Record]", record: "Record") -> bool:
    """Join a record with one that has the same token; return whether there is one.

    places: the records with this token by address; the key of one with a device id or
    without an address is ANYWHERE. Two addresses stay two records, because one of them
    may be out of date.
    """
    place = record.address if record.address in places else ANYWHERE
    if not record.address:
        place = next(iter(places), ANYWHERE)
    same = places.get(place)
    if same is None:
        return False
    same.learn(record)
    if not same.device_id:
        del places[place]
        places[same.address] = same
    return True


def _merge_known(records: "List[Record]") -> "Dict[str, List[Record]]":
    """Return the records of each device id, in the order in which we found the ids."""
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
