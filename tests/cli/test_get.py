# SPDX-License-Identifier: MIT
"""get: properties by name and by number."""

import os
import sys
from unittest import mock

from miio_pure import MiioError

from ..support.commands import FAN_SPEC, DeviceCase, run_on_terminal
from ..support import TOKEN


class GetTest(DeviceCase):
    def get(self, *names, **options):
        return self.run_at("get 127.0.0.1", *names, **options)

    def test_one_property_prints_its_bare_value(self):
        self.device.properties.update(
            {"name": "a\x1b[2J\u20ac", "list": [1, {}], (3, 1): None, (3, 2): "x y"}
        )
        for name, shown in (
            ("power", "on"),
            ("speed", "33"),
            ("name", "a\\x1b[2J\u20ac"),
            ("list", "[1,{}]"),
            ("2.1", "true"),
            ("2:3", "50"),
            ("3.1", "null"),
            ("3.2", "x y"),
        ):
            self.assertEqual(self.get(name), (0, shown + "\n", ""))
        status, out, err = self.get("nothing")
        self.assertEqual((status, out), (0, "null\n"))
        self.assertIn("note: null means", err)

    def test_several_properties_print_a_table(self):
        status, out, err = self.get("power", "2.1", "speed")
        self.assertEqual((status, err), (0, ""))
        lines = ["property  value", "power     on", "2.1       true", "speed     33"]
        self.assertEqual(out.splitlines(), lines)

    def test_json(self):
        status, out, err = self.get("power", "2.1", "--json")
        self.assertEqual((status, err), (0, ""))
        device = {"address": "127.0.0.1", "device_id": self.device.device_id}
        self.check_lines(
            out,
            dict(device, property="power", value="on"),
            dict(device, property="2.1", value=True),
        )
        self.check_lines(self.get("2.1", "--json")[1], {"value": True})

    def test_a_refused_property_is_named_and_the_others_are_printed(self):
        status, out, err = self.get("2.1", "9.9", "power")
        self.assertEqual((status, out.count("\n"), err.count("\n")), (4, 3, 1))
        self.assertRegex(err, r"error: 9\.9: .*-4003 \(there is no such property")
        self.assertRegex(self.fail_at(4, "get 127.0.0.1 9.9"), r"9\.9: .*-4003")
        status, out, err = self.get("9.9", "9.8")
        self.assertEqual((status, out, err.count("\n")), (4, "", 2))

    def test_many_properties_are_read_in_batches(self):
        self.device.properties.update({(7, i): i for i in range(1, 41)})
        status, out, _ = self.get(*("7.%d" % i for i in range(1, 41)))
        values = [line.split()[1] for line in out.splitlines()[1:]]
        self.assertEqual((status, values), (0, [str(i) for i in range(1, 41)]))

    def test_answers_in_another_order(self):
        answer = self.device.methods["get_properties"]
        self.device.methods["get_properties"] = lambda params: answer(params)[::-1]
        status, out, _ = self.get("2.1", "2.3")
        self.assertEqual(out.splitlines()[1:], ["2.1       true", "2.3       50"])

    def test_answers_that_make_no_sense(self):
        for answer in ([], "x", [1], [{"siid": [], "piid": 1}], {}):
            self.device.methods["get_properties"] = lambda params: answer
            self.assertIn("does not mention it", self.fail_at(1, "get 127.0.0.1 2.1"))
        self.assertEqual(self.get("2.1", "2.3", "power")[0], 1)
        for answer in ([], "x", ["on", "on"]):
            self.device.methods["get_prop"] = lambda params: answer
            self.assertIn("1 value", self.fail_at(1, "get 127.0.0.1 power"))

    def test_a_newer_device_wants_numbers(self):
        del self.device.methods["get_prop"]
        self.assertIn("use a number", self.fail_at(4, "get 127.0.0.1 power"))

    def test_wrong_names(self):
        for name in ("", "a b", "\x1b", "2", "2.", "1.2.3", ".1", "a:", "a:b:c"):
            self.assertIn("a name such as", self.fail_at(2, "get 127.0.0.1", name))

    def test_no_reply_and_no_token(self):
        self.fail_at(5, "get 127.0.0.1 power", token=None)
        self.device.faults = {"deaf"}
        self.fail_at(3, "get 127.0.0.1 power", "--timeout", "0.1")

    def test_a_read_never_says_that_the_device_may_have_acted(self):
        self.device.faults = {"lose"}
        error = self.fail_at(3, "get 127.0.0.1 power", "--timeout", "0.3")
        self.assertNotIn("acted", error)

    def test_long_values_are_shortened_on_a_terminal_only(self):
        self.device.properties["text"] = "x" * 200
        args = ("get", "127.0.0.1", "power", "text")
        args += ("--port", str(self.port), "--token", TOKEN)
        out, _ = run_on_terminal(*args)
        self.assertEqual(max(map(len, out.splitlines())), 80)
        self.assertIn("x" * 200, self.get("power", "text")[1])


class SpecTest(DeviceCase):
    """With the spec of the device, properties have names."""

    def get(self, *names, **options):
        return self.run_at("get 127.0.0.1", *names, **options)

    def test_all_readable_properties_are_a_table(self):
        self.save_spec()
        status, out, err = self.get()
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(
            out.splitlines(),
            [
                "property   value  unit        meaning",
                "fan:on     true",
                "fan:speed  50     percentage",
                "fan:mode   1                  Sleep",
                "fan:level  7",
            ],
        )
        status, out, _ = self.get("--json")
        self.check_lines(
            out,
            {"property": "fan:on", "value": True, "unit": None},
            {"property": "fan:speed", "value": 50, "unit": "percentage"},
            {"property": "fan:mode", "value": 1, "meaning": "Sleep"},
            {"property": "fan:level", "value": 7},
        )

    def test_names_are_as_they_were_typed(self):
        self.save_spec()
        self.assertEqual(self.get("mode"), (0, "1\n", ""))
        for name in ("fan:speed", "fan.speed", "SPEED", "2.3", "2:3"):
            self.assertEqual(self.get(name), (0, "50\n", ""))
            self.check_lines(self.get(name, "--json")[1], {"property": name})

    def test_names_that_a_spec_does_not_have(self):
        self.save_spec()
        for name, said in (
            ("sped", "did you mean fan:speed"),
            ("9.9", "no property 9.9"),
            ("text", "can only be set"),
        ):
            self.assertIn(said, self.fail_at(2, "get 127.0.0.1", name))

    def test_a_spec_for_once(self):
        path = self.write_spec()
        self.assertEqual(self.get("speed", "--spec", path), (0, "50\n", ""))
        error = self.fail_at(1, "get 127.0.0.1 speed --spec", path + "x")
        self.assertIn("cannot be read", error)
        path = self.write_spec(dict(FAN_SPEC, services=[{}]))
        error = self.fail_at(1, "get 127.0.0.1 speed --spec", path)
        self.assertRegex(error, r"fan\.json: damaged.*services\[0\].*iid")

    def test_a_spec_that_is_missing(self):
        """The error says what to do, in lines that can be pasted."""
        for names in ((), ("fan:on",), ("a.b",), ("1.%s" % ("9" * 10),)):
            status, out, err = self.get(*names)
            self.assertEqual((status, out), (1, ""))
            self.assertRegex(err, r"^error: the spec file of simulated\.fan\.v1, ")
            self.assertIn("https://home.miot-spec.com/spec/simulated.fan.v1\n", err)
            self.assertIn(
                " spec simulated.fan.v1.json --save --model simulated.fa", err
            )
        for model in (None, 5, "../../x", ""):
            self.device.model = model
            self.assertIn("spec file of", self.get()[2])
        del self.device.methods["miIO.info"]
        self.assertIn("spec file of this model", self.get()[2])

    def test_the_model_of_a_saved_device_is_asked_for_once(self):
        self.save()
        self.save_spec()
        self.assertEqual(self.run_at("get lamp speed", token=None), (0, "50\n", ""))
        self.assertEqual(self.read_saved()["lamp"]["model"], "simulated.fan.v1")
        del self.device.methods["miIO.info"]
        self.assertEqual(self.run_at("get lamp speed", token=None), (0, "50\n", ""))

    def test_how_many_properties_a_saved_device_takes_is_remembered(self):
        asked = []
        answer = self.device.methods["get_properties"]

        def take_two(params):
            asked.append(len(params))
            return answer(params[:2])

        self.device.methods["get_properties"] = take_two
        self.save()
        self.save_spec()
        for expected in ([4, 2], [2, 2]):
            self.assertEqual(self.run_at("get lamp", token=None)[0], 0)
            self.assertEqual(asked, expected)
            asked.clear()
        self.assertEqual(self.read_saved()["lamp"]["max_batch"], "2")
        os.chmod(self.file, 0o400)
        os.chmod(os.path.dirname(self.file), 0o500)
        self.save(max_batch="x")
        self.assertEqual(self.run_at("get lamp", token=None)[0], 0)

    def test_what_cannot_be_saved_is_asked_for_again(self):
        self.save()
        self.save_spec()
        refuse = mock.Mock(side_effect=MiioError("read-only"))
        with mock.patch("miio_pure.devices.Devices.save", refuse):
            status = self.run_at("get lamp speed", token=None)
        self.assertEqual(status, (0, "50\n", ""))

    def test_a_model_that_is_no_name_of_a_file(self):
        self.save_spec()
        self.device.model = "../../x"
        self.assertIn("spec file of ../../x", self.get("fan:on")[2])

    def test_info_that_is_no_object(self):
        self.device.methods["miIO.info"] = lambda params: []
        self.assertIn("expected an object", self.fail_at(1, "info 127.0.0.1"))

    def test_a_refused_property_is_named_and_the_others_are_shown(self):
        self.save_spec()
        del self.device.properties[2, 4]
        status, out, err = self.get()
        self.assertEqual((status, out.count("\n")), (4, 4))
        self.assertRegex(err, r"^error: fan:mode: .*-4003 \(there is no")

    def test_a_copy_without_miot(self):
        with mock.patch.dict(sys.modules, {"miio_pure.miot": None}):
            for command in ("get 127.0.0.1 2.1", "get 127.0.0.1 on --spec x"):
                self.assertIn("lacks its folder miot", self.fail_at(1, command))
            self.assertEqual(self.get("power")[0], 0)


class DidCase(DeviceCase):
    def read(self, device, **options):
        """Read a property, and return the did that reached the device."""
        seen = []
        get_properties = self.device.methods["get_properties"]

        def note(params):
            seen.extend(item["did"] for item in params)
            return get_properties(params)

        self.device.methods["get_properties"] = note
        command = "get %s 2.1 --timeout 1" % device
        self.assertEqual(self.run_at(command, **options), (0, "true\n", ""))
        return seen[-1]


class HighWordTest(DidCase):
    """A device that fills the high word of its id, and answers only 0 there."""

    options = {"high_word": 16}

    def test_did_is_the_id_without_its_filling(self):
        self.assertEqual(self.read("127.0.0.1"), str(self.device.device_id))

    def test_a_saved_device_is_found_and_called_by_its_saved_id(self):
        self.save()
        self.assertEqual(self.read("lamp", token=None), str(self.device.device_id))


class LongIdTest(DidCase):
    options = {"device_id": 1 << 60 | 5}

    def test_did_is_all_of_a_long_id(self):
        self.assertEqual(self.read("127.0.0.1"), str(1 << 60 | 5))
