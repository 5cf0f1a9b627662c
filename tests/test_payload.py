# SPDX-License-Identifier: MIT
"""JSON, clean and dirty."""

import json
import unittest

from miio_pure import PayloadError, payload

from .support import vectors

# What devices write, what is meant, and the names of the repairs.
DIRTY = (
    ('{"a":1}\0k\x07', {"a": 1}, ["bytes after the NUL"]),
    ('{"a":1}\0{"b":2}', {"a": 1}, ["bytes after the NUL"]),
    ('{"id":1,,"b":0}', {"id": 1, "b": 0}, ["repeated comma"]),
    ('{,"a":1,,,"b":0,,}', {"a": 1, "b": 0}, ["extra comma", "repeated comma"]),
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
        ["missing value", "repeated comma"],
    ),
    ('{"a":[1,],}', {"a": [1]}, ["extra comma"]),
    (
        '{"a":[1 , , ] , }',
        {"a": [1, None]},
        ["missing value", "extra comma"],
    ),
    ('{"a":,}', {"a": None}, ["missing value", "extra comma"]),
    ('{"a":,,"b":1}', {"a": None, "b": 1}, ["missing value", "repeated comma"]),
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
)


def load(text):
    """(value, names of the repairs) of what a device wrote."""
    repairs = []
    data = text if isinstance(text, bytes) else text.encode()
    return payload.load(data, repairs), repairs


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
        for dirty, clean, names in DIRTY:
            with self.subTest(dirty=dirty):
                self.assertEqual(load(dirty), (clean, names))

    def test_nothing_is_repaired_inside_strings(self):
        inside = r",,[,,],}:,[net]nan 00 \"\\"
        value, names = load('{"a":"%s",,"b":1}' % inside)
        self.assertEqual(
            (value["a"], names), (json.loads('"%s"' % inside), ["repeated comma"])
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
