# SPDX-License-Identifier: MIT
"""One rule for JSON: what is a device, and what only looks like one."""

import json
import random
from unittest import mock

from miio_pure.tokens import text as text_module

from ..support.samples import FilesCase

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
DEVICE = {"ip": "192.168.1.5", "token": TOKEN}
FOUND = {"address": "192.168.1.5", "token": TOKEN}


class RuleTest(FilesCase):
    def check(self, value, *devices):
        self.assertEqual(self.facts(json.dumps(value)), list(devices), value)

    def test_a_token_with_an_address_a_mac_or_an_id_is_a_device(self):
        self.check(DEVICE, FOUND)
        self.check(
            {"mac": "aa-bb-cc-dd-ee-0f", "token": TOKEN.upper()},
            {"mac": "AA:BB:CC:DD:EE:0F", "token": TOKEN},
        )
        self.check(
            {"id": 718309891, "token": TOKEN},
            {"device_id": "718309891", "token": TOKEN},
        )

    def test_a_token_alone_is_none(self):
        for more in (
            {},
            {"name": "x", "model": "y"},
            {"host": "api.example.com"},
            {"ip": "8.8.8.8"},
            {"ip": "0.0.0.0"},
            {"ip": "192.168.1.500"},
            {"id": 7},
            {"id": "light.kitchen"},
            {"mac": "unknown"},
            {"ip": True, "mac": 5.5, "deviceId": [1], "localip": None},
        ):
            self.check(dict(more, token=TOKEN))

    def test_a_token_of_another_form_is_none(self):
        for token in (TOKEN[1:], TOKEN + "0", "g" + TOKEN[1:], "0" * 32, "F" * 32, 5):
            self.check(dict(DEVICE, token=token))

    def test_every_key_of_every_field(self):
        for key in "localip local_ip localIp localIP ip host address".split():
            self.check({key: "192.168.1.5", "token": TOKEN}, FOUND)
        for key in "did deviceId device_id MI_id id".split():
            for value in (55393227, "55393227"):
                self.check(
                    {key: value, "token": TOKEN},
                    {"device_id": "55393227", "token": TOKEN},
                )
        for key in "name title label".split():
            self.check(dict(DEVICE, **{key: " Fan "}), dict(FOUND, name="Fan"))
        for key in "mac unique_id unique_did".split():
            self.check(
                dict(DEVICE, **{key: "34:ce:00:aa:bb:02"}),
                dict(FOUND, mac="34:CE:00:AA:BB:02"),
            )

    def test_a_device_id_may_be_hex(self):
        for text, device_id in (
            ("03db1166", "64688486"),
            ("03123456", "51524694"),
            ("0x3db1166", "64688486"),
            ("12345678", "12345678"),
            ("0x" + "f" * 17, None),
            ("9" * 21, None),
        ):
            expected = dict(FOUND, device_id=device_id) if device_id else FOUND
            self.check(dict(DEVICE, deviceId=text), expected)

    def test_a_host_name_counts_where_it_is_surely_xiaomi(self):
        found = {"address": "fan.lan", "token": TOKEN}
        self.check({"host": "fan.lan", "token": TOKEN})
        self.check({"host": "fan lan", "token": TOKEN, "model": "a.fan.v1"})
        self.check(
            {"host": "fan.lan", "token": TOKEN, "model": "a.fan.v1"},
            dict(found, model="a.fan.v1"),
        )
        self.check(
            {"domain": "xiaomi_miio", "data": {"host": "fan.lan", "token": TOKEN}},
            found,
        )

    def test_other_domains_adapters_and_bindings_are_left_alone(self):
        self.check({"domain": "hue", "data": DEVICE})
        self.check({"domain": "hue", "data": {"list": [{"deep": DEVICE}]}})
        self.check({"domain": None, "data": DEVICE}, FOUND)
        for name, count in (("miio.0", 1), ("mihome-vacuum.0", 1), ("hue.0", 0)):
            value = {"native": DEVICE}
            key = "system.adapter." + name
            for line in (
                {"k": key, "v": value},
                {"_id": key, "v": value},
                {key: value},
            ):
                self.check(line, *[FOUND] * count)
        for name, count in (("miio:basic:x", 1), ("hue:bridge:y", 0)):
            for kind in ("org.openhab.core.Thing", "org.eclipse.smarthome.Thing"):
                thing = {"class": kind, "value": {"configuration": DEVICE}}
                self.check({name: thing}, *[FOUND] * count)

    def test_names_above_count_for_one_level_and_never_for_an_array(self):
        self.check({"title": "Fan", "data": DEVICE}, dict(FOUND, name="Fan"))
        self.check({"title": "Fan", "a": {"b": DEVICE}}, FOUND)
        self.check({"title": "All", "devices": [DEVICE]}, FOUND)
        self.check(
            {"label": "Fan", "configuration": {"properties": DEVICE}},
            dict(FOUND, name="Fan"),
        )
        self.check({"properties": DEVICE}, FOUND)

    def test_the_mac_may_stand_above(self):
        mac = "34:CE:00:AA:BB:02"
        self.check({"unique_id": mac.lower(), "data": DEVICE}, dict(FOUND, mac=mac))
        self.check({"unique_id": "1-2", "data": DEVICE}, FOUND)

    def test_what_a_device_said_of_itself_stands_below(self):
        info = {
            "mac": "34:CE:00:AA:BB:02",
            "token": TOKEN,
            "model": "a.fan.v1",
            "netif": {"localIp": "192.168.1.5"},
        }
        found = dict(FOUND, mac="34:CE:00:AA:BB:02", model="a.fan.v1")
        self.check(info, found)
        self.check({"token": TOKEN, "miio_info": info}, found)
        self.check(
            {"token": TOKEN, "miio_info": 5, "netif": [], "mac": info["mac"]},
            {"mac": info["mac"], "token": TOKEN},
        )
        self.check({"id": 1, "result": info}, found)

    def test_devices_may_stand_within_each_other(self):
        inner = {"ip": "192.168.1.6", "token": OTHER}
        self.check(
            dict(DEVICE, more=[inner]),
            FOUND,
            {"address": "192.168.1.6", "token": OTHER},
        )

    def test_valetudo_calls_it_local_secret(self):
        config = {"ip": "192.168.1.5", "deviceId": 12345678, "cloudSecret": "x" * 16}
        found = dict(FOUND, device_id="12345678")
        self.check(dict(config, localSecret=TOKEN), found)
        self.check(
            dict(config, localSecret="R6J18VSnltBIkdT3"),
            dict(found, token="52364a313856536e6c7442496b645433"),
        )
        self.check(dict(config, localSecret="too short"))
        self.check({"ip": "192.168.1.5", "localSecret": TOKEN})

    def test_what_the_cloud_lists_without_a_token_is_told(self):
        for token, why in (
            ("", "cameras"),
            ("x", "not the token of a Wi-Fi device"),
            ("0" * 32, "cameras"),
            ("A" * 43 + "=", "not the token of a Wi-Fi device"),
            ("a" * 24, "Bluetooth"),
        ):
            found = self.search(json.dumps({"did": "77", "token": token}).encode())
            self.assertEqual(found.records, [])
            self.assertIn(why, found.without[0].why)
        self.assertEqual(self.search(b'{"did": "77", "token": 5}').without, [])

    def test_what_mi_home_keeps_is_told_as_it_is(self):
        for token in ("a" * 24, "A" * 43 + "="):
            device = {"did": "77", "token": token}
            self.check(
                {"result": {"list": [device]}}, {"device_id": "77", "token": token}
            )


class MapTest(FilesCase):
    """Files that consist of nothing but ids, or addresses, and tokens."""

    def test_ids_and_addresses(self):
        self.assertEqual(
            self.facts(json.dumps({"979839201": TOKEN, "192.168.1.5": OTHER})),
            [
                {"device_id": "979839201", "token": TOKEN},
                {"address": "192.168.1.5", "token": OTHER},
            ],
        )

    def test_maps_of_anything_else(self):
        for value in (
            {"979839201": TOKEN, "name": "x"},
            {"979839201": TOKEN, "7": OTHER},
            {"979839201": "x"},
            {"979839201": {"192.168.1.5": TOKEN}},
            {"8.8.8.8": TOKEN},
            {"999999": [TOKEN]},
        ):
            self.assertEqual(self.facts(json.dumps(value)), [], value)
        good = json.dumps({"979839201": TOKEN})
        for text in ("x" + good, good + good, "[%s]" % good, good[:-1]):
            self.assertEqual(self.facts(text), [], text)

    def test_node_miio_keeps_the_bytes(self):
        buffer = {"type": "Buffer", "data": list(range(100, 116))}
        good = {"key": "979839201", "value": buffer}
        token = bytes(range(100, 116)).hex()
        self.assertEqual(
            self.facts(json.dumps(good)), [{"device_id": "979839201", "token": token}]
        )
        for bad in (
            {"key": "979839201", "value": dict(buffer, type="x")},
            {"key": "979839201", "value": dict(buffer, data=5)},
            {"key": "979839201", "value": dict(buffer, data=[1] * 15)},
            {"key": "979839201", "value": dict(buffer, data=[256] * 16)},
            {"key": "979839201", "value": dict(buffer, data=[True] * 16)},
            {"key": "a name", "value": buffer},
            {"key": "979839201", "value": "x"},
        ):
            self.assertEqual(self.facts(json.dumps(bad)), [], bad)


class FragmentTest(FilesCase):
    """Where the start of JSON is broken, what stood around a device is not known."""

    def test_only_what_shows_that_it_is_xiaomi_counts(self):
        cloud = dict(DEVICE, did="55393227")
        for device, count in (
            (DEVICE, 0),
            (cloud, 1),
            (dict(DEVICE, model="a.fan.v1"), 1),
            ({"domain": "xiaomi_miio", "data": DEVICE}, 1),
            ({"domain": "hue", "data": cloud}, 0),
        ):
            text = json.dumps({"a": [device], "b": {"c": 1}}, indent=2)
            for broken in (text[:-4], text.replace('"b": {', '"b": '), "x" + text):
                self.assertEqual(len(self.facts(broken)), count, broken)

    def test_the_key_of_a_fragment_may_show_it(self):
        for key, count in (("miio:basic:x", 1), ("hue:basic:x", 0)):
            thing = {"class": "org.openhab.Thing", "value": {"properties": DEVICE}}
            text = json.dumps({key: thing, "y": {"z": {}}}, indent=2)[:-3]
            self.assertEqual(len(self.facts(text)), count)

    def test_a_long_file_is_read_in_parts(self):
        """What is said in one part is not said in the next one."""
        devices = [
            {"host": "192.168.1.%d" % n, "token": "%032x" % (n + 1)} for n in range(99)
        ]
        domains = ["xiaomi_miio", "other"]
        entries = [
            {"domain": domains[number % 2], "title": "n%d" % number, "data": device}
            for number, device in enumerate(devices)
        ]
        text = json.dumps({"data": {"entries": entries}}, indent=2)
        with mock.patch.object(text_module, "MAX_SEGMENT", 3000):
            with mock.patch.object(text_module, "MAX_OBJECT", 1000):
                found = self.facts(text)
        self.assertEqual(
            [(one["name"], one["token"]) for one in found],
            [("n%d" % n, "%032x" % (n + 1)) for n in range(0, 99, 2)],
        )

    def test_a_line_begins_anew(self):
        lines = ['{"k": "broken', json.dumps({"a": DEVICE})]
        self.assertEqual(self.facts("\n".join(lines)), [FOUND])

    def test_raw_bytes_may_follow(self):
        data = json.dumps({"a": DEVICE}).encode()
        rng = random.Random(1)
        for _ in range(20):
            tail = bytes(rng.getrandbits(8) for _ in range(31)) + b"\0"
            self.assertEqual(self.facts(data + tail), [FOUND])
