# SPDX-License-Identifier: MIT
"""simulate: a simulated device as a process."""

import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from unittest import mock

from miio_pure.cli import arguments, simulate
from miio_pure.packet import Token, encode
from miio_pure.payload import dump
from miio_pure.simulator import FAULTS, Simulator, fan, from_spec

from ..support import ROOT, TOKEN, run_cli, specs
from ..support.commands import InterruptCase
from ..support.system import interfaces


class ProcessTest(InterruptCase):
    def start(self, *args):
        """A process that serves a simulated device: (process, its port)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure", "simulate", "--port", str(port)]
            + list(args),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(self.stop, process)
        self.assertIn("simulated device", process.stderr.readline().decode())
        return process, port

    def stop(self, process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def test_it_serves_until_a_signal_comes(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            process, port = self.start()
            done = run_cli("info", "127.0.0.1", "--port", str(port))
            self.assertEqual((done[0], "simulated.fan.v1" in done[1]), (0, True))
            process.send_signal(number)
            self.assertEqual(process.communicate(timeout=20), (b"", b""))
            self.assertEqual(process.returncode, status)

    def test_debug(self):
        process, port = self.start("--debug", "--token", TOKEN)
        run_cli("info", "127.0.0.1", "--port", str(port), "--token", TOKEN)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertIn(b"received 127.0.0.1: hello", err)
        self.assertIn(b'"method":"miIO.info"', err)
        self.assertNotIn(TOKEN.encode(), err)

    def test_a_given_token_is_hidden(self):
        _, port = self.start("--token", TOKEN)
        at = ("info", "127.0.0.1", "--port", str(port))
        self.assertIn("hides", self.check_failure(5, *at))
        self.assertEqual(run_cli(*at, "--token", TOKEN)[0], 0)


class SimulateCase(InterruptCase):
    def simulate(self, *args):
        """Run it until its first wait: (stderr, the device)."""
        devices = []

        def terminate(simulator):
            devices.append(simulator.device)
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                signal.pause()

        with mock.patch.object(Simulator, "serve", terminate):
            status, out, err = run_cli("simulate", "--port", "54987", *args)
        self.assertEqual((status, out), (0, ""))
        return err, devices[0]


class OptionsTest(SimulateCase):
    def test_by_default(self):
        err, device = self.simulate("--bind", "127.9.9.9")
        self.assertIn("127.9.9.9 port 54987, token revealed in its hello", err)
        self.assertEqual(device.model, "simulated.fan.v1")
        self.assertEqual(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

    def test_an_interface_stands_for_its_address(self):
        with interfaces(**{"br-lan": (0x1043, "127.9.9.8")}):
            err, _ = self.simulate("--bind", "br-lan")
        self.assertIn("127.9.9.8 port 54987", err)

    def test_simulators_differ_but_stay_the_same(self):
        ids = [
            simulate.choose_id(name, port)
            for name, port in (("a", 1), ("b", 1), ("a", 2), ("a", 1))
        ]
        self.assertEqual(len(set(ids)), 3)
        self.assertEqual(ids[0], ids[3])
        for device_id in ids:
            self.assertTrue(0 < device_id < 1 << 30)

    def test_name_model_id_and_faults(self):
        err, device = self.simulate(
            "--name",
            "lamp",
            "--model",
            "a.b.c",
            "--id",
            "77",
            "--fault",
            "lose",
            "--fault",
            "dirty JSON",
            "--fault",
            "at most 4 silent",
            "--token",
            TOKEN,
        )
        self.assertIn("lamp: simulated device 77 at 127.0.0.1 port 54987", err)
        self.assertIn("token as given", err)
        self.assertEqual((device.device_id, device.model), (77, "a.b.c"))
        self.assertEqual(device.faults, {"lose", "dirty JSON", "at most 4 silent"})

    def test_a_new_device_and_how_to_try_it(self):
        err, device = self.simulate("--setup", "keep-token", "--token", TOKEN)
        self.assertEqual(device.kind, "keep token")
        self.assertIn("token revealed in its hello", err)
        self.assertRegex(err, "try: MIIO_WIFI_PASSWORD=.* join home --ip 127.0.0.1 --p")
        request = {"method": "miIO.config_router", "id": 1}
        request["params"] = {"ssid": "home", "passwd": "12345678", "uid": 1}
        datagram = encode(
            Token(TOKEN), dump(request), device_id=device.device.device_id, stamp=0
        )
        said = io.StringIO()
        with mock.patch("sys.stderr", said):
            device.handle(datagram, 0.0)
        self.assertEqual(said.getvalue(), "note: the device was told to join 'home'\n")

    def test_an_unknown_kind_of_new_device(self):
        err = self.check_failure(2, "simulate", "--setup", "frobnicate")
        self.assertIn("--setup must be one of: 0, ok, OK", err)

    def test_faults_may_be_typed_with_hyphens(self):
        faults = [fault.replace("N", "4") for fault in FAULTS]
        faults[faults.index("dirty JSO4")] = "dirty JSON"
        words = [fault.replace(" ", "-").lower() for fault in faults]
        options = [word for fault in words for word in ("--fault", fault)]
        self.assertEqual(self.simulate(*options)[1].faults, set(faults))

    def test_an_unknown_fault(self):
        for name in ("x", "at most N", "at most 4 loud"):
            error = self.check_failure(2, "simulate", "--fault", name)
            self.assertIn("deaf, lose, ", error)
            self.assertIn(" wrong-id, ", error)

    def test_an_address_that_is_not_ours(self):
        for address in ("192.0.2.77", "no-such-host.invalid", "b\u00fccher..de"):
            error = self.check_failure(2, "simulate", "--bind", address)
            self.assertIn("--bind: ", error)

    def test_a_port_in_use(self):
        with Simulator(fan(TOKEN)) as simulator:
            error = self.check_failure(1, "simulate", "--port", str(simulator.port))
        self.assertIn("cannot listen at 127.0.0.1", error)

    def test_a_python_without_md5(self):
        with mock.patch.object(simulate, "md5", None):
            self.assertIn("no MD5", self.check_failure(1, "simulate", "--token", TOKEN))

    def test_a_simulated_device_tells_its_info(self):
        device = fan(TOKEN)
        self.assertIn("token", json.dumps(device.methods["miIO.info"]([])))


class SpecTest(SimulateCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "acme.json")

    def write(self, data):
        with open(self.path, "wb") as file:
            file.write(data)

    def simulate_spec(self, root, *args):
        """Return the words of each command to try first, and the device."""
        self.write(specs.encode(root))
        err, device = self.simulate("--spec", self.path, *args)
        first, *lines = err.splitlines()
        self.assertIn("simulated device", first)
        start = "note: try: %s " % arguments.find_program()
        self.assertEqual([line[: len(start)] for line in lines], [start] * len(lines))
        return [shlex.split(line[len(start) :]) for line in lines], device

    def test_the_device_speaks_the_spec(self):
        commands, device = self.simulate_spec(specs.make_fan())
        self.assertEqual(device.model, "acme.fan.x1")
        self.assertEqual(device.properties[2, 6], 50)
        rest = ["--spec", self.path, "--port", "54987"]
        self.assertEqual(
            commands,
            [["get", "127.0.0.1"] + rest, ["set", "127.0.0.1", "fan:on=true"] + rest],
        )

    def test_the_model_may_be_given(self):
        _, device = self.simulate_spec(specs.make_fan(), "--model", "acme.pump.x1")
        self.assertEqual(device.model, "acme.pump.x1")

    def test_a_given_token_is_not_shown(self):
        commands, _ = self.simulate_spec(specs.make_fan(), "--token", TOKEN)
        self.assertEqual([line[-2:] for line in commands], [["--token", "HEX"]] * 2)

    def test_a_number_to_set_and_nothing_to_set(self):
        root = specs.make_fan()
        del root["services"][1]["properties"][0]
        commands, _ = self.simulate_spec(root)
        self.assertEqual(commands[1][2], "fan:fan-level=1")
        root["services"][1]["properties"] = root["services"][1]["properties"][1:2]
        root["services"][1]["actions"] = []
        commands, _ = self.simulate_spec(root)
        self.assertEqual(len(commands), 1)

    def test_the_usual_port_is_not_named(self):
        spec = specs.parse(specs.make_lamp())
        served = mock.Mock(
            address="127.0.0.1", port=54321, device=from_spec(spec, TOKEN)
        )
        options = arguments.parse(["simulate", "--spec", "x.json"])
        with mock.patch.object(simulate, "say") as said:
            simulate.suggest(options, served, spec)
        lines = [call[0][0] for call in said.call_args_list]
        self.assertTrue(lines[0].endswith("get 127.0.0.1 --spec x.json --token HEX"))

    def test_a_file_that_cannot_be_used(self):
        for data in (b"{", b"[]"):
            self.write(data)
            error = self.check_failure(1, "simulate", "--spec", self.path)
            self.assertIn("acme.json: not a spec file", error)
        error = self.check_failure(1, "simulate", "--spec", self.path + "x")
        self.assertIn("acme.jsonx: cannot be read: No such file", error)
