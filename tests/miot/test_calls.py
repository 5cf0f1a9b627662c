# SPDX-License-Identifier: MIT
"""Reading, setting and running: what is sent, and what answers may look like."""

import unittest

from miio_pure import Client, DeviceError, MiioError, NoReply, PayloadError
from miio_pure.miot import Miot
from miio_pure.simulator import from_spec
from miio_pure.together import run_all

from ..support import TOKEN, specs
from ..support.memory import Network
from ..support.miot import DEVICE_ID, MiotCase


class ReadTest(MiotCase):
    def test_values_come_by_the_names_that_were_asked_for(self):
        self.assertEqual(
            self.miot.get("fan:on", "2.2", "target_temperature"),
            {"fan:on": False, "2.2": 1, "target_temperature": 23.0},
        )
        one = self.spec.property("fan:fan-level")
        self.assertEqual(self.miot.get(one), {"fan:fan-level": 1})

    def test_requests_call_the_device_by_its_id(self):
        self.miot.get("on")
        self.assertEqual(
            self.requests(), [[{"did": str(DEVICE_ID), "siid": 2, "piid": 1}]]
        )

    def test_outcomes_come_in_the_order_of_the_names(self):
        self.change("get_properties", lambda items: items[::-1])
        outcomes = self.miot.read("2.7", "on", "fan:fan-level", "fan:on")
        self.assertEqual([one.value for one in outcomes], [23.0, False, 1, False])
        names = [one.name for one in outcomes]
        self.assertEqual(names[:2], ["fan:target-temperature", "fan:on"])
        self.assertEqual(
            [(one.siid, one.piid) for one in outcomes][2:], [(2, 2), (2, 1)]
        )
        self.assertEqual(outcomes[2].description, "Level1")
        self.assertEqual((outcomes[2].meaning, outcomes[2].is_done), ("", True))
        self.assertEqual(repr(outcomes[1]), "<Outcome fan:on code=0 value=False>")
        self.assertEqual(self.sizes(), [3])

    def test_status_reads_all_that_can_be_read(self):
        names = [one.name for one in self.miot.status()]
        self.assertEqual(
            names, ["fan:on", "fan:fan-level", "fan:status", "fan:target-temperature"]
        )

    def test_answers_without_did_count_and_strangers_do_not(self):
        def change(items):
            stranger = {"siid": 9, "piid": 1, "code": 0, "value": 7}
            wrong = {"siid": "2", "piid": 1, "code": 0, "value": 7}
            for item in items:
                del item["did"]
            return [stranger, wrong, 5, None, {}] + items

        self.change("get_properties", change)
        self.assertEqual(self.miot.get("on", "status"), {"on": False, "status": 50})

    def test_a_value_without_a_code_counts(self):
        self.answer("get_properties", [{"siid": 2, "piid": 1, "value": True}])
        self.assertEqual(self.miot.get("on"), {"on": True})

    def test_a_single_object_counts(self):
        self.answer("get_properties", {"siid": 2, "piid": 1, "code": 0, "value": True})
        self.assertEqual(self.miot.get("on"), {"on": True})

    def test_a_refused_property_has_a_code_and_no_value(self):
        self.answer(
            "get_properties", [{"siid": 2, "piid": 1, "code": -1000, "value": ""}]
        )
        (outcome,) = self.miot.read("on")
        self.assertEqual(
            (outcome.code, outcome.value, outcome.is_done), (-1000, None, False)
        )
        self.answer("get_properties", [{"siid": 2, "piid": 1, "code": -4001}])
        (outcome,) = self.miot.read("on")
        self.assertEqual(outcome.meaning, "this property cannot be read")
        error = self.refuse(DeviceError, self.miot.get, "on")
        self.assertIn("(this property cannot be read)", error)

    def test_what_tells_nothing_is_no_answer(self):
        right = {"siid": 2, "piid": 1, "code": 0, "value": True}
        for items in (
            [],
            ["ok"],
            [dict(right, code="0")],
            [dict(right, code=True)],
            [dict(right, code=None)],
            [dict(right, siid=3)],
            [dict(right, piid=None)],
            [{"siid": 2, "piid": 1, "code": 0}],
            [{"siid": 2, "piid": 1}],
            [right, dict(right, value=1)],
            [right, dict(right, code=-4004)],
        ):
            self.answer("get_properties", items)
            (outcome,) = self.miot.read("on")
            self.assertEqual((outcome.code, outcome.value), (None, None), items)
        self.assertIn("fan:on", self.refuse(MiioError, self.miot.get, "on"))

    def test_an_answer_that_comes_twice_counts(self):
        right = {"siid": 2, "piid": 1, "code": 0, "value": True}
        self.answer("get_properties", [right, dict(right, did="x")])
        self.assertEqual(self.miot.get("on"), {"on": True})

    def test_other_errors_are_raised(self):
        def refuse(params):
            raise DeviceError(-32602, "need did")

        self.device.methods["get_properties"] = refuse
        self.assertIn("need did", self.refuse(DeviceError, self.miot.get, "on", "2.2"))


class SetTest(MiotCase):
    def test_descriptions_become_values_and_all_goes_in_one_request(self):
        self.miot.set({"on": True, "fan.fan-level": "level 2", "2.7": 16.5})
        self.assertEqual(
            self.requests(),
            [
                [
                    {"did": str(DEVICE_ID), "siid": 2, "piid": 1, "value": True},
                    {"did": str(DEVICE_ID), "siid": 2, "piid": 2, "value": 2},
                    {"did": str(DEVICE_ID), "siid": 2, "piid": 7, "value": 16.5},
                ]
            ],
        )
        self.assertEqual(
            self.miot.get("on", "2.2", "2.7"), {"on": True, "2.2": 2, "2.7": 16.5}
        )

    def test_many_are_one_request_even_if_that_is_refused(self):
        self.connect(specs.parse(specs.make_wide(40)))
        values = {"2.%d" % i: i for i in range(1, 41)}
        self.miot.set(values)
        self.assertEqual(self.sizes(), [40])
        self.assertEqual(self.miot.get(*values), values)
        self.requests()
        self.device.faults.add("at most 4")
        self.assertIn("-9999", self.refuse(DeviceError, self.miot.set, values))
        self.assertEqual(self.sizes(), [40])

    def test_mistakes_are_found_before_anything_is_sent(self):
        for values, reason in (
            ({"on": 1}, "fan:on: expected true or false, not 1"),
            ({"status": 5}, "fan:status cannot be set: it can only be read"),
            ({"nothing": 5}, "the spec has no property nothing"),
            ({"fan-level": 1}, "may be any of 2.2 (fan:fan-level), 3.1"),
            ({"on": True, "2.7": 99}, "fan:target-temperature: expected 16.0 to 30.0"),
            ({"on": True, "2.1": False}, "a property is given twice, under two names"),
        ):
            self.assertIn(reason, self.refuse(ValueError, self.miot.set, values))
        for work, name in ((self.miot.get, "3.1"), (self.miot.run, "dance")):
            self.refuse(ValueError, work, name)
        self.assertEqual(self.wire.sent, [])

    def test_nothing_to_set_sends_nothing(self):
        self.assertEqual(self.miot.write({}), [])
        self.assertEqual((self.miot.read(), self.wire.sent), ([], []))

    def test_arguments_that_make_no_sense(self):
        for size in (0, -1):
            self.assertRaises(ValueError, Miot, self.miot.client, max_batch=size)
        for spec in (None, self.spec):
            miot = Miot(self.miot.client, spec)
            self.assertRaisesRegex(TypeError, "a name is a str", miot.get, 5)
            self.assertRaisesRegex(TypeError, "a name is a str", miot.set, {5: 5})
            self.assertRaisesRegex(TypeError, "a name is a str", miot.run, 5)
        self.assertEqual(self.wire.sent, [])

    def test_what_stands_for_done(self):
        for result in (0, "ok", ["ok"], [{"siid": 2, "piid": 1, "code": 0}]):
            self.answer("set_properties", result)
            self.miot.set({"on": True})
        self.answer("set_properties", [{"siid": 2, "piid": 1, "code": 1}])
        (outcome,) = self.miot.write({"on": True})
        self.assertEqual(
            (outcome.code, outcome.is_done, outcome.value), (1, True, True)
        )

    def test_what_does_not(self):
        right = {"siid": 2, "piid": 1, "code": 0}
        for result in (
            [],
            None,
            False,
            0.0,
            -1,
            ["ok", "ok"],
            [dict(right, piid=2)],
            [dict(right, code="0")],
            [right, dict(right, code=-4004)],
            [{"siid": 2, "piid": 1, "value": True}],
        ):
            self.answer("set_properties", result)
            (outcome,) = self.miot.write({"on": True})
            self.assertEqual((outcome.code, outcome.is_done), (None, False), result)
            error = self.refuse(MiioError, self.miot.set, {"on": True})
            self.assertIn("fan:on", error)

    def test_refusals_are_matched_by_number(self):
        self.answer(
            "set_properties",
            [{"siid": 2, "piid": 7, "code": -4005}, {"siid": 2, "piid": 1, "code": 0}],
        )
        outcomes = self.miot.write({"on": True, "2.7": 20})
        self.assertEqual([one.code for one in outcomes], [0, -4005])
        error = self.refuse(DeviceError, self.miot.set, {"on": True, "2.7": 20})
        self.assertRegex(error, "-4005 .*fan:target-temperature.* .the value is out")


class RunTest(MiotCase):
    def test_arguments_and_results(self):
        self.assertEqual(self.miot.run("set-level", "level 2", 20), [50])
        (params,) = self.requests()
        self.assertEqual(
            params,
            {
                "did": str(DEVICE_ID),
                "siid": 2,
                "aiid": 2,
                "in": [{"piid": 2, "value": 2}, {"piid": 7, "value": 20}],
            },
        )
        self.assertEqual(self.miot.run("toggle"), [])
        self.assertEqual(self.miot.run(self.spec.action("custom:say"), "hi"), ["text"])

    def test_forms_of_reply(self):
        for result, values in (
            (["ok"], []),
            ("ok", []),
            (0, []),
            ({"code": 0}, []),
            ({"code": 1, "out": None}, []),
            ({"code": 0, "out": [1, [2]]}, [1, [2]]),
            ({"out": [{"piid": 1, "value": 5}, {"piid": 2}]}, [5, {"piid": 2}]),
            ([{"siid": 2, "aiid": 1, "code": 0, "out": [{"value": None}]}], [None]),
        ):
            self.answer("action", result)
            self.assertEqual(self.miot.run("toggle"), values, result)

    def test_refusals(self):
        self.answer("action", {"code": -4006})
        error = self.refuse(DeviceError, self.miot.run, "toggle")
        self.assertRegex(error, "-4006 .*fan:toggle.* .the action was given the wrong")

    def test_replies_that_do_not_say_whether_it_ran(self):
        for result in ({}, [], None, 5, [{}, {}], [5], {"code": "0"}, {"code": True}):
            self.answer("action", result)
            error = self.refuse(PayloadError, self.miot.run, "toggle")
            self.assertIn("fan:toggle: the device did not say whether", error)


class NumbersTest(MiotCase):
    """Without a spec, names are numbers, and the device judges."""

    def setUp(self):
        super().setUp()
        self.miot.spec = None

    def test_reading_and_setting(self):
        self.miot.set({"2.1": True, "2:7": 20.5})
        self.assertEqual(self.miot.get("2.1", "2:7"), {"2.1": True, "2:7": 20.5})
        (outcome,) = self.miot.read("2:6")
        self.assertEqual((outcome.name, outcome.description), ("2.6", ""))
        error = self.refuse(DeviceError, self.miot.set, {"2.1": 1})
        self.assertRegex(error, r"-4005 .*\b2\.1\b")

    def test_running(self):
        level, heat = {"piid": 2, "value": 2}, {"piid": 7, "value": 20}
        self.assertEqual(self.miot.run("2.2", level, heat), [50])
        error = self.refuse(DeviceError, self.miot.run, "2.9")
        self.assertRegex(error, r"-4003 .*\b2\.9\b")

    def test_names_are_refused(self):
        for work in (self.miot.get, self.miot.run):
            error = self.refuse(ValueError, work, "fan:on")
            self.assertEqual(error, "without a spec, a name is a number such as 2.1")
        self.assertIn("status needs a spec", self.refuse(ValueError, self.miot.status))


class DidTest(MiotCase):
    def find(self, **options):
        self.connect(self.spec, **options)
        self.miot.read("on")
        *_, (item,) = self.requests()
        return item["did"]

    def test_it_is_the_device_id_without_a_filled_high_word(self):
        self.assertEqual(self.find(device_id=0x10BEEF), "1097455")
        self.assertEqual(self.find(device_id=7, high_word=16), "7")
        self.assertEqual(self.find(device_id=1 << 60), str(1 << 60))

    def test_it_is_asked_for_once(self):
        self.miot.read("on")
        self.miot.read("on")
        hellos = [sent for sent in self.wire.sent if len(sent) == 32]
        self.assertEqual(len(hellos), 1)

    def test_it_can_be_given(self):
        self.assertEqual(self.find(did="lumi.1"), "lumi.1")

    def test_the_repr_names_the_client(self):
        self.assertRegex(repr(self.miot), "<Miot of <.*MemoryClient")


class ManyTest(unittest.TestCase):
    """The status of many devices, which are read at the same time."""

    def setUp(self):
        self.spec = specs.parse(specs.make_fan())
        self.devices = {
            "192.0.2.%d" % number: from_spec(self.spec, TOKEN, device_id=number)
            for number in range(1, 11)
        }
        self.network = Network(self.devices)
        clients = [Client(address, TOKEN) for address in self.devices]
        self.fans = [Miot(client, self.spec) for client in clients]

    def read(self):
        """Return what became of each device, by its address."""
        plans = [(fan.client, fan.plan_status()) for fan in self.fans]
        with self.network.under():
            outcomes = list(run_all(plans))
        self.assertEqual(len(outcomes), len(self.fans))
        return {client.host: outcome for client, outcome in outcomes}

    def test_each_device_has_an_outcome_of_its_own(self):
        def refuse(params):
            raise DeviceError(-32601, "method not found")

        self.devices["192.0.2.3"].faults.add("deaf")
        self.devices["192.0.2.7"].methods["get_properties"] = refuse
        outcomes = self.read()
        self.assertIsInstance(outcomes.pop("192.0.2.3"), NoReply)
        self.assertEqual(outcomes.pop("192.0.2.7").code, -32601)
        self.assertEqual(len(outcomes), 8)
        for outcome in outcomes.values():
            values = {one.name: one.value for one in outcome}
            self.assertEqual(values["fan:status"], 50)
            self.assertEqual(len(values), len(self.spec.readable()))

    def test_a_device_that_ignores_batches_is_read_one_by_one(self):
        for device in self.devices.values():
            device.faults.add("at most 1 silent")
        outcomes = self.read()
        self.assertEqual({type(one) for one in outcomes.values()}, {list})
        self.assertEqual({fan.max_batch for fan in self.fans}, {1})

    def test_where_there_is_too_little_time_the_next_read_goes_on_from_there(self):
        fan = self.fans[0]
        self.devices[fan.client.host].faults.add("deaf")
        with self.network.under():
            ((_, outcome),) = run_all([(fan.client, fan.plan_status())], 1.0)
        self.assertIsInstance(outcome, NoReply)
        self.devices[fan.client.host].faults = {"at most 1 silent"}
        with self.network.under():
            ((_, outcome),) = run_all([(fan.client, fan.plan_status())], 1.0)
        self.assertTrue(isinstance(outcome, list) or outcome.sent)
        self.assertEqual(fan.max_batch, 1)

    def test_ten_devices_take_no_longer_than_one(self):
        start = self.network.time
        self.read()
        self.assertAlmostEqual(self.network.time - start, 0.1, 2)

    def test_it_takes_a_spec(self):
        fan = Miot(self.fans[0].client)
        self.assertRaisesRegex(ValueError, "status needs a spec", fan.plan_status)
