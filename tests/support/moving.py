# SPDX-License-Identifier: MIT
"""A new device that changes networks, and a computer that follows it, in network
namespaces."""

import json
import os
import subprocess
import tempfile

from miio_pure.devices import Devices

from . import ROOT
from .namespaces import Hosts

PASSWORD = "hunter22"
# In the device's own network, and in the one that it joins.
OWN, HOME = "192.168.4.", "192.168.77."
DEVICE, COMPUTER = "1", "2"


class Outcome:
    """How join ended: its status, what it said, and what is saved of the device."""

    def __init__(self, status, out, err, saved):
        self.status, self.out, self.err, self.saved = status, out, err, saved


def join(kind, *args):
    """Have a new device of a kind join, with both hosts moving; return the Outcome."""
    name = kind.replace(" ", "-")
    with Hosts() as hosts, tempfile.TemporaryDirectory() as folder:
        computer, device = hosts.add("pc-" + name), hosts.add("new-" + name)
        hosts.connect(computer, "own", device, "ap")
        hosts.connect(computer, "home", device, "sta")
        computer.add_addresses("own", OWN + COMPUTER + "/24")
        device.add_addresses("ap", OWN + DEVICE + "/24")
        simulate = ("-m", "miio_pure", "simulate", "--bind", "0.0.0.0")
        simulator = hosts.start(device, *simulate, "--setup", name)
        file = os.path.join(folder, "devices.json")
        process = subprocess.Popen(
            computer.python("-m", "miio_pure", "join", "home", "--yes", *args),
            cwd=ROOT,
            env=dict(os.environ, MIIO_DEVICES=file, MIIO_WIFI_PASSWORD=PASSWORD),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            # The line before this one says how to try it.
            simulator.stderr.readline()
            if kind not in ("refuse", "hello only"):
                simulator.stderr.readline()
            if kind not in ("refuse", "hello only", "wrong password"):
                move(computer, device)
            out, err = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        saved = [record.facts() for record in Devices(file).records]
        return Outcome(process.returncode, out.decode(), err.decode(), saved)


def move(computer, device):
    """Have both hosts leave the device's own network, and be in the other one."""
    computer.ip("link", "set", "own", "down")
    device.ip("link", "set", "ap", "down")
    computer.add_addresses("home", HOME + COMPUTER + "/24")
    device.add_addresses("sta", HOME + DEVICE + "/24")


def read_facts(outcome):
    """Return the facts that join --json printed."""
    return json.loads(outcome.out)
