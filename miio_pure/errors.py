# SPDX-License-Identifier: MIT
"""The errors: one base, and a class for each thing that a caller does next."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

# What devices mean by their numbers: python-miio, openHAB and XiaoMi's ha_xiaomi_home.
MEANINGS = {
    -1: "the device could not do this",
    -9999: "the device's own controller did not answer in time; try again",
    -10000: "the device does not know this method",
    -30001: "the device could not put its answer into words; try again",
    -30011: "the device does not accept this value",
    -32600: "the device does not take this for a request",
    -32601: "the device does not know this method",
    -32602: "the device does not accept these params",
    -5001: "the params are wrong for this method",
    -5005: "the params are wrong for this method",
    -6011: "the device is switched off",
    -4001: "this property cannot be read",
    -4002: "this property cannot be written",
    -4003: "there is no such property, action or event",
    -4004: "the device failed inside",
    -4005: "the value is out of range or of the wrong kind",
}


class MiioError(Exception):
    """Base of all that this library raises for what comes from a network or a file."""


class PacketError(MiioError):
    """Not a miIO packet: wrong magic, wrong length or bad padding."""


class ChecksumError(PacketError):
    """The MD5 of a packet does not match: damaged, or signed with another token."""


class PayloadError(MiioError):
    """A decrypted payload is no JSON object, even after repairs. payload: its bytes."""

    def __init__(self, text: str, payload: bytes = b"") -> None:
        super().__init__(text)  # the payload stays out of the repr: it may hold a token
        self.payload = payload


class NoReply(MiioError, TimeoutError):
    """The device stayed silent, or cannot be reached.

    attempts: requests that left. sent: True if any did: the device may have acted.
    """

    def __init__(self, text: str, attempts: int = 0) -> None:
        super().__init__(text)
        self.attempts = attempts
        self.sent = attempts > 0


class TokenError(MiioError):
    """No token and the device hides it; the device rejects ours; or it is malformed."""


class DeviceError(MiioError):
    """The device answered with an error.

    code: the device's number, or None. message: its own text. meaning: ours, or "".
    """

    def __init__(self, code: "Optional[int]", message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.meaning = "" if code is None else MEANINGS.get(code, "")

    def __str__(self) -> str:
        code = "" if self.code is None else str(self.code)
        text = " ".join(filter(None, ("device error", code, self.message)))
        return "%s (%s)" % (text, self.meaning) if self.meaning else text
