# SPDX-License-Identifier: MIT
"""discover: devices that answer a hello."""

import os
from unittest import mock

from miio_pure import discover
from miio_pure.simulator import Simulator, fan

from ..support import CLOSED_PORT, TOKEN
from ..support.commands import DeviceCase, run_on_terminal

DISCOVER = "miio_pure.cli.discover.discover"


class DiscoverTest(DeviceCase):
    options = {"reveal": True, "device_id": 0x89ABCDEF}

    def find(self, *targets, **options):
        return self.run_at("discover", *targets, token=None, **options)

    def fail(self, status, *targets):
        args = ("discover",) + targets + ("--timeout", "0.2")
        return self.fail_at(status, *args, token=None)

    def test_a_table(self):
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err, out.count("\n")), (0, "", 2))
        self.assertRegex(out, r"\n127\.0\.0\.1  2309737967  %s\n" % TOKEN)
        self.device.reveal = False
        self.assertIn("hidden", self.find("127.0.0.1")[1])

    def test_saved_devices_have_names(self):
        self.device.reveal = False
        self.save(model="a.b.c")
        for target in ("127.0.0.1", "lamp"):
            out = self.find(target)[1]
            self.assertRegex(out, r"\n127\.0\.0\.1  2309737967  saved  a\.b\.c  lamp\n")

    def test_json(self):
        self.save()
        status, out, err = self.find("127.0.0.1", "--json")
        self.assertEqual((status, err), (0, ""))
        self.check_lines(
            out,
            {
                "address": "127.0.0.1",
                "port": self.port,
                "device_id": 0x89ABCDEF,
                "device_type": 0x89AB,
                "serial": 0xCDEF,
                "token": TOKEN,
                "saved": True,
                "model": None,
                "name": "lamp",
            },
        )

    def test_two_devices_make_one_table(self):
        with Simulator(fan(TOKEN), "127.0.0.2", self.port):
            status, out, _ = self.find("127.0.0.1", "127.0.0.2")
        self.assertEqual((status, out.count("\n"), out.count("address")), (0, 3, 1))

    def test_a_table_fits_on_a_terminal_but_is_whole_in_a_pipe(self):
        self.save(name="name " * 20, model="model." * 10)
        env = mock.patch.dict(os.environ, self.environment(None))
        with env:
            out, _ = run_on_terminal("discover", "127.0.0.1", "--port", str(self.port))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.assertIn(TOKEN, out)
        self.assertIn("name " * 10, self.find("127.0.0.1")[1])

    def test_targets_that_are_silent_are_named(self):
        status, out, err = self.find("127.0.0.1", "127.0.0.9", "--timeout", "0.2")
        self.assertEqual((status, out.count("\n")), (3, 2))
        self.assertRegex(err, r"\Aerror: no answer within 0\.2 s from 127\.0\.0\.9: ")
        self.device.faults = {"deaf"}
        error = self.fail(3, "127.0.0.1", "127.0.0.9")
        self.assertIn("from 127.0.0.1, 127.0.0.9", error)

    def test_targets_that_are_not_found_are_named(self):
        status, out, err = self.find("127.0.0.1", "no-such-host.invalid")
        self.assertEqual((status, out.count("\n"), err.count("\n")), (3, 2, 1))
        self.assertIn("cannot find the host no-such-host.invalid", err)
        self.assertIn("no-such-host", self.fail(3, "no-such-host.invalid"))

    def test_a_closed_port(self):
        args = ("discover", "127.0.0.1", "--port", str(CLOSED_PORT))
        self.assertIn("port is closed", self.check_failure(3, *args))

    def test_nobody_answers_a_broadcast(self):
        with mock.patch(DISCOVER, lambda *_, **__: iter(())):
            for target in ((), ("all",), ("ALL",)):
                error = self.check_failure(1, "discover", *target, "--port", "5")
                self.assertRegex(error, "no device answered.* firewall .* UDP port 5")

    def test_a_broadcast_is_what_no_target_means(self):
        def find(*targets, **options):
            self.assertEqual(targets, ())
            return discover("127.0.0.1", **options)

        with mock.patch(DISCOVER, find):
            self.assertEqual(self.find()[0], 0)
            self.assertEqual(self.find("All")[0], 0)

    def test_a_bad_file_of_saved_devices_is_only_worth_a_warning(self):
        self.save()
        os.chmod(self.file, 0o644)
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err.count("\n")), (0, 1))
        self.assertRegex(err, "warning: .*chmod 600")
        self.assertIn("lamp", out)
        with open(self.file, "w") as file:
            file.write("{")
        status, out, err = self.find("127.0.0.1")
        self.assertEqual((status, err.count("\n")), (0, 1))
        self.assertRegex(err, "warning: .*damaged")

    def test_wrong_targets(self):
        for targets, said in (
            (["all", "127.0.0.1"], "stands alone"),
            (["http://x"], "not a URL"),
            (["127.0.0.1:5"], "--port 5"),
        ):
            self.assertIn(said, self.check_failure(2, "discover", *targets))

    def test_a_name_of_two_devices(self):
        self.save()
        self.save(name="fan", device_id=7)
        self.edit_saved('"fan"', '"lamp"')
        self.assertIn("2 saved devices", self.fail(1, "lamp"))
