# SPDX-License-Identifier: MIT
"""MD5 and JSON are the same by whichever way this Python has them."""

import hashlib
import importlib.util
import sys
import unittest
from unittest import mock

from miio_pure import host

from .support import run_python

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"


def load(**modules):
    """Import the module anew, with these modules in the place of the real ones."""
    spec = importlib.util.find_spec("miio_pure.host")
    module = importlib.util.module_from_spec(spec)
    with mock.patch.dict(sys.modules, modules):
        if "hashlib" not in modules:
            sys.modules.pop("hashlib", None)
        spec.loader.exec_module(module)
    return module


class Md5Test(unittest.TestCase):
    def check(self, module):
        self.assertEqual(module.md5(b"").hexdigest(), EMPTY)

    def test_without_the_c_module(self):
        self.check(load())
        self.check(load(_md5=None, hashlib=hashlib))
        if importlib.util.find_spec("_hashlib"):
            self.check(load(_md5=None))

    def test_md5_that_is_allowed_if_not_for_security(self):
        def md5(data=b"", *, usedforsecurity=True):
            if usedforsecurity:
                raise ValueError("disabled for FIPS")
            return host.md5(data)

        self.check(load(_md5=None, hashlib=mock.Mock(spec=["md5"], md5=md5)))

    def test_an_old_hashlib_knows_no_such_argument(self):
        def md5(data):
            return host.md5(data)

        self.check(load(_md5=None, hashlib=mock.Mock(spec=["md5"], md5=md5)))

    def test_nothing_left(self):
        def md5(data=b"", **options):
            raise ValueError("disabled for FIPS")

        self.assertIsNone(load(_md5=None, _hashlib=None).md5)
        for fake in (None, mock.Mock(spec=[]), mock.Mock(spec=["md5"], md5=md5)):
            refused = mock.Mock(spec=["md5"], md5=md5)
            self.assertIsNone(load(_md5=refused, hashlib=fake).md5)


def find_codecs():
    """Return (parse, write) for each way in which this Python reads and writes JSON."""
    codecs = [host.load_json()]
    try:
        codecs.append(host.load_c_json())
    except ImportError:
        pass
    return codecs


class JsonTest(unittest.TestCase):
    def test_values_come_back(self):
        for parse, write in find_codecs():
            for value in (
                None,
                True,
                -5,
                1 << 70,
                1.5,
                -1e300,
                "",
                '\u0434\U0001f600\u2028\0"\\',
                [],
                {},
                [[1], {"a": {"b": [None]}}],
            ):
                text = write(value)
                self.assertEqual(parse(text), value)
                text.encode("ascii")
            self.assertEqual(write({"a": (1, 2)}), '{"a":[1,2]}')

    def test_blanks_around_are_allowed(self):
        for parse, _ in find_codecs():
            self.assertEqual(parse(' \t\r\n{ "a" : [ 1 , 2 ] }\n '), {"a": [1, 2]})

    def test_what_is_not_json_is_located(self):
        for parse, _ in find_codecs():
            for text, position in (
                ("", 0),
                ("[1,", 3),
                ("[1 2]", 3),
                ('{"a" 1}', 5),
                ("{1:2}", 1),
                ("[nan]", 1),
                ("[01]", 2),
                ('"a\nb"', 2),
                ("[] x", 3),
                ("\ufeff[]", 0),
            ):
                with self.assertRaises(host.NotJSON, msg=text) as caught:
                    parse(text)
                found = caught.exception.position
                if sys.implementation.name == "cpython":
                    self.assertEqual(found, position, text)
                self.assertLessEqual(abs(found - position), 1, text)
                self.assertTrue(caught.exception.reason)

    def test_numbers_that_json_could_not_say_again(self):
        for parse, _ in find_codecs():
            for text in ("[1e999]", "[-1e999]", "[NaN]", "[-Infinity]"):
                self.assertRaises(ValueError, parse, text)

    def test_what_json_cannot_say(self):
        circle = []
        circle.append(circle)
        for _, write in find_codecs():
            for value in (float("nan"), [float("inf")], circle):
                self.assertRaises(ValueError, write, value)
            for value in ({1}, b"x", {(1,): 2}):
                self.assertRaises(TypeError, write, value)
            # An error leaves nothing behind that would spoil the next call.
            self.assertEqual(write([1]), "[1]")

    def test_a_python_without_the_c_half(self):
        self.assertEqual(load(_json=None).parse("[1]"), [1])
        changed = mock.Mock(make_encoder=mock.Mock(side_effect=TypeError))
        self.assertEqual(load(_json=changed).write([1]), "[1]")

    def test_a_c_half_that_cannot_raise_its_error(self):
        """Up to 3.11, where json is not imported yet; and where it cannot be."""
        errors = [SystemError, ImportError, SystemError]

        def scan(text, start):
            if text == "[1 2]" and errors:
                raise errors.pop()
            return [1.5], len(text)

        half = mock.Mock(make_scanner=lambda rules: scan)
        half.make_encoder.return_value.return_value = ()
        module = load(_json=half)
        with mock.patch.dict(sys.modules, json=None):
            for _ in range(2):
                with self.assertRaises(module.NotJSON) as caught:
                    module.parse("[1 2]")
                self.assertEqual(caught.exception.reason, "not valid")
        self.assertEqual(module.parse("[1 2]"), [1.5])

    @unittest.skipIf(sys.implementation.name != "cpython", "needs CPython")
    def test_a_python_without_json_reads_and_writes(self):
        """As Debian's smallest up to 3.11; and clean JSON never imports json."""
        script = (
            "import sys; sys.modules['json'] = None\n"
            "from miio_pure import host\n"
            "print(host.write(host.parse('[1]')))\n"
            "try: host.parse('[1 2]')\n"
            "except host.NotJSON as error: print(error.reason)"
        )
        self.assertEqual(run_python("-c", script), (0, "[1]\nnot valid\n", ""))
