# SPDX-License-Identifier: MIT
"""Devices in the device lists of the Android app."""

from ..support import backups
from ..support.samples import FilesCase

DEVICE = backups.DEVICE
TOKEN = DEVICE["token"]


class ParcelTest(FilesCase):
    def test_null_and_other_alphabets(self):
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
        # The first string lacks its length.
        self.assertEqual(self.tokens(good[8:]), [])
