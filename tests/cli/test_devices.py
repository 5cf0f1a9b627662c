# SPDX-License-Identifier: MIT
"""devices: list them, add one, forget one."""

import io
import os
import sys
from unittest import mock

from miio_pure.cli.arguments import parse
from miio_pure.cli.devices import say_unnamed
from miio_pure.devices import Devices, Record

from ..support import CLOSED_PORT, OTHER_TOKEN, TOKEN, run_cli
from ..support.commands import DeviceCase


class DevicesCase(DeviceCase):
    def devices(self, *args):
        return run_cli("devices", *args, env={"HOME": self.home})

    def add(self, *args, **options):
        return self.run_at("devices add", *args, **options)


class ListTest(DevicesCase):
    def test_nothing_is_saved(self):
        status, out, err = self.devices()
        self.assertEqual((status, out), (0, ""))
        self.assertIn("devices add ADDRESS", err)
        status, out, err = run_cli("devices", env={"HOME": "", "USERPROFILE": ""})
        self.assertEqual((status, out), (0, ""))

    def test_a_table_without_tokens(self):
        self.save(model="a.b.c")
        status, out, err = self.devices()
        self.assertEqual((status, err), (0, ""))
        line = "lamp  a.b.c  127.0.0.1  64688486"
        self.assertEqual(out.splitlines()[1], line)
        self.assertNotIn(TOKEN, self.devices("--json")[1])

    def test_tokens_on_request(self):
        self.save()
        self.assertIn("64688486   " + TOKEN, self.devices("--tokens")[1])
        self.check_lines(
            self.devices("--tokens", "--json")[1],
            {"name": "lamp", "token": TOKEN, "device_id": 64688486},
        )
        os.chmod(self.file, 0o644)
        self.assertEqual(self.devices()[0], 0)
        args = ("devices", "--tokens")
        error = self.check_failure(5, *args, env={"HOME": self.home})
        self.assertIn("chmod 600", error)


class AddTest(DevicesCase):
    def test_a_device_is_asked_for_its_id_and_model(self):
        status, out, err = self.add("127.0.0.1", "--name", "my lamp")
        self.assertEqual(status, 0)
        self.assertIn(
            "saved: my lamp, device 64688486 (simulated.fan.v1) at 127.0.0.1\n", out
        )
        self.assertIn("info 'my lamp' --port %d\n" % self.port, err)
        saved = self.read_saved()["my lamp"]
        self.assertEqual(
            (saved["device_id"], saved["token"], saved["model"]),
            ("64688486", TOKEN, "simulated.fan.v1"),
        )
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(self.run_at("get", "my lamp", "power", token=None)[0], 0)

    def test_a_revealed_token_needs_no_option(self):
        self.device.reveal = True
        status, out, err = self.add("127.0.0.1", token=None)
        self.assertEqual(status, 0)
        self.assertIn("info 64688486 --port", err)
        self.assertEqual(self.read_saved()[""]["token"], TOKEN)

    def test_json(self):
        status, out, err = self.add("127.0.0.1", "--name", "lamp", "--json")
        self.assertEqual((status, err), (0, ""))
        facts = {"name": "lamp", "address": "127.0.0.1", "device_id": 64688486}
        self.check_lines(out, facts)
        self.assertNotIn(TOKEN, out)

    def test_a_saved_device_gets_another_name(self):
        self.save()
        self.assertEqual(self.add("lamp", "--name", "fan", token=None)[0], 0)
        saved = self.read_saved()
        self.assertEqual(list(saved), ["fan"])
        self.assertEqual(saved["fan"]["token"], TOKEN)

    def test_a_name_alone_needs_no_packet(self):
        self.save(model="a.b.c")
        args = ("lamp", "--name", "fan", "--port", str(CLOSED_PORT))
        status, out, _ = self.devices("add", *args)
        said = "saved: fan, device 64688486 (a.b.c) at 127.0.0.1\n"
        self.assertEqual((status, out), (0, said))
        self.assertEqual(list(self.read_saved()), ["fan"])
        status, out, err = self.devices("add", "64688486", "--name", "lamp", "--json")
        self.assertEqual((status, err), (0, ""))
        self.check_lines(out, {"name": "lamp", "device_id": 64688486})
        self.save(name="other", device_id=7, address="")
        env = {"HOME": self.home}
        args = ("devices", "add", "other", "--name", "lamp")
        error = self.check_failure(2, *args, env=env)
        self.assertIn("device 64688486 already has this name", error)
        _, out, _ = self.devices("add", "other", "--name", "another")
        self.assertEqual(out, "saved: another, device 7 at an unknown address\n")

    def test_a_device_without_a_name_is_shown_by_its_id(self):
        _, out, _ = self.add("127.0.0.1")
        said = "saved: device 64688486 (simulated.fan.v1) at 127.0.0.1\n"
        self.assertEqual(out, said)

    def test_a_name_that_was_taken_meanwhile_is_not_saved(self):
        def take_name(params):
            self.save(device_id=7)
            return {"model": "a.b.c"}

        self.device.methods["miIO.info"] = take_name
        status, out, err = self.add("127.0.0.1", "--name", "lamp")
        self.assertEqual(
            (status, out.partition(" (")[0]), (0, "saved: device 64688486")
        )
        self.assertIn('name: 64688486 ("lamp"): another saved device has this', err)
        self.assertRegex(err, r"devices add DEVICE_ID --name NAME")
        self.assertEqual(self.read_saved()["lamp"]["device_id"], "7")

    def test_many_devices_without_names_make_short_notes(self):
        devices = Devices(self.file)
        names = ["all"] * 7 + ["lamp"] * 2
        devices.save(
            [
                Record("x", device_id=number, name=name, token=TOKEN)
                for number, name in enumerate(names)
            ]
        )
        with mock.patch("sys.stderr", io.StringIO()) as err:
            say_unnamed(parse(["devices"]), devices)
        first, second, hint = err.getvalue().splitlines()
        shown = ", ".join('%d ("all")' % number for number in range(5))
        self.assertIn("name: %s, ...: a name cannot be empty" % shown, first)
        self.assertIn('name: 8 ("lamp"): another saved device has this name', second)

    def test_a_saved_device_is_asked_for_its_model_again(self):
        self.save(model="a.b.c")
        self.assertEqual(self.add("lamp", token=None)[0], 0)
        self.assertEqual(self.read_saved()["lamp"]["model"], "simulated.fan.v1")

    def test_a_saved_device_gets_another_token(self):
        self.save(token=OTHER_TOKEN)
        self.assertEqual(self.add("lamp")[0], 0)
        self.assertEqual(self.read_saved()["lamp"]["token"], TOKEN)

    def test_a_device_that_was_reset_gets_the_token_that_it_reveals(self):
        self.save(token=OTHER_TOKEN)
        self.device.reveal = True
        self.assertEqual(self.add("lamp", token=None)[0], 0)
        self.assertEqual(self.read_saved()["lamp"]["token"], TOKEN)

    def test_a_device_that_does_not_know_miio_info(self):
        del self.device.methods["miIO.info"]
        self.assertEqual(self.add("127.0.0.1", "--name", "lamp")[0], 0)
        self.assertEqual(self.read_saved()["lamp"]["model"], "")

    def test_a_wrong_token_is_not_saved(self):
        args = ("devices add 127.0.0.1", "--timeout", "0.2")
        error = self.fail_at(3, *args, token=OTHER_TOKEN)
        self.assertIn("the token from --token is probably wrong", error)
        self.device.faults = {"reject"}
        self.assertIn("rejects", self.fail_at(5, *args))
        self.assertFalse(os.path.exists(self.file))

    def test_a_hidden_token(self):
        error = self.fail_at(5, "devices add 127.0.0.1", token=None)
        self.assertIn("pass it with --token", error)
        self.save(device_id=7)
        error = self.fail_at(5, "devices add 127.0.0.1", token=None)
        self.assertIn("pass it with --token", error)

    def test_names_that_could_be_taken_for_something_else(self):
        names = ("", " ", "all", "ALL", "12", "a,b", "a\x1b", " a", "a ")
        for name in names + ("127.0.0.11", "10.0.0.0/8", "1.2"):
            error = self.fail_at(2, "devices add 127.0.0.1", "--name", name)
            self.assertIn('a name cannot be empty, "all", a number', error)
        self.fail_at(2, "devices add 127.0.0.1", "--name=-x")
        self.save(device_id=7)
        error = self.fail_at(2, "devices add 127.0.0.1", "--name", "lamp")
        self.assertIn("device 7 already has this name", error)

    def test_a_revealed_token_that_is_rejected(self):
        self.device.reveal = True
        self.device.faults = {"reject"}
        args = ("devices add 127.0.0.1", "--timeout", "0.5")
        error = self.fail_at(5, *args, token=None)
        self.assertIn("the device rejects the token from its own hello: ", error)
        self.assertTrue(
            error.endswith("pass the right token with --token or MIIO_TOKEN\n")
        )
        self.save(token=OTHER_TOKEN)
        for device in ("lamp", "127.0.0.1"):
            args = ("devices add %s" % device, "--timeout", "0.5")
            error = self.fail_at(5, *args, token=None)
            command = "devices add %s --token HEX --port %d\n" % (device, self.port)
            self.assertTrue(error.endswith(command), error)

    def test_where_it_cannot_be_saved(self):
        with mock.patch("os.replace", side_effect=OSError(28, "No space left")):
            error = self.fail_at(1, "devices add 127.0.0.1")
        self.assertIn("cannot be written: No space left", error)
        env = {"HOME": "", "USERPROFILE": ""}
        error = self.fail_at(1, "devices add 127.0.0.1", env=env)
        self.assertIn("MIIO_DEVICES", error)
        other = os.path.join(self.home, "new.json")
        self.assertEqual(self.add("127.0.0.1", "--devices", other, env=env)[0], 0)
        self.assertTrue(os.path.exists(other))


class ForgetTest(DevicesCase):
    def test_a_device_is_forgotten(self):
        self.save()
        self.save(name="other", device_id=7)
        status, out, err = self.devices("forget", "lamp")
        self.assertEqual((status, out, err), (0, "forgotten: lamp\n", ""))
        self.assertEqual(list(self.read_saved()), ["other"])
        self.save(name="", device_id=8)
        self.assertEqual(self.devices("forget", "8")[1], "forgotten: 8\n")

    def test_what_is_not_saved_cannot_be_forgotten(self):
        env = {"HOME": self.home}
        error = self.check_failure(2, "devices", "forget", "lamp", env=env)
        self.assertIn("no saved device", error)
        self.save()
        error = self.check_failure(2, "devices", "forget", "fan", env=env)
        self.assertIn("no saved device", error)

    def test_a_file_that_others_can_read_is_left_alone(self):
        self.save()
        os.chmod(self.file, 0o644)
        env = {"HOME": self.home}
        error = self.check_failure(5, "devices", "forget", "lamp", env=env)
        self.assertIn("chmod 600", error)


class CopyTest(DevicesCase):
    def test_a_copy_without_saved_devices(self):
        with mock.patch.dict("sys.modules", {"miio_pure.devices": None}):
            sys.modules.pop("miio_pure.cli.devices", None)
            error = self.check_failure(2, "devices")
        self.assertIn('lacks "devices"', error)
