# SPDX-License-Identifier: MIT
"""set: properties by name and by number, in order."""

import importlib
from unittest import mock

from ..support.commands import DeviceCase

set_module = importlib.import_module("miio_pure.cli.set")


class SetTest(DeviceCase):
    def set(self, *texts, **options):
        return self.run_at("set 127.0.0.1", *texts, **options)

    def test_older_and_newer_properties(self):
        texts = ("power=off", "speed=44", "2.1=false", "2:3=60")
        self.assertEqual(self.set(*texts), (0, "", ""))
        values = [self.device.properties[key] for key in ("power", "speed", (2, 1))]
        self.assertEqual(values, ["off", 44, False])
        self.assertEqual(self.device.properties[2, 3], 60)

    def test_values_are_json_where_they_are_json(self):
        sent = []
        self.device.methods["set_x"] = lambda params: sent.append(params) or ["ok"]
        for value, params in (
            ("on", ["on"]),
            ("", [""]),
            ("1", [1]),
            ("-1.5", [-1.5]),
            ("true", [True]),
            ('"1"', ["1"]),
            ("[1,2]", [1, 2]),
            ('{"a":1}', [{"a": 1}]),
            ("a=b", ["a=b"]),
            ("NaN", ["NaN"]),
            ("\u20ac", ["\u20ac"]),
        ):
            self.assertEqual(self.set("x=" + value)[0], 0)
            self.assertEqual(sent.pop(), params)

    def test_neighbouring_numbers_are_set_with_one_request(self):
        requests = []
        answer = self.device.methods["set_properties"]
        self.device.methods["set_properties"] = lambda params: requests.append(
            len(params)
        ) or answer(params)
        self.set("2.1=true", "2.3=1", "power=on", "2.4=2")
        self.assertEqual(requests, [2, 1])

    def test_the_request_names_the_device_in_decimals(self):
        sent = []
        self.device.methods["set_properties"] = lambda params: sent.extend(params) or 0
        self.assertEqual(self.set("2.1=true")[0], 0)
        expected = {"did": "64688486", "siid": 2, "piid": 1, "value": True}
        self.assertEqual(sent, [expected])

    def test_json(self):
        status, out, _ = self.set("power=on", "2.1=true", "--json")
        self.assertEqual(status, 0)
        device = {"address": "127.0.0.1", "device_id": self.device.device_id}
        self.check_lines(
            out,
            dict(device, property="power", value="on"),
            dict(device, property="2.1", value=True),
        )

    def test_it_stops_at_the_first_failure_and_says_what_was_set(self):
        error = self.fail_at(4, "set 127.0.0.1 power=off speed=x 2.1=false")
        self.assertRegex(error, r"error: speed: .*-5001.*; these were set: power\n")
        found = self.device.properties["power"], self.device.properties[2, 1]
        self.assertEqual(found, ("off", True))
        error = self.fail_at(4, "set 127.0.0.1 speed=x")
        self.assertNotIn("were set", error)

    def test_a_refused_number(self):
        error = self.fail_at(4, "set 127.0.0.1 speed=1 2.3=7 2.1=x")
        self.assertRegex(error, r"error: 2\.1: .*-4005 .*; these .*: speed 2\.3\n")
        self.assertEqual(self.device.properties[2, 3], 7)

    def test_json_shows_what_was_set_beside_what_was_refused(self):
        status, out, _ = self.set("2.1=false", "2.9=1", "--json")
        self.assertEqual(status, 4)
        self.check_lines(out, {"property": "2.1", "value": False})

    def test_silence_after_a_first_success(self):
        def fall_silent(params):
            self.device.faults = {"deaf"}
            return ["ok"]

        self.device.methods["set_x"] = fall_silent
        status, out, err = self.set("x=1", "power=on", "--timeout", "0.3")
        self.assertEqual((status, out, err.count("\n")), (3, "", 2))
        self.assertIn("note: these were set: x\n", err)

    def test_no_reply_and_no_token(self):
        self.fail_at(5, "set 127.0.0.1 power=on", token=None)
        self.device.faults = {"lose"}
        error = self.fail_at(3, "set 127.0.0.1 power=on", "--timeout", "0.3")
        self.assertIn("may have acted", error)

    def test_wrong_usage(self):
        for text, said in (
            ("power", "PROPERTY=VALUE"),
            ("=on", "a name such as"),
            ("1.2.3=1", "a name such as"),
            ("x=[1", "not valid JSON.*delimiter"),
            ("x={a:]", "not valid JSON"),
            ("x=" + "[" * 100000, "deeply|single quotes"),
            ("x=\udcff", "UTF-8"),
            ("x=\ud800", "UTF-8"),
        ):
            self.assertRegex(self.fail_at(2, "set 127.0.0.1", text), said)

    def test_a_property_given_twice(self):
        """In one request, a device may take either of the two values."""
        before = dict(self.device.properties)
        for line in (
            "2.1=true 2.1=false",
            "speed=1 speed=2",
            "2.1=false power=off 2.1=true",
        ):
            error = self.fail_at(2, "set 127.0.0.1 " + line)
            self.assertIn("given twice", error)
        self.assertEqual(self.device.properties, before)

    def test_an_answer_that_leaves_a_property_out(self):
        self.device.methods["set_properties"] = lambda params: []
        error = self.fail_at(4, "set 127.0.0.1 2.1=true")
        self.assertIn("does not mention it", error)

    def verify(self, *texts, **options):
        with mock.patch.object(set_module, "READING_PAUSE", 0.0):
            return self.set(*texts, "--verify", **options)

    def test_verify_reads_back(self):
        texts = ("power=off", "2.1=false", "scene=[1,2]")
        self.device.methods["set_scene"] = lambda params: ["ok"]
        status, out, err = self.verify(*texts)
        self.assertEqual((status, out), (0, ""))
        self.assertEqual(err, "note: scene was set, but cannot be read back\n")
        self.assertEqual(self.verify("scene=[1,2]")[0], 0)

    def test_verify_waits_for_a_device_that_is_slow(self):
        reports = [50, 50.00001, 7]
        self.device.methods["set_properties"] = lambda params: 0
        self.device.methods["get_properties"] = lambda params: [
            dict(params[0], code=0, value=reports.pop())
        ]
        self.assertEqual(self.verify("2.3=50"), (0, "", ""))
        self.assertEqual(reports, [50])

    def test_verify_tells_what_differs(self):
        self.device.methods["set_properties"] = lambda params: 0
        status, out, err = self.verify("2.3=7", "2.9=1", "2.1=true")
        self.assertEqual((status, out), (4, ""))
        self.assertRegex(err, "error: 2.3: set to 7, but the device reports 50\n")
        self.assertRegex(err, "error: 2.9: .*-4003")


class SpecTest(DeviceCase):
    """With the spec of the device, values are checked before they are sent."""

    def set(self, *texts):
        return self.run_at("set 127.0.0.1", *texts)

    def test_values_by_what_the_property_takes(self):
        self.save_spec()
        for text, address, value in (
            ("on=off", (2, 1), False),
            ("on=YES", (2, 1), True),
            ("fan.on=0", (2, 1), False),
            ("speed=60", (2, 3), 60),
            ("mode=straight-wind", (2, 4), 0),
            ("mode=Sleep", (2, 4), 1),
            ("2.4=0", (2, 4), 0),
            ("text=33", (2, 5), "33"),
            ('text=["a"]', (2, 5), '["a"]'),
        ):
            self.assertEqual(self.set(text), (0, "", ""), text)
            self.assertEqual(self.device.properties[address], value)

    def test_all_go_out_in_one_request(self):
        self.save_spec()
        requests = []
        answer = self.device.methods["set_properties"]
        self.device.methods["set_properties"] = lambda params: requests.append(
            len(params)
        ) or answer(params)
        self.assertEqual(self.set("on=true", "speed=1", "mode=0", "--verify")[0], 0)
        self.assertEqual(requests, [3])
        status, _, err = self.set("text=x", "--verify")
        self.assertEqual((status, err.count("cannot be read back")), (0, 1))

    def test_what_a_spec_forbids_is_not_sent(self):
        self.save_spec()
        for text, said in (
            ("speed=0", r"expected 1 to 100 \(percentage\), not 0"),
            ("speed=fast", "expected 1 to 100"),
            ("on=maybe", "expected true or false"),
            ("on=1.5", "expected true or false"),
            ("mode=2", r"expected 0 \(Straight Wind\), 1 \(Sleep\), not 2"),
            ("mode=sleeep", r"expected 0 \(Straight Wind\), 1 \(Sleep\)"),
            ("level=1", "can only be read"),
            ("bright=1", "no property bright"),
            ("speed=[1", "not valid JSON"),
        ):
            error = self.fail_at(2, "set 127.0.0.1 on=false", text)
            self.assertRegex(error, said)
        self.assertEqual(self.device.acted, 0)

    def test_two_names_of_one_property(self):
        self.save_spec()
        self.assertIn("given twice", self.fail_at(2, "set 127.0.0.1 on=1 2.1=0"))

    def test_a_spec_that_is_missing(self):
        status, out, err = self.set("fan:on=true")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("spec file", err)
