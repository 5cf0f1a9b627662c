# SPDX-License-Identifier: MIT
"""--debug: shows each datagram on stderr, decrypted where that is possible.

Tokens and passwords are hidden, so that the output can be pasted into a bug report.
"""

from ..errors import MiioError
from ..packet import HELLO, decode
from ..payload import load
from .output import format_json, say
from .secret import has_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

    from ..packet import Token
    from ..session import Saved

# The names of members whose values are secret, wherever they occur.
SECRET_NAMES = ("token", "passwd", "password", "psk", "pwd", "key")
HIDDEN = "(hidden)"
HEADER_SIZE = 32  # bytes


class Tracer:
    """Called with each datagram; shows what is in it.

    tokens: an object whose token(device_id) returns the Token of a device, or None.
    """

    def __init__(self, tokens: "Optional[Saved]" = None) -> None:
        self._tokens = tokens
        self._revealed: "Dict[int, Token]" = {}
        self._hide: "Optional[Callable[[str], str]]" = None

    def hide(self, hide: "Callable[[str], str]") -> None:
        """Show no secret that hide() takes out of a text, from now on.

        The encrypted bytes are hidden, too, because whoever learns the token later can
        decrypt them.
        """
        self._hide = hide

    def __call__(self, event: str, datagram: bytes, address: str) -> None:
        start = "%s %s: " % (event, address)
        if datagram == HELLO:
            say("%shello, %s" % (start, datagram.hex()))
            return
        try:
            packet = decode(datagram)
        except MiioError as error:
            say("%s%d bytes, %s: %s" % (start, len(datagram), error, mask(datagram)))
            return
        header = packet.header
        where = "device id %d, stamp %d" % (header.device_id, header.stamp)
        if len(datagram) == HEADER_SIZE:
            state = "hides its token"
            if packet.token is not None:
                state = "reveals its token (not shown here)"
                self._revealed[header.device_id] = packet.token
            say("%shello reply, %s, %s" % (start, where, state))
            return
        text, shown = self._read(datagram, header.device_id), datagram.hex()
        if self._hide is not None:
            text, shown = self._hide(text), mask(datagram)
        say("%s%d bytes, %s: %s" % (start, len(datagram), where, shown))
        say("  " + text)

    def _read(self, datagram: bytes, device_id: int) -> str:
        """Return the JSON in a datagram, without its secrets, or why there is none."""
        try:
            token = self._tokens.token(device_id) if self._tokens else None
            token = token or self._revealed.get(device_id)
            payload = decode(datagram, token).payload
            if payload is None:
                return "this cannot be decrypted without a token"
            return format_json(hide_values(load(payload)))
        except MiioError as error:
            return str(error)
        except RecursionError:
            # JSON may be nested so deeply that it can be parsed, but not printed.
            return "the JSON is nested too deeply to be shown"


def mask(datagram: bytes) -> str:
    """Return the hex digits of a datagram without what could be a token.

    A hello reply that was damaged on its way may still contain the token.
    """
    return datagram[:16].hex() + ("(hidden)" if datagram[16:] else "")


def hide_values(value: "Any") -> "Any":
    """Return the value with tokens and passwords replaced by HIDDEN."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if name.lower() in SECRET_NAMES else hide_values(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [hide_values(item) for item in value]
    if isinstance(value, str) and has_secret(value):
        return HIDDEN
    return value
