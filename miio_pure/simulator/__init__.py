# SPDX-License-Identifier: MIT
"""A simulated device: `device` keeps the protocol in memory, `spec_device` makes one
that speaks a spec, `setup` one that is in no network yet, `faults` spoils it, and
`server` puts it on a socket."""

from .device import HIDDEN, REPEATS, FakeDevice, fan
from .faults import FAULTS, is_fault
from .server import Simulator
from .setup import NEW_DEVICES, NewDevice
from .spec_device import from_spec

__all__ = [
    "FAULTS",
    "HIDDEN",
    "NEW_DEVICES",
    "REPEATS",
    "FakeDevice",
    "NewDevice",
    "Simulator",
    "fan",
    "from_spec",
    "is_fault",
]
