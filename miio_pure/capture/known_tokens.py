# SPDX-License-Identifier: MIT
"""Finds the token of a packet: given, saved or revealed in the capture itself.

The checksum shows whether a token is right, so we try every possible token, beginning
with the one that fitted the last packet of the same device.
"""

from ..errors import ChecksumError, TokenError
from ..packet import Token, decode
from ..session import MAX_LOW_WORD
from .recent import Recent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional, Union

    from ..packet import Packet
    from ..session import Saved

MAX_DEVICES = 2048


class KnownTokens:
    """The tokens that may open packets.

    given: tokens for any device. saved: None, or an object whose token(device_id)
    returns the Token of a device or None.
    """

    def __init__(
        self,
        given: "Iterable[Union[str, bytes, Token]]" = (),
        saved: "Optional[Saved]" = None,
    ) -> None:
        self._given = [Token(token) for token in given]
        self._saved = saved
        # The keys of both are device ids.
        self._revealed, self._fitting = Recent(MAX_DEVICES), Recent(MAX_DEVICES)

    def reveal(self, device_id: int, token: Token) -> None:
        """Note a token that a hello reply reveals."""
        self._revealed.put(device_id, token)

    def open(self, datagram: bytes, device_id: int) -> "Packet":
        """Decode and decrypt a packet.

        Raises TokenError if there is no token for the device, ChecksumError if no token
        fits, and the errors of decode().
        """
        fitting = self._fitting.get(device_id)
        if fitting is not None:
            try:
                return decode(datagram, fitting)
            except ChecksumError:
                # The device may have been set up again, with a new token.
                pass
        candidates = self._find(device_id)
        for token in candidates:
            try:
                packet = decode(datagram, token)
            except ChecksumError:
                continue
            self._fitting.put(device_id, token)
            return packet
        if fitting is not None:
            raise ChecksumError(
                "damaged, or signed with another token than packets of this device "
                "before it"
            )
        if candidates:
            raise ChecksumError(
                "signed with another token than the %s, or damaged"
                % ("one that is known" if len(candidates) == 1 else "ones known")
            )
        raise TokenError("there is no token for device %d" % device_id)

    def _find(self, device_id: int) -> "List[Token]":
        """Return the tokens that a device may have; some ids have no high word."""
        tokens: "List[Optional[Token]]" = list(self._given)
        for ident in {device_id, device_id & MAX_LOW_WORD}:
            if self._saved is not None:
                tokens.append(self._saved.token(ident))
            tokens.append(self._revealed.get(ident))
        return [token for token in tokens if token is not None]
