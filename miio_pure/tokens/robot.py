# SPDX-License-Identifier: MIT
"""Reads a rooted robot's two files, and joins them into one record.

device.token holds the 16 characters of the token, and nothing else. device.conf tells
who the robot is. On a roborock they lie in different folders.
"""

import re

from .fields import is_token
from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Tuple

    from ..devices import Record
    from ..files.walk import Leaf
    from .text import Part

MAX_CONF = 4096  # characters

NO_TOKEN = (
    "its token is in another file of the robot, device.token: copy that one, too, and "
    "give the folder that both are in"
)
_TOKEN = re.compile(rb"([A-Za-z0-9]{16})\s?\Z")
# Android and others keep ids that look like this in files of their own.
_HEX = re.compile(rb"[0-9a-f]{16}\Z")
# A path, and the folder in it.
_PATH = re.compile(r"(.*)[/:][^/:]*\Z", re.S)
_LINE = re.compile(r"^(did|key|mac|model)=(.*?)\s*$", re.M)
# The folders of a roborock, where there is more than one.
_FOLDERS = re.compile(r"mnt/(?:data/miio|default|reserve)\Z")


def is_robot_token(leaf: "Leaf") -> bool:
    """Tell whether a leaf is a token and nothing else."""
    return bool(_TOKEN.match(leaf.head))


def find_robot_token(leaf: "Leaf") -> "Iterator[Record]":
    """Yield what is known of a robot by its token."""
    yield make_record(leaf, token=leaf.read(MAX_CONF, "a token").strip().hex())


def find_in_conf(leaf: "Leaf", part: "Part") -> "Iterator[Record]":
    """Yield the robot that a device.conf is about, without a token.

    The key in that file is for the cloud.
    """
    if not part.is_whole or len(part.text) > MAX_CONF:
        return
    fields = dict(_LINE.findall(part.text))
    if "key" in fields and fields.get("did", "").isdigit():
        record = make_record(
            leaf,
            device_id=fields["did"],
            mac=fields.get("mac"),
            model=fields.get("model"),
        )
        record.why = NO_TOKEN
        yield record


def join_robots(records: "List[Record]") -> "List[Record]":
    """Give each token of a robot the id that lies beside it, if there is only one.

    Returns the records without those that may as well be something else.
    """
    robots: "Dict[str, Tuple[List[Record], List[Record]]]" = {}
    for record in records:
        tokens, confs = robots.setdefault(_find_root(record.source), ([], []))
        if record.why == NO_TOKEN:
            confs.append(record)
        elif _is_bare(record):
            tokens.append(record)
    for tokens, confs in robots.values():
        is_one = len({record.token for record in tokens}) == 1
        if is_one and len({record.device_id for record in confs}) == 1:
            for record in tokens:
                record.learn(confs[0])
    return [one for one in records if not (_is_bare(one) and _is_doubtful(one))]


def _is_bare(record: "Record") -> bool:
    facts = record.device_id, record.address, record.mac, record.model, record.name
    return bool(record.token) and not any(facts)


def _is_doubtful(record: "Record") -> bool:
    """Tell whether a token with nothing beside it may be another program's id."""
    # A damaged database can have any text for a token.
    return is_token(record.token) and bool(_HEX.match(bytes.fromhex(record.token)))


def _find_root(source: str) -> str:
    """Return the folder that all files of the same robot are below."""
    match = _PATH.match(source.replace("\\", "/"))
    return _FOLDERS.sub("", match.group(1)) if match else ""
