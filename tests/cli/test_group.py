# SPDX-License-Identifier: MIT
"""Several devices in one command: lists of them, and all of the saved ones."""

import json
import os
from unittest import mock

from miio_pure import discover
from miio_pure.devices import Devices, Record
from miio_pure.simulator import Simulator

from ..support import OTHER_TOKEN, TOKEN
from ..support.commands import DeviceCase
from ..support.devices import counting_fan


class GroupCase(DeviceCase):
    """Three fans on one port, saved as one, two and three."""

    def setUp(self):
        super().setUp()
        patch = mock.patch("miio_pure.discovery.discover", self.search)
        patch.start()
        self.addCleanup(patch.stop)
        self.found = []
        self.fans = {"one": self.device}
        self.save(name="one", address="127.0.0.1")
        for number, name in ((2, "two"), (3, "three")):
            fan = counting_fan(TOKEN, device_id=1000 + number)
            simulator = Simulator(fan, "127.0.0.%d" % number, self.port)
            simulator.__enter__()
            self.addCleanup(simulator.__exit__)
            self.fans[name] = fan
            self.save_as(name, "127.0.0.%d" % number, 1000 + number)

    def search(self, **options):
        """Stand in for a broadcast, which loopback does not have."""
        return discover(*self.found, **options) if self.found else iter(())

    def save_as(self, name, address, device_id, token=TOKEN):
        record = Record(
            "test", name=name, address=address, device_id=device_id, token=token
        )
        Devices(self.file).save([record])

    def run_at(self, command, *args, token=None, env=None):
        return super().run_at(command, *args, token=token, env=env)

    def fail_at(self, status, command, *args, token=None, env=None):
        return super().fail_at(status, command, *args, token=token, env=env)


class OutcomesTest(GroupCase):
    def test_each_line_begins_with_the_name(self):
        for command, lines in (
            ("get one,two power", ["one: on", "two: on"]),
            ("get two,three power speed", 2 * [": power=on speed=33"]),
            ("send all get_prop power", 3 * [': ["on"]']),
            ("run one,two toggle", 2 * [": ok"]),
            ("info one,three", 2 * [': {"model":"simulated.fan.v1"']),
            ("set all speed=5", []),
            ("get all speed", ["one: 5", "three: 5", "two: 5"]),
        ):
            status, out, err = self.run_at(command)
            self.assertEqual((status, err), (0, ""), command)
            found = sorted(out.splitlines())
            self.assertEqual(len(found), len(lines), out)
            for line, expected in zip(found, lines):
                self.assertIn(expected, line)

    def test_json_names_the_device(self):
        for command, members in (
            ("get one,two power", {"property": "power", "value": "on"}),
            ("send one,two get_prop power", {"result": ["on"]}),
            ("run one,two toggle", {"action": "toggle", "result": ["ok"]}),
            ("set one,two power=off", {"property": "power", "value": "off"}),
        ):
            status, out, _ = self.run_at(command, "--json")
            found = sorted(map(json.loads, out.splitlines()), key=str)
            self.assertEqual(status, 0)
            names = sorted((one["name"], one["device_id"]) for one in found)
            self.assertEqual(names, [("one", self.device.device_id), ("two", 1002)])
            for one in found:
                self.assertEqual(dict(one, **members), one)
                self.assertIn(one["address"], ("127.0.0.1", "127.0.0.2"))

    def test_an_error_names_the_address_once(self):
        status, out, err = self.run_at("get one,127.0.0.9 power --timeout 0.3")
        self.assertEqual((status, out), (3, "one: on\n"))
        self.assertRegex(err, r"\Aerror: 127\.0\.0\.9 port \d+: the port is closed")

    def test_several_refusals_are_told_apart(self):
        self.fans["two"].properties.pop((2, 3))
        status, out, err = self.run_at("get all 2.3")
        self.assertEqual(
            (status, sorted(out.splitlines())), (4, ["one: 50", "three: 50"])
        )
        self.assertRegex(err, r"^error: two: 2\.3: .*-4003")
        status, out, err = self.run_at("set all 2.3=7 power=on")
        self.assertEqual((status, out), (4, ""))
        self.assertRegex(err, r"^error: two: 2\.3: ")
        self.assertEqual(self.fans["three"].properties[2, 3], 7)
        answer = '[{"siid":2,"piid":3}]'
        status, out, err = self.run_at("send all get_properties", answer)
        self.assertEqual((status, err.count("error: two: 2.3")), (4, 1))

    def test_an_older_device_says_what_was_set_before_it_fell_silent(self):
        def fall_silent(params):
            self.fans["two"].faults = {"deaf"}
            return ["ok"]

        self.fans["two"].methods["set_power"] = fall_silent
        status, out, err = self.run_at("set one,two power=on speed=1 --timeout 0.5")
        self.assertEqual((status, out), (3, ""))
        self.assertRegex(err, r"note: two: these were set: power\nerror: two: ")

    def test_a_value_that_one_of_them_cannot_take(self):
        self.save_spec()
        self.save(name="one", address="127.0.0.1", model="simulated.fan.v1")
        self.save_as("two", "127.0.0.2", 1002)
        self.fans["two"].model = "other.fan.v2"
        status, out, err = self.run_at("set one,two speed=101")
        self.assertEqual((status, out), (2, ""))
        self.assertRegex(err, r"^error: one: fan:speed: expected 1 to 100")
        self.assertEqual(self.fans["two"].properties["speed"], 101)

    def test_a_spec_that_one_of_them_lacks(self):
        status, out, err = self.run_at("get one,two")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err.count("--save --model simulated.fan.v1\n"), 2)


class MembersTest(GroupCase):
    def test_those_that_are_silent_cost_the_others_nothing(self):
        self.fans["two"].faults = {"lose"}
        self.save_as("four", "127.0.0.4", 1004)
        status, out, err = self.run_at("get all power --timeout 0.5")
        self.assertEqual(
            (status, sorted(out.splitlines())), (3, ["one: on", "three: on"])
        )
        self.assertEqual(len(err.splitlines()), 2)
        self.assertIn("error: two: ", err)
        self.assertIn("error: four: ", err)

    def test_the_worst_status_counts(self):
        self.save_as("four", "127.0.0.4", 1004)
        self.fans["three"].faults = {"reject"}
        status, out, err = self.run_at("get all power --timeout 0.5")
        self.assertEqual(
            (status, sorted(out.splitlines())), (5, ["one: on", "two: on"])
        )
        self.assertIn("devices add three", err)

    def test_each_device_acts_once(self):
        self.assertEqual(
            self.run_at("run one,one,%d,two toggle" % self.device.device_id)[0], 0
        )
        self.assertEqual(self.device.acted, 1)
        status, out, err = self.run_at("run one,127.0.0.1 toggle")
        self.assertEqual((status, out, self.device.acted), (0, "one: ok\n", 2))
        self.assertEqual(err, "note: 127.0.0.1 is the same device as one\n")

    def test_a_value_that_no_spec_makes_sense_of_ends_nothing_else(self):
        """For one device it is a text; for the other one it is JSON with a mistake."""
        self.save_spec()
        self.save(name="one", model="simulated.fan.v1")
        self.fans["two"].model = "other.fan.v2"
        status, out, err = self.run_at("set one,two text=[1")
        self.assertEqual((status, out), (2, ""))
        self.assertRegex(err, r"^error: two: a value is not valid JSON")
        self.assertEqual(self.device.properties[2, 5], "[1")

    def test_addresses_that_are_not_saved(self):
        os.remove(self.file)
        self.device.reveal = True
        self.fans["two"].reveal = True
        status, out, err = self.run_at("get localhost,127.0.0.2 power")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(sorted(out.splitlines()), ["127.0.0.2: on", "localhost: on"])

    def test_an_address_that_is_not_saved_gets_no_command(self):
        self.fans["two"].reveal = True
        Devices(self.file).forget(Devices(self.file).find("two"))
        status, out, err = self.run_at("get one,127.0.0.2 power")
        self.assertEqual((status, out), (5, "one: on\n"))
        self.assertIn("error: 127.0.0.2: device 1002 is not", err)
        self.assertEqual(self.run_at("info one,127.0.0.2")[0], 0)

    def test_a_device_at_another_address(self):
        """Where no broadcast brings it, the message tells who answers instead."""
        self.save_as("two", "127.0.0.3", 1002)
        status, out, err = self.run_at("get one,two power --timeout 0.5")
        self.assertEqual((status, out), (3, "one: on\n"))
        self.assertIn("two: device 1003 answers at 127.0.0.3", err)
        self.save_as("five", "", 1005)
        error = self.run_at("get one,five power --timeout 0.3")[2]
        self.assertIn("five: no address is saved", error)

    def test_devices_that_have_moved_are_searched_for_together(self):
        self.save_as("two", "127.0.0.3", 1002)
        self.save_as("three", "127.0.0.9", 1003)
        self.found = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        status, out, err = self.run_at("get all power --timeout 1")
        self.assertEqual((status, out.count("\n")), (0, 3))
        self.assertIn("is now at 127.0.0.2", err)
        saved = self.read_saved()
        self.assertEqual(saved["two"]["address"], "127.0.0.2")
        self.assertEqual(saved["three"]["address"], "127.0.0.3")

    def test_a_search_that_fails_hides_nothing(self):
        self.save_as("two", "127.0.0.9", 1002)
        self.found = ["127.0.0.9"]
        status, out, err = self.run_at("get one,two power --timeout 0.5")
        self.assertEqual((status, out), (3, "one: on\n"))
        self.assertRegex(err, "^error: two: 127.0.0.9 port")

    def test_wrong_usage(self):
        self.assertIn("comma", self.fail_at(2, "get one,,two power"))
        error = self.fail_at(2, "get one,two power", token=OTHER_TOKEN)
        self.assertIn("--token is the token of one device", error)
        error = self.fail_at(2, "get one,two power", env={"MIIO_TOKEN": TOKEN})
        self.assertIn("MIIO_TOKEN is the token", error)
        os.remove(self.file)
        self.assertIn("no device is saved", self.fail_at(2, "get all power"))
        self.assertIn("device id", self.fail_at(2, "get 12345,127.0.0.1 power"))

    def test_ctrl_c_while_it_searches(self):
        self.save_as("four", "127.0.0.4", 1004)
        stop = mock.Mock(side_effect=KeyboardInterrupt)
        with mock.patch("miio_pure.discovery.discover", stop):
            self.assertEqual(self.run_at("get all power --timeout 0.3")[0], 130)

    def test_one_device_where_only_one_is_possible(self):
        self.assertIn("takes one device", self.fail_at(2, "devices add all"))

    def test_a_host_name_becomes_an_address(self):
        status, out, _ = self.run_at("get localhost power --json")
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)["address"], "127.0.0.1")
