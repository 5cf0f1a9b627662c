# SPDX-License-Identifier: MIT
"""A device as a file tells of it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

LONGEST = 1000  # characters of a field
FIELDS = ("name", "model", "ip", "mac", "did", "token", "source")


class Record:
    """A device: name, model, ip, mac, did (device id), token, source; all of them str.

    What a file does not tell is "". token: 32 hex digits for Wi-Fi devices; others have
    other forms. source: where it was found. when: how new that is, seconds since 1970.
    why: if there is no token, what is known of the reason.
    """

    __slots__ = FIELDS + ("when", "why")

    name: str
    model: str
    ip: str
    mac: str
    did: str
    token: str

    def __init__(self, source: str, when: float = 0.0, **fields: "Any") -> None:
        self.source = source
        self.when = when
        self.why = ""
        for field in FIELDS[:-1]:
            value = fields.get(field)
            text = "" if value is None else str(value).strip()[:LONGEST]
            setattr(self, field, text)

    def __repr__(self) -> str:
        return "<Record %s of %s>" % (self.did or self.name or "?", self.source)

    def facts(self) -> "Dict[str, str]":
        """Its fields, token and all, by name."""
        return {field: getattr(self, field) for field in FIELDS}

    def learn(self, other: "Record") -> None:
        """Take from another record of the same device what this one lacks."""
        for field in FIELDS:
            if not getattr(self, field):
                setattr(self, field, getattr(other, field))


def merged(records: "List[Record]") -> "List[Record]":
    """One record for each device and token; the newer of two tokens first."""
    kept: "Dict[Tuple[str, str], Record]" = {}
    devices: "Dict[str, List[Record]]" = {}  # by device id, in the order of finding
    for record in records:
        devices.setdefault(record.did, [])
    for record in sorted(records, key=lambda one: -one.when):
        if not record.did:
            continue
        key = record.did, record.token.lower()
        if key not in kept:
            kept[key] = record
            devices[record.did].append(record)
        kept[key].learn(record)
    tokens: "Dict[str, Record]" = {}
    for did in devices:
        with_token = [record for record in devices[did] if record.token]
        for record in devices[did]:  # one file knows the token, another does not
            if with_token and not record.token:
                with_token[0].learn(record)
        devices[did] = with_token or devices[did]
        for record in devices[did]:
            tokens.setdefault(record.token.lower(), record)
    for record in records:  # a robot's own file tells the token, but no device id
        if not record.did:
            same = tokens.setdefault(record.token.lower(), record)
            if same is record:
                devices[""].append(record)
            elif record.token:
                same.learn(record)
    return [record for found in devices.values() for record in found]
