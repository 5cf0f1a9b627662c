# SPDX-License-Identifier: MIT
"""The errors: one base, and one class for each thing that a caller does next."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

# What devices mean by their error codes, according to the sources of python-miio,
# openHAB and XiaoMi's own ha_xiaomi_home.
MEANINGS = {
    -1: "the device could not do this",
    -9999: "the device's own controller did not answer in time; try again",
    -10000: "the device does not know this method",
    -30001: "the device could not write its answer; try again",
    -30011: "the device does not accept this value",
    -32600: "the device does not accept this as a request",
    -32601: "the device does not know this method",
    -32602: "the device does not accept these params",
    -5001: "the params are wrong for this method",
    -5005: "the params are wrong for this method",
    -6011: "the device is switched off",
    -4001: "this property cannot be read",
    -4002: "this property cannot be written",
    -4003: "there is no such property, action or event",
    -4004: "the device failed inside",
    -4005: "the value is out of range or of the wrong type",
    -4006: "the action was given the wrong arguments",
    -4007: "the device id in the request is not this device's",
}
# Gateways and the cloud write -70xxxyzzz instead of -4001 and the like: xxx is an HTTP
# status, y the place where it failed, and zzz the cause, which is this.
CAUSES = {
    1: "there is no such device",
    2: "there is no such service",
    3: "there is no such property",
    4: "there is no such event",
    5: "there is no such action",
    11: "the device is offline",
    13: MEANINGS[-4001],
    15: "the action failed",
    23: MEANINGS[-4002],
    25: MEANINGS[-4006],
    35: MEANINGS[-4006],
    36: "the device did not answer in time",
    43: MEANINGS[-4005],
}


def meaning(code: "Optional[int]") -> str:
    """Return what a device means by an error code, or "" if that is not known."""
    digits = -(code or 0)
    if digits // 10000000 == 70:
        return CAUSES.get(digits % 1000, "")
    return MEANINGS.get(-digits, "")


class MiioError(Exception):
    """The base class of all errors that data from a network or a file can cause."""


class PacketError(MiioError):
    """A datagram is not a miIO packet: wrong magic, wrong length or bad padding."""


class ChecksumError(PacketError):
    """The MD5 of a packet does not match: it is damaged, or another token was used."""


class PayloadError(MiioError):
    """A payload was decrypted, but it is not a JSON object, even after the repairs.

    payload: the decrypted bytes. They stay out of the message and the repr, because
    they may hold a token.
    """

    def __init__(self, text: str, payload: bytes = b"") -> None:
        super().__init__(text)
        self.payload = payload


class NoReply(MiioError, TimeoutError):
    """The device stayed silent or cannot be reached.

    attempts: how many requests left this host. Hellos do not count.
    """

    def __init__(self, text: str, attempts: int = 0) -> None:
        super().__init__(text)
        self.attempts = attempts

    @property
    def sent(self) -> bool:
        """Whether a request left this host, so that the device may have acted."""
        return self.attempts > 0


class TokenError(MiioError):
    """The token is malformed, or rejected by the device, or neither given nor shown."""


class DeviceError(MiioError):
    """The device answered with an error.

    code: the device's number for the error, or None. message: the device's own text.
    meaning: what the code means, or "" if that is not known.
    """

    def __init__(self, code: "Optional[int]", message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.meaning = meaning(code)

    def __str__(self) -> str:
        code = "" if self.code is None else str(self.code)
        text = " ".join(filter(None, ("device error", code, self.message)))
        return "%s (%s)" % (text, self.meaning) if self.meaning else text
