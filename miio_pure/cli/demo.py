# SPDX-License-Identifier: MIT
"""--demo: show it all with a simulated device."""

import os

from ..client import Client
from ..discovery import discover
from .output import print_line, write_json
from .shared import make_trace
from .simulate import import_simulator, listen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .arguments import Options


def run(options: "Options") -> None:
    """Talk to a simulated fan, and print what it answers."""
    fan, _ = import_simulator()
    device = fan(os.urandom(16), reveal=True)
    with listen(device, "127.0.0.1", 0) as simulator:
        host, port = simulator.address, simulator.port
        limits: "Any" = {"timeout": options.timeout, "trace": make_trace(options)}
        print_line("A simulated fan listens at %s, port %d." % (host, port))
        for found in discover(host, port=port, **limits):
            print_line("discover: device %d, which shows its token" % found.device_id)
        with Client(host, port=port, **limits) as client:
            print_line("info: %s" % write_json(client.info()))
            for method, params in (
                ("get_prop", ["power", "speed"]),
                ("set_speed", [66]),
                ("get_prop", ["power", "speed"]),
            ):
                answer = client.send(method, params)
                print_line(
                    "%s %s -> %s" % (method, write_json(params), write_json(answer))
                )
