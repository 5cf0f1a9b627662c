# SPDX-License-Identifier: MIT
"""What a property takes, and how the error says what would be right."""

import unittest

from miio_pure.miot import Values

from ..support import TOKEN

INFINITY = float("inf")


class ValuesCase(unittest.TestCase):
    def accept(self, values, *pairs):
        """Each value is sent as the other one of its pair, which has the same type."""
        for given, sent in pairs:
            checked = values.check(given)
            self.assertEqual((checked, type(checked)), (sent, type(sent)), given)

    def refuse(self, values, *wrong):
        """Return the error of the last of these values."""
        for value in wrong:
            with self.assertRaises(ValueError, msg=value) as caught:
                values.check(value)
        return str(caught.exception)


class FormatTest(ValuesCase):
    def test_whole_numbers_have_the_limits_of_their_format(self):
        for format, least, most in (
            ("uint8", 0, 255),
            ("uint16", 0, 65535),
            ("uint32", 0, 4294967295),
            ("uint64", 0, 18446744073709551615),
            ("int8", -128, 127),
            ("int16", -32768, 32767),
            ("int32", -2147483648, 2147483647),
            ("int64", -9223372036854775808, 9223372036854775807),
        ):
            values = Values(format)
            self.accept(values, (least, least), (most, most), (5.0, 5))
            error = self.refuse(
                values, least - 1, True, None, "5", [5], INFINITY, 0.5, most + 1
            )
            self.assertIn("expected %d to %d, not " % (least, most), error)

    def test_bool(self):
        self.accept(Values("bool"), (True, True), (False, False))
        error = self.refuse(Values("bool"), "true", None, 0.0, 1)
        self.assertEqual(error, "expected true or false, not 1")

    def test_float(self):
        self.accept(Values("float"), (0.5, 0.5), (-3, -3), (1e300, 1e300))
        error = self.refuse(Values("float"), "1", None, float("nan"), INFINITY, True)
        self.assertEqual(error, "expected a number, not true or false")

    def test_string_and_hex(self):
        self.accept(Values("string"), ("", ""), ("\u0434 x", "\u0434 x"))
        self.accept(Values("hex"), ("00fF", "00fF"))
        self.assertIn("expected a text", self.refuse(Values("string"), None, {}, 5))
        self.assertIn("expected hex digits", self.refuse(Values("hex"), 5, "0x", "g"))

    def test_the_device_judges_what_nobody_has_described(self):
        values = Values("tlv8")
        self.accept(values, ([1], [1]), ("x", "x"), (None, None))
        self.assertEqual(values.describe(), "a value of the format tlv8")


class LimitsTest(ValuesCase):
    def test_whole_steps(self):
        values = Values("uint8", "percentage", (10, 100, 5))
        self.accept(values, (10, 10), (100, 100), (55, 55), (55.0, 55))
        error = self.refuse(values, 9, 101, 105, 55.5, 56)
        self.assertEqual(error, "expected 10 to 100 in steps of 5 (percentage), not 56")

    def test_floats_in_the_range_of_whole_numbers(self):
        values = Values("uint8", "", (0.0, 100.0, 2.0))
        self.accept(values, (0, 0), (98, 98), (98.0, 98))
        self.refuse(values, 99, -2, 102, 0.5)

    def test_whole_numbers_in_the_range_of_floats(self):
        self.accept(Values("float", "", (0, 10, 1)), (3, 3), (3.0, 3.0))
        self.refuse(Values("float", "", (0, 10, 1)), 3.5)

    def test_steps_that_no_float_can_say(self):
        values = Values("float", "celsius", (16.0, 30.0, 0.1))
        for tenth in range(141):
            self.accept(values, (16 + tenth / 10, 16 + tenth / 10))
        self.refuse(values, 16.05, 15.9, 30.1)

    def test_a_step_of_0_is_none(self):
        self.accept(Values("float", "", (0, 1, 0)), (0.123, 0.123), (1, 1))
        self.accept(Values("uint8", "", (0, 9, 0)), (3, 3))
        self.assertEqual(Values("uint8", "", (0, 9, 0)).describe(), "0 to 9")

    def test_more_steps_than_a_float_can_count(self):
        self.accept(Values("float", "", (-1e99, 1e99, 1e-300)), (1e98, 1e98))
        self.accept(Values("int64", "", (0.0, 1e99, 1.0)), (10**98, 10**98))


class ChoicesTest(ValuesCase):
    def setUp(self):
        self.values = Values(
            "uint8", "", None, [(0, "Auto Mode"), (1, "Sleep"), (2, ""), (3, "sleep")]
        )

    def test_by_value(self):
        self.accept(self.values, (0, 0), (2, 2), (1.0, 1))
        error = self.refuse(self.values, 4, None, True, "", [0])
        self.assertEqual(
            error,
            "expected 0 (Auto Mode), 1 (Sleep), 2, 3 (sleep), not a list, an object or "
            "null",
        )

    def test_by_description_in_any_spelling(self):
        for text in ("Auto Mode", "auto mode", " AUTO_MODE", "auto-mode"):
            self.accept(self.values, (text, 0))

    def test_a_description_that_stands_for_two_values(self):
        error = self.refuse(self.values, "Sleep")
        self.assertEqual(error, "this may be any of 1, 3: use the number")

    def test_a_value_that_is_listed_twice(self):
        values = Values("uint8", "", None, [(1, "On"), (1, "on"), (2, "Off")])
        self.accept(values, (1, 1), ("on", 1))

    def test_a_list_that_has_floats_for_whole_numbers(self):
        self.accept(Values("uint8", "", None, [(1.0, "Low")]), (1, 1), ("low", 1))

    def test_names(self):
        self.assertEqual(self.values.name(1), "Sleep")
        for value in (2, 9, None, True, "x"):
            self.assertEqual(self.values.name(value), "")

    def test_a_long_list_is_not_shown_in_full(self):
        values = Values("uint8", "", None, [(i, "") for i in range(50)])
        self.assertTrue(values.describe().endswith(", 38, 39, ..."))


class SecretTest(ValuesCase):
    def test_what_may_be_a_token_is_not_repeated(self):
        values = Values("uint8", "", (1, 5, 1))
        for value, shown in (
            (6, "6"),
            (0.25, "0.25"),
            (10**31, "a larger number"),
            (1e31, "a larger number"),
            (1e10 + 0.5, "such a number"),
            (TOKEN, "this text"),
            (None, "a list, an object or null"),
        ):
            error = self.refuse(values, value)
            self.assertEqual(error, "expected 1 to 5, not " + shown)
