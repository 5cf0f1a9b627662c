# SPDX-License-Identifier: MIT
"""Devices in lines of a key and a value: YAML, printed lists, notes."""

from unittest import mock

from miio_pure.tokens import text as text_module

from ..support.samples import FilesCase
from ..support.stores import FIRST, ONE, SECOND, TWO


class BlocksCase(FilesCase):
    def check(self, text, *devices):
        text = text.replace("ONE", ONE).replace("TWO", TWO)
        self.assertEqual(self.facts(text), list(devices), text)

    def check_mixed(self, text):
        """The text is refused, and the user learns why."""
        text = text.replace("ONE", ONE).replace("TWO", TWO)
        # What is said once is not said again.
        found = self.search((text + "\n\n" + text).encode())
        self.assertEqual([record.facts() for record in found.records], [])
        self.assertEqual(len(found.notes), 1)
        self.assertIn("put an empty line between two devices", found.notes[0][1])


class NotesTest(BlocksCase):
    def test_signs_quotes_and_blanks(self):
        for text in (
            "ip: 192.168.1.5\ntoken: ONE",
            "IP = 192.168.1.5\nToken = ONE\n",
            "ip=192.168.1.5\r\ntoken=ONE\r\n",
            "\tip:\t192.168.1.5\n\ttoken:\tONE\n",
            "host: '192.168.1.5'\ntoken: \"ONE\"\n",
            "IP address: 192.168.1.5\nToken: ONE via auto-token\n",
            "\x1b[1mip:\x1b[0m 192.168.1.5\n\x1b[32mtoken: ONE\x1b[0m\n",
        ):
            self.check(text, FIRST)

    def test_what_stands_between_separates(self):
        for between in ("", "---", "  ---------", "Lamp", "# old", "[lamp]", "lamp:"):
            self.check(
                "ip: 192.168.1.5\ntoken: ONE\n%s\nip: 192.168.1.6\ntoken: TWO"
                % between,
                FIRST,
                SECOND,
            )
            # Two halves of different devices are none.
            self.check("ip: 192.168.1.5\n%s\ntoken: TWO\n" % between)

    def test_a_key_that_was_there_begins_the_next(self):
        self.check(
            "ip: 192.168.1.5\ntoken: ONE\nip: 192.168.1.6\ntoken: TWO", FIRST, SECOND
        )
        self.check(
            "name: a\nip: 192.168.1.5\ntoken: ONE\n"
            "name: b\nmodel: x\nip: 192.168.1.6\ntoken: TWO",
            dict(FIRST, name="a"),
            dict(SECOND, name="b", model="x"),
        )

    def test_what_could_be_divided_in_two_ways_is_refused(self):
        for text in (
            # The address may be that of either device.
            "mac: 34:CE:00:AA:BB:01\ntoken: ONE\nip: 192.168.1.5\n"
            "mac: 34:CE:00:AA:BB:02\ntoken: TWO",
            "token: ONE\nip: 192.168.1.6\ntoken: TWO",
            # The model may be the first line of the second device.
            "name: a\nip: 192.168.1.5\ntoken: ONE\nmodel: x\n"
            "name: b\nip: 192.168.1.6\ntoken: TWO",
            "did: 1234567\ntoken: ONE\nip: 192.168.1.5\ndid: 7654321\ntoken: TWO",
            # Two addresses of one device.
            "ip: 192.168.1.5\nhost: 192.168.1.6\ntoken: ONE",
            # A key that is not known shows that there are two.
            "device: a\ntoken: ONE\ndevice: b\nip: 192.168.1.6",
        ):
            self.check_mixed(text)

    def test_a_device_without_a_token_may_stand_between(self):
        self.check("ip: 192.168.1.4\ntoken:\nip: 192.168.1.5\ntoken: ONE", FIRST)

    def test_an_empty_address_does_not_divide(self):
        self.check(
            "name: a\nip:\ntoken: ONE\nmac: 34:CE:00:AA:BB:01",
            {"name": "a", "token": ONE, "mac": "34:CE:00:AA:BB:01"},
        )

    def test_a_model_is_one_word(self):
        for model in ("Mi Robot", "a.vacuum.v1"):
            expected = {} if " " in model else {"model": model}
            self.check(
                "model: %s\nip: 192.168.1.5\ntoken: ONE" % model,
                dict(FIRST, **expected),
            )

    def test_texts_that_only_look_like_a_device(self):
        for text in (
            "my router is 192.168.1.1\nfoo.bar.baz\nsha ONE\n",
            "host 192.168.1.5 has the token: ONE\n",
            "the ip: 192.168.1.5\nmy token: ONE\n",
            '"ip": "192.168.1.5",\n"token": "ONE"\n',
            "ip: 192.168.1.5\nservice_token: ONE\n",
            "ip: 8.8.8.8\ntoken: ONE\n",
            "ip: router\ntoken: ONE\n",
            "token: ONE\n",
        ):
            self.check(text)

    def test_lines_that_are_too_long_separate(self):
        self.check("ip: 192.168.1.5\n%s\ntoken: ONE" % ("x: " + "y" * 3000))


class PrintedTest(BlocksCase):
    def test_names_of_python_miio(self):
        for name in ("Lamp", "Lamp (2)", "a: b", "== x ==", "# 1", "- 2", "客厅灯"):
            self.check(
                "== %s (Device online ) ==\n\tToken: ONE\n"
                "\tIP: 192.168.1.5 (mac: 34:ce:00:aa:bb:01)\n\tDID: 7654321\n" % name,
                dict(FIRST, name=name, mac="34:CE:00:AA:BB:01", device_id="7654321"),
            )

    def test_names_of_miio_extract_tokens(self):
        for name in ("Lamp", "a: b", "Lamp:", "客厅灯", "192.168.1.9", "x = y"):
            self.check(
                "INFO:Reading tokens\n%s\n\tModel: a.b.c\n"
                "\tIP address: 192.168.1.5\n\tToken: ONE\n\tMAC: \n" % name,
                dict(FIRST, name=name, model="a.b.c"),
            )

    def test_what_miio_of_npm_discovers(self):
        self.check(
            "Device ID: 7654321\nModel info: a.fan.v1\nAddress: 192.168.1.5\n"
            "Token: ONE via auto-token\nSupport: At most basic\n\n"
            "Device ID: 7654322\nModel info: Unknown\nAddress: 192.168.1.6\n"
            "Token: ???\nSupport: Unknown\n",
            dict(FIRST, device_id="7654321", model="a.fan.v1"),
        )

    def test_no_other_line_is_a_name(self):
        self.check("Lamp\n\tip: 192.168.1.5\n\ttoken: ONE\n", FIRST)

    def test_rows_of_bluetooth_devices_are_counted_apart(self):
        text = "   ID:    blt.3.1\n   TOKEN: %s\n" % ("ab" * 12)
        found = self.search(text.encode())
        self.assertEqual((found.records, len(found.without)), ([], 1))
        self.assertIn("Bluetooth", found.without[0].why)


class YamlTest(BlocksCase):
    def test_lists(self):
        self.check(
            "fan:\n- platform: xiaomi_miio\n  host: 192.168.1.5\n  token: ONE\n"
            "- platform: xiaomi_miio\n  token: TWO\n  host: 192.168.1.6\n",
            FIRST,
            SECOND,
        )
        self.check("-   host: 192.168.1.5\n    token: ONE\n- x\n- - y\n", FIRST)

    def test_comments_empty_lines_and_what_is_nested_do_not_end_a_mapping(self):
        self.check(
            "fan:\n  - host: 192.168.1.5  # kitchen\n\n    # from the app\n"
            "    name: 'Fan' # x\n    more:\n      - a\n      host: 192.168.1.9\n"
            "    token: ONE # y\n",
            dict(FIRST, name="Fan"),
        )

    def test_a_mapping_ends_where_the_indentation_does(self):
        self.check("a:\n  host: 192.168.1.5\nb:\n  token: ONE\n")
        self.check("- host: 192.168.1.5\n- token: ONE\n")
        self.check("host: 192.168.1.5\na:\n  token: ONE\n")
        self.check("a:\n    host: 192.168.1.5\n  token: ONE\n")

    def test_a_key_twice_in_one_mapping_is_refused(self):
        self.check_mixed(
            "- host: 192.168.1.5\n  token: ONE\n" "  host: 192.168.1.6\n  token: TWO\n"
        )

    def test_other_platforms_are_left_alone(self):
        for platform, count in (("xiaomi_miio", 1), ("miot", 1), ("other", 0)):
            self.check(
                "- platform: %s\n  host: 192.168.1.5\n  token: ONE" % platform,
                *[FIRST] * count,
            )
        self.check(
            "- platform: xiaomi_miio\n  host: fan.lan\n  token: ONE",
            {"address": "fan.lan", "token": ONE},
        )

    def test_texts_in_quotes(self):
        for text, name in (
            ('"a \\" b"', 'a " b'),
            ('"\\u5ba2"', "\u5ba2"),
            ('"\\d"', "\\d"),
            ("'a # b'", "a # b"),
            ('"a', ""),
        ):
            expected = dict(FIRST, name=name) if name else FIRST
            self.check("- name: %s\n  host: 192.168.1.5\n  token: ONE" % text, expected)

    def test_the_devices_of_miio2mqtt_have_the_names_of_their_keys(self):
        text = "%s:\n  Lamp:\n    Address: 192.168.1.5\n    Token: ONE\n"
        self.check(text % "Devices", dict(FIRST, name="Lamp"))
        self.check(text % "Others", FIRST)


class PartsTest(BlocksCase):
    def test_a_long_text_is_read_in_parts_that_overlap(self):
        """No device is lost, mixed or renamed, wherever a part ends."""
        for between in ("---\n", "\n", "== x (y) ==\n"):
            lines = [
                "ip: 192.168.1.%d\nname: n%d\ntoken: %032x\n" % (n, n, n + 1)
                for n in range(200)
            ]
            text = between.join(lines)
            with mock.patch.object(text_module, "MAX_SEGMENT", 2000):
                with mock.patch.object(text_module, "MAX_OBJECT", 300):
                    found = self.facts(text)
            self.assertEqual(
                [(one["address"], one["name"], one["token"]) for one in found],
                [
                    ("192.168.1.%d" % n, "n%d" % n, "%032x" % (n + 1))
                    for n in range(200)
                ],
            )

    def test_a_part_without_any_separator_is_left_out(self):
        text = "ip: 192.168.1.5\nname: x\ntoken: %s\n" % ONE * 50
        with mock.patch.object(text_module, "MAX_SEGMENT", 2000):
            with mock.patch.object(text_module, "MAX_OBJECT", 300):
                self.assertEqual(self.facts("\n" + text), [])
