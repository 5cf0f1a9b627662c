# SPDX-License-Identifier: MIT
"""Devices in JSON of all forms, and in short notes."""

import json
from unittest import mock

from miio_pure.files.effort import Effort, TooMuch
from miio_pure.files.streams import hold
from miio_pure.files.walk import Leaf
from miio_pure.tokens import text as text_module
from miio_pure.tokens.text import find_in_text

from ..support import backups
from ..support.samples import FilesCase

DEVICE = backups.DEVICE
TOKEN = DEVICE["token"]


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
        found = self.search(
            b'{"did":55393227,"token":"%b","localip":"1.2.3.4"}' % TOKEN.encode()
        )
        record = found.records[0]
        self.assertEqual((record.device_id, record.address), ("55393227", "1.2.3.4"))
        self.assertEqual(record.name, "")

    def test_notes_of_the_modified_app(self):
        text = "IP: 192.168.1.5\r\nModel: rockrobo.vacuum.v1\r\nToken: %s\r\n" % TOKEN
        record = self.search(text.encode(), "55393227.txt").records[0]
        self.assertEqual(
            (record.device_id, record.address), ("55393227", "192.168.1.5")
        )
        self.assertEqual((record.model, record.token), ("rockrobo.vacuum.v1", TOKEN))
        bare = "192.168.1.5\nrockrobo.vacuum.v1\n%s" % TOKEN
        self.assertEqual(self.search(bare.encode(), "notes").records[0].device_id, "")

    def test_objects_of_one_line_and_of_several(self):
        other = json.dumps(dict(DEVICE, did="2"), indent=1)
        text = "%s\n%s\n" % (json.dumps(DEVICE), other)
        self.assertEqual(len(self.tokens(text.encode())), 2)

    def test_devices_without_anything(self):
        nothing = [{"did": "7", "token": ""}, {"did": "", "token": ""}] * 2
        found = self.search(json.dumps(nothing).encode())
        self.assertEqual([one.device_id for one in found.without], ["7"])

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
        data = json.dumps([dict(DEVICE, token="%032x" % i) for i in range(1, 5001)])
        self.assertEqual(len(self.tokens(data.encode())), 5000)

    def test_long_lines(self):
        good, long = json.dumps(DEVICE), '{"token": "%s"}' % ("x" * 1000)
        with mock.patch.object(text_module, "MAX_SEGMENT", 1000):
            found = self.search(("%s\n%s\n" % (good, long)).encode())
            self.assertEqual(len(found.records), 1)
            self.assertIn("line of over 1000 bytes", found.notes[0][1])
            self.assertEqual(self.tokens((good + "\n").encode() * 20), [TOKEN])

    def test_long_numbers(self):
        number = json.dumps(DEVICE)[:-1] + ', "n": %s}' % ("7" * 500)
        self.assertEqual(self.tokens(number.encode()), [])

    def test_a_long_text_is_read_in_parts_that_overlap(self):
        """No object is lost that takes several lines, wherever a part ends."""
        lines = json.dumps(DEVICE, indent=1).count("\n") + 1
        for shift in range(lines):
            devices = [dict(DEVICE, did=str(number)) for number in range(200)]
            text = "x\n" * shift + "\n".join(json.dumps(d, indent=1) for d in devices)
            with mock.patch.object(text_module, "MAX_SEGMENT", 3000):
                with mock.patch.object(text_module, "MAX_OBJECT", 1000):
                    found = self.search(text.encode())
            self.assertEqual((len(found.records), found.notes), (200, []))

    def test_broken_json_spends_effort(self):
        for text in (b'{"a":[1],' * 30000, b'{"a":' * 300000):
            data = b'"token"' + text
            leaf = Leaf("x", 0.0, len(data), hold(data), Effort(100000))
            with self.assertRaises(TooMuch):
                list(find_in_text(leaf))
        for text in (b"{" * 1000000, b'{"token":["' + b"x" * 1000000, b'"token"'):
            self.assertEqual(self.tokens(b'"token"' + text), [])
