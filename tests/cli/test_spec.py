# SPDX-License-Identifier: MIT
"""spec: what a spec file says, and how it is saved."""

import copy
import os

from ..support.commands import FAN_SPEC, DeviceCase, run_on_terminal
from ..support import run_cli


class SpecCase(DeviceCase):
    def spec(self, *args):
        return run_cli("spec", *args, env=self.environment(None))

    def fail(self, status, *args):
        return self.check_failure(status, "spec", *args, env=self.environment(None))


class ShowTest(SpecCase):
    def test_properties(self):
        status, out, err = self.spec(self.write_spec())
        self.assertEqual(
            (status, err), (0, "note: to see its actions (2), add --actions\n")
        )
        for line in (
            "property number access type values unit",
            "device-information:model 1.2 read string",
            "fan:on 2.1 read write notify bool",
            "fan:speed 2.3 read write uint8 1 to 100 percentage",
            "fan:mode 2.4 read write uint8 0 (Straight Wind), 1 (Sleep)",
        ):
            self.assertIn(line, [" ".join(row.split()) for row in out.splitlines()])

    def test_properties_that_can_be_set_and_words(self):
        path = self.write_spec()
        for args, count in (
            (("--writable",), 4),
            (("--writable", "spe"), 1),
            (("SPEED",), 1),
            (("2.",), 5),
        ):
            status, out, _ = self.spec(path, *args)
            self.assertEqual((status, out.count("\n")), (0, count + 1), args)
        self.assertIn("nothing in the spec matches", self.fail(1, path, "nothing"))

    def test_actions(self):
        path = self.write_spec()
        status, out, err = self.spec(path, "--actions")
        self.assertEqual((status, err), (0, ""))
        rows = [" ".join(row.split()) for row in out.splitlines()]
        self.assertEqual(rows[1:], ["fan:toggle 2.1", "fan:say 2.2 text: a text level"])
        self.assertIn("use one", self.fail(2, path, "--actions", "--writable"))

    def test_json(self):
        path = self.write_spec()
        status, out, _ = self.spec(path, "--json", "fan:mode")
        choices = [
            {"value": 0, "description": "Straight Wind"},
            {"value": 1, "description": "Sleep"},
        ]
        self.check_lines(
            out,
            {
                "property": "fan:mode",
                "siid": 2,
                "piid": 4,
                "access": ["read", "write"],
                "type": "uint8",
                "values": choices,
                "range": None,
            },
        )
        status, out, _ = self.spec(path, "--json", "--actions", "say")
        self.check_lines(out, {"action": "fan:say", "siid": 2, "aiid": 2})

    def test_a_terminal_of_80_columns(self):
        spec = copy.deepcopy(FAN_SPEC)
        spec["services"][1]["properties"][2]["value-list"] *= 20
        out, _ = run_on_terminal("spec", self.write_spec(spec))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)

    def test_damaged_files(self):
        path = os.path.join(self.home, "x.json")
        for data in (b"", b"{", b"[]", b"\xff", b"[" * 100000, b'{"services":5}'):
            with open(path, "wb") as file:
                file.write(data)
            self.assertIn("not a spec file", self.fail(1, path))
        self.assertIn("no such file", self.fail(2, "nothing.json"))


class DeviceSpecTest(SpecCase):
    def test_the_spec_of_a_device(self):
        self.save_spec()
        status, out, _ = self.run_at("spec 127.0.0.1", "speed")
        self.assertEqual((status, out.count("fan:speed")), (0, 1))
        self.save(model="simulated.fan.v1")
        # Its model is known, so that nothing is sent.
        self.device.faults = {"deaf"}
        status, out, _ = self.spec("lamp", "speed")
        self.assertEqual((status, out.count("fan:speed")), (0, 1))

    def test_a_device_without_a_spec(self):
        self.assertIn("the spec file of sim", self.run_at("spec 127.0.0.1")[2])
        self.save(model="a.b.c")
        self.assertIn("the spec file of a.b.c", self.spec("lamp")[2])


class SaveTest(SpecCase):
    def test_a_saved_spec_is_found(self):
        status, out, err = self.spec(self.write_spec(), "--save")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"^saved: .*/specs/simulated-v1\.json\n$")
        self.assertIn("get DEVICE", err)
        self.assertEqual(self.run_at("get 127.0.0.1 speed"), (0, "50\n", ""))

    def test_a_model_that_cannot_be_one(self):
        path = self.write_spec()
        status, _, err = self.spec(path, "--save", "--model", "../../x")
        self.assertEqual(status, 2)
        self.assertIn("--model needs a model, such as zhimi", err)

    def test_the_model_says_more_than_the_urn(self):
        path = self.write_spec()
        status, out, err = self.spec(path, "--save", "--model", "simulated.fan.v1")
        self.assertEqual((status, "warning" in err), (0, False))
        self.assertIn("specs/simulated.fan.v1.json", out)
        status, out, err = self.spec(path, "--save", "--model", "acme.fan.x1")
        self.assertEqual((status, "this is the spec of simu" in err), (0, True))

    def test_two_models_with_the_same_ends(self):
        self.spec(self.write_spec(), "--save")
        other = copy.deepcopy(FAN_SPEC)
        other["type"] = other["type"].replace(":fan:", ":light:")
        path = self.write_spec(other, "light.json")
        self.assertIn("--model", self.fail(2, path, "--save"))
        self.assertEqual(
            self.spec(path, "--save", "--model", "simulated.light.v1")[0], 0
        )
        self.assertEqual(self.spec(self.write_spec(), "--save")[0], 0)

    def test_a_damaged_spec_is_replaced(self):
        _, out, _ = self.spec(self.write_spec(), "--save")
        with open(out[len("saved: ") : -1], "w") as file:
            file.write("{")
        self.assertEqual(self.spec(self.write_spec(), "--save")[0], 0)
        self.assertEqual(self.run_at("get 127.0.0.1 speed"), (0, "50\n", ""))

    def test_what_cannot_be_saved(self):
        self.assertIn("not a file", self.fail(2, "lamp", "--save"))
        for urn in ("urn:miot-spec-v2:device:fan", "urn:a:device:fan:1:../x:1"):
            path = self.write_spec(dict(FAN_SPEC, type=urn))
            self.assertIn("--model", self.fail(2, path, "--save"))
        path = self.write_spec()
        error = self.check_failure(1, "spec", path, "--save", env={"HOME": ""})
        self.assertIn("without HOME", error)
        error = self.check_failure(1, "spec", path, "--save", env={"HOME": path})
        self.assertIn("cannot be written", error)
