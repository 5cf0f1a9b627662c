# SPDX-License-Identifier: MIT
"""tokens --check and --save: what devices say to the tokens that files have."""

import json
from unittest import mock

from miio_pure.cli import ask
from miio_pure.devices import Devices
from miio_pure.simulator import FakeDevice, Simulator

from ..support import OTHER_TOKEN, TOKEN, CliCase, run_cli
from ..support.commands import run_on_terminal
from ..support.samples import FilesCase

HERE, THERE, NOWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.3"
IDS = {HERE: 0x03DB1166, THERE: 0x01020304}


class AskCase(FilesCase, CliCase):
    """Two devices at addresses of their own, and a file with tokens."""

    def setUp(self):
        super().setUp()
        self.devices = {}
        self.hellos = []
        port = 0
        for address in (HERE, THERE):
            device = FakeDevice(TOKEN, device_id=IDS[address])
            self.devices[address] = device
            simulator = Simulator(device, address, port, trace=self.note)
            simulator.__enter__()
            self.addCleanup(simulator.__exit__)
            port = simulator.port
        self.port = port
        self.saved = self.path("saved.json")

    def note(self, what, datagram, address):
        if what == "received" and datagram[16:] == b"\xff" * 16:
            self.hellos.append(datagram)

    def write_devices(self, *devices):
        return self.write(json.dumps(devices).encode(), "tokens.json")

    def run_tokens(self, path, *options, timeout="0.6"):
        words = ["tokens", path, "--port", str(self.port), "--timeout", timeout]
        env = {"MIIO_DEVICES": self.saved}
        return run_cli(*words, *options, env=env)

    def read_saved(self):
        return {one.address: one for one in Devices(self.saved).records}


class CheckTest(AskCase):
    def check(self, status, *cases):
        """Check devices, each of them a dict and the status that is expected."""
        path = self.write_devices(*[device for device, _ in cases])
        done, out, err = self.run_tokens(path, "--check", "--json")
        lines = [json.loads(line) for line in out.splitlines()]
        expected = [word for _, word in cases]
        self.assertEqual([line["status"] for line in lines], expected)
        self.assertEqual((done, "error: " in err), (status, status != 0))
        self.assertNotIn(TOKEN, err)
        return lines

    def test_a_token_that_is_accepted(self):
        (facts,) = self.check(0, ({"ip": HERE, "token": TOKEN}, "accepted"))
        self.assertEqual(facts["device_id"], IDS[HERE])
        self.assertEqual(facts["model"], "simulated.fan.v1")

    def test_a_token_that_is_not(self):
        self.check(
            5,
            ({"ip": HERE, "token": OTHER_TOKEN}, "rejected"),
            ({"ip": THERE, "token": TOKEN}, "accepted"),
        )
        self.devices[HERE].faults.add("reject")
        self.check(5, ({"ip": HERE, "token": TOKEN}, "rejected"))

    def test_a_device_that_does_not_answer(self):
        self.check(3, ({"ip": NOWHERE, "token": OTHER_TOKEN}, "no reply"))
        self.check(
            3,
            ({"ip": NOWHERE, "token": OTHER_TOKEN}, "no reply"),
            ({"ip": HERE, "token": TOKEN}, "accepted"),
        )

    def test_a_device_that_does_not_know_its_info(self):
        del self.devices[HERE].methods["miIO.info"]
        self.check(0, ({"ip": HERE, "token": TOKEN}, "accepted"))

    def test_another_device_is_there_now(self):
        device = {"ip": HERE, "did": "1234567", "token": TOKEN}
        self.check(3, (device, "moved"))

    def test_a_device_that_is_at_the_address_of_another(self):
        """The two have exchanged their addresses since."""
        lines = self.check(
            0,
            ({"ip": HERE, "did": str(IDS[THERE]), "token": TOKEN}, "accepted"),
            ({"ip": THERE, "did": str(IDS[HERE]), "token": TOKEN}, "accepted"),
        )
        self.assertEqual([line["address"] for line in lines], [THERE, HERE])

    def test_only_private_addresses_are_asked_and_each_once(self):
        path = self.write_devices(
            {"ip": "8.8.8.8", "did": "1234567", "token": OTHER_TOKEN},
            {"did": "7654321", "token": "e" * 32},
            {"host": "fan.lan", "mac": "34:CE:00:AA:BB:01", "token": "d" * 32},
        )
        with mock.patch.object(ask, "discover") as discover:
            status, out, err = self.run_tokens(path, "--check", "--json")
        self.assertIn("error: no token could be checked", err)
        discover.assert_not_called()
        self.assertEqual((status, out.count('"not asked"')), (1, 3))
        path = self.write_devices(
            {"ip": HERE, "token": TOKEN}, {"ip": HERE, "token": OTHER_TOKEN}
        )
        with mock.patch.object(ask, "discover", return_value=iter(())) as discover:
            self.run_tokens(path, "--check")
        self.assertEqual(discover.call_args[0], (HERE,))

    def test_no_more_than_so_many_are_asked(self):
        devices = [
            {"ip": "10.0.%d.%d" % divmod(number, 256), "token": "%032x" % (number + 1)}
            for number in range(300)
        ]
        with mock.patch.object(ask, "discover", return_value=iter(())) as discover:
            status, out, err = self.run_tokens(
                self.write_devices(*devices), "--check", "--json"
            )
        self.assertEqual(len(discover.call_args[0]), 256)
        self.assertEqual((status, out.count('"not asked"')), (3, 44))
        self.assertIn("only the first 256 addresses", err)

    def test_the_longest_timeout_may_be_given_for_many_devices(self):
        """They are asked in rounds, which would take longer than any call may."""
        many = [{"ip": HERE, "token": "%032x" % (number + 1)} for number in range(70)]
        path = self.write_devices(*many)
        with mock.patch.object(ask, "send_to_all", return_value=iter(())) as send:
            self.run_tokens(path, "--check", timeout="86400")
        self.assertEqual(send.call_args[1]["timeout"], 86400)

    def test_the_table_has_80_columns_and_no_token_gets_lost(self):
        devices = [
            {
                "ip": address,
                "did": str(IDS[address]),
                "token": TOKEN,
                "model": "simulated.fan.v1",
                "name": "a device with a long name " * 3,
            }
            for address in (HERE, THERE)
        ]
        path = self.write_devices(*devices)
        out, _ = run_on_terminal("tokens", path, "--check", "--port", str(self.port))
        lines = out.splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertEqual(lines[1:3], ["", path[-79:] + ":"])
        self.assertEqual((out.count(TOKEN), out.count("accepted")), (2, 2))
        _, out, _ = self.run_tokens(path, "--check")
        self.assertRegex(out, r"\Aname .* token +status +found in\n")


class SaveTest(AskCase):
    def test_the_device_id_comes_from_the_device(self):
        path = self.write_devices(
            {"ip": HERE, "token": TOKEN, "name": "fan"},
            {"ip": THERE, "token": OTHER_TOKEN, "name": "lamp"},
            {"ip": NOWHERE, "token": "e" * 32, "name": "vacuum"},
            {"mac": "34:CE:00:AA:BB:01", "token": "d" * 32},
        )
        status, out, err = self.run_tokens(path, "--save", "--json")
        self.assertEqual((status, out.count("\n")), (0, 4))
        self.assertNotIn("status", out)
        self.assertEqual(list(self.read_saved()), [HERE])
        record = self.read_saved()[HERE]
        self.assertEqual(record.device_id, str(IDS[HERE]))
        self.assertEqual((record.name, record.token), ("fan", TOKEN))
        self.assertEqual(record.model, "simulated.fan.v1")
        self.assertIn("do not accept these tokens: 127.0.0.2 lamp", err)
        self.assertIn("their device ids are in no file: 127.0.0.3 vacuum", err)
        self.assertIn("those without a device id", err)
        self.assertNotIn(TOKEN, err)

    def test_a_name_that_cannot_be_saved_is_told(self):
        path = self.write_devices(
            {"ip": NOWHERE, "did": "1234567", "token": OTHER_TOKEN, "name": "all"}
        )
        status, out, err = self.run_tokens(path, "--save", "--json")
        self.assertEqual((status, json.loads(out)["device_id"]), (0, 1234567))
        self.assertIn('note: saved without a name: 1234567 ("all"): a name', err)
        self.assertRegex(err, "note: to name a device, run: .* devices add DEVICE_ID")

    def test_nobody_is_asked_whose_id_is_known(self):
        path = self.write_devices(
            {"ip": NOWHERE, "did": "1234567", "token": OTHER_TOKEN}
        )
        status, _, err = self.run_tokens(path, "--save")
        self.assertEqual((status, self.hellos), (0, []))
        self.assertEqual(list(self.read_saved()), [NOWHERE])

    def test_a_token_that_is_checked_and_rejected_is_not_saved(self):
        path = self.write_devices(
            {"ip": HERE, "did": str(IDS[HERE]), "token": OTHER_TOKEN},
            {"ip": THERE, "did": str(IDS[THERE]), "token": TOKEN},
        )
        status, _, err = self.run_tokens(path, "--save", "--check")
        self.assertEqual((status, list(self.read_saved())), (5, [THERE]))
        self.assertIn("do not accept these tokens", err)

    def test_an_accepted_token_comes_before_another_one_of_the_same_device(self):
        path = self.write_devices(
            {"did": str(IDS[HERE]), "token": OTHER_TOKEN},
            {"ip": HERE, "token": TOKEN},
        )
        status, _, err = self.run_tokens(path, "--save")
        self.assertEqual((status, self.read_saved()[HERE].token), (0, TOKEN))

    def test_nothing_that_could_be_saved(self):
        path = self.write_devices({"ip": NOWHERE, "token": OTHER_TOKEN})
        status, _, err = self.run_tokens(path, "--save")
        self.assertEqual(status, 1)
        self.assertIn("their device ids are in no file: 127.0.0.3\n", err)
        self.assertIn("error: nothing was saved", err)
