# SPDX-License-Identifier: MIT
"""simulate: be a simulated device, for trials and tests without a real one."""

import os
import signal
import time

from ..errors import MiioError
from ..host import md5
from ..link import ask_interface, resolve
from .connect import make_trace, read_token
from .output import say
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ..link import Trace
    from ..simulator import FakeDevice, Simulator
    from .arguments import Options


class _Terminated(BaseException):
    """SIGTERM: whoever started us wants us to end."""


def run(options: "Options") -> int:
    """Answer datagrams until Ctrl-C or SIGTERM."""
    fan, faults = import_simulator()
    for fault in options.fault:
        if fault not in faults:
            raise UsageError("--fault is one of: %s" % ", ".join(faults))
    given = read_token(options)
    host = find_host(options.bind or "127.0.0.1", options.timeout)
    known = {"model": options.model} if options.model else {}
    device = fan(
        given.token(0) if given else os.urandom(16),
        device_id=options.id or choose_id(options.name or host, options.port),
        reveal=given is None,
        faults=options.fault,
        **known,
    )
    simulator = listen(device, host, options.port, make_trace(options, given))
    name = "simulated device %d" % device.device_id
    say(
        "%s at %s port %d, token %s; Ctrl-C ends it"
        % (
            options.name + ": " + name if options.name else name,
            simulator.address,
            simulator.port,
            "as given" if given else "revealed in its hello",
        )
    )
    return serve(simulator)


def find_host(bind: str, timeout: float) -> str:
    """Return the address to listen at: that of an interface or of a host name, too."""
    try:
        _, address = ask_interface(bind.encode())
        return address
    except (ImportError, OSError, ValueError):
        return resolve(bind, time.monotonic() + timeout)


def choose_id(name: str, port: int) -> int:
    """Return a device id that differs between simulators, but not between runs."""
    if md5 is None:
        raise MiioError("this Python has no MD5, without which miIO is not possible")
    digest = md5(("%s %d" % (name, port)).encode("utf-8", "replace")).digest()
    # Real ids have nine or ten digits.
    return int.from_bytes(digest[:4], "big") >> 2 | 1


def serve(simulator: "Simulator") -> int:
    """Serve until a signal comes."""

    def end(number: int, frame: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        simulator.serve()
    except _Terminated:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        simulator.close()
    return DONE


def import_simulator() -> "Any":
    """Return fan and FAULTS of the folder simulator, which may be left out."""
    try:
        from ..simulator import FAULTS, fan
    except ImportError:
        raise UsageError(
            "this copy of miio_pure came without its folder simulator"
        ) from None
    return fan, FAULTS


def listen(
    device: "FakeDevice", host: str, port: int, trace: "Optional[Trace]"
) -> "Simulator":
    """Return a simulator that listens; MiioError if it cannot."""
    from ..simulator import Simulator

    try:
        return Simulator(device, host, port, trace)
    except OSError as error:
        raise MiioError(
            "cannot listen at %s port %d: %s" % (host, port, error.strerror)
        ) from None
