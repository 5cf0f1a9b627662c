# SPDX-License-Identifier: MIT
"""A simulated device that speaks a spec: what it says, takes and refuses."""

import unittest

from miio_pure.simulator import from_spec

from ..support import TOKEN, specs


class SpecCase(unittest.TestCase):
    def setUp(self):
        self.make(specs.make_fan())

    def make(self, root, **options):
        self.device = from_spec(specs.parse(root), TOKEN, **options)

    def call(self, method, params):
        return self.device.methods[method](params)

    def read(self, siid, piid):
        """Return the code, and the value if there is one."""
        item = {"did": "x", "siid": siid, "piid": piid}
        (answer,) = self.call("get_properties", [item])
        self.assertEqual({key: answer[key] for key in item}, item)
        self.assertEqual("value" in answer, answer["code"] == 0)
        return answer["code"], answer.get("value")

    def set(self, siid, piid, *values):
        """Return the code for each value."""
        items = [{"siid": siid, "piid": piid, "value": value} for value in values]
        return [answer["code"] for answer in self.call("set_properties", items)]

    def run_action(self, siid, aiid, *given, **more):
        """Return the code and the outputs; given: pairs of piid and value."""
        params = {"did": "x", "siid": siid, "aiid": aiid}
        params["in"] = [{"piid": piid, "value": value} for piid, value in given]
        params.update(more)
        answer = self.call("action", params)
        self.assertEqual((answer["did"], answer["aiid"]), ("x", aiid))
        return answer["code"], answer.get("out")


class FirstValuesTest(SpecCase):
    def find(self, format, **more):
        """Return the first value of a property."""
        one = specs.make_property(1, "text", format, ["read"], **more)
        self.make(specs.make_root("x", specs.make_service(2, "x", [one])))
        code, value = self.read(2, 1)
        self.assertEqual(code, 0)
        return value

    def test_plausible_values(self):
        for format, value in (
            ("bool", False),
            ("uint8", 0),
            ("int64", 0),
            ("float", 0),
            ("string", "text"),
            ("hex", "00"),
            ("tlv8", "text"),
        ):
            found = self.find(format)
            self.assertEqual((found, type(found)), (value, type(value)), format)

    def test_the_first_choice(self):
        self.assertEqual(self.find("uint8", choices=[(7, "a"), (1, "b")]), 7)

    def test_the_middle_of_a_range_on_a_step(self):
        for format, limits, value in (
            ("uint8", (1, 100, 1), 50),
            ("uint8", (0, 100, 30), 30),
            ("int8", (-20, 20, 0), -20),
            ("uint8", (0.0, 100.0, 1.0), 50),
            ("float", (16.0, 30.0, 0.5), 23.0),
            ("float", (16.0, 30.0, 0.1), 23.0),
            ("float", (0, 1, 0), 0),
            ("uint8", (0.5, 0.75, 0.125), 0.5),
            ("float", (-1e99, 1e99, 1e-300), -1e99),
        ):
            found = self.find(format, limits=limits)
            self.assertEqual((found, type(found)), (value, type(value)), limits)

    def test_what_the_device_says_of_itself(self):
        self.make(specs.make_fan(), device_id=77)
        self.assertEqual(self.call("miIO.info", [])["model"], "acme.fan.x1")
        told = [self.read(1, piid) for piid in (1, 2, 3)]
        self.assertEqual(told, [(0, "acme"), (0, "acme.fan.x1"), (0, "77")])

    def test_the_model_may_be_given(self):
        self.make(specs.make_fan(), model="other.pump.v7")
        self.assertEqual(self.call("miIO.info", [])["model"], "other.pump.v7")
        self.assertEqual(self.read(1, 1), (0, "other"))

    def test_a_model_is_made_of_any_urn(self):
        for urn, model in (
            (
                "urn:miot-spec-v2:device:air-purifier:0000A007:zhimi-mb4:2",
                "zhimi.airpurifier.mb4",
            ),
            ("urn:a:device:x", "simulated.x.v1"),
            ("", "simulated.device.v1"),
        ):
            self.make(dict(specs.make_fan(), type=urn))
            self.assertEqual(self.device.model, model)

    def test_values_and_actions_may_be_given(self):
        self.make(
            specs.make_fan(),
            properties={(2, 1): True, (9, 9): 5},
            actions={(2, 1): lambda given: ["mine"]},
        )
        self.assertEqual((self.read(2, 1), self.read(9, 9)), ((0, True), (0, 5)))
        self.assertEqual(self.set(9, 9, 6, "6"), [0, -4005])
        self.assertEqual(self.run_action(2, 1), (0, ["mine"]))


class PropertiesTest(SpecCase):
    def test_reading(self):
        for siid, piid, code in (
            (2, 1, 0),
            (2, 6, 0),
            (3, 1, -4001),
            (3, 2, -4001),
            (3, 3, -4001),
            (2, 9, -4003),
            (9, 1, -4003),
        ):
            self.assertEqual(self.read(siid, piid)[0], code, (siid, piid))

    def test_setting(self):
        for siid, piid, value, code in (
            (2, 1, True, 0),
            (2, 6, 50, -4002),
            (1, 2, "x", -4002),
            (3, 1, 70000, 0),
            (3, 2, "x", -4002),
            (3, 3, 1, -4002),
            (2, 9, 1, -4003),
        ):
            self.assertEqual(self.set(siid, piid, value), [code], (siid, piid))
        self.assertEqual(self.read(2, 1), (0, True))
        self.assertEqual(self.device.properties[3, 1], 70000)

    def test_types_ranges_steps_and_lists(self):
        self.assertEqual(self.set(2, 1, 1, 0, "true", None, [True]), [-4005] * 5)
        self.assertEqual(self.set(2, 7, 15.5, 30.5, 16.2, "20", True), [-4005] * 5)
        self.assertEqual(self.set(2, 7, 16, 30.0, 16.5), [0, 0, 0])
        self.assertEqual(self.set(2, 2, 0, 3, True, None, {}), [-4005] * 5)
        self.assertEqual(self.set(3, 1, -1, 1 << 32, 0.5, 5), [-4005, -4005, -4005, 0])
        (answer,) = self.call("set_properties", [{"siid": 2, "piid": 1}])
        self.assertEqual(answer, {"siid": 2, "piid": 1, "code": -4005})

    def test_it_converts_nothing(self):
        self.assertEqual(self.set(2, 2, "Level1", "level 2", 2.0), [-4005] * 3)
        self.assertEqual(self.set(3, 1, 5.0), [-4005])

    def test_texts_have_an_end(self):
        one = specs.make_property(1, "text", "string", specs.SET)
        self.make(specs.make_root("x", specs.make_service(2, "x", [one])))
        self.assertEqual(self.set(2, 1, "x" * 1000, "x" * 1001), [0, -4005])


class ActionsTest(SpecCase):
    def test_inputs_that_can_be_set_are_set(self):
        self.assertEqual(
            self.run_action(2, 2, (7, 20), (2, 2)), (0, [{"piid": 6, "value": 50}])
        )
        self.assertEqual((self.read(2, 2), self.read(2, 7)), ((0, 2), (0, 20)))

    def test_other_inputs_are_not(self):
        self.assertEqual(
            self.run_action(3, 1, (2, "hi")), (0, [{"piid": 2, "value": "text"}])
        )

    def test_refusals(self):
        before = dict(self.device.properties)
        for given, code in (
            ([], -4006),
            ([(2, 1)], -4006),
            ([(2, 1), (2, 2)], -4006),
            ([(2, 1), (7, 20), (6, 1)], -4006),
            ([(2, 1), ("7", 20)], -4006),
            ([(2, 3), (7, 20)], -4005),
            ([(2, 1), (7, 99)], -4005),
        ):
            self.assertEqual(self.run_action(2, 2, *given), (code, None), given)
        for given in (5, None, {}, [1, 20], [{"piid": 2}, {"piid": 7, "value": 20}]):
            self.assertEqual(self.run_action(2, 2, **{"in": given})[0], -4006, given)
        self.assertEqual(self.run_action(2, 9), (-4003, None))
        self.assertEqual(self.run_action(9, 1), (-4003, None))
        self.assertEqual(self.device.properties, before)

    def test_toggle_switches(self):
        for value in (True, False):
            self.assertEqual(self.run_action(2, 1), (0, []))
            self.assertEqual(self.read(2, 1), (0, value))

    def test_toggle_without_anything_to_switch(self):
        root = specs.make_fan()
        del root["services"][1]["properties"][0]
        self.make(root)
        self.assertEqual(self.run_action(2, 1), (0, []))

    def test_arguments_that_the_service_does_not_list(self):
        root = specs.make_fan()
        root["services"][1]["actions"][0].update({"in": [50], "out": [51]})
        self.make(root)
        self.assertEqual(
            self.run_action(2, 1, (50, "x")), (0, [{"piid": 51, "value": "51"}])
        )
