# SPDX-License-Identifier: MIT
"""Xiaomi Wi-Fi devices on the local network over miIO, in pure Python.

with Client("192.168.1.47", token="...32 hex digits...") as lamp:
    lamp.send("get_prop", ["power"])
for found in discover(timeout=3):
    print(found.address, found.device_id)

The public names are those in `__all__` here and in the modules named below, whose
docstrings describe them. Each module imports only modules that stand above it:

    errors host aes packet payload session exchange   bytes in, bytes out: no sockets
    link discovery client                             the core ends here
    surroundings                                      the environment, without os
    plans together                                    many exchanges, many devices
    miot/                                             properties of newer devices
    neighbours                                        names from leases and mDNS
    devices                                           the saved devices
    join                                              new devices into a network
    simulator/                                        a device in memory, and a server
    files/                                            reads other programs' files
    capture/                                          reads captures of the network
    tokens/                                           finds devices in all of these
    cli/                                              the command line

PROTOCOL.rst describes miIO itself, for clients in any language.

Where to add things: a command is a row in `cli/arguments.py` and a module beside it; a
source of tokens is a row in `tokens/search.py` and a module beside it; an archive is a
row in `files/walk.py`.

The modules look unusual in places, such as `_socket` in `link` and type hints in
quotes: routers wait for every import, and Python 3.6 still runs there.
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

__version__ = "0.2.0"
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
