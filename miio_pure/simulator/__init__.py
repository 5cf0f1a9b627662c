# SPDX-License-Identifier: MIT
"""Simulates devices: `device` handles the protocol in memory, `spec_device` makes a
device from a spec, `setup` makes one that is in no network yet, `faults` lists the
faults that it can show, and `server` puts it on a socket."""

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
