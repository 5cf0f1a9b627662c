# SPDX-License-Identifier: MIT
"""A device as a file tells of it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

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
            setattr(self, field, "" if value is None else str(value).strip())

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
    kept: "List[Record]" = []
    for record in sorted(records, key=lambda one: -one.when):
        same = next((one for one in kept if _same(one, record)), None)
        if same:
            same.learn(record)
        else:
            kept.append(record)
    order = {id(record): i for i, record in enumerate(records)}
    firsts: "Dict[str, int]" = {}  # devices in the order in which they were found
    for record in records:
        firsts.setdefault(record.did or record.token, order[id(record)])
    kept.sort(key=lambda one: firsts.get(one.did or one.token, order[id(one)]))
    return kept


def _same(one: Record, other: Record) -> bool:
    if one.did and other.did and one.did != other.did:
        return False
    if not one.token or not other.token:  # one file knows the token, another does not
        return bool(one.did) and one.did == other.did
    return one.token.lower() == other.token.lower()
