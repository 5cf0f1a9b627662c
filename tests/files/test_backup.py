# SPDX-License-Identifier: MIT
"""Android's and MIUI's backups: all forms, and damaged ones."""

import hashlib  # noqa: F401 (it must be loaded before _hashlib is replaced)
import sys
import unittest
from unittest import mock

from miio_pure.files import backup
from miio_pure.files.effort import Effort

from ..support import backups
from ..support.files import WalkCase

TAR = backups.tar({"apps/db": b"content"})
MIUI = b"MIUI BACKUP\n2\ncom.xiaomi.smarthome Mi Home\n-1\n0\n"


class FormsTest(WalkCase):
    def check_content(self, data, **options):
        self.assertEqual(self.contents(data, **options), [b"content"])

    def test_each_version(self):
        for version in range(1, 6):
            for compress in (False, True):
                for password in (None, "pässwörd"):
                    data = backups.backup(TAR, version, compress, password)
                    self.check_content(data, password=password)

    def test_the_first_version_may_have_characters_of_8_bits(self):
        data = backups.backup(TAR, 1, True, "pässwörd", eight_bit=True)
        self.check_content(data, password="pässwörd")
        data = backups.backup(TAR, 2, True, "pässwörd", eight_bit=True)
        self.check_error(data, "password is wrong", password="pässwörd")

    def test_miui(self):
        for password in (None, "secret"):
            data = MIUI + backups.backup(TAR, 4, False, password)
            self.check_content(data, password=password)
        data = MIUI + b"something else\n"
        self.check_error(data, "ANDROID BACKUP is missing")

    def test_a_backup_without_files_is_explained(self):
        for tar in (b"", bytes(1024)):
            for password in (None, "secret"):
                data = backups.backup(tar, 5, True, password)
                self.check_error(data, "forbidden backups", password=password)

    def test_without_zlib(self):
        with mock.patch.dict(sys.modules, {"zlib": None}):
            self.check_error(backups.backup(TAR, 3, True), "no zlib")
            self.check_content(backups.backup(TAR, 3, False))


class PasswordTest(WalkCase):
    def test_a_wrong_one_or_none(self):
        data = backups.backup(TAR, 3, True, "secret")
        self.check_error(data, "password is wrong", password="Secret")
        self.check_error(data, "MIIO_PASSWORD", password=None)

    def test_a_key_that_is_damaged(self):
        """The password opens the blob, but what is in it is not right."""
        key = b"k" * 32
        for blob in (
            b"\x10" + b"i" * 16 + b"\x20" + key + b"\x20" + b"c" * 32,
            b"\x10" + b"i" * 16 + b"\x20" + key + b"\x20" + b"c" * 31,
            b"\x11" + b"i" * 17,
        ):
            data = backups.backup(TAR, 3, True, "secret", blob=blob)
            self.check_error(data, "password is wrong", password="secret")

    def test_rounds_spend_effort(self):
        data = backups.backup(TAR, 3, True, "secret", rounds=1000)
        self.assertEqual(len(self.contents(data, password="secret")), 1)
        with self.assertRaisesRegex(Exception, "more than can be searched"):
            self.contents(data, password="secret", effort=Effort(9000))


class DamageTest(WalkCase):
    def test_headers(self):
        good = backups.backup(TAR, 3, True, "secret", rounds=10)
        for part, bad, text in (
            (b"\n3\n", b"\n9\n", "version '9'"),
            (b"AES-256", b"AES-512", "encryption is unknown"),
            (b"\n10\n", b"\n0\n", "rounds"),
            (b"\n10\n", b"\n2000000000\n", "at most 200000"),
            (b"\n10\n", b"\n1e3\n", "rounds"),
            (b"\n10\n", b"\n" + b"1" * 30 + b"\n", "rounds"),
            (b"7373", b"73xx", "hex digits"),
            (b"69" * 16, b"69" * 15, "header is damaged"),
            (b"AES-256", b"A" * 2000, "over 1024 bytes"),
        ):
            self.assertIn(part, good)
            data = good.replace(part, bad, 1)
            self.check_error(data, text, password="secret")
        self.check_error(good[:30], "cut off", password="secret")

    def test_what_is_cut_off(self):
        for password in (None, "secret"):
            data = backups.backup(TAR, 3, True, password)
            for end in (-40, len(data) // 2):
                found, said = self.walk(self.write(data[:end]), password=password)
                self.assertRegex(said, "cut off|damaged")


class Pbkdf2Test(unittest.TestCase):
    def test_vectors_of_rfc_6070(self):
        for derive in (backup.pbkdf2, backup.pbkdf2_by_hand):
            self.assertEqual(
                derive(b"password", b"salt", 4096, 20).hex(),
                "4b007901b765489abead49d926f721d065a429c1",
            )

    def test_both_ways_give_the_same(self):
        for password in (b"", b"x" * 63, b"x" * 64, b"x" * 65, b"y" * 200):
            self.assertEqual(
                backup.pbkdf2_by_hand(password, b"salt", 3, 47),
                backup.pbkdf2(password, b"salt", 3, 47),
            )

    def test_a_python_without_openssl_derives_by_hand(self):
        right = backup.pbkdf2(b"p", b"s", 3, 32)
        forbids = mock.Mock(pbkdf2_hmac=mock.Mock(side_effect=ValueError))
        allows = mock.Mock(pbkdf2_hmac=lambda *args: backup.pbkdf2_by_hand(*args[1:]))
        for module in (None, forbids, allows):
            with mock.patch.dict(sys.modules, {"_hashlib": module}):
                self.assertEqual(backup.pbkdf2(b"p", b"s", 3, 32), right)
