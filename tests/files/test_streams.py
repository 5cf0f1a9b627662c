# SPDX-License-Identifier: MIT
"""Files that are made as they are read."""

import gzip
import io
import random
import sys
import unittest
import zlib
from unittest import mock

from miio_pure import MiioError
from miio_pure.aes import AES, pad
from miio_pure.files import streams
from miio_pure.files.effort import Effort, TooMuch

DATA = bytes(range(256)) * 1500


class StreamsTest(unittest.TestCase):
    def check_error(self, file, text):
        with self.assertRaisesRegex(MiioError, text):
            file.read()

    def test_a_part_ends_where_it_should(self):
        file = io.BytesIO(DATA)
        file.seek(5)
        self.assertEqual(streams.cut(file, 100000, Effort()).read(), DATA[5:100005])
        self.assertEqual(file.tell(), 100005)

    def test_a_part_of_a_shorter_file_is_an_error(self):
        self.check_error(streams.cut(io.BytesIO(DATA), 1 << 80, Effort()), "cut off")

    def test_a_deferred_file_is_opened_when_it_is_read(self):
        opened = mock.Mock(return_value=io.BytesIO(DATA))
        file = streams.defer(opened)
        opened.assert_not_called()
        self.assertEqual(file.read(), DATA)

    def test_decryption_undoes_encryption(self):
        key, iv = b"k" * 32, b"i" * 16
        for size in (0, 1, 16, 262143, 262144, len(DATA)):
            data = AES(key).encrypt_cbc(iv, pad(DATA[:size]))
            file = streams.decrypt(io.BytesIO(data), key, iv, Effort())
            self.assertEqual(file.read(), DATA[:size])

    def test_decryption_tells_what_is_cut_off(self):
        data = AES(b"k" * 16).encrypt_cbc(b"i" * 16, pad(DATA))
        for end in (-1, -16, -40):
            file = io.BytesIO(data[:end])
            self.check_error(
                streams.decrypt(file, b"k" * 16, b"i" * 16, Effort()), "cut off"
            )

    def test_gzip_may_have_several_members(self):
        packed = gzip.compress(DATA)
        for data, expected in (
            (packed, DATA),
            (packed + packed, DATA * 2),
            (packed + gzip.compress(b"") * 9 + packed, DATA * 2),
            (packed + bytes(700), DATA),
            (packed + b"\x1f", DATA),
        ):
            self.assertEqual(
                streams.gunzip(io.BytesIO(data), Effort()).read(), expected
            )
        # The second member begins in the last byte of what is read at once.
        first = gzip.compress(bytes(random.Random(1).getrandbits(8) for _ in range(99)))
        data = first + packed
        with mock.patch.object(streams, "CHUNK", len(first) + 1):
            file = streams.gunzip(io.BytesIO(data), Effort())
            self.assertTrue(file.read().endswith(DATA))

    def test_gzip_tells_what_is_damaged_or_cut_off(self):
        packed = gzip.compress(DATA)
        for data, text in (
            (packed[:-1], "cut off"),
            (packed[:20], "cut off"),
            (packed[:2], "cut off"),
            (packed[:-8] + bytes(8), "damaged"),
            (packed[:2] + b"\7" + packed[3:], "damaged"),
        ):
            self.check_error(streams.gunzip(io.BytesIO(data), Effort()), text)

    def test_gzip_spends_effort(self):
        many = gzip.compress(b"") * 1000
        with self.assertRaises(TooMuch):
            streams.gunzip(io.BytesIO(many), Effort(1000)).read()

    def test_utf_16_becomes_utf_8(self):
        text = "a\u5ba2\U0001f600" * 40000
        for name in ("utf-16", "utf-16-le", "utf-16-be"):
            file = io.BufferedReader(io.BytesIO(text.encode(name)))
            made = streams.decode_utf_16(file, Effort()).read().decode("utf-8")
            self.assertEqual(made.lstrip("\ufeff"), text)
        big = io.BufferedReader(io.BytesIO(b"\xfe\xff" + text.encode("utf-16-be")))
        made = streams.decode_utf_16(big, Effort()).read().decode("utf-8")
        self.assertEqual(made, text)

    def test_broken_utf_16_is_replaced(self):
        for data in (b"\xff\xfea\0\0\xd8b\0", b"\xff\xfea\0b"):
            file = io.BufferedReader(io.BytesIO(data))
            made = streams.decode_utf_16(file, Effort()).read().decode("utf-8")
            self.assertTrue(made.startswith("a"), made)
            self.assertIn("\ufffd", made)

    def test_inflation_undoes_deflation(self):
        packed = zlib.compress(DATA)
        self.assertEqual(streams.inflate(io.BytesIO(packed), Effort()).read(), DATA)
        raw = packed[2:-4]
        file = streams.inflate(io.BytesIO(raw), Effort(), raw=True)
        self.assertEqual(file.read(), DATA)

    def test_inflation_tells_what_is_damaged_or_cut_off(self):
        packed = zlib.compress(DATA)
        for data, text in ((packed[:-5], "cut off"), (b"x" + packed, "damaged")):
            self.check_error(streams.inflate(io.BytesIO(data), Effort()), text)

    def test_a_python_without_zlib_says_so(self):
        with mock.patch.dict(sys.modules, {"zlib": None}):
            with self.assertRaisesRegex(MiioError, "no zlib"):
                streams.inflate(io.BytesIO(), Effort())

    def test_each_way_spends_effort(self):
        packed = zlib.compress(bytes(1 << 20))
        for make in (
            lambda effort: streams.cut(io.BytesIO(bytes(1 << 20)), 1 << 20, effort),
            lambda effort: streams.inflate(io.BytesIO(packed), effort),
            lambda effort: streams.decrypt(
                io.BytesIO(bytes(1 << 20)), bytes(16), bytes(16), effort
            ),
        ):
            with self.assertRaises(TooMuch):
                make(Effort(500)).read()

    def test_no_more_is_read_than_allowed(self):
        file = io.BytesIO(DATA)
        self.assertEqual(streams.read_up_to(file, len(DATA), "a text"), DATA)
        with self.assertRaisesRegex(MiioError, "a text of over 100 bytes"):
            streams.read_up_to(io.BytesIO(DATA), 100, "a text")
