# SPDX-License-Identifier: MIT
"""Devices in notes of three lines, and in a robot's two files."""

import os
import shutil

from miio_pure.tokens import find

from ..support import backups
from ..support.samples import STORES, FilesCase, sample

TOKEN = "0123456789abcdef0123456789abcdef"
LINES = ("192.168.1.5", "rockrobo.vacuum.v1", TOKEN)
FOUND = {"address": "192.168.1.5", "model": "rockrobo.vacuum.v1", "token": TOKEN}


class NotesTest(FilesCase):
    def test_three_lines_are_a_device(self):
        for text in (
            "\n".join(LINES),
            "\r\n".join(LINES) + "\r\n\r\n",
            "IP: %s\nModel: %s\nToken: %s\n" % LINES,
            "localip=%s\nmodel=%s\ntoken=%s\n" % LINES,
        ):
            self.assertEqual(self.facts(text), [FOUND], text)
        named = self.facts("\n".join(LINES), "55393227.txt")
        self.assertEqual(named, [dict(FOUND, device_id="55393227")])

    def test_anything_more_or_less_is_none(self):
        for text in (
            "\n".join(LINES[:2]),
            "\n".join(LINES[::-1]),
            "\n".join(LINES + ("more",)),
            "\n".join(("my router is 192.168.1.5",) + LINES[1:]),
            "\n".join(LINES[:2] + ("sha " + TOKEN,)),
            "\n".join((LINES[0], "build v1.2.3.4 of foo.bar.baz", TOKEN)),
            "\n".join(("999.1.1.1", "a.b.c", "x" * 32)),
            "\n".join(LINES) + " " * 600,
        ):
            self.assertEqual(self.facts(text), [], text)

    def test_a_file_that_is_called_after_its_address(self):
        self.assertEqual(self.facts("\n".join(LINES), "192.168.1.5.txt"), [FOUND])


class RobotTest(FilesCase):
    def copy(self, *names):
        source = os.path.join(STORES, "robot")
        for name in names:
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            shutil.copy(os.path.join(source, os.path.basename(name)), self.path(name))

    def test_what_lies_beside_it_tells_the_id(self):
        self.copy("device.token", "device.conf", "more/device.token")
        (record,) = find(self.folder).records
        self.assertEqual(record.device_id, "439376158")

    def test_files_of_different_robots_are_not_mixed(self):
        self.copy("a/device.token", "b/device.conf")
        found = find(self.folder)
        self.assertEqual([one.device_id for one in found.records], [""])
        self.assertIn("device.token", found.without[0].why)

    def test_two_robots_in_one_folder_stay_apart(self):
        self.copy("device.token", "device.conf")
        conf = sample("robot", "device.conf", folder=STORES)
        self.write(conf.replace(b"did=4", b"did=5"), "other.conf")
        found = find(self.folder)
        self.assertEqual([one.device_id for one in found.records], [""])
        self.assertEqual(len(found.without), 2)

    def test_folders_of_a_roborock(self):
        self.copy("mnt/data/miio/device.token", "mnt/reserve/device.conf")
        self.assertEqual(find(self.folder).records[0].device_id, "439376158")

    def test_two_files_that_are_given_by_themselves(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        self.copy("device.token", "device.conf")
        os.chdir(self.folder)
        (record,) = find("device.token", "device.conf").records
        self.assertEqual(record.device_id, "439376158")

    def test_an_id_of_another_program_is_no_token(self):
        self.write(b"9774d56d682e549c", "android_id")
        self.assertEqual(find(self.folder).records, [])
        self.copy("device.conf")
        (record,) = find(self.folder).records
        self.assertEqual(record.token, b"9774d56d682e549c".hex())

    def test_texts_that_are_no_conf(self):
        for text in ("did=1\nmac=2\n", "key=x\n", "did=x\nkey=y\n", "x" * 5000):
            self.assertEqual(self.search(text.encode()).without, [])

    def test_an_app_that_knows_the_robot_by_its_id(self):
        self.copy("device.conf")
        token = '{"did": "439376158", "token": "%s"}' % TOKEN
        self.write(backups.zipped({"cache": token}), "x.zip")
        found = find(self.folder)
        self.assertEqual((len(found.records), found.without), (1, []))
        self.assertEqual(found.records[0].model, "roborock.vacuum.s5")
