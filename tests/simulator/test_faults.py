# SPDX-License-Identifier: MIT
"""The names of faults, and devices that take only so many properties at once."""

import unittest

from miio_pure import PayloadError, packet, payload
from miio_pure.simulator import FAULTS, FakeDevice, is_fault

from ..support import TOKEN

PROPERTIES = {(2, piid): piid for piid in range(1, 10)}


class NamesTest(unittest.TestCase):
    def test_each_name_of_the_table(self):
        for name in FAULTS:
            self.assertTrue(is_fault(name.replace(" N", " 4")), name)
            self.assertEqual(is_fault(name), not name.startswith("at most"), name)

    def test_a_device_has_no_other_faults(self):
        for faults in (["wrong_token"], ["at most N"], "deaf"):
            with self.assertRaisesRegex(ValueError, "is not a fault; see FAULTS"):
                FakeDevice(TOKEN, faults=faults)

    def test_other_names(self):
        for name in (
            "",
            "x",
            "at most",
            "at most ",
            "at most 0",
            "at most 000",
            "at most -1",
            "at most 4 ",
            "at most 4 loud",
            "at most 4 silent ",
            "at most \u0664",
            "at most 99999",
            "at most N",
        ):
            self.assertFalse(is_fault(name), name)


class LimitTest(unittest.TestCase):
    def ask(self, count, fault, method="get_properties", **options):
        """Return the text of the reply to one batch, or None."""
        faults = [fault] + options.pop("faults", [])
        self.device = FakeDevice(TOKEN, properties=PROPERTIES, faults=faults, **options)
        return self.ask_again(count, method)

    def ask_again(self, count, method="get_properties"):
        device = self.device
        params = [{"siid": 2, "piid": i, "value": 77} for i in range(1, count + 1)]
        request = payload.dump({"id": 1, "method": method, "params": params})
        fields = {"device_id": device.device_id, "stamp": 0}
        replies = device.handle(packet.encode(device.token, request, **fields), 0.0)
        texts = [packet.decode(reply, device.token).payload for reply in replies]
        return texts[-1] if texts else None

    def count_answers(self, *args):
        return len(payload.load(self.ask(*args))["result"])

    def test_as_many_as_it_takes(self):
        for name in FAULTS:
            if name.startswith("at most"):
                self.assertEqual(self.count_answers(4, name.replace(" N", " 4")), 4)

    def test_an_error(self):
        error = payload.load(self.ask(5, "at most 4"))["error"]
        self.assertEqual(error["code"], -9999)

    def test_silence(self):
        for repeats in ("act", "drop", "answer"):
            self.assertIsNone(self.ask(5, "at most 4 silent", repeats=repeats))
            self.assertIsNone(self.ask_again(5))

    def test_fewer_answers(self):
        self.assertEqual(self.count_answers(9, "at most 4 short"), 4)

    def test_an_answer_that_breaks_off(self):
        for count in range(5, 10):
            text = self.ask(count, "at most 4 cut")
            self.assertRaises(PayloadError, payload.load, text)

    def test_setting_is_limited_too(self):
        for way, changed in (("", 0), (" silent", 0), (" short", 4), (" cut", 9)):
            self.ask(9, "at most 4" + way, "set_properties")
            values = list(self.device.properties.values())
            self.assertEqual(values.count(77), changed, way)

    def test_other_methods_are_not(self):
        self.assertEqual(self.count_answers(9, "at most 4", "get_prop"), 9)

    def test_it_goes_together_with_the_other_faults(self):
        for other in filter(is_fault, FAULTS):
            if other not in ("deaf", "lose", "damage", "wrong token", "reject"):
                text = self.ask(9, "at most 4 cut", faults=[other])
                self.assertIn(b'"piid":1', text or b'"piid":1', other)
