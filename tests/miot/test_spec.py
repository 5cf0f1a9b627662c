# SPDX-License-Identifier: MIT
"""Spec files: what is in them, what it is called, and what damage they can do."""

import json
import os
import tempfile
import unittest
from unittest import mock

from miio_pure import MiioError
from miio_pure.miot import Spec

from ..support import specs

MAX_FILE = 4 << 20  # bytes


class ReadTest(unittest.TestCase):
    def setUp(self):
        self.spec = specs.parse(specs.make_fan())

    def test_the_device(self):
        self.assertEqual(
            self.spec.urn, "urn:miot-spec-v2:device:fan:00000001:acme-x1:1"
        )
        self.assertEqual(self.spec.model, "acme-x1")
        self.assertEqual(self.spec.description, "Fan")
        self.assertIn("acme-x1", repr(self.spec))

    def test_a_property(self):
        one = self.spec.property("fan:target-temperature")
        self.assertEqual((one.siid, one.piid, one.number), (2, 7, "2.7"))
        self.assertEqual((one.service, one.name), ("fan", "target-temperature"))
        self.assertEqual(one.handle, "fan:target-temperature")
        self.assertEqual(list(one.access), ["read", "write"])
        self.assertEqual(one.values.format, "float")
        self.assertEqual(
            (one.values.unit, one.values.limits), ("celsius", (16, 30, 0.5))
        )
        self.assertEqual(repr(one), "<Property 2.7 fan:target-temperature>")

    def test_an_action(self):
        action = self.spec.action("set-level")
        self.assertEqual((action.siid, action.aiid), (2, 2))
        self.assertEqual([one.piid for one in action.inputs], [2, 7])
        self.assertEqual([one.piid for one in action.outputs], [6])
        toggle = self.spec.action("fan.toggle")
        self.assertEqual((toggle.inputs, toggle.outputs), ([], []))

    def test_an_argument_that_the_service_does_not_list(self):
        root = specs.make_fan()
        root["services"][1]["actions"][1]["in"] = [99]
        action = specs.parse(root).action("set-level")
        self.assertEqual(action.check([[5]]), [{"piid": 99, "value": [5]}])

    def test_what_can_be_read_leaves_out_what_all_devices_have(self):
        names = [one.number for one in self.spec.readable()]
        self.assertEqual(names, ["2.1", "2.2", "2.6", "2.7"])

    def test_null_stands_for_what_is_missing(self):
        root = specs.make_lamp()
        root["description"] = None
        for one in root["services"][1]["properties"]:
            one.update({"unit": None, "value-range": None, "description": None})
        root["services"][1]["actions"] = None
        spec = specs.parse(root)
        self.assertEqual((spec.description, spec.actions), ("", []))
        self.assertEqual(spec.property("brightness").values.limits, (0, 255, 1))

    def test_a_unit_that_is_none(self):
        root = specs.make_lamp()
        root["services"][1]["properties"][2]["unit"] = "none"
        self.assertEqual(specs.parse(root).property("brightness").values.unit, "")

    def test_a_range_without_a_step(self):
        root = specs.make_lamp()
        root["services"][1]["properties"][2]["value-range"] = [1, 9]
        self.assertEqual(
            specs.parse(root).property("brightness").values.limits, (1, 9, 0)
        )

    def test_a_urn_with_an_eighth_part_and_one_without_a_model(self):
        root = specs.make_lamp()
        root["type"] += ":0000C801"
        self.assertEqual(specs.parse(root).model, "acme-x1")
        root["type"] = "urn:x"
        self.assertEqual(specs.parse(root).model, "")

    def test_models(self):
        self.assertTrue(self.spec.fits("acme.fan.x1"))
        self.assertTrue(self.spec.fits("acme.some.fan.x1"))
        for model in ("acme.fan.x2", "other.fan.x1", "acme", ""):
            self.assertFalse(self.spec.fits(model))


class LookUpTest(unittest.TestCase):
    def setUp(self):
        self.spec = specs.parse(specs.make_fan())

    def refuse(self, work, *names):
        """Return the error of the last of these names."""
        for name in names:
            with self.assertRaises(ValueError, msg=name) as caught:
                work(name)
        return str(caught.exception)

    def test_a_property_by_any_of_its_names(self):
        for name in ("2.1", "2:1", " 2.1 ", "fan:on", "fan.on", "on", "ON"):
            self.assertEqual(self.spec.property(name).number, "2.1", name)
        for name in ("fan:fan_level", "fan.fan-level", "Fan:Fan Level"):
            self.assertEqual(self.spec.property(name).number, "2.2", name)

    def test_an_action_by_any_of_its_names(self):
        for name in ("2.2", "fan:set-level", "fan.set_level", "set_level"):
            self.assertEqual(self.spec.action(name).number, "2.2", name)

    def test_a_name_in_two_services(self):
        error = self.refuse(self.spec.property, "fan-level", "fan_level")
        self.assertEqual(
            error,
            "fan_level may be any of 2.2 (fan:fan-level), 3.1 (custom:fan-level): use "
            "one of these numbers",
        )

    def test_a_name_three_times_in_one_service(self):
        spec = specs.parse(specs.make_conditioner())
        for name in ("on", "air-conditioner:on"):
            error = self.refuse(spec.property, name)
            for number in ("2.3", "2.9", "2.10"):
                self.assertIn(number + " (air-conditioner:on)", error)
        self.assertEqual(spec.property("2.10").piid, 10)
        handles = [one.handle for one in spec.readable()]
        self.assertEqual(handles, ["air-conditioner:uv", "2.3", "2.9", "2.10"])

    def test_long_lists_of_candidates_end_in_dots(self):
        properties = [
            specs.make_property(i, "on", "bool", specs.SET) for i in range(1, 12)
        ]
        spec = specs.parse(specs.make_root("x", specs.make_service(2, "x", properties)))
        error = self.refuse(spec.property, "on")
        self.assertIn("2.8 (x:on), ...: use", error)

    def test_an_unknown_name_lists_the_nearest(self):
        error = self.refuse(self.spec.property, "target-temprature")
        self.assertEqual(
            error,
            "the spec has no property target-temprature; did you mean "
            "fan:target-temperature?",
        )
        self.assertIn("mean fan:toggle?", self.refuse(self.spec.action, "togle"))
        error = self.refuse(self.spec.property, "fan-levels")
        self.assertIn("fan:fan-level or custom:fan-level?", error)

    def test_what_is_like_nothing(self):
        error = self.refuse(self.spec.property, "9.9", "2.1.3", "", "2.", "qqq")
        self.assertIn("the spec has no property qqq; it has device-information:", error)
        error = self.refuse(self.spec.property, "9" * 5000)
        self.assertLess(len(error), 400)

    def test_a_host_without_difflib(self):
        with mock.patch.dict("sys.modules", difflib=None):
            error = self.refuse(self.spec.property, "onn")
        self.assertIn("the spec has no property onn; it has device-information:", error)

    def test_a_name_is_a_text(self):
        for name in (2.1, None, b"on", (2, 1)):
            self.assertRaises(TypeError, self.spec.property, name)


class BytesTest(unittest.TestCase):
    def test_a_spec_is_read_from_bytes(self):
        with self.assertRaisesRegex(TypeError, "a spec is bytes, not str"):
            Spec.parse("{}")


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.spec = specs.parse(specs.make_fan())

    def test_the_error_names_the_property_and_what_is_right(self):
        one = self.spec.property("target-temperature")
        self.assertEqual(one.check(20), 20)
        with self.assertRaises(ValueError) as caught:
            one.check(31)
        self.assertEqual(
            str(caught.exception),
            "fan:target-temperature: expected 16.0 to 30.0 in steps of 0.5 (celsius), "
            "not 31",
        )

    def test_access(self):
        for name, access, reason in (
            ("2.6", "write", "fan:status cannot be set: it can only be read"),
            ("3.1", "read", "custom:fan-level cannot be read: it can only be set"),
            ("3.2", "read", "custom:text cannot be read: it belongs to an action, or"),
            ("3.3", "write", "custom:click cannot be set: it belongs to an action, or"),
        ):
            with self.assertRaises(ValueError) as caught:
                self.spec.property(name).require(access)
            self.assertIn(reason, str(caught.exception))
        self.spec.property("2.1").require("read")
        self.spec.property("2.1").require("write")

    def test_arguments_of_an_action(self):
        action = self.spec.action("set-level")
        self.assertEqual(
            action.check(["level1", 20]),
            [{"piid": 2, "value": 1}, {"piid": 7, "value": 20}],
        )
        for values, reason in (
            ([], "fan-level target-temperature"),
            ([1], "fan:set-level takes"),
            ([1, 2, 3], "but got 3 values"),
            ([1, 99], "fan:target-temperature: expected 16.0 to 30.0"),
        ):
            with self.assertRaises(ValueError) as caught:
                action.check(values)
            self.assertIn(reason, str(caught.exception))
        with self.assertRaises(ValueError) as caught:
            self.spec.action("toggle").check([1])
        self.assertIn("fan:toggle takes", str(caught.exception))


class FilesTest(unittest.TestCase):
    def load(self, data, name="x.json"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(data)
            return Spec.load(path)

    def test_the_plain_file_and_the_wrappers(self):
        root = specs.make_lamp()
        wrapped = {"version": 1, "key": "xiaomi_miot/acme", "data": root}
        for data in (
            specs.encode(root),
            b"\xef\xbb\xbf" + specs.encode(root),
            json.dumps(root, indent=4, ensure_ascii=False).encode("utf-8"),
            specs.encode(wrapped),
        ):
            self.assertEqual(self.load(data).property("on").number, "2.1")

    def test_errors_name_the_file(self):
        with self.assertRaisesRegex(
            MiioError, r"broken\.json: not a spec file, or cut"
        ):
            self.load(b"{", "broken.json")
        with tempfile.TemporaryDirectory() as folder:
            for path in (folder, os.path.join(folder, "none.json")):
                with self.assertRaisesRegex(MiioError, "cannot be read"):
                    Spec.load(path)


class DamageTest(unittest.TestCase):
    def refuse(self, data, reason):
        with self.assertRaises(MiioError) as caught:
            Spec.parse(data)
        self.assertIn(reason, str(caught.exception))
        self.assertLess(len(str(caught.exception)), 300)

    def spoil(self, reason, *path):
        """Put the last of path where the others lead to, and expect this error."""
        root = specs.make_fan()
        *steps, key, value = path
        place = root
        for step in steps:
            place = place[step]
        place[key] = value
        self.refuse(specs.encode(root), reason)

    def test_no_spec_at_all(self):
        for data in (b"[]", b"1", b"null", b"{}", b'{"data":[]}', b'{"data":{}}'):
            self.refuse(data, 'not a spec file: expected an object with "services"')
        for data in (b"", b"\xff", b"{", b'{"services":NaN}', b"PK\3\4", b"1e999"):
            self.refuse(data, "not a spec file, or cut off: it is not valid JSON")

    def test_every_prefix(self):
        data = specs.encode(specs.make_lamp())
        for end in range(len(data)):
            self.refuse(data[:end], "cut off: it is not valid JSON")

    def test_the_error_says_where(self):
        at = ("services", 1, "properties", 3)
        where = "at services[1].properties[3], "
        for key, value, reason in (
            ("iid", "1", 'expected a whole number as "iid"'),
            ("iid", -1, 'expected a whole number as "iid"'),
            ("iid", True, 'expected a whole number as "iid"'),
            ("iid", 10**9, 'expected a whole number as "iid"'),
            ("iid", 1, "the iid 1 is there twice"),
            ("type", "urn:a:b", 'expected a URN as "type"'),
            ("type", "urn:a:b:" + "c" * 101, 'expected a URN as "type"'),
            ("type", None, 'expected a text as "type"'),
            ("format", 5, 'expected a text as "format"'),
            ("unit", 5, 'expected a text as "unit"'),
            ("access", "read", 'expected a list as "access"'),
            ("value-range", [1], 'expected least, most and step as "value-range"'),
            ("value-range", [1, 2, 3, 4], "expected least, most and step"),
            ("value-range", [1, "2", 1], "expected least, most and step"),
            ("value-range", [1, True, 1], "expected least, most and step"),
            ("value-range", [2, 1, 1], "expected least, most and step"),
            ("value-range", [0, 10**101, 1], "expected least, most and step"),
            ("value-list", [5], 'expected a number or a text as "value"'),
            ("value-list", [{"value": []}], 'expected a number or a text as "value"'),
            ("value-list", [{"value": "x" * 401}], "expected a number or a text"),
            (
                "value-list",
                [{"value": 1, "description": 1}],
                'expected a text as "description"',
            ),
        ):
            self.spoil(where + reason, *at, key, value)
        self.spoil(where + "expected an object", *at, 7)
        self.spoil("at services[1], the iid 1 is there twice", *at[:2], "iid", 1)
        self.spoil("at services[2], expected an object", *at[:1], 2, None)
        self.spoil(': expected a list as "services"', "services", {"a": 1})
        actions = ("services", 1, "actions")
        for value in ([True], [2.0], [None], [2] * 101, ["2"]):
            reason = (
                'at services[1].actions[1], expected the iids of properties as "in"'
            )
            self.spoil(reason, *actions, 1, "in", value)
        self.spoil("actions[1], the iid 1 is there twice", *actions, 1, "iid", 1)

    def test_the_limits_of_effort(self):
        too_long = b'{"services":' + b"9" * (MAX_FILE - 13) + b"}"
        for data, reason in (
            (b" " * (MAX_FILE + 1), "larger than any spec file"),
            (too_long, "a number is too long"),
            (b"[" * MAX_FILE, "more lists and objects"),
            (b'{"a":' * 100000, "nested too deeply"),
            (b"[{}," + b"{}," * 200000 + b"{}]", "more lists and objects"),
            (specs.encode(specs.make_wide(9998)), "more than 10000 properties"),
        ):
            self.refuse(data, reason)

    def test_arguments_that_nobody_lists_count_as_properties(self):
        actions = [
            specs.make_action(i, "x", range(100 * i, 100 * i + 100))
            for i in range(1, 101)
        ]
        root = specs.make_root("x", specs.make_service(2, "x", [], actions))
        self.refuse(specs.encode(root), "actions[98], there are more than 10000")

    def test_texts_that_go_into_messages_are_cut(self):
        root = specs.make_lamp()
        mode = root["services"][1]["properties"][1]
        mode["value-list"] = [{"value": 1, "description": "x" * 9999}]
        mode["unit"] = mode["format"] = "y" * 9999
        with self.assertRaises(ValueError) as caught:
            specs.parse(root).property("mode").check(3)
        self.assertLess(len(str(caught.exception)), 300)
