# SPDX-License-Identifier: MIT
"""AES against NIST's answers (CAVP) and against itself."""

import array
import glob
import os
import random
import sys
import threading
import unittest

from miio_pure import aes

from .support import TESTS, vectors

FILES = sorted(glob.glob(os.path.join(TESTS, "vectors", "nist", "*.rsp")))


def read_cases(path):
    """The cases of a response file: (whether to encrypt, the fields as bytes)."""
    encrypting, fields = True, {}
    with open(path, encoding="ascii") as file:
        for line in list(file) + [""]:
            name, _, value = (part.strip() for part in line.partition("="))
            if name in ("[ENCRYPT]", "[DECRYPT]"):
                encrypting = name == "[ENCRYPT]"
            elif not name:
                if fields:
                    yield encrypting, fields
                fields = {}
            elif value and name != "COUNT":
                fields[name] = bytes.fromhex(value)


class NistTest(unittest.TestCase):
    def test_all_files_are_there(self):
        self.assertEqual(len(FILES), 23)

    def test_known_answers(self):
        for path in FILES:
            name = os.path.basename(path)
            if "MCT" in name:
                continue
            cases = list(read_cases(path))
            self.assertGreater(len(cases), 5, name)
            for encrypting, case in cases:
                with self.subTest(file=name, key=case["KEY"].hex()):
                    self.check(name[:3], encrypting, case)

    def check(self, mode, encrypting, case):
        cipher, plain, secret = (
            aes.AES(case["KEY"]),
            case["PLAINTEXT"],
            case["CIPHERTEXT"],
        )
        if mode == "CBC" and encrypting:
            self.assertEqual(cipher.encrypt_cbc(case["IV"], plain), secret)
        elif mode == "CBC":
            self.assertEqual(cipher.decrypt_cbc(case["IV"], secret), plain)
        else:
            for i in range(0, len(plain), 16):
                if encrypting:
                    self.assertEqual(
                        cipher.encrypt_block(plain[i : i + 16]), secret[i : i + 16]
                    )
                else:
                    self.assertEqual(
                        cipher.decrypt_block(secret[i : i + 16]), plain[i : i + 16]
                    )

    def test_monte_carlo(self):
        """AESAVS 6.4.2: a hundred times a thousand steps, each fed by the last."""
        (path,) = (path for path in FILES if "MCT" in path)
        for encrypting in (True, False):
            cases = [
                case for direction, case in read_cases(path) if direction == encrypting
            ]
            self.assertEqual(len(cases), 100)
            given, made = "PLAINTEXT CIPHERTEXT".split()[:: 1 if encrypting else -1]
            for case, following in zip(cases, cases[1:] + [None]):
                before, last = thousand_steps(
                    encrypting, case["KEY"], case["IV"], case[given]
                )
                self.assertEqual(last, case[made])
                if following:
                    key = bytes(a ^ b for a, b in zip(case["KEY"], last))
                    self.assertEqual(
                        (key, last, before),
                        (following["KEY"], following["IV"], following[given]),
                    )


def thousand_steps(encrypting, key, iv, text):
    """The results of the last two steps."""
    cipher, before, last = aes.AES(key), iv, iv
    for _ in range(1000):
        if encrypting:
            before, last = last, cipher.encrypt_cbc(last, text)
        else:
            before, last, iv = last, cipher.decrypt_cbc(iv, text), text
        text = before
    return before, last


class LengthTest(unittest.TestCase):
    def test_every_number_of_blocks_comes_back(self):
        """Over the lengths where decryption takes another way."""
        rng = random.Random(1)
        for size in (16, 24, 32):
            cipher = aes.AES(bytes(rng.randrange(256) for _ in range(size)))
            iv = bytes(rng.randrange(256) for _ in range(16))
            for blocks in list(range(9)) + [15, 16, 17, 31, 32, 33, 1025]:
                data = bytes(rng.getrandbits(8) for _ in range(16 * blocks))
                secret = cipher.encrypt_cbc(iv, data)
                self.assertEqual(cipher.decrypt_cbc(iv, secret), data)
                chain = iv + secret
                single = b"".join(
                    bytes(
                        a ^ b
                        for a, b in zip(
                            cipher.decrypt_block(chain[i + 16 : i + 32]), chain[i:]
                        )
                    )
                    for i in range(0, min(len(secret), 128), 16)
                )
                self.assertEqual(single, data[:128])

    def test_keys_do_not_mix(self):
        """What is kept for a size and a key serves this size and this key alone."""
        ciphers = [aes.AES(bytes([i]) * 16) for i in (1, 2)]
        for blocks in (3, 3, 32, 32, 40, 32, 2049):
            data = bytes(range(16)) * blocks
            for cipher in ciphers:
                secret = cipher.encrypt_cbc(bytes(16), data)
                for _ in range(2):
                    plain = cipher.decrypt_cbc(bytes(16), secret)
                    self.assertEqual(plain, data)
                    self.assertIs(type(plain), bytes)

    def test_threads_may_share_a_key(self):
        cipher, wrong, threads = aes.AES(bytes(16)), [], []

        def work(blocks):
            data = bytes(range(16)) * blocks
            secret = cipher.encrypt_cbc(bytes(16), data)
            for _ in range(20):
                if cipher.decrypt_cbc(bytes(16), secret) != data:
                    wrong.append(blocks)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for blocks in (1, 32, 33, 40):
                threads.append(threading.Thread(target=work, args=(blocks,)))
                threads[-1].start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        self.assertEqual(wrong, [])

    def test_any_bytes_will_do(self):
        for size in (16, 24, 32):
            key = bytes(range(size))
            secret = aes.AES(key).encrypt_block(bytes(16))
            for kind in (bytearray, memoryview):
                self.assertEqual(aes.AES(kind(key)).encrypt_block(bytes(16)), secret)
        for other in (16, "0123456789abcdef", [0] * 16):
            with self.assertRaises(TypeError):
                aes.AES(other)
        cipher = aes.AES(bytes(16))
        for iv, data in (([0] * 16, b""), (bytes(16), [0] * 16), (bytes(16), "")):
            for method in (cipher.encrypt_cbc, cipher.decrypt_cbc):
                with self.assertRaises(TypeError):
                    method(iv, data)
        for blocks in (1, 20):
            data = bytes(range(16)) * blocks
            secret = cipher.encrypt_cbc(bytearray(16), bytearray(data))
            self.assertEqual(
                cipher.decrypt_cbc(memoryview(bytes(16)), memoryview(secret)), data
            )

    def test_items_that_are_no_bytes(self):
        """They have fewer items than bytes: nothing may be done with a part of them."""
        cipher, bytes_16 = aes.AES(bytes(16)), bytes(16)
        wide = [array.array(code, bytes(512)) for code in "HIQd"]
        wide += [memoryview(bytes(512)).cast(code) for code in "HIQd"]
        wide += [memoryview(bytes(512)).cast("B", (16, 32))]
        for data in wide:
            for part in (data, data[:16], data[:1]) if len(data) > 16 else (data,):
                for method in (cipher.encrypt_cbc, cipher.decrypt_cbc):
                    self.assertRaises(TypeError, method, part, bytes_16)
                    self.assertRaises(TypeError, method, bytes_16, part)
                for method in (cipher.encrypt_block, cipher.decrypt_block, aes.AES):
                    self.assertRaises(TypeError, method, part)
        # 16 items of two bytes, and two items that have 16 bytes together.
        for data in (array.array("H", [16] * 16), array.array("Q", [1, 2])):
            self.assertRaises(TypeError, aes.AES, data)
            self.assertRaises(TypeError, cipher.encrypt_cbc, data, bytes_16)
            self.assertRaises((TypeError, ValueError), aes.unpad, data)
            self.assertRaises(TypeError, aes.pad, data)
        self.assertRaises(TypeError, aes.unpad, array.array("H", [16] * 16))

    def test_items_that_are_bytes(self):
        cipher, data = aes.AES(bytes(16)), bytes(range(96))
        secret = cipher.encrypt_cbc(bytes(16), data)
        for same in (
            array.array("B", data),
            array.array("b", data),
            memoryview(data).cast("c"),
            memoryview(b"x" + data + b"x")[1:-1],
        ):
            self.assertEqual(cipher.encrypt_cbc(bytes(16), same), secret)
            self.assertEqual(cipher.encrypt_block(same[:16]), secret[:16])
        for kind in (bytearray, memoryview, lambda data: array.array("B", data)):
            self.assertEqual(bytes(aes.unpad(kind(aes.pad(data)))), data)

    def test_wrong_lengths(self):
        cipher = aes.AES(bytes(16))
        for length in (0, 1, 15, 17, 31, 33, 64):
            with self.assertRaises(ValueError):
                aes.AES(bytes(length))
        for length in (0, 15, 17, 32):
            for method in (cipher.encrypt_block, cipher.decrypt_block):
                with self.assertRaises(ValueError):
                    method(bytes(length))
            for method in (cipher.encrypt_cbc, cipher.decrypt_cbc):
                with self.assertRaises(ValueError):
                    method(bytes(length), bytes(16))
        for length in (1, 15, 17, 100):
            for method in (cipher.encrypt_cbc, cipher.decrypt_cbc):
                with self.assertRaises(ValueError):
                    method(bytes(16), bytes(length))

    def test_no_key_in_repr(self):
        self.assertEqual(repr(aes.AES(b"0123456789abcdef")), "<AES>")


class PaddingTest(unittest.TestCase):
    def test_there_and_back(self):
        for length in range(40):
            padded = aes.pad(bytes(length))
            self.assertEqual(len(padded) % 16, 0)
            self.assertGreater(len(padded), length)
            self.assertEqual(aes.unpad(padded), bytes(length))

    def test_bad_padding(self):
        for bad in (
            b"",
            b"\x01",
            bytes(16),
            bytes(15) + b"\x11",
            bytes(14) + b"\x01\x02",
            b"\x10" * 15 + b"\x0f",
            bytes(15) + b"\xff",
            b"\x01" * 17,
            b"\x11" * 32,
        ):
            with self.assertRaises(ValueError):
                aes.unpad(bad)
        self.assertEqual(aes.unpad(b"\x10" * 16), b"")


class PublishedTokensTest(unittest.TestCase):
    def test_ios_tokens(self):
        """Tokens as iOS stores them: AES-128-ECB under sixteen zeros."""
        cipher = aes.AES(bytes(16))
        for case in vectors()["ios_ztoken"]:
            data = bytes.fromhex(case["ztoken"])
            plain = b"".join(
                cipher.decrypt_block(data[i : i + 16]) for i in range(0, len(data), 16)
            )
            self.assertEqual(aes.unpad(plain).decode(), case["token"])
