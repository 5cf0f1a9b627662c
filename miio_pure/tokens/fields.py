# SPDX-License-Identifier: MIT
"""Reads the fields of a device from the keys and values of other programs.

Programs agree on little. The same address may be called localip, host or ip; a device
id may be a number, its digits, or hex digits. Each read_...() here returns a field in
the form that Record has, or "" if the value is not such a field.
"""

import re

from .record import make_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator

    from ..devices import Record
    from ..files.walk import Leaf

# The keys of each field; the first one that holds something counts.
KEYS = {
    "name": ("name", "title", "label"),
    "model": ("model",),
    "address": ("localip", "local_ip", "localIp", "localIP", "ip", "host", "address"),
    "mac": ("mac", "unique_id", "unique_did"),
    "device_id": ("did", "deviceId", "device_id", "MI_id", "id"),
    "token": ("token",),
}
MAX_DIGITS = 20  # of a device id, which has 64 bits
# An id with fewer digits may be any other number, such as that of a row in a table.
MIN_DIGITS = 6

BLUETOOTH = "a Bluetooth device, whose token of 24 digits is not one of miIO"
_TOKEN = re.compile(r"[0-9a-fA-F]{32}\Z")
_BLUETOOTH = re.compile(r"[0-9a-fA-F]{24}\Z")
_ADDRESS = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\Z", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_MAC = re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\Z")
_HEX_ID = re.compile(r"0x([0-9a-fA-F]{1,16})\Z|([0-9a-fA-F]{8})\Z")
_DIGITS = re.compile(r"[0-9]{1,20}\Z")
# Things that are not Wi-Fi devices have ids like these.
_NAMED_ID = re.compile(r"(?:blt|group|ir|lumi|miwifi)\.[\w.-]+\Z")
_MODEL = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+){2,}\Z")


def is_token(text: str) -> bool:
    """Tell whether this is a Wi-Fi device's token; a hidden one is all 0 or all f."""
    return bool(_TOKEN.match(text)) and text.lower() not in ("0" * 32, "f" * 32)


def is_bluetooth(text: str) -> bool:
    """Tell whether this is the token of a Bluetooth device."""
    return bool(_BLUETOOTH.match(text))


def is_model(text: str) -> bool:
    """Tell whether this looks like one of Xiaomi's models: yeelink.light.lamp4."""
    return bool(_MODEL.match(text))


def read_text(value: "Any") -> str:
    """Return a text or a whole number as a text."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def read_address(value: "Any") -> str:
    """Return an IPv4 address."""
    text = read_text(value)
    match = _ADDRESS.match(text)
    if not match or text == "0.0.0.0":
        return ""
    return text if all(int(part) < 256 for part in match.groups()) else ""


def read_host(value: "Any") -> str:
    """Return an address or a host name."""
    text = read_text(value)
    has_letter = bool(text.strip("0123456789."))
    return text if has_letter and _HOST.match(text) else read_address(text)


def read_mac(value: "Any") -> str:
    """Return a MAC in capitals, with colons."""
    text = read_text(value)
    return text.upper().replace("-", ":") if _MAC.match(text) else ""


def read_device_id(value: "Any") -> str:
    """Return a device id in decimal, or the name that a device behind a gateway has.

    We take digits for hex if they begin with 0x or a zero, or contain a letter.
    """
    text = read_text(value)
    if text.startswith("0x") or (len(text) == 8 and not _is_decimal(text)):
        match = _HEX_ID.match(text)
        return str(int(match.group(1) or match.group(2), 16)) if match else ""
    return text if _DIGITS.match(text) or _NAMED_ID.match(text) else ""


def _is_decimal(text: str) -> bool:
    return bool(_DIGITS.match(text)) and text[0] != "0"


def read_short_id(value: "Any") -> str:
    """Return a device id from a field that may also hold any other number."""
    text = read_device_id(value)
    is_short = not text.strip("0123456789") and len(text) < MIN_DIGITS
    return "" if is_short else text


def is_private(address: str) -> bool:
    """Tell whether an address is private: RFC 1918, RFC 3927, loopback."""
    if not read_address(address):
        return False
    first, second = map(int, address.split(".")[:2])
    return (
        first in (10, 127)
        or (first == 172 and 16 <= second < 32)
        or (first, second) in ((192, 168), (169, 254))
    )


def tell_device(
    leaf: "Leaf", fields: "Dict[str, str]", is_xiaomi: bool = False
) -> "Iterator[Record]":
    """Yield the record of a device, if these fields describe one.

    A token alone does not, because other programs have tokens of 32 digits, too.
    is_xiaomi: something besides the fields shows that they belong to a Xiaomi device.
    """
    if not is_whole(fields, is_xiaomi):
        return
    if is_bluetooth(fields["token"]):
        record = make_record(leaf, **dict(fields, token=""))
        record.why = BLUETOOTH
        yield record
    else:
        yield make_record(leaf, **dict(fields, token=fields["token"].lower()))


def is_whole(fields: "Dict[str, str]", is_xiaomi: bool = False) -> bool:
    """Tell whether there is a token, and proof that it belongs to a device."""
    token, address = fields.get("token", ""), fields.get("address", "")
    has_id = bool(fields.get("device_id"))
    if is_bluetooth(token):
        return has_id
    is_ours = is_xiaomi or is_model(fields.get("model", ""))
    is_there = is_private(address) or bool(is_ours and address)
    return is_token(token) and (has_id or bool(fields.get("mac")) or is_there)
