# SPDX-License-Identifier: MIT
"""Lists the faults that a simulated device can show, by their names.

Most faults are only names, which `device` acts on. The fault about batches has a number
in it. Devices with MIoT take a limited number of properties at once, and each model has
its own way to refuse more, so a word after the number chooses the way: "at most 4
silent".
"""

from ..errors import DeviceError
from ..payload import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Optional

    Request = Dict[str, Any]

# fmt: off
FAULTS = (
    "deaf",              # It answers nothing at all.
    "lose",              # It acts, but its replies are lost.
    "repeat",            # Each reply comes twice.
    "damage",            # A bit of each reply is flipped.
    "reorder",           # Each reply comes after the next one.
    "wrong id",          # It replies to an id that nobody used.
    "wrong token",       # It signs its replies with another token.
    "dirty JSON",        # It writes JSON as some firmwares do.
    "extra packets",     # It sends a packet of 32 bytes before each reply.
    "reject",            # It says that it rejects the token.
    "at most N",         # It refuses more than N properties at once with -9999.
    "at most N silent",  # It does not answer at all if it is asked for more.
    "at most N short",   # It answers about the first N.
    "at most N cut",     # Its JSON breaks off where N answers would end.
)
# fmt: on
_BATCHES = ("get_properties", "set_properties")
_LIMIT, _NUMBER = "at most ", "N"
_MAX_DIGITS = 4


class Limit:
    """How many properties a device takes at once, and its way to refuse more.

    way: "" for the error -9999, or "silent", "short" or "cut", as FAULTS explains.
    """

    def __init__(self, count: int, way: str) -> None:
        self.count, self.way = count, way

    def is_exceeded(self, request: "Request") -> bool:
        """Tell whether a request is a batch of more properties."""
        params = request.get("params")
        is_batch = request.get("method") in _BATCHES and isinstance(params, list)
        return is_batch and len(request["params"]) > self.count

    def refuse(
        self, request: "Request", carry_out: "Callable[[Request], bytes]"
    ) -> "Optional[bytes]":
        """Return the payload that answers too large a batch; None for silence.

        carry_out: does what a request asks for, and returns the payload of the reply.
        """
        params = request["params"]
        if self.way == "silent":
            return None
        if self.way == "short":
            return carry_out(dict(request, params=params[: self.count]))
        if self.way == "cut":
            reply = carry_out(request)
            # The reply breaks off where the answers for `count` properties would end.
            return reply[: len(reply) * self.count // len(params)]
        return write_error(request["id"], DeviceError(-9999, "user ack timeout"))


def is_fault(name: str) -> bool:
    """Tell whether a device has a fault of this name, such as "at most 4"."""
    limit = read_limit(name)
    return limit is not None or (name in FAULTS and not name.startswith(_LIMIT))


def find_limit(faults: "Iterable[str]") -> "Optional[Limit]":
    """Return the limit among the faults, or None."""
    return next(filter(None, map(read_limit, faults)), None)


def read_limit(name: str) -> "Optional[Limit]":
    """Return the limit that a fault stands for; None for any other fault."""
    if not name.startswith(_LIMIT):
        return None
    digits, blank, way = name[len(_LIMIT) :].partition(" ")
    if not 0 < len(digits) <= _MAX_DIGITS or digits.strip("0123456789"):
        return None
    if _LIMIT + _NUMBER + blank + way not in FAULTS or int(digits) == 0:
        return None
    return Limit(int(digits), way)


def write_error(ident: int, error: DeviceError) -> bytes:
    """Return the payload of a reply that reports an error."""
    answer = {"code": error.code, "message": error.message}
    return dump({"id": ident, "error": answer})
