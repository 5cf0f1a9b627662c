# SPDX-License-Identifier: MIT
"""A simulated device for tests of the command line, and Ctrl-C for their processes."""

import signal

from miio_pure.simulator import Simulator

from . import TOKEN, CliCase, run_cli
from .devices import counting_fan


class DeviceCase(CliCase):
    """A simulated device to talk to."""

    options = {}

    def setUp(self):
        self.device = counting_fan(TOKEN, **self.options)
        simulator = Simulator(self.device)
        simulator.__enter__()
        self.addCleanup(simulator.__exit__)
        self.at = ["--ip", "127.0.0.1", "--port", str(simulator.port)]
        self.port = simulator.port

    def send(self, command, *args, **options):
        return run_cli(
            *self.at, "--token", TOKEN, "--sendcmd", command, *args, **options
        )


class InterruptCase(CliCase):
    """Lets the processes that are started here react to Ctrl-C.

    A shell's background jobs ignore it, and so would they.
    """

    def setUp(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
