# SPDX-License-Identifier: MIT
"""What several commands need: the token, the saved devices, the trace of datagrams."""

import os

from ..errors import TokenError
from .arguments import UsageError
from .output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from ..devices import Devices
    from ..link import Trace
    from ..packet import Token
    from .arguments import Options


def read_token(options: "Options") -> "Optional[Token]":
    """Return the token that the user gave, if any."""
    from ..packet import Token

    name, text = "--token", options.token
    if text is None:
        name, text = "MIIO_TOKEN", os.environ.get("MIIO_TOKEN") or None
    try:
        return None if text is None else Token(text)
    except TokenError as error:
        raise UsageError("%s: %s" % (name, error)) from None


def find_token_file(options: "Options") -> "Optional[str]":
    """Return where tokens are kept, or None if there is no home for them."""
    if options.token_file is not None:
        return str(options.token_file)
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if not home:
        return None
    return os.path.join(home, ".config", "miio_pure", "tokens.json")


def open_devices(options: "Options") -> "Optional[Devices]":
    """Return the saved devices, if there is a file of them."""
    path = find_token_file(options)
    if path is None or not os.path.exists(path):
        if options.token_file is not None:
            raise UsageError(
                "--token-file: there is no such file; make it with --tokens FILE --save"
            )
        return None
    try:
        from ..devices import Devices
    except ImportError:
        if options.token_file:
            raise UsageError("this copy of miio_pure came without devices.py") from None
        # The file is of another copy, which has the module.
        return None
    return Devices(path)


def make_trace(options: "Options") -> "Optional[Trace]":
    """Return what shows each datagram on stderr, if the user asked for that."""
    if not options.debug:
        return None
    from ..packet import HEADER

    def show(event: str, datagram: bytes, address: str) -> None:
        text = datagram.hex()
        if len(datagram) >= 16:
            _, length, device_id, stamp, _ = HEADER.unpack(datagram[:32].ljust(32))
            # It could be a hello reply, even one cut short or too long.
            odd = length == 32 or len(datagram) <= 32
            if odd and datagram[16:].strip(b"\xff"):
                text = datagram[:16].hex() + "(hidden here: it may be the token)"
            text = "length %d, device id %d, stamp %d: %s" % (
                length,
                device_id,
                stamp,
                text,
            )
        say("%s %s %d bytes, %s" % (event, address, len(datagram), text))

    return show


def encode_argument(text: str) -> bytes:
    """Return an argument's bytes, even where the locale is C."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # There is an unpaired surrogate.
        return text.encode("utf-8", "replace")
