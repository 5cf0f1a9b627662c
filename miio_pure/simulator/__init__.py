# SPDX-License-Identifier: MIT
"""A simulated device: `device` keeps the protocol in memory, `server` puts it on a
socket."""

from .device import FAULTS, HIDDEN, REPEATS, FakeDevice, fan
from .server import Simulator

__all__ = ["FAULTS", "HIDDEN", "REPEATS", "FakeDevice", "Simulator", "fan"]
