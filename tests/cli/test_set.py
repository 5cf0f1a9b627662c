# SPDX-License-Identifier: MIT
"""set: properties by name and by number, in order."""

from ..support.commands import DeviceCase


class SetTest(DeviceCase):
    def set(self, *texts, **options):
        return self.run_at("set 127.0.0.1", *texts, **options)

    def test_older_and_newer_properties(self):
        texts = ("power=off", "speed=44", "2.1=false", "2:3=60")
        self.assertEqual(self.set(*texts), (0, "ok\n", ""))
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
        self.set("2.1=true", "2.3=1", "power=on", "2.3=2")
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
        error = self.fail_at(4, "set 127.0.0.1 power=off speed=x power=on")
        self.assertRegex(error, r"error: speed: .*-5001.*; these were set: power\n")
        self.assertEqual(self.device.properties["power"], "off")
        error = self.fail_at(4, "set 127.0.0.1 speed=x")
        self.assertNotIn("were set", error)

    def test_a_refused_number(self):
        error = self.fail_at(4, "set 127.0.0.1 speed=1 2.3=7 2.1=x")
        self.assertRegex(error, r"error: 2\.1: .*-4005 .*; these .*: speed 2\.3\n")
        self.assertEqual(self.device.properties[2, 3], 7)

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
            ("=on", "has a name"),
            ("a.b=1", "spec file"),
            ("x=[1", "single quotes"),
            ("x={a:1}", "single quotes"),
            ("x=" + "[" * 100000, "deeply|single quotes"),
            ("x=\udcff", "UTF-8"),
            ("x=\ud800", "UTF-8"),
        ):
            self.assertRegex(self.fail_at(2, "set 127.0.0.1", text), said)
