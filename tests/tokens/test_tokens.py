# SPDX-License-Identifier: MIT
"""Tokens out of each kind of file, as on the samples, and out of what is broken."""

import io
import json
import os
import random
import shutil
import sys
import tempfile
import unittest
import zipfile
from unittest import mock

from miio_pure import MiioError
from miio_pure.tokens import Record, find
from miio_pure.tokens import backup as backup_module
from miio_pure.tokens import search

from ..support import backups
from ..support.samples import SAMPLES, FilesCase, expected, sample, told

DEVICE = backups.DEVICE
TOKEN = DEVICE["token"]


class SamplesTest(unittest.TestCase):
    def test_each(self):
        cases = expected()
        self.assertGreater(len(cases), 20)
        for path, case in cases.items():
            with self.subTest(path=path):
                whole = os.path.join(SAMPLES, *path.split("/"))
                if "error" in case:
                    with self.assertRaises(MiioError):
                        find(whole, password=case.get("password"))
                    continue
                found = find(whole, password=case.get("password"))
                facts = [record.facts() for record in found.records]
                self.assertEqual(told(facts), told(case["devices"]))
                if "note" in case:
                    self.assertTrue(found.notes)
                if "rows_without_token" in case:
                    self.assertEqual(len(found.without), case["rows_without_token"])

    def test_all_at_once(self):
        """Each device is one row, but for the two that have tokens of two kinds."""
        found = find(SAMPLES, password="secret")
        keys = [(record.did, record.token) for record in found.records]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(found.records), 6)
        said = " ".join(text for _, text in found.notes)
        for part in ("cut off", "rounds of PBKDF2", "forbidden backups", "logged out"):
            self.assertIn(part, said)

    def test_names_do_not_matter(self):
        cases = expected()
        with tempfile.TemporaryDirectory() as folder:
            for path, case in cases.items():
                whole = os.path.join(SAMPLES, *path.split("/"))
                if "devices" not in case or os.path.isdir(whole) or "wal" in path:
                    continue
                copy = shutil.copy(whole, os.path.join(folder, "a.jpg"))
                found = find(copy, password=case.get("password"))
                self.assertEqual(len(found.records), len(case["devices"]), path)

    def test_nothing_is_written_or_changed(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(SAMPLES, os.path.join(folder, "tokens"))

            def state():
                return {
                    (whole, os.path.getsize(whole), os.stat(whole).st_mtime)
                    for place, _, names in os.walk(copy)
                    for whole in (os.path.join(place, name) for name in names)
                }

            before = state()
            find(copy, password="secret")
            self.assertEqual(state(), before)


class DatabaseTest(FilesCase):
    def test_the_log_beside_it(self):
        without = self.search(sample("wal", "miio2.db"), "alone", "miio2.db")
        self.assertIn("-wal file", without.notes[-1][1])
        self.write(sample("wal", "miio2.db-wal"), "both", "miio2.db-wal")
        both = self.search(sample("wal", "miio2.db"), "both", "miio2.db")
        self.assertEqual((len(both.records), both.notes), (3, []))
        self.assertLess(len(without.records), 3)

    def test_the_log_in_an_archive(self):
        log, base = sample("wal", "miio2.db-wal"), sample("wal", "miio2.db")
        packed = backups.tar({"db/miio2.db-wal": log, "db/miio2.db": base})
        found = self.search(packed)
        self.assertEqual((len(found.records), found.notes), (3, []))
        self.assertIn(":db/miio2.db", found.records[0].source)

    def test_sub_devices_are_explained(self):
        found = find(os.path.join(SAMPLES, "variants", "miio2-v39-2020.db"))
        reasons = {record.name: record.why for record in found.without}
        self.assertIn("gateway", reasons["Door sensor"])
        self.assertIn("cameras", reasons["Mi Action Cam"])

    def test_an_app_that_is_too_new(self):
        path = os.path.join(SAMPLES, "variants", "miio2-app5.0.31-empty-tokens.db")
        self.assertIn("5.0.31", find(path).notes[0][1])

    def test_published_token_of_ios(self):
        database = sample("ios", "1234567890_mihome.sqlite")
        good = b"476e6b7034305548"
        self.assertNotIn(good, database)  # it is encrypted there
        start = database.index(b"0143db63ee66b0cdff9f69917680151e")
        spoiled = database[:start] + b"1" + database[start + 1 :]
        self.assertIn(96, [len(token) for token in self.tokens(spoiled)])

    def test_other_databases_have_nothing(self):
        data = sample("miio2.db").replace(b"devicerecord", b"somethingels")
        found = self.search(data)
        self.assertEqual((found.records, found.without, found.notes), ([], [], []))


class IphoneTest(FilesCase):
    NAME = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"

    def backup(self, rows, table="Files"):
        import sqlite3

        path = os.path.join(self.folder, "Manifest.db")
        base = sqlite3.connect(path)
        base.execute(
            "create table %s (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, "
            "flags INTEGER, file BLOB)" % table
        )
        base.executemany("insert into %s values (?, ?, ?, 1, '')" % table, rows)
        base.commit()
        base.close()
        self.write(sample("ios", "1234567890_mihome.sqlite"), "3d", self.NAME)
        self.write(sample("miio2.db"), "aa", "aabb")  # of another app

    def test_only_the_files_of_mi_home(self):
        domain, path = "AppDomain-com.xiaomi.mihome", "Documents/1_mihome.sqlite"
        self.backup(
            [
                (self.NAME, domain, path),
                ("../../etc/passwd", domain, "Documents/2_mihome.sqlite"),
                ("ffff", domain, "Documents/lost.sqlite"),
                ("\xe9" * 40, domain, "Documents/odd.sqlite"),
                ("aabb", "AppDomain-other", path),
                ("aabc", domain, None),
            ]
        )
        found = find(self.folder)
        self.assertEqual(len(found.records), 5)
        self.assertTrue(found.records[0].source.endswith(path))

    def test_another_manifest(self):
        self.backup([], table="Other")
        self.assertEqual(len(find(self.folder).records), 5)  # found without it

    def test_a_pipe_for_a_manifest(self):
        os.mkfifo(os.path.join(self.folder, "Manifest.db"))
        self.assertEqual(find(self.folder).records, [])

    def test_encrypted(self):
        self.write(b"\x93\x01" * 50, "Manifest.db")
        with self.assertRaisesRegex(MiioError, "without a password"):
            find(self.folder)


class BackupTest(FilesCase):
    TAR = backups.tar({"apps/com.xiaomi.smarthome/db/miio2.db": sample("miio2.db")})

    def test_all_forms(self):
        for version in range(1, 6):
            for compress in (False, True):
                for password in (None, "pässwörd"):
                    data = backups.backup(self.TAR, version, compress, password)
                    self.assertEqual(len(self.tokens(data, password=password)), 3)

    def test_first_version_with_characters_of_8_bits(self):
        data = backups.backup(self.TAR, 1, True, "pässwörd", eight_bit=True)
        self.assertEqual(len(self.tokens(data, password="pässwörd")), 3)
        data = backups.backup(self.TAR, 2, True, "pässwörd", eight_bit=True)
        self.refused(data, "password is wrong", password="pässwörd")

    def test_wrong_password_or_none(self):
        data = backups.backup(self.TAR, 3, True, "secret")
        self.refused(data, "password is wrong", password="Secret")
        self.refused(data, "MIIO_PASSWORD", password=None)
        self.refused(data, "MIIO_PASSWORD", password=lambda: None)

    def test_the_password_is_asked_for_once(self):
        ask = mock.Mock(return_value="secret")
        self.write(backups.backup(self.TAR, 3, True, "secret"), "one.ab")
        self.write(backups.backup(self.TAR, 4, False, "secret"), "two.ab")
        self.assertEqual(len(find(self.folder, password=ask).records), 3)
        ask.assert_called_once_with()

    def test_a_key_that_is_damaged(self):
        """The password opens the blob, but what is in it is not right."""
        key = b"k" * 32
        for blob in (
            b"\x10" + b"i" * 16 + b"\x20" + key + b"\x20" + b"c" * 32,
            b"\x10" + b"i" * 16 + b"\x20" + key + b"\x20" + b"c" * 31,
            b"\x11" + b"i" * 17,
        ):
            data = backups.backup(self.TAR, 3, True, "secret", blob=blob)
            self.refused(data, "password is wrong", password="secret")

    def test_miui(self):
        head = b"MIUI BACKUP\n2\ncom.xiaomi.smarthome Mi Home\n-1\n0\n"
        for password in (None, "secret"):
            data = head + backups.backup(self.TAR, 4, False, password)
            self.assertEqual(len(self.tokens(data, password=password)), 3)
        self.refused(head + b"something else\n", "ANDROID BACKUP is missing")

    def test_denied_and_cancelled(self):
        for tar in (b"", bytes(1024)):
            for password in (None, "secret"):
                data = backups.backup(tar, 5, True, password)
                found = self.search(data, password=password)
                self.assertIn("forbidden backups", found.notes[0][1])
        self.refused(b"", "cancelled")

    def test_header(self):
        good = backups.backup(self.TAR, 3, True, "secret", rounds=10)
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
            self.refused(good.replace(part, bad, 1), text, password="secret")
        self.refused(good[:30], "cut off", password="secret")

    def test_cut_off(self):
        for password in (None, "secret"):
            data = backups.backup(self.TAR, 3, True, password)
            for end in (-1, -16, -40, len(data) // 2):
                found = None
                try:
                    found = self.search(data[:end], password=password)
                except MiioError:
                    continue
                # nothing but the end of what zlib packed is missing
                self.assertEqual((len(found.records), password), (3, None))

    def test_pbkdf2_by_hand(self):
        """RFC 6070's vectors, and OpenSSL's results for other sizes."""
        derive = backup_module.pbkdf2_by_hand
        self.assertEqual(
            derive(b"password", b"salt", 4096, 20).hex(),
            "4b007901b765489abead49d926f721d065a429c1",
        )
        for password in (b"", b"x" * 63, b"x" * 64, b"x" * 65, b"y" * 200):
            self.assertEqual(
                derive(password, b"salt", 3, 47),
                backup_module.pbkdf2(password, b"salt", 3, 47),
            )

    def test_without_openssl(self):
        data = backups.backup(self.TAR, 3, True, "secret")
        forbids = mock.Mock(pbkdf2_hmac=mock.Mock(side_effect=ValueError))
        allows = mock.Mock(pbkdf2_hmac=lambda name, *args: by_hand(*args))
        by_hand = backup_module.pbkdf2_by_hand
        for module in (None, forbids, allows):
            with mock.patch.dict(sys.modules, {"_hashlib": module}):
                self.assertEqual(len(self.tokens(data, password="secret")), 3)

    def test_without_zlib(self):
        data = backups.backup(self.TAR, 3, True)
        with mock.patch.dict(sys.modules, {"zlib": None}):
            self.refused(data, "no zlib")
            data = backups.backup(self.TAR, 3, False)
            self.assertEqual(len(self.tokens(data)), 3)


class ArchiveTest(FilesCase):
    CACHE = json.dumps({"result": {"list": [DEVICE]}}).encode()

    def test_tar_with_long_names(self):
        import tarfile

        name = "apps/" + "very_long_name/" * 20 + "cache"
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            found = self.search(backups.tar({name: self.CACHE}, form))
            self.assertTrue(found.records[0].source.endswith(":" + name))

    def test_tar_with_a_prefix(self):
        name = "apps/" + "x" * 60 + "/" + "y" * 60 + "/cache"
        found = self.search(backups.tar({name: self.CACHE}))
        self.assertTrue(found.records[0].source.endswith(":" + name))

    def test_links_are_left_out(self):
        import tarfile

        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE):
                entry = tarfile.TarInfo("link")
                entry.type, entry.linkname = kind, "/etc/passwd"
                archive.addfile(entry)
            entry = tarfile.TarInfo("cache")
            entry.size = len(self.CACHE)
            archive.addfile(entry, io.BytesIO(self.CACHE))
        self.assertEqual(self.tokens(file.getvalue()), [TOKEN])

    def test_damaged_tar(self):
        good = backups.tar({"a": self.CACHE, "b": b"x" * 600})
        self.refused(good[:700], "cut off")
        spoiled = bytearray(good)
        spoiled[1024] ^= 1  # the second header
        found = self.search(bytes(spoiled))
        self.assertIn("checksum is wrong", found.notes[0][1])

    def header(self, kind=b"0", size=b"00000000000\0", data=b""):
        block = bytearray(512)
        block[:1], block[124:136], block[156:157] = b"f", size, kind
        block[257:263] = b"ustar\0"
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block) + data + bytes(-len(data) % 512)

    def test_numbers_in_headers(self):
        huge = b"\x80" + bytes(10) + b"\x05"
        data = self.header(size=huge, data=b"12345") + bytes(512)
        self.assertEqual(self.tokens(data), [])
        for header, text in (
            (self.header(size=b"9999x999999\0"), "number is none"),
            (self.header(b"x", b"77777777777\0"), "header of over"),
            (self.header(size=b"-7".ljust(12, b"\0")), "number is none"),
            (self.header(b"x", b"00000000012\0", b"10 size=x\n"), "number is none"),
            (self.header(b"x", b"00000000013\0", b"11 size=\xc2\xb2\n"), "is none"),
            (self.header(b"0", b"77777777777\0"), "cut off"),
        ):
            self.refused(header + self.header() + bytes(512), text)

    def test_sizes_in_pax_headers(self):
        size = b"%d" % len(self.CACHE)
        record = b"%d size=%s\n" % (len(size) + 9, size)
        extended = self.header(b"x", b"%011o\0" % len(record), record)
        data = self.header(data=self.CACHE)
        self.assertEqual(self.tokens(extended + data + bytes(512)), [TOKEN])
        ignored = self.header(b"g", b"%011o\0" % len(record), record)
        ignored += self.header(b"K", b"00000000005\0", b"link\0")
        self.assertEqual(self.tokens(ignored + extended + data + bytes(512)), [TOKEN])

    def test_what_comes_before_the_damage_counts(self):
        base = sample("miio2.db")
        whole = backups.tar({"miio2.db": base, "x": b"x" * 5000})
        end = whole.index(b"xxxx")
        self.assertEqual(len(self.tokens(whole[: end + 512])), 3)
        no_end = backups.tar({"miio2.db": base})[: 512 + len(base)]
        found = self.search(no_end)
        self.assertEqual((len(found.records), found.notes), (3, []))
        data = bytearray(backups.zipped({"photo": b"x", "miio2.db": base}))
        data[data.index(b"PK\1\2") + 10] = 12  # bzip2, says the first
        found = self.search(bytes(data))
        self.assertEqual(len(found.records), 3)
        self.assertIn("method 12", found.notes[0][1])

    def test_too_many_members(self):
        many = backups.tar({str(number): b"" for number in range(20)})
        with mock.patch("miio_pure.tokens.archive.MEMBERS", 10):
            self.refused(many, "over 10 members")

    def test_zip(self):
        members = {"logs/": b"", "logs/a.txt": self.CACHE}
        members["b"] = backups.tar({"c": b"x"})
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            data = backups.zipped(members, method)
            self.assertEqual(self.tokens(data), [TOKEN])
            packed = backups.tar({"inner.zip": data})
            found = self.search(packed)
            self.assertIn(":inner.zip:logs/a.txt", found.records[0].source)
        self.assertEqual(self.tokens(backups.zipped({})), [])

    def test_damaged_zip(self):
        good = backups.zipped({"a": self.CACHE})
        directory = good.index(b"PK\1\2")
        for at, change, text in (
            (len(good) - 22, b"xx", "no directory"),
            (len(good) - 10, b"\xff\xff\xff\x7f", "directory of over"),
            (directory, b"xx", "directory is damaged"),
            (directory + 42, b"\7", "where it should be"),
            (directory + 8, b"\1", "encrypted"),
            (directory + 10, b"\x0c", "method 12"),
            (directory + 20, b"\xff\xff\xff", "cut off|damaged"),
            (40, b"\xff\xff", "damaged|cut off"),
        ):
            data = good[:at] + change + good[at + len(change) :]
            with self.subTest(text=text):
                self.refused(data, text)
        found = self.search(good[:-12] + b"\2" + good[-11:])  # two members, it says
        self.assertEqual(len(found.records), 1)
        self.assertIn("directory is damaged", found.notes[0][1])

    def test_newer_token_first(self):
        old, new = dict(DEVICE), dict(DEVICE, token="f" * 32, name="", ip="")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for year, device in ((2019, old), (2021, new)):
                entry = zipfile.ZipInfo(str(year), (year, 5, 4, 3, 2, 1))
                archive.writestr(entry, json.dumps(device))
        self.assertEqual(self.tokens(file.getvalue()), ["f" * 32, TOKEN])


class LimitsTest(FilesCase):
    """Each has an error that names it."""

    def limited(self, name, limit):
        patch = mock.patch(name, limit)
        patch.start()
        self.addCleanup(patch.stop)

    def test_unpacked_bytes(self):
        budget = mock.patch("miio_pure.tokens.search.Budget", lambda: Budget(100000))
        from miio_pure.tokens.streams import Budget

        bomb = backups.backup(backups.tar({"a": bytes(1 << 20)}))
        with budget:
            self.refused(bomb, "unpacks to over 100000 bytes")
            nested = backups.zipped({"%d.zip" % i: bomb for i in range(3)})
            self.refused(nested, "unpacks to over 100000 bytes")

    def test_nesting(self):
        data = ArchiveTest.CACHE
        for depth in range(6):
            data = backups.zipped({"inner": data})
            if depth < search.NESTING:
                self.assertEqual(self.tokens(data), [TOKEN])
        self.refused(data, "archives within archives, over 4 deep")

    def test_one_member(self):
        self.limited("miio_pure.tokens.search.CONTENT", 100000)
        self.refused(b" " * 100001, "a text of over 100000 bytes")
        self.refused(backups.parcel([DEVICE]) + bytes(100000), "device list of over")
        base = sample("miio2.db") + bytes(100000)
        self.refused(backups.tar({"a": base}), "packed database of over")
        packed = backups.zipped({"a": os.urandom(100001)})
        self.refused(backups.tar({"a.zip": packed}), "packed zip of over")

    def test_databases_kept(self):
        self.limited("miio_pure.tokens.search.KEPT", 40000)
        members = {"%d.db" % number: sample("miio2.db") for number in range(4)}
        found = self.search(backups.tar(members))
        self.assertEqual(len(found.records), 3)
        self.assertIn("packed database of over 7232 bytes", found.notes[0][1])

    def test_logs(self):
        self.limited("miio_pure.tokens.search.LOG", 1000)
        self.write(bytes(2000), "miio2.db-wal")
        found = self.search(sample("miio2.db"), "miio2.db")
        self.assertEqual(len(found.records), 3)
        said = " ".join(text for _, text in found.notes)
        self.assertIn("-wal or -journal of over 1000 bytes", said)

    def test_devices(self):
        self.limited("miio_pure.tokens.databases.DEVICES", 2)
        with self.assertRaisesRegex(MiioError, "over 2 devices"):
            find(os.path.join(SAMPLES, "miio2.db"))
        self.limited("miio_pure.tokens.search.DEVICES", 4)
        found = find(os.path.join(SAMPLES, "smrc4-cache"))
        self.assertEqual(len(found.records), 4)  # those that were found before
        self.assertIn("over 4 devices", found.notes[0][1])

    def test_broken_json(self):
        for text in (b'{"a":[1],' * 30000, b'{"a":' * 300000):
            self.refused(b'"token"' + text, "too much broken JSON")
        for text in (b"{" * 1000000, b'{"token":["' + b"x" * 1000000, b'"token"'):
            self.assertEqual(self.tokens(b'"token"' + text), [])

    def test_escaped_names(self):
        name = "A <B> & \"C\" 'D' \n \U0010ffff"
        text = json.dumps(dict(DEVICE, name=name), ensure_ascii=False)
        for char, entity in (("&", "amp"), ('"', "quot"), ("<", "lt"), (">", "gt")):
            text = text.replace(char, "&%s;" % entity)
        text = text.replace("'", "&#39;").replace("\U0010ffff", "&#9999999;")
        found = self.search(b"<string>%b</string>" % text.encode())
        self.assertEqual(found.records[0].name, name)

    def test_entities(self):
        bomb = b'<!DOCTYPE a [<!ENTITY b "&c;&c;">]>&quot;token&quot;' + b"&amp;" * 1000
        self.assertEqual(self.tokens(bomb), [])

    def test_many_of_one_device(self):
        data = json.dumps([dict(DEVICE, token="%032x" % i) for i in range(5000)])
        self.assertEqual(len(self.tokens(data.encode())), 5000)

    def test_long_lines_and_numbers(self):
        self.limited("miio_pure.tokens.text.SEGMENT", 1000)
        good, long = json.dumps(DEVICE), '{"token": "%s"}' % ("x" * 1000)
        found = self.search(("%s\n%s\n" % (good, long)).encode())
        self.assertEqual(len(found.records), 1)
        self.assertIn("line of over 1000 characters", found.notes[0][1])
        self.assertEqual(self.tokens((good + "\n").encode() * 20), [TOKEN])
        number = good[:-1] + ', "n": %s}' % ("7" * 500)
        self.assertEqual(self.tokens(number.encode()), [])

    def test_errors_kept(self):
        self.limited("miio_pure.tokens.search.ERRORS", 3)
        for number in range(5):
            self.write(b"SQLite format 3\0", str(number))
        self.write(ArchiveTest.CACHE, "cache")
        self.assertEqual(len(find(self.folder).notes), 3)


class TextTest(FilesCase):
    def test_json_of_all_forms(self):
        plain = json.dumps({"result": {"list": [[DEVICE], "x", {"token": 5}]}})
        for text in (
            plain,
            json.dumps({"result": {"list": [DEVICE]}}, indent=2),
            "noise {not json} result=" + plain + " and more",
            "result=brok{en" + plain[10:],
            "a\n" + json.dumps(DEVICE, indent=1) + "\nb",
            plain[:-3],
            json.dumps(DEVICE) + json.dumps(DEVICE),
        ):
            self.assertEqual(self.tokens(text.encode()), [TOKEN], text)

    def test_texts_without_tokens(self):
        for data in (b"nothing", b"{}", b"\xff\xfe\0\0", b'{"token": "x"}', b"1234"):
            self.assertEqual(self.tokens(data), [])

    def test_numbers_for_ids_and_missing_fields(self):
        found = self.search(b'{"did":55393227,"token":"x","localip":"1.2.3.4"}')
        record = found.records[0]
        self.assertEqual((record.did, record.ip), ("55393227", "1.2.3.4"))
        self.assertEqual(record.name, "")
        self.assertEqual(repr(record), "<Record 55393227 of %s>" % record.source)
        self.assertEqual(repr(Record("s")), "<Record ? of s>")

    def test_notes_of_the_modified_app(self):
        text = "IP: 192.168.1.5\r\nModel: rockrobo.vacuum.v1\r\nToken: %s\r\n" % TOKEN
        record = self.search(text.encode(), "55393227.txt").records[0]
        self.assertEqual((record.did, record.ip), ("55393227", "192.168.1.5"))
        self.assertEqual((record.model, record.token), ("rockrobo.vacuum.v1", TOKEN))
        bare = "192.168.1.5\nrockrobo.vacuum.v1\n%s" % TOKEN
        self.assertEqual(self.search(bare.encode(), "notes").records[0].did, "")

    def test_objects_of_one_line_and_of_several(self):
        other = json.dumps(dict(DEVICE, did="2"), indent=1)
        text = "%s\n%s\n" % (json.dumps(DEVICE), other)
        self.assertEqual(len(self.tokens(text.encode())), 2)

    def test_devices_without_anything(self):
        nothing = [{"did": "7", "token": ""}, {"did": "", "token": ""}] * 2
        found = self.search(json.dumps(nothing).encode())
        self.assertEqual([one.did for one in found.without], ["7"])

    def test_a_note_without_a_device_id(self):
        self.write(ArchiveTest.CACHE.replace(b"192.168.1.45", b""), "cache")
        self.write(b"192.168.1.5\na.vacuum.v1\n%b" % TOKEN.encode(), "note")
        (record,) = find(self.folder).records
        self.assertEqual((record.did, record.ip), ("55393227", "192.168.1.5"))

    def test_a_robot_and_its_app(self):
        """The robot's file tells only the token; the app's tells the rest."""
        token = sample("robot", "device.token")
        self.write(token, "device.token")
        self.assertEqual(find(self.folder).records[0].did, "")
        device = dict(DEVICE, token=token.strip().hex())
        self.write(json.dumps(device).encode(), "cache")
        self.assertEqual([one.did for one in find(self.folder).records], ["55393227"])

    def test_a_token_from_one_file_a_name_from_another(self):
        self.write(json.dumps(dict(DEVICE, token="")).encode(), "a")
        self.write(json.dumps({"did": DEVICE["did"], "token": TOKEN}).encode(), "b")
        (record,) = find(self.folder).records
        self.assertEqual((record.name, record.token), ("Mi Robot Vacuum", TOKEN))
        self.assertEqual(find(self.folder).without, [])


class ParcelTest(FilesCase):
    def test_forms(self):
        devices = [DEVICE, dict(DEVICE, did="2", token=None, mac=None, name="Лампа")]
        for before in (b"", b"\7" * 12):
            found = self.search(backups.parcel(devices, before))
            self.assertEqual([one.token for one in found.records], [TOKEN])
            self.assertEqual([one.name for one in found.without], ["Лампа"])
            self.assertTrue(found.without[0].why)

    def test_broken_ones_are_left_out(self):
        good = backups.parcel([DEVICE])
        for end in range(1, len(good)):
            self.assertIn(len(self.tokens(good[:end])), (0, 1))
        self.assertEqual(self.tokens(good[8:]), [])  # no length before the first


class FolderTest(FilesCase):
    def test_links_are_not_followed(self):
        self.write(b"nothing", "folder", "a")
        outside = self.write(ArchiveTest.CACHE, "outside")
        os.symlink(outside, os.path.join(self.folder, "folder", "link"))
        folder = os.path.join(self.folder, "folder")
        self.assertEqual(find(folder).records, [])
        self.assertEqual(len(find(os.path.join(folder, "link")).records), 1)

    def test_not_there(self):
        with self.assertRaisesRegex(MiioError, "cannot be read: No such file"):
            find(os.path.join(self.folder, "none"))

    def test_neither_file_nor_folder(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path in (pipe, os.devnull):
            with self.assertRaisesRegex(MiioError, "neither a file nor a folder"):
                find(path)
        self.assertEqual(find(self.folder).records, [])

    def test_a_folder_that_cannot_be_read(self):
        refusal = PermissionError(13, "Permission denied", self.folder)
        with mock.patch("os.scandir", side_effect=refusal), mock.patch(
            "os.listdir", side_effect=refusal
        ), self.assertRaisesRegex(MiioError, "cannot be read: Permission denied"):
            find(self.folder)

    def test_what_cannot_be_read(self):
        self.write(ArchiveTest.CACHE, "a")
        with mock.patch("miio_pure.tokens.search.open", create=True) as fake:
            fake.side_effect = OSError("strange")
            with self.assertRaisesRegex(MiioError, "cannot be read: strange"):
                find(self.folder)

    def test_progress(self):
        seen = []
        self.write(backups.tar({"one": b"1", "two": b"2"}), "a.tar")
        find(self.folder, progress=seen.append)
        names = [name.split(":")[-1][-5:] for name in seen]
        self.assertEqual(names, ["a.tar", "one", "two"])


class DamageTest(FilesCase):
    """Any file of any bytes gives a value or a MiioError."""

    def test_cut_anywhere(self):
        for path, case in expected().items():
            whole = os.path.join(SAMPLES, *path.split("/"))
            if os.path.isdir(whole) or "encrypted" in path or "rounds" in path:
                continue
            with open(whole, "rb") as file:
                data = file.read()
            step = 1 if len(data) < 3000 else 61
            for end in range(0, len(data), step):
                self.survive(data[:end])

    def survive(self, data):
        place = search._Place("file", 0.0, search.Budget())
        with self.quiet():
            finder = search._Search("secret", None)
            finder._file(io.BufferedReader(io.BytesIO(data)), place)

    def quiet(self):
        import contextlib

        return contextlib.suppress(MiioError)

    def test_random_damage(self):
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        names = [path for path in expected() if "encrypted" not in path]
        with self.subTest(seed=seed):
            for path in names:
                whole = os.path.join(SAMPLES, *path.split("/"))
                if os.path.isdir(whole) or "rounds" in path:
                    continue
                with open(whole, "rb") as file:
                    data = file.read()
                for _ in range(60 if data else 0):
                    spoiled = bytearray(data)
                    for _ in range(rng.choice((1, 2, 20))):
                        limit = min(len(spoiled), rng.choice((200, 5000, 1 << 30)))
                        spoiled[rng.randrange(limit)] = rng.choice((0, 255, 7))
                    self.survive(bytes(spoiled))
