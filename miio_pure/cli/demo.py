# SPDX-License-Identifier: MIT
"""demo: show the main commands at work, with a simulated device."""

import os

from ..client import Client
from ..discovery import discover
from .connect import make_trace
from .output import format_json, print_line
from .simulate import listen
from .status import DONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .arguments import Options

CALLS = (
    ("get_prop", ["power", "speed"]),
    ("set_speed", [66]),
    ("get_prop", ["power", "speed"]),
)


def run(options: "Options") -> int:
    """Talk to a simulated fan, and print what it answers."""
    from ..simulator import fan

    device = fan(os.urandom(16), reveal=True)
    with listen(device, "127.0.0.1", 0, None) as simulator:
        host, port = simulator.address, simulator.port
        limits: "Any" = {"timeout": options.timeout, "trace": make_trace(options, None)}
        print_line("A simulated fan listens at %s, port %d." % (host, port))
        for found in discover(host, port=port, **limits):
            print_line("discover: device %d reveals its token" % found.device_id)
        with Client(host, port=port, **limits) as client:
            print_line("info: %s" % format_json(client.info()["model"]))
            for method, params in CALLS:
                answer = format_json(client.send(method, params))
                print_line("send %s %s -> %s" % (method, format_json(params), answer))
    return DONE
