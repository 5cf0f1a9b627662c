# SPDX-License-Identifier: MIT
"""Tokens, headers, and packets in both directions."""

import importlib.util
import sys
import unittest
from unittest import mock

import miio_pure
from miio_pure import ChecksumError, PacketError, Token, TokenError, packet

from .support import OTHER_TOKEN, TOKEN, vectors


class TokenTest(unittest.TestCase):
    def test_keys(self):
        for case in vectors()["keys"]:
            token = Token(case["token"])
            self.assertEqual(token.key.hex(), case["key_md5_token"])
            self.assertEqual(token.iv.hex(), case["iv_md5_key_token"])

    def test_forms(self):
        raw = bytes.fromhex(TOKEN)
        for value in (
            TOKEN,
            TOKEN.upper(),
            " %s\n" % TOKEN,
            raw,
            bytearray(raw),
            Token(TOKEN),
        ):
            token = Token(value)
            self.assertEqual((bytes(token), token.hex()), (raw, TOKEN))
            self.assertEqual(token, Token(TOKEN))
            self.assertEqual(hash(token), hash(Token(TOKEN)))
        self.assertNotEqual(Token(TOKEN), Token(OTHER_TOKEN))
        self.assertNotEqual(Token(TOKEN), TOKEN)

    def test_wrong_tokens(self):
        for value in (
            "",
            TOKEN[:-1],
            TOKEN + "0",
            "g" * 32,
            "\u0661" * 32,
            b"",
            bytes(15),
            bytes(17),
            None,
            5,
            [1] * 16,
        ):
            with self.assertRaises(TokenError) as caught:
                Token(value)
            if value:
                self.assertNotIn(str(value), str(caught.exception))

    def test_what_is_wrong_is_said(self):
        with self.assertRaisesRegex(TokenError, r"has 31 characters\Z"):
            Token(TOKEN[:-1])
        with self.assertRaisesRegex(
            TokenError, "has 32 characters, 3 of which are not hex"
        ):
            Token("xyz" + TOKEN[3:])

    def test_blank_face(self):
        token = Token(TOKEN)
        self.assertEqual((repr(token), str(token)), ("<Token>", "<Token>"))

    def test_cipher(self):
        token = Token(TOKEN)
        for length in (0, 1, 15, 16, 100):
            self.assertEqual(token.decrypt(token.encrypt(bytes(length))), bytes(length))
        for cipher in (b"", bytes(5), bytes(16)):
            with self.assertRaises(PacketError):
                token.decrypt(cipher)


class DecodeTest(unittest.TestCase):
    def test_vectors_in_both_directions(self):
        cases = vectors()["packets"]
        self.assertGreater(len(cases), 50)
        for case in cases:
            with self.subTest(name=case["name"]):
                token, datagram = Token(case["token"]), bytes.fromhex(case["packet"])
                decoded = packet.decode(datagram, token)
                if "plaintext_hex" in case:
                    self.assertEqual(decoded.payload.hex(), case["plaintext_hex"])
                header = decoded.header
                self.assertEqual(
                    packet.encode(
                        token,
                        decoded.payload,
                        device_id=header.device_id,
                        stamp=header.stamp,
                    ),
                    datagram,
                )
                self.assertIsNone(decoded.token)
                with self.assertRaises(ChecksumError):
                    packet.decode(datagram, Token(OTHER_TOKEN))
                self.assertIsNone(packet.decode(datagram).payload)

    def test_hellos(self):
        for case in vectors()["hello"]:
            with self.subTest(name=case["name"]):
                datagram = bytes.fromhex(case["packet"])
                if case.get("rejects_token"):
                    with self.assertRaisesRegex(TokenError, "rejects"):
                        packet.decode(datagram, Token(TOKEN))
                    continue
                decoded = packet.decode(datagram, Token(TOKEN))
                self.assertIsNone(decoded.payload)
                self.assertEqual(
                    decoded.token and decoded.token.hex(), case.get("revealed")
                )
                if datagram == packet.HELLO:
                    self.assertRaises(PacketError, packet.decode_hello, datagram)
                else:
                    self.assertEqual(
                        packet.decode_hello(datagram).header.stamp, decoded.header.stamp
                    )

    def test_hello_is_the_published_one(self):
        self.assertEqual(packet.HELLO.hex(), vectors()["hello"][0]["packet"])

    def test_what_a_hello_reply_shows(self):
        start = bytes.fromhex("2131002000000000000000010000000a")
        for field, shown in (
            (b"\xff" * 8 + b"abcdefgh", True),
            (b"\xff" * 9 + b"abcdefg", False),  # hidden, and damaged
            (bytes(8) + b"abcdefgh", True),
            (bytes(9) + b"abcdefg", False),
            (b"MSUBxxxxPUBxxxxx", False),
            (b"MSUBxxxxPUDxxxxx", True),
            (b"MSUDxxxxPUBxxxxx", True),
            (b"MDIDxxxxxxxx" + bytes(4), False),
            (b"MDIDxxxxxxxxxxxx", True),
            (b"MDIExxxxxxxx" + bytes(4), True),
        ):
            token = packet.decode(start + field).token
            self.assertEqual(token, Token(field) if shown else None)

    def test_only_a_short_packet_of_ff_rejects(self):
        long_one = packet.HEADER.pack(packet.MAGIC, 80, 1, 2, b"\xff" * 16) + bytes(16)
        short_one = packet.HEADER.pack(packet.MAGIC, 80, 1, 2, b"\xfe" * 16)
        for datagram in (long_one, short_one):
            self.assertRaises(PacketError, packet.decode, datagram, Token(TOKEN))

    def test_header_fields(self):
        datagram = (
            bytes.fromhex("21310020" "0000000189abcdef" "5b00bfac") + b"\xff" * 16
        )
        header = packet.decode(datagram).header
        self.assertEqual(
            (header.device_id, header.device_type, header.serial, header.stamp),
            (0x189ABCDEF, 0x89AB, 0xCDEF, 0x5B00BFAC),
        )
        self.assertEqual(header.checksum, b"\xff" * 16)

    def test_no_token_in_any_repr(self):
        revealing = bytes.fromhex("2131002000000000000000010000000a" + TOKEN)
        decoded = packet.decode(revealing)
        found = miio_pure.Found("192.0.2.1", 54321, decoded)
        self.assertEqual(found.token.hex(), TOKEN)
        self.assertEqual((found.device_type, found.serial), (0, 1))
        for thing in (decoded, decoded.header, found):
            self.assertNotIn(TOKEN, repr(thing))
            self.assertNotIn(repr(bytes.fromhex(TOKEN)), repr(thing))

    def test_what_is_no_packet(self):
        token = Token(TOKEN)
        good = packet.encode(token, b"{}", device_id=1, stamp=2)
        bad = [
            b"",
            b"\x21\x31",
            good[:31],
            b"\x21\x32" + good[2:],
            good[:-1],
            good + b"\0",
            b"\x21\x31\x00\x21" + good[4:33],
        ]
        for datagram in bad:
            with self.assertRaises(PacketError):
                packet.decode(datagram, token)
        odd = b"\x21\x31\x00\x31" + good[4:32] + bytes(17)
        with self.assertRaisesRegex(PacketError, "17 bytes came"):
            packet.decode(odd, token)
        for position in range(16, len(good)):
            damaged = bytearray(good)
            damaged[position] ^= 1
            with self.assertRaises(ChecksumError):
                packet.decode(bytes(damaged), token)

    def test_signed_but_badly_padded(self):
        """What only the owner of the token could send, and nobody should."""
        token = Token(TOKEN)
        good = packet.encode(token, b"x" * 20, device_id=1, stamp=2)
        shorter = (
            good[:2] + (48).to_bytes(2, "big") + good[4:16] + bytes(token) + good[32:48]
        )
        signed = shorter[:16] + packet._md5(shorter).digest() + shorter[32:]
        with self.assertRaisesRegex(PacketError, "padding"):
            packet.decode(signed, token)


class EncodeTest(unittest.TestCase):
    def test_sizes(self):
        token = Token(TOKEN)
        largest = packet.encode(token, bytes(65471), device_id=0, stamp=0)
        self.assertEqual(len(largest), 65504)
        self.assertEqual(len(packet.decode(largest, token).payload), 65471)
        with self.assertRaises(ValueError):
            packet.encode(token, bytes(65472), device_id=0, stamp=0)

    def test_stamp_wraps(self):
        datagram = packet.encode(Token(TOKEN), b"", device_id=0, stamp=2**32 + 7)
        self.assertEqual(packet.decode(datagram).header.stamp, 7)


class Md5Test(unittest.TestCase):
    def test_a_python_without_md5(self):
        """Whatever needs it says so; the rest works."""
        refuse = mock.patch.object(packet, "_md5", packet._refuse_md5)
        with refuse, self.assertRaisesRegex(miio_pure.MiioError, "no MD5"):
            Token(TOKEN)


class FrontDoorTest(unittest.TestCase):
    def test_what_a_small_python_lacks_is_named(self):
        spec = importlib.util.find_spec("miio_pure")
        module = importlib.util.module_from_spec(spec)
        lacks = mock.patch.dict(sys.modules, {"miio_pure.client": None})
        with lacks, self.assertRaisesRegex(ImportError, "client.*libpython3-stdlib"):
            spec.loader.exec_module(module)

    def test_names(self):
        self.assertEqual(
            sorted(miio_pure.__all__),
            sorted(
                "Client Found Token discover MiioError PacketError ChecksumError "
                "PayloadError NoReply TokenError DeviceError __version__".split()
            ),
        )
        for name in miio_pure.__all__:
            self.assertTrue(hasattr(miio_pure, name))
        self.assertIs(miio_pure.Client.discover, miio_pure.discover)
        self.assertTrue(issubclass(miio_pure.NoReply, TimeoutError))
        self.assertTrue(issubclass(ChecksumError, PacketError))
