# SPDX-License-Identifier: MIT
"""--decode: decrypt a packet."""

from ..packet import decode
from ..payload import load
from .arguments import UsageError
from .output import print_line, say, write_json
from .shared import read_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from .arguments import Options


def run(options: "Options") -> None:
    """Print what is in a packet."""
    try:
        datagram = bytes.fromhex(options.decode)
    except ValueError:
        raise UsageError("--decode: a packet is an even number of hex digits") from None
    token = read_token(options)
    packet = decode(datagram, token)
    if len(datagram) == 32:
        header = packet.header
        print_line(
            write_json(
                {
                    "device_id": header.device_id,
                    "stamp": header.stamp,
                    "token": packet.token.hex() if packet.token else None,
                }
            )
        )
        return
    if packet.payload is None:
        raise UsageError("--decode needs --token, or MIIO_TOKEN")
    repairs: "List[str]" = []
    value = load(packet.payload, repairs)
    if repairs:
        say("warning: the payload is no proper JSON; repaired: %s" % ", ".join(repairs))
    print_line(write_json(value))
