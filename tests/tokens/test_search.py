# SPDX-License-Identifier: MIT
"""The search through files of all kinds, and the samples."""

import contextlib
import io
import json
import os
import pathlib
import random
import shutil
import tempfile
import unittest
import zipfile
from unittest import mock

from miio_pure import MiioError
from miio_pure.files.effort import RECORD, Effort
from miio_pure.tokens import find, search

from ..support import backups
from ..support.samples import SAMPLES, FilesCase, expected, sample, told

DEVICE = backups.DEVICE
TOKEN = DEVICE["token"]
CACHE = json.dumps({"result": {"list": [DEVICE]}}).encode()


class SamplesTest(unittest.TestCase):
    def test_each_has_what_is_expected(self):
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

    def test_each_device_is_one_row(self):
        """Two of the devices have tokens of two kinds, so they are two rows each."""
        found = find(SAMPLES, password="secret")
        keys = [(record.device_id, record.token) for record in found.records]
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


class SearchTest(FilesCase):
    def test_what_is_not_there_is_an_error(self):
        with self.assertRaisesRegex(MiioError, "cannot be read: No such file"):
            find(os.path.join(self.folder, "none"))

    def test_what_cannot_be_read_is_an_error(self):
        self.write(CACHE, "a")
        with mock.patch("miio_pure.files.walk.open", create=True) as fake:
            fake.side_effect = OSError("strange")
            with self.assertRaisesRegex(MiioError, "cannot be read: strange"):
                find(self.folder)

    def test_progress_is_told_each_file(self):
        seen = []
        self.write(backups.tar({"one": b"1", "two": b"2"}), "a.tar")
        find(self.folder, progress=seen.append)
        names = [name.split(":")[-1][-5:] for name in seen]
        self.assertEqual(names, ["one", "two"])

    def test_a_path_may_be_a_path_object(self):
        path = self.write(CACHE)
        for one in (path, self.folder):
            self.assertEqual(len(find(pathlib.Path(one)).records), 1)

    def test_each_path_has_an_effort_of_its_own(self):
        """What one path does not leave to the search, another one does."""
        many = self.write(
            json.dumps([dict(DEVICE, did=str(n)) for n in range(99)]).encode()
        )
        cache = self.write(CACHE, "cache")
        with mock.patch.object(search, "Effort", lambda: Effort(20 * RECORD)):
            found = find(many, cache)
            self.assertGreater(len(found.records), 10)
            self.assertIn(DEVICE["did"], [one.device_id for one in found.records])
            self.assertEqual(len(found.notes), 1)
            self.assertIn("the rest was left out", found.notes[0][1])

    def test_that_nothing_was_found_before_the_limit_is_an_error(self):
        with mock.patch.object(search, "Effort", lambda: Effort(100)):
            self.refused(CACHE, "more than can be searched")

    def test_notes_on_limits_come_before_all_others(self):
        for number in range(30):
            self.write(b"SQLite format 3\0", "%02d" % number)
        self.write(CACHE, "000")
        with mock.patch.object(search, "Effort", lambda: Effort(1500)):
            found = find(self.folder)
        self.assertEqual(len(found.records), 1)
        self.assertIn("the rest was left out", found.notes[0][1])
        self.assertIn("cut off", found.notes[1][1])

    def test_the_password_is_asked_for_once(self):
        ask = mock.Mock(return_value="secret")
        tar = backups.tar({"db": sample("miio2.db")})
        self.write(backups.backup(tar, 3, True, "secret"), "one.ab")
        self.write(backups.backup(tar, 4, False, "secret"), "two.ab")
        self.assertEqual(len(find(self.folder, password=ask).records), 3)
        ask.assert_called_once_with()

    def test_what_cannot_be_read_is_a_note_where_something_was_found(self):
        self.write(b"SQLite format 3\0", "broken")
        self.write(CACHE, "cache")
        found = find(self.folder)
        self.assertEqual(len(found.records), 1)
        self.assertIn("cut off", found.notes[0][1])


class MergeTest(FilesCase):
    """What several files tell of the same device."""

    def test_newer_token_first(self):
        old, new = dict(DEVICE), dict(DEVICE, token="e" * 32, name="")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for year, device in ((2019, old), (2021, new)):
                entry = zipfile.ZipInfo(str(year), (year, 5, 4, 3, 2, 1))
                archive.writestr(entry, json.dumps(device))
        self.assertEqual(self.tokens(file.getvalue()), ["e" * 32, TOKEN])

    def test_a_note_without_a_device_id(self):
        self.write(CACHE.replace(b"192.168.1.45", b""), "cache")
        self.write(b"192.168.1.5\na.vacuum.v1\n%b" % TOKEN.encode(), "note")
        (record,) = find(self.folder).records
        self.assertEqual(
            (record.device_id, record.address), ("55393227", "192.168.1.5")
        )

    def test_the_same_token_at_two_addresses_is_two_rows(self):
        def find_all(*devices):
            data = json.dumps([dict(one, token=TOKEN) for one in devices])
            records = self.search(data.encode()).records
            return [(one.address, one.name, one.device_id) for one in records]

        here, there = {"ip": "192.168.1.5"}, {"ip": "192.168.1.6", "name": "x"}
        known, mac = {"did": "55393227"}, {"mac": "34:CE:00:AA:BB:01"}
        two = [("192.168.1.5", "", ""), ("192.168.1.6", "x", "")]
        self.assertEqual(find_all(here, there, here, there), two)
        self.assertEqual(find_all(here, mac, there), two)
        self.assertEqual(find_all(mac, here, there), two)
        self.assertEqual(find_all(mac, mac, here), two[:1])
        one = [("192.168.1.5", "x", "55393227")]
        self.assertEqual(find_all(here, there, known), one)

    def test_a_robot_and_its_app(self):
        """The robot's file tells only the token; the app's tells the rest."""
        token = sample("robot", "device.token")
        self.write(token, "device.token")
        self.assertEqual(find(self.folder).records[0].device_id, "")
        device = dict(DEVICE, token=token.strip().hex())
        self.write(json.dumps(device).encode(), "cache")
        self.assertEqual(
            [one.device_id for one in find(self.folder).records], ["55393227"]
        )

    def test_a_token_from_one_file_a_name_from_another(self):
        self.write(json.dumps(dict(DEVICE, token="")).encode(), "a")
        self.write(json.dumps({"did": DEVICE["did"], "token": TOKEN}).encode(), "b")
        (record,) = find(self.folder).records
        self.assertEqual((record.name, record.token), ("Mi Robot Vacuum", TOKEN))
        self.assertEqual(find(self.folder).without, [])


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
        """Search the bytes; any MiioError is fine."""
        with contextlib.suppress(MiioError):
            self.search(data, password="secret")

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
