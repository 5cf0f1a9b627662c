# SPDX-License-Identifier: MIT
"""--simulate: be a simulated device."""

import os
import time

from ..errors import NoReply
from ..link import resolve
from .arguments import UsageError
from .output import say
from .shared import make_trace, read_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ..link import Trace
    from ..simulator import FakeDevice, Simulator
    from .arguments import Options


def run(options: "Options") -> None:
    """Answer datagrams until Ctrl-C."""
    fan, _ = import_simulator()
    token = read_token(options)
    host = resolve(options.bindip or "127.0.0.1", time.monotonic() + options.timeout)
    device = fan(token or os.urandom(16), reveal=token is None)
    simulator = listen(device, host, options.port, make_trace(options))
    say(
        "simulated device %d at %s port %d, token %s; Ctrl-C ends it"
        % (
            simulator.device.device_id,
            simulator.address,
            simulator.port,
            "as given" if token else "shown in its hello",
        )
    )
    try:
        end_on_sigterm()
        simulator.serve()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.close()


def import_simulator() -> "Any":
    """Return fan and Simulator of the folder simulator, which may be left out."""
    try:
        from ..simulator import Simulator, fan
    except ImportError:
        raise UsageError(
            "this copy of miio_pure came without its folder simulator"
        ) from None
    return fan, Simulator


def listen(
    device: "FakeDevice", host: str, port: int, trace: "Optional[Trace]" = None
) -> "Simulator":
    """Return a simulator that listens; NoReply if it cannot."""
    _, serve = import_simulator()
    try:
        return serve(device, host, port, trace)  # type: ignore[no-any-return]
    except OSError as error:
        raise NoReply(
            "cannot listen at %s port %d: %s" % (host, port, error.strerror)
        ) from None


def end_on_sigterm() -> None:
    """Let SIGTERM do what Ctrl-C does."""
    import signal

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
