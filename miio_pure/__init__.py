# SPDX-License-Identifier: MIT
"""Xiaomi Wi-Fi devices on the local network over miIO, in pure Python.

with Client("192.168.1.47", token="...32 hex digits...") as bulb:
    bulb.send("get_prop", ["power"])
for found in discover(timeout=3):
    print(found.address, found.device_id)
"""

from .client import Client
from .discovery import discover
from .errors import (
    ChecksumError,
    DeviceError,
    MiioError,
    NoReply,
    PacketError,
    PayloadError,
    TokenError,
)
from .packet import Found, Token

__version__ = "0.1.0"
__all__ = [
    "ChecksumError",
    "Client",
    "DeviceError",
    "Found",
    "MiioError",
    "NoReply",
    "PacketError",
    "PayloadError",
    "Token",
    "TokenError",
    "__version__",
    "discover",
]

Client.discover = staticmethod(discover)
