# SPDX-License-Identifier: MIT
"""JSON, clean and dirty."""

import json
import unittest

from miio_pure import PayloadError, payload

from .support import TOKEN, vectors


def load(text):
    """(value, names of the repairs) of what a device wrote."""
    repairs = []
    data = text if isinstance(text, bytes) else text.encode()
    return payload.load(data, repairs), repairs


def load_typed(text):
    """The same of what somebody typed."""
    repairs = []
    return payload.load_typed(text, repairs), repairs


class LoadTest(unittest.TestCase):
    def test_strict_json_is_left_alone(self):
        for text in (
            "{}",
            '{"a":[1,-2.5e3,true,false,null,"x,,y[,"]}',
            ' {"a" : "\\u00e9\\"" }\n',
            '{"a":1}\0',
            '{"a":1}\0\0\0',
            '{"a":"\\ud800"}',
            '{"a":1,"a":2}',
        ):
            self.assertEqual(load(text), (json.loads(text.rstrip("\0")), []))

    def test_repairs(self):
        for dirty, clean, names in (
            ('{"a":1}\0k\x07', {"a": 1}, ["bytes after the NUL"]),
            ('{"a":1}\0{"b":2}', {"a": 1}, ["bytes after the NUL"]),
            ('{"id":1,,"b":0}', {"id": 1, "b": 0}, ["extra comma"]),
            ('{,"a":1,,,"b":0,,}', {"a": 1, "b": 0}, ["extra comma"]),
            (',{"a":1}', {"a": 1}, ["extra comma"]),
            ('{"a":["on",,33]}', {"a": ["on", None, 33]}, ["missing value"]),
            ('{"a":[,1]}', {"a": [None, 1]}, ["missing value"]),
            ('{"a":[,]}', {"a": [None]}, ["missing value", "extra comma"]),
            (
                '{"a":[{},,{},,,{}]}',
                {"a": [{}, None, {}, None, None, {}]},
                ["missing value"],
            ),
            ('{"a":[[1,,2],{"b":1,,"c":[,2]}]}',)
            + (
                {"a": [[1, None, 2], {"b": 1, "c": [None, 2]}]},
                ["missing value", "extra comma"],
            ),
            ('{"a":[1,],}', {"a": [1]}, ["extra comma"]),
            (
                '{"a":[1 , , ] , }',
                {"a": [1, None]},
                ["missing value", "extra comma"],
            ),
            ('{"a":,}', {"a": None}, ["missing value", "extra comma"]),
            ('{"a":,,"b":1}', {"a": None, "b": 1}, ["missing value", "extra comma"]),
            (
                '{"a":00,"b":06,"c":-007,"d":000.50,"e":0}',
                {"a": 0, "b": 6, "c": -7, "d": 0.5, "e": 0},
                ["leading zero"],
            ),
            ('{"result":,"b":1}', {"result": None, "b": 1}, ["missing value"]),
            ('{"result":}', {"result": None}, ["missing value"]),
            ('{"a":[net]}', {"a": ["net"]}, ["bare word"]),
            ("{a:1}", {"a": 1}, ["bare word"]),
            (
                '{"a":True,"b":None,"c":[FALSE,Null]}',
                {"a": True, "b": None, "c": [False, None]},
                ["misspelt word"],
            ),
            ('{"a":[e5,E12,_x]}', {"a": ["e5", "E12", "_x"]}, ["bare word"]),
            ('{e1:"it\\\'s"}', {"e1": "it's"}, ["bare word", "escaped apostrophe"]),
            ('{"a":[01.5,-010]}', {"a": [1.5, -10]}, ["leading zero"]),
            ('{"a":NaN}', {"a": None}, ["nan"]),
            (
                '{"a":nan,"b":NaN,"c":-Infinity}',
                {"a": None, "b": None, "c": None},
                ["nan"],
            ),
            (
                '{"a":"x\ny\tz\x01"}',
                {"a": "x\ny\tz\x01"},
                ["control character in a string"],
            ),
            (b'{"a":"\xff\xfe"}', {"a": "\ufffd\ufffd"}, ["invalid UTF-8"]),
            ("", {}, ["empty payload"]),
            ("\0", {}, ["empty payload"]),
            (" \0xyz", {}, ["bytes after the NUL", "empty payload"]),
            (
                '{"a":[00,,nan],"b":"\n"}\0x',
                {"a": [0, None, None], "b": "\n"},
                [
                    "leading zero",
                    "missing value",
                    "nan",
                    "control character in a string",
                    "bytes after the NUL",
                ],
            ),
        ):
            with self.subTest(dirty=dirty):
                self.assertEqual(load(dirty), (clean, names))

    def test_nothing_is_repaired_inside_strings(self):
        inside = r",,[,,],}:,[net]nan 00 \"\\"
        value, names = load('{"a":"%s",,"b":1}' % inside)
        self.assertEqual(
            (value["a"], names), (json.loads('"%s"' % inside), ["extra comma"])
        )

    def test_what_cannot_be_repaired(self):
        for text in (
            '{"a":1',
            "{",
            "}",
            "[",
            "]",
            '{"a"',
            '{"a":"x',
            '{"a":"x\\',
            '{"a" "b"}',
            '{"a":1}x',
            '{"a":"\\x"}',
            "{{}}",
            "[1]",
            "null",
            "3",
            '"x"',
            "true",
            '{"a":]}',
            '{"a":0a1b}',
            '{"a":5O}',
            '{"a":-}',
            '{"a":.5}',
            '{"a":-e3}',
            '{"a":"\\u-001"}',
            '{"a":+5}',
            '{"a":1e999}',
            '{"a":1.2.3}',
            "{1:2}",
            "{'a':1}",
            '{"a":1},',
            '{"a",,"b":1}',
            "[" * 100000,
            '{"a":' * 100000,
            ("[" * 20000 + ",,") * 2,
        ):
            with self.subTest(text=text[:20]), self.assertRaises(
                PayloadError
            ) as caught:
                load(text)
            self.assertEqual(caught.exception.payload, text.encode())
            self.assertEqual(str(caught.exception), caught.exception.args[0])

    def test_no_number_is_too_long(self):
        try:
            value, _ = load('{"a":%s}' % ("9" * 60000))
        except PayloadError:
            return
        self.assertIn(
            type(value["a"]), (int, str)
        )  # from Python 3.11 on, too long for an int

    def test_place_of_an_error_is_that_of_the_source(self):
        for text, place in (
            ('{"a":1,,\n "b" 2}', "line 2 column 6"),
            ('{"a":1', "line 1 column 6"),
            ('{"a":00 "b"}', "line 1 column 9"),
        ):
            with self.assertRaisesRegex(PayloadError, place):
                load(text)

    def test_nested_too_deeply(self):
        for text in (b'{"a":%b' % (b"[" * 100000), b'{,"a":%b' % (b"[" * 100000)):
            with self.assertRaisesRegex(PayloadError, "too deeply"):
                payload.load(text)

    def test_vectors(self):
        loaded = 0
        for case in vectors()["packets"]:
            if "plaintext_hex" not in case:
                continue
            try:
                value, repairs = load(bytes.fromhex(case["plaintext_hex"]))
            except PayloadError:
                self.assertIn(
                    case["name"],
                    (
                        "invalid json must raise",
                        'eip/miio2mqtt miio/packet_test.go "Sample Packet"',
                    ),
                )
                continue
            loaded += 1
            self.assertEqual(value, case.get("decoded", value))
        self.assertGreater(loaded, 45)


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
            ('{"a":1,,,"b":[2],,"c":3}', {"a": 1, "b": [2], "c": 3}, ["extra comma"]),
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
        self.assertEqual(payload.load_typed("{a:1}"), {"a": 1})

    def test_what_has_two_readings_is_refused(self):
        for text, column, reason in (
            ('{"a":[1,,3]}', 9, "a value is missing"),
            ('{"a":[,3]}', 7, "a value is missing"),
            ('{"a":[1,]}', 8, "take it out"),
            ('{"a":1,}', 7, "take it out"),
            ('{"a":1,,}', 7, "take it out"),
            ('{,"a":1}', 2, "take this comma out"),
            (',{"a":1}', 1, "take this comma out"),
            ('{"a":,}', 6, "a value is missing"),
            ('{"a":}', 6, "a value is missing"),
            ('{"a":[16,000]}', 10, "without leading zeros"),
            ('{"a":-007}', 6, "without leading zeros"),
            ('{"a":FALSE}', 6, "write false instead of FALSE"),
            ('{"a":True}', 6, "write true instead of True"),
            ('{"a":None}', 6, "write null instead of None"),
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
            ("", 1, "nothing here"),
            (" [1]", 2, "found a list"),
            ("on", 1, "expected a JSON object"),
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
            payload.load_typed(text)
        self.assertIsInstance(caught.exception.payload, bytes)
        lines = str(caught.exception).split("\n")
        self.assertEqual(len(lines), 3)
        self.assertTrue("".join(lines).isprintable())
        return lines

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


class DumpTest(unittest.TestCase):
    def test_compact_ascii(self):
        self.assertEqual(
            payload.dump({"id": 1, "p": ["\u00e9", 1.5, None]}),
            b'{"id":1,"p":["\\u00e9",1.5,null]}',
        )

    def test_what_json_cannot_say(self):
        loop = []
        loop.append(loop)
        deep = []
        for _ in range(100000):
            deep = [deep]
        for value in (float("nan"), float("inf"), loop, deep):
            self.assertRaises(ValueError, payload.dump, value)
        for value in ({1, 2}, b"x", object(), {(1, 2): 3}):
            self.assertRaises(TypeError, payload.dump, value)
        while deep:
            deep = deep.pop()  # else old Pythons take it apart recursively
