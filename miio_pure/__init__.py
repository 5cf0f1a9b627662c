# SPDX-License-Identifier: MIT
"""Xiaomi Wi-Fi devices on the local network over miIO, in pure Python.

with Client("192.168.1.47", token="...32 hex digits...") as lamp:
    lamp.send("get_prop", ["power"])
for found in discover(timeout=3):
    print(found.address, found.device_id)
"""

try:
    from .client import Client
    from .discovery import Found, discover
    from .errors import (
        ChecksumError,
        DeviceError,
        MiioError,
        NoReply,
        PacketError,
        PayloadError,
        TokenError,
    )
    from .packet import Token
except ImportError as error:
    raise ImportError(
        "%s; what a small Python lacks is in libpython3-stdlib (Debian), or in "
        "python3-io and python3-json (Yocto)" % error
    ) from None

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
