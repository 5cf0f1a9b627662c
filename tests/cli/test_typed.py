# SPDX-License-Identifier: MIT
"""JSON that somebody typed: what is mended, and what is refused with a caret."""

import io
import json
import unittest
from unittest import mock

from miio_pure import PayloadError
from miio_pure.cli import typed
from miio_pure.cli.status import UsageError

from ..support import TOKEN


def load_typed(text):
    """Return (value, names of the repairs)."""
    repairs = []
    return typed.load_typed(text, repairs), repairs


class LoadTypedTest(unittest.TestCase):
    def test_strict_json_is_left_alone(self):
        for text in (
            "{}",
            '{"a":[1,-2.5e3,true,false,null,"x,,y[,"]}',
            ' {"a" : "\\u00e9\\""\t}\r\n',
            '{"a":"\\ud800 \u00e9"}',
        ):
            self.assertEqual(load_typed(text), (json.loads(text), []))

    def test_repairs_with_a_single_reading(self):
        for dirty, clean, names in (
            (
                '{"a":1,,,"b":[2],,"c":3}',
                {"a": 1, "b": [2], "c": 3},
                ["repeated comma"],
            ),
            ("{method: get_prop}", {"method": "get_prop"}, ["bare word"]),
            ("{'a':[]}", {"a": []}, ["single quotes"]),
            (
                """{'id':1,'method':"it's",'params':['say "hi"','don\\'t', true]}""",
                {"id": 1, "method": "it's", "params": ['say "hi"', "don't", True]},
                ["single quotes"],
            ),
            (
                "{a:['\\u00e9\\n', e5, on]}",
                {"a": ["\u00e9\n", "e5", "on"]},
                ["bare word", "single quotes"],
            ),
        ):
            with self.subTest(dirty=dirty):
                self.assertEqual(load_typed(dirty), (clean, names))
        self.assertEqual(typed.load_typed("{a:1}"), {"a": 1})
        self.assertEqual(load_typed("['power']"), (["power"], ["single quotes"]))
        self.assertEqual(load_typed(" [power]"), (["power"], ["bare word"]))

    def test_what_has_two_readings_is_refused(self):
        for text, column, reason in (
            ('{"a":[1,,3]}', 9, "a value is missing"),
            ('{"a":[,3]}', 7, "a value is missing"),
            ('{"a":[1,]}', 8, "take this comma out"),
            ('{"a":1,}', 7, "take this comma out"),
            ('{"a":1,,}', 7, "take this comma out"),
            ('{,"a":1}', 2, "take this comma out"),
            (',{"a":1}', 1, "take this comma out"),
            ('{"a":,}', 6, "a value is missing"),
            ('{"a":}', 6, "a value is missing"),
            ('{"a":[16,000]}', 10, "without leading zeros"),
            ('{"a":-007}', 6, "without leading zeros"),
            ('{"a":FALSE}', 6, "write true, false and null"),
            ('{"a":True}', 6, "write true, false and null"),
            ('{"a":None}', 6, "write true, false and null"),
            ('{"a":NaN}', 6, "no such number"),
            ('{"a":-Infinity}', 6, "no such number"),
            ('{"a":1e999}', 6, "too large"),
            ('{"a":1e999,b:2}', 6, "too large"),
            ('{"a":1}\0', 8, "NUL"),
            ('{"a":"x\ty"}', 8, "escape"),
            ('{"a":"it\\\'s"}', 9, "backslash"),
            ('{"a":5O}', None, ""),
            ('{"a":0xff}', None, ""),
            ('{"a":+5}', None, ""),
            ('{"a":"x}', None, ""),
            ('{"a":1', None, ""),
            ('{"a" "b"}', None, ""),
            ('{"a":"\udcff"}', 7, "not a valid character"),
            ("", 1, "a value is missing here"),
            ("[1,]", 3, "take this comma out"),
            ("['power', True]", 11, "write true, false and null"),
            ("[" * 100000, 1, "too deeply"),
            ("{a:" + "[" * 100000, 1, "too deeply"),
        ):
            with self.subTest(text=text[:20]):
                what, _, caret = self.explain(text)
                self.assertIn(reason, what)
                if column:
                    self.assertTrue(what.endswith(": line 1 column %d" % column), what)
                    self.assertEqual(caret, " " * (column - 1) + "^")

    def explain(self, text):
        """The three lines of the error."""
        with self.assertRaises(PayloadError) as caught:
            typed.load_typed(text)
        self.assertIsInstance(caught.exception.payload, bytes)
        lines = str(caught.exception).split("\n")
        self.assertEqual(len(lines), 3)
        self.assertTrue("".join(lines).isprintable())
        return lines

    def test_an_argument_is_mended_with_a_warning(self):
        for text, value, said in (
            ("['power']", ["power"], "single quotes\n"),
            ("{a:1,,'b':2}", {"a": 1, "b": 2}, ": bare word, repeated comma, single "),
            ('{"a":1}', {"a": 1}, ""),
        ):
            with mock.patch("sys.stderr", io.StringIO()) as err:
                self.assertEqual(typed.read_typed("a value", text), value)
            if said:
                start = "warning: a value is not valid JSON; mended: "
                self.assertTrue(err.getvalue().startswith(start))
            self.assertIn(said, err.getvalue())

    def test_an_argument_that_cannot_be_mended_is_shown(self):
        with self.assertRaises(UsageError) as caught:
            typed.read_typed("a value", '{"a":1,}')
        self.assertEqual(caught.exception.excerpt, ['{"a":1,}', "      ^"])
        self.assertIn("a value is not valid JSON: take this", str(caught.exception))

    def test_the_line_is_shown(self):
        what, line, caret = self.explain('{"a": 1,\n "b": [,2],\n "c": 3}')
        self.assertIn("line 2 column 8", what)
        self.assertEqual((line, caret), (' "b": [,2],', "       ^"))

    def test_long_lines_are_cut(self):
        for before, after in ((0, 500), (500, 0), (500, 500), (20, 500), (500, 20)):
            text = '{"a":["%s",NaN,"%s"]}' % ("x" * before, "y" * after)
            _, line, caret = self.explain(text)
            self.assertLessEqual(len(line), 60)
            self.assertEqual(line[len(caret) - 1 :][:3], "NaN")

    def test_tokens_are_not_shown(self):
        for before in (0, 10, 40, 70):
            text = '{"t":"%s","x":"%s","a":NaN}' % (TOKEN.upper(), "x" * before)
            _, line, caret = self.explain(text)
            self.assertNotIn(TOKEN[-2:].upper() + '"', line)
            self.assertNotIn(TOKEN[:3].upper(), line)
            self.assertEqual(line[len(caret) - 1 :][:3], "NaN")
        for text in ('{"t":%s}' % TOKEN, '{"t":%s,}' % TOKEN[::-1], TOKEN, TOKEN[1:]):
            lines = self.explain(text)
            self.assertNotIn(TOKEN[4:20], "".join(lines))
            self.assertNotIn(TOKEN[::-1][4:20], "".join(lines))

    def test_the_caret_stands_below_wide_characters(self):
        for before, columns in (("\u65e5\u672c", 4), ("e\u0301", 1), ("\U0001f4a1", 2)):
            _, _, caret = self.explain('"%s" NaN' % before)
            self.assertEqual(len(caret), columns + len('"" ') + 1)
