# SPDX-License-Identifier: MIT
"""What tests of the command line share: a simulated device, a home, a terminal."""

import io
import json
import os
import signal
import tempfile
from unittest import mock

from miio_pure.devices import Devices, Record
from miio_pure.simulator import Simulator

from . import TOKEN, CliCase, run_cli
from .devices import counting_fan

# The spec of the fan that is simulated here, and that of a light beside it.
INFORMATION = "urn:miot-spec-v2:service:device-information:00007801:simulated-v1:1"
FAN_SPEC = {
    "type": "urn:miot-spec-v2:device:fan:0000A005:simulated-v1:1",
    "description": "Fan",
    "services": [
        {
            "iid": 1,
            "type": INFORMATION,
            "properties": [
                {
                    "iid": 2,
                    "type": "urn:miot-spec-v2:property:model:00000002:simulated-v1:1",
                    "format": "string",
                    "access": ["read"],
                }
            ],
        },
        {
            "iid": 2,
            "type": "urn:miot-spec-v2:service:fan:00007808:simulated-v1:1",
            "properties": [
                {
                    "iid": 1,
                    "type": "urn:miot-spec-v2:property:on:00000006:simulated-v1:1",
                    "format": "bool",
                    "access": ["read", "write", "notify"],
                },
                {
                    "iid": 3,
                    "type": "urn:miot-spec-v2:property:speed:00000007:simulated-v1:1",
                    "format": "uint8",
                    "access": ["read", "write"],
                    "unit": "percentage",
                    "value-range": [1, 100, 1],
                },
                {
                    "iid": 4,
                    "type": "urn:miot-spec-v2:property:mode:00000008:simulated-v1:1",
                    "format": "uint8",
                    "access": ["read", "write"],
                    "value-list": [
                        {"value": 0, "description": "Straight Wind"},
                        {"value": 1, "description": "Sleep"},
                    ],
                },
                {
                    "iid": 5,
                    "type": "urn:miot-spec-v2:property:text:00000009:simulated-v1:1",
                    "format": "string",
                    "access": ["write"],
                },
                {
                    "iid": 6,
                    "type": "urn:miot-spec-v2:property:level:0000000A:simulated-v1:1",
                    "format": "uint8",
                    "access": ["read"],
                },
            ],
            "actions": [
                {
                    "iid": 1,
                    "type": "urn:miot-spec-v2:action:toggle:00002811:simulated-v1:1",
                    "in": [],
                    "out": [],
                },
                {
                    "iid": 2,
                    "type": "urn:miot-spec-v2:action:say:00002812:simulated-v1:1",
                    "in": [5],
                    "out": [6],
                },
            ],
        },
    ],
}


class Terminal(io.StringIO):
    """A stream that somebody sees."""

    def isatty(self):
        return True


class DeviceCase(CliCase):
    """A simulated device to talk to, and a home in which devices can be saved."""

    options = {}

    def setUp(self):
        self.device = counting_fan(TOKEN, **self.options)
        simulator = Simulator(self.device)
        simulator.__enter__()
        self.addCleanup(simulator.__exit__)
        self.port = simulator.port
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.file = os.path.join(self.home, ".config", "miio_pure", "devices.json")
        # No test reads the leases of this machine, or asks on its networks.
        for name, value in (
            ("PLACES", ()),
            ("find_sources", lambda *_: ["127.0.0.1"]),
        ):
            patch = mock.patch("miio_pure.neighbours." + name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def run_at(self, command, *args, token=TOKEN, env=None):
        """Run a command, given our port, home and token: (status, stdout, stderr)."""
        return run_cli(*self.complete(command, args, token), env=self.environment(env))

    def fail_at(self, status, command, *args, token=TOKEN, env=None):
        """Do the same, and check that it fails with one line, which is returned."""
        line = self.complete(command, args, token)
        return self.check_failure(status, *line, env=self.environment(env))

    def complete(self, command, args, token):
        given = ["--token", token] if token else []
        return command.split() + list(args) + ["--port", str(self.port)] + given

    def environment(self, env):
        return dict({"HOME": self.home}, **env or {})

    def save(self, **fields):
        """Save a device, by default ours as lamp."""
        known = {"name": "lamp", "address": "127.0.0.1", "token": TOKEN}
        known.update(device_id=self.device.device_id)
        known.update(fields)
        Devices(self.file).save([Record("test", **known)])

    def edit_saved(self, old, new):
        """Change the file of saved devices as somebody with an editor does."""
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def write_spec(self, spec=None, name="fan.json", folder=None):
        """Write a spec file, by default that of the fan; return its path."""
        folder = self.home if folder is None else folder
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            json.dump(FAN_SPEC if spec is None else spec, file)
        return path

    def save_spec(self):
        """Save the spec of the fan, and have the device know what is in it."""
        folder = os.path.join(os.path.dirname(self.file), "specs")
        self.write_spec(name="simulated-v1.json", folder=folder)
        self.device.properties.update({(2, 4): 1, (2, 5): "", (2, 6): 7})
        self.device.actions[2, 2] = lambda given: [{"piid": 6, "value": 9}]

    def read_saved(self):
        """Return what is saved of each device, by name."""
        return {record.name: record.facts() for record in Devices(self.file).records}

    def check_lines(self, out, *expected):
        """The output is one JSON object a line, with these members among others."""
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(lines), len(expected), out)
        for line, members in zip(lines, expected):
            self.assertEqual({key: line.get(key) for key in members}, members)


class InterruptCase(CliCase):
    """Lets the processes that are started here react to Ctrl-C.

    A shell's background jobs ignore it, and so would they.
    """

    def setUp(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)


def run_on_terminal(*args):
    """Run the command line with both streams on a terminal: (stdout, stderr)."""
    out, err = Terminal(), Terminal()
    with mock.patch("sys.stdout", out), mock.patch("sys.stderr", err):
        from miio_pure.cli import main

        main(list(args))
    return out.getvalue(), err.getvalue()
