# SPDX-License-Identifier: MIT
"""Xiaomi Wi-Fi devices on the local network over miIO, in pure Python.

with Client("192.168.1.47", token="...32 hex digits...") as bulb:
    bulb.send("get_prop", ["power"])
for found in discover(timeout=3):
    print(found.address, found.device_id)
"""

import sys as _sys

_COMMAND = _sys.argv[:1] == ["-m"] and "." not in __name__  # so no traceback
try:
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
except ImportError as _error:
    _text = (
        "%s: what a small Python lacks is in libpython3-stdlib (Debian) or in "
        "python3-io and python3-json (Yocto)" % _error
    )
    raise (SystemExit("error: " + _text) if _COMMAND else ImportError(_text)) from None
except KeyboardInterrupt:
    if _COMMAND:
        raise SystemExit(130) from None
    raise

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
