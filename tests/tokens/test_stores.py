# SPDX-License-Identifier: MIT
"""The samples of what other programs keep, alone and packed, whole and damaged."""

import gzip
import os
import shutil

from miio_pure.tokens import find

from ..support import backups, stores
from ..support.samples import STORES, FilesCase, expected, read_stores, sample, told

# What the samples hold besides tokens, and nobody may ever see.
SECRETS = (
    "hunter2",
    "c8fea5d73716e7ea40041e001c823d9e",
    "00112233445566778899aabbccddeeff",
    "AbCdEfGhIjKlMnOp",
    "c2cd789a380208a9ad45f23d3b1a11df",
)


class SamplesTest(FilesCase):
    def test_each_has_what_is_expected(self):
        self.assertGreater(len(expected(STORES)), 20)
        for path, case in expected(STORES).items():
            with self.subTest(path=path):
                found = find(os.path.join(STORES, *path.split("/")))
                facts = [record.facts() for record in found.records]
                self.assertEqual(told(facts), told(case.get("devices", [])))

    def test_no_other_secret_is_kept(self):
        found = find(STORES)
        self.assertGreater(len(found.records), 25)
        everything = repr([one.facts() for one in found.records + found.without])
        everything += repr(found.notes)
        for secret in SECRETS:
            self.assertNotIn(secret, everything)

    def test_bluetooth_devices_are_counted_apart(self):
        for name in ("output.txt", "output.json"):
            (record,) = find(os.path.join(STORES, "extractor", name)).without
            self.assertIn("Bluetooth", record.why)
            self.assertEqual(record.token, "")

    def test_an_encrypted_token_of_iobroker_is_explained_once(self):
        data = sample("iobroker", "objects.jsonl", folder=STORES)
        notes = self.search(data + data).notes
        self.assertEqual(len(notes), 1)
        self.assertIn("ioBroker has encrypted", notes[0][1])


class PackedTest(FilesCase):
    def check(self, path, data, devices):
        with self.subTest(path=path):
            facts = [record.facts() for record in self.search(data, "a.jpg").records]
            self.assertEqual(told(facts), told(devices))

    def test_names_and_archives_do_not_matter(self):
        for path, data, devices in read_stores():
            for pack in (
                bytes,
                gzip.compress,
                stores.pack_tar_gz,
                lambda data: backups.tar({"x/y": data}),
                lambda data: backups.zipped({"y": data}),
                lambda data: backups.zipped({"b.tar.gz": stores.pack_tar_gz(data)}),
            ):
                self.check(path, pack(data), devices)

    def test_texts_may_be_utf_16(self):
        for path, data, devices in read_stores():
            try:
                text = data.decode("utf-8").replace("\n", "\r\n")
            except UnicodeDecodeError:
                continue
            for encoding in ("utf-16", "utf-8-sig"):
                self.check(path, text.encode(encoding), devices)
            if text.isascii() if hasattr(text, "isascii") else False:
                for encoding in ("utf-16-le", "utf-16-be"):
                    self.check(path, text.encode(encoding), devices)

    def test_a_backup_of_home_assistant(self):
        entries = sample("home-assistant", "core.config_entries", folder=STORES)
        inner = backups.tar({"data/.storage/core.config_entries": entries})
        members = {"backup.json": b"{}", "homeassistant.tar.gz": gzip.compress(inner)}
        found = self.search(backups.tar(members))
        self.assertEqual(len(found.records), 3)
        self.assertIn("homeassistant.tar.gz:data/.storage", found.records[0].source)

    def test_an_encrypted_backup_of_home_assistant_is_explained(self):
        secured = b"SecureTar\x02\0\0\0\0\0\0" + bytes(range(256)) * 9
        found = self.search(backups.tar({"homeassistant.tar.gz": secured}))
        self.assertIn("Home Assistant with a password", found.notes[0][1])

    def test_a_robot_that_was_copied_as_a_whole(self):
        """A roborock keeps its two files in different folders."""
        token = sample("robot", "device.token", folder=STORES)
        conf = sample("robot", "device.conf", folder=STORES)
        members = {"mnt/data/miio/device.token": token, "mnt/default/device.conf": conf}
        (record,) = self.search(gzip.compress(backups.tar(members))).records
        self.assertEqual(record.device_id, "439376158")


class FolderTest(FilesCase):
    def test_what_is_found_twice_is_one_row(self):
        copy = shutil.copytree(STORES, os.path.join(self.folder, "stores"))
        shutil.copy(os.path.join(copy, "fhem", "fhem.cfg"), os.path.join(copy, "again"))
        records = find(copy).records
        keys = [(record.token, record.address) for record in records]
        self.assertEqual(len(keys), len(set(keys)))
