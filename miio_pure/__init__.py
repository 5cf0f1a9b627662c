# SPDX-License-Identifier: MIT
"""Xiaomi Wi-Fi devices on the local network over miIO, in pure Python.

with Client("192.168.1.47", token="...32 hex digits...") as bulb:
    bulb.send("get_prop", ["power"])
for found in discover(timeout=3):
    print(found.address, found.device_id)
"""

try:
    import json as _json  # noqa: F401
except ImportError:
    import sys as _sys
    _text = ("this Python has no module json: install libpython3-stdlib (Debian, "
             "Ubuntu) or python3-json (Yocto)")
    if _sys.argv[:1] == ["-m"]:  # python3 -m miio_pure: one line, no traceback
        raise SystemExit("error: " + _text) from None
    raise ImportError(_text) from None

from .client import Client
from .discovery import discover
from .errors import (ChecksumError, DeviceError, MiioError, NoReply, PacketError,
                     PayloadError, TokenError)
from .packet import Found, Token

__version__ = "0.1.0"
__all__ = ["ChecksumError", "Client", "DeviceError", "Found", "MiioError", "NoReply",
           "PacketError", "PayloadError", "Token", "TokenError", "__version__",
           "discover"]
