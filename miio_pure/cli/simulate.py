# SPDX-License-Identifier: MIT
"""simulate: act as a device, for trials and tests without a real one."""

import os
import time

from ..errors import MiioError
from ..host import md5
from ..link import PORT, ask_interface, resolve
from .arguments import CHOICES, find_program
from .connect import check_bind, make_trace, read_token
from .hint import quote
from .output import format_bare, say
from .status import DONE, UsageError
from .terminate import Termination

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from ..link import Trace
    from ..miot import Spec
    from ..simulator import FakeDevice, NewDevice, Simulator
    from .arguments import Options


def run(options: "Options") -> int:
    """Answer datagrams until Ctrl-C or SIGTERM."""
    from ..simulator import NEW_DEVICES, fan, from_spec

    faults = [read_fault(fault) for fault in options.fault]
    kind = options.setup
    if kind is not None:
        kind = kind.replace("-", " ")
        if kind not in NEW_DEVICES:
            names = CHOICES["setup"].replace("\n", " ")
            raise UsageError("--setup must be one of: " + names)
    spec = load_spec(options.spec) if options.spec is not None else None
    check_bind(options)
    given = read_token(options)
    host = find_host(options.bind or "127.0.0.1", options.timeout)
    known: "Any" = {"model": options.model} if options.model else {}
    known.update(
        token=given.token(0) if given else os.urandom(16),
        device_id=options.id or choose_id(options.name or host, options.port),
        reveal=given is None,
        faults=faults,
    )
    device = from_spec(spec, **known) if spec else fan(**known)
    served: "Any" = make_new(device, kind) if kind is not None else device
    simulator = listen(served, host, options.port, make_trace(options, given))
    name = "simulated device %d" % device.device_id
    say(
        "%s at %s port %d, token %s; Ctrl-C ends it"
        % (
            options.name + ": " + name if options.name else name,
            simulator.address,
            simulator.port,
            "revealed in its hello" if device.reveal else "as given",
        )
    )
    if kind is not None:
        suggest_join(simulator)
    elif spec is not None:
        suggest(options, simulator, spec)
    return serve(simulator)


def read_fault(typed: str) -> str:
    """Return the fault that somebody typed, with hyphens or with spaces."""
    from ..simulator import FAULTS, is_fault

    words = typed.replace("-", " ")
    fault = {one.lower(): one for one in FAULTS}.get(words.lower(), words)
    if is_fault(fault):
        return fault
    names = CHOICES["fault"].replace("\n", " ")
    raise UsageError("--fault must be one of: " + names)


def load_spec(path: str) -> "Spec":
    """Return what a spec file says; MiioError if it cannot be used."""
    from ..miot import Spec

    return Spec.load(path)


def make_new(device: "FakeDevice", kind: str) -> "NewDevice":
    """Return the device in set-up mode; it says what it does."""
    from ..simulator import NewDevice

    def report(text: str) -> None:
        say("note: the device " + text)

    return NewDevice(device, os.urandom(16), kind, report=report)


def suggest_join(simulator: "Simulator") -> None:
    """Say how to try the set-up. The simulated network takes any password."""
    port = " --port %d" % simulator.port if simulator.port != PORT else ""
    line = "MIIO_WIFI_PASSWORD=12345678 %s join home --ip %s%s"
    say("note: try: " + line % (find_program(), simulator.address, port))


def suggest(options: "Options", simulator: "Simulator", spec: "Spec") -> None:
    """Say which commands to try first."""
    at, rest = simulator.address, " --spec " + quote(str(options.spec))
    if simulator.port != PORT:
        rest += " --port %d" % simulator.port
    if not simulator.device.reveal:
        rest += " --token HEX"
    commands = ["get " + at]
    for one in spec.readable():
        if "write" in one.access:
            value = simulator.device.properties[one.siid, one.piid]
            shown = format_bare(not value if one.values.format == "bool" else value)
            commands.append("set %s %s" % (at, quote("%s=%s" % (one.handle, shown))))
            break
    for command in commands:
        say("note: try: %s %s%s" % (find_program(), command, rest))


def find_host(bind: str, timeout: float) -> str:
    """Return the address of --bind, which may be an interface or a host name."""
    try:
        _, address = ask_interface(bind.encode())
        return address
    except (ImportError, OSError, ValueError):
        return resolve(bind, time.monotonic() + timeout)


def choose_id(name: str, port: int) -> int:
    """Return a device id that differs between simulators, but not between runs."""
    if md5 is None:
        raise MiioError("this Python has no MD5, and miIO cannot work without it")
    digest = md5(("%s %d" % (name, port)).encode("utf-8", "replace")).digest()
    # Real ids have nine or ten digits.
    return int.from_bytes(digest[:4], "big") >> 2 | 1


def serve(simulator: "Simulator") -> int:
    """Serve until a signal comes."""
    with Termination():
        try:
            simulator.serve()
        finally:
            simulator.close()
    return DONE


def listen(
    device: "FakeDevice", host: str, port: int, trace: "Optional[Trace]"
) -> "Simulator":
    """Return a simulator that listens; MiioError if it cannot."""
    from ..simulator import Simulator

    try:
        return Simulator(device, host, port, trace)
    except OSError as error:
        raise MiioError(
            "cannot listen at %s port %d: %s; try another --port"
            % (host, port, error.strerror)
        ) from None
