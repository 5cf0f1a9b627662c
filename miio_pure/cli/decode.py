# SPDX-License-Identifier: MIT
"""decode: show what is in a packet."""

from ..errors import TokenError
from ..packet import decode
from ..payload import load
from .connect import read_token
from .output import print_json, say
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from .arguments import Options

HELLO_SIZE = 32  # bytes


def run(options: "Options") -> int:
    """Print the JSON in a packet, or what a hello reply tells."""
    (digits,) = options.arguments
    try:
        datagram = bytes.fromhex(digits)
    except ValueError:
        raise UsageError("not hex: only 0-9 and a-f, two per byte") from None
    given = read_token(options)
    packet = decode(datagram, given.token(0) if given else None)
    if len(datagram) == HELLO_SIZE:
        token = packet.token.hex() if packet.token else None
        header = packet.header
        print_json(
            {"device_id": header.device_id, "stamp": header.stamp, "token": token}
        )
        return DONE
    if packet.payload is None:
        raise TokenError("this packet is encrypted: give the token with --token")
    repairs: "List[str]" = []
    value = load(packet.payload, repairs)
    if repairs:
        say("warning: the payload is not valid JSON; mended: %s" % ", ".join(repairs))
    print_json(value)
    return DONE
