# SPDX-License-Identifier: MIT
"""info: what a device says about itself; and how a DEVICE is found."""

import json
import os
from unittest import mock

from miio_pure import NoReply, discover, packet
from miio_pure.simulator import Simulator, fan

from ..support import CLOSED_PORT, OTHER_TOKEN, TOKEN, run_cli
from ..support.commands import DeviceCase


class InfoTest(DeviceCase):
    def test_it_prints_json_without_the_token(self):
        for args in ((), ("--json",)):
            status, out, err = self.run_at("info 127.0.0.1", *args)
            self.assertEqual((status, err, out.count("\n")), (0, "", 1))
            info = json.loads(out)
            self.assertEqual(info["model"], "simulated.fan.v1")
            self.assertNotIn("token", info)

    def test_a_revealed_token_needs_no_option(self):
        self.device.reveal = True
        status, out, _ = self.run_at("info 127.0.0.1", token=None)
        self.assertEqual((status, json.loads(out)["fw_ver"]), (0, "1.0.0"))
        self.save(name="other", device_id=7)
        status, out, _ = self.run_at("info 127.0.0.1", token=None)
        self.assertEqual((status, json.loads(out)["fw_ver"]), (0, "1.0.0"))

    def test_a_hidden_token_is_an_error_that_says_where_to_get_it(self):
        error = self.fail_at(5, "info 127.0.0.1", token=None)
        self.assertIn("hides its token: pass it with --token or MIIO_TOKEN", error)

    def test_silence(self):
        self.device.faults = {"deaf"}
        error = self.fail_at(3, "info 127.0.0.1", "--timeout", "0.2")
        self.assertIn("no answer to hello", error)

    def test_a_closed_port(self):
        args = ("info", "127.0.0.1", "--port", str(CLOSED_PORT))
        self.assertIn("port is closed", self.check_failure(3, *args))

    def test_an_unknown_host(self):
        error = self.fail_at(3, "info no-such-host.invalid")
        self.assertIn("cannot find the host", error)

    def test_a_refusal(self):
        self.device.methods["miIO.info"] = self.device.methods.pop("no", None)
        del self.device.methods["miIO.info"]
        self.assertIn("-10000", self.fail_at(4, "info 127.0.0.1"))

    def test_debug_shows_json_but_no_secrets(self):
        for reveal in (False, True):
            self.device.reveal = reveal
            status, _, err = self.run_at("info 127.0.0.1", "--debug")
            self.assertEqual((status, err.count("\n")), (0, 6))
            self.assertIn("sent 127.0.0.1: hello, " + packet.HELLO.hex(), err)
            self.assertIn('"method":"miIO.info"', err)
            self.assertIn('"token":"(hidden)"', err)
            self.assertIn("device id %d" % self.device.device_id, err)
            self.assertNotIn(TOKEN, err)
        status, _, err = self.run_at("info 127.0.0.1", "--debug", token=None)
        self.assertIn('"method":"miIO.info"', err)
        self.assertNotIn(TOKEN, err)

    def test_debug_hides_passwords(self):
        params = '{"ssid":"home","passwd":"geheim","x":["%s"]}' % TOKEN
        _, _, err = self.run_at("send 127.0.0.1 echo", params, "--debug")
        self.assertIn('"ssid":"home","passwd":"(hidden)","x":["(hidden)"]', err)
        self.assertNotIn("geheim", err)

    def test_debug_shows_no_token_in_damaged_hellos(self):
        token = bytes.fromhex(TOKEN)
        start = packet.HEADER.pack(packet.MAGIC, 32, 1, 2, b"")[:16]
        longer = packet.HEADER.pack(packet.MAGIC, 33, 1, 2, b"")[:16]
        for odd in (start + token + b"x", start + token[:9], longer + token, b"junk"):
            self.device.handle = lambda datagram, now: [odd]
            _, _, err = self.run_at("info 127.0.0.1", "--debug", "--timeout", "0.1")
            self.assertNotIn(TOKEN[:16], err)
            self.assertIn("received 127.0.0.1: %d bytes" % len(odd), err)

    def test_debug_bears_json_that_is_nested_deeply(self):
        hello = self.device.handle(packet.HELLO, 0.0)
        for depth in (100, 450, 700, 990, 3000):
            text = b'{"id":1,"result":' + b"[" * depth + b"]" * depth + b"}"
            deep = packet.encode(packet.Token(TOKEN), text, device_id=1, stamp=2)
            self.device.handle = lambda datagram, now: [deep] + hello
            args = ("info 127.0.0.1", "--debug", "--timeout", "0.1")
            _, _, err = self.run_at(*args)
            self.assertNotIn("recursion", err)
            self.assertRegex(err, r"\n  (the JSON is nested|.*\[\[\[)")

    def test_debug_says_what_it_cannot_decrypt(self):
        hello = self.device.handle(packet.HELLO, 0.0)
        strange = packet.encode(packet.Token(OTHER_TOKEN), b"{}", device_id=1, stamp=2)
        self.device.handle = lambda datagram, now: [strange] + hello
        args = ("info 127.0.0.1", "--debug", "--timeout", "0.1")
        _, _, err = self.run_at(*args)
        self.assertIn("\n  the checksum does not match", err)
        _, _, err = self.run_at(*args, token=None)
        self.assertIn("without a token", err)


class TargetTest(DeviceCase):
    """How the DEVICE that somebody types is found, and its token."""

    def find(self, **options):
        """Stand in for a broadcast, which loopback does not have."""
        return discover("127.0.0.1", **options)

    def test_a_saved_device_is_known_by_name_and_by_id(self):
        self.save()
        for name in ("lamp", str(self.device.device_id)):
            status, _, err = self.run_at("info", name, token=None)
            self.assertEqual((status, err), (0, ""))

    def test_a_saved_device_is_known_at_its_address(self):
        self.save(address="192.168.1.9")
        status, _, err = self.run_at("get 127.0.0.1 power", token=None)
        self.assertEqual((status, err), (0, ""))

    def test_a_name_of_two_devices_is_refused(self):
        self.save()
        self.save(name="fan", device_id=7)
        self.edit_saved('"fan"', '"lamp"')
        self.assertIn("2 saved devices", self.fail_at(1, "info lamp", token=None))

    def test_an_id_that_is_not_saved(self):
        self.assertIn("no saved device", self.fail_at(2, "info 123456"))

    def test_where_devices_are_saved_others_get_no_command(self):
        self.save(device_id=7)
        self.device.reveal = True
        error = self.fail_at(5, "get 127.0.0.1 power", token=None)
        self.assertIn("is not saved; pass its token with --token", error)
        end = " devices add 127.0.0.1 --port %d\n" % self.port
        self.assertTrue(error.endswith(end), error)
        status, _, _ = self.run_at("get 127.0.0.1 power")
        self.assertEqual(status, 0)

    def test_a_device_that_has_moved_is_found_and_its_address_kept(self):
        for address in ("", "127.0.0.9", "127.0.0.1"):
            self.save(address=address)
            with mock.patch("miio_pure.discovery.discover", self.find):
                status, out, err = self.run_at(
                    "get lamp power", "--timeout", "1", token=None
                )
            self.assertEqual((status, out), (0, "on\n"))
            moved = address != "127.0.0.1"
            self.assertEqual("is now at 127.0.0.1" in err, moved)
            self.assertEqual(self.read_saved()["lamp"]["address"], "127.0.0.1")

    def test_another_device_at_the_saved_address(self):
        def find(**options):
            return discover("127.0.0.2", "127.0.0.1", **options)

        with Simulator(fan(TOKEN, device_id=99), "127.0.0.2", self.port):
            self.save(address="127.0.0.2")
            with mock.patch("miio_pure.discovery.discover", find):
                status, out, _ = self.run_at("get lamp power", token=None)
        self.assertEqual((status, out), (0, "on\n"))

    def test_an_address_that_cannot_be_kept_is_only_worth_a_warning(self):
        self.save(address="")
        with mock.patch("miio_pure.discovery.discover", self.find):
            with mock.patch("os.replace", side_effect=OSError(28, "No space left")):
                status, out, err = self.run_at("get lamp power", token=None)
        self.assertEqual((status, out), (0, "on\n"))
        self.assertIn("warning: the new address cannot be saved", err)

    def test_a_device_that_is_nowhere(self):
        def fail(**options):
            raise NoReply("255.255.255.255: Network is unreachable")

        for find, end in (
            (lambda **options: iter(()), " did not find it either\n"),
            (fail, " failed: 255.255.255.255: Network is unreachable\n"),
        ):
            for address, reason in (
                ("127.0.0.9", "127.0.0.9 port %d: the port is closed: " % self.port),
                ("127.0.0.1", "device 64688486 answers at 127.0.0.1, so device 7 has "),
                ("", "no address is saved for device 7, and it may be off; "),
            ):
                self.save(address=address, device_id=7)
                if not address:
                    self.edit_saved("127.0.0.1", "")
                with mock.patch("miio_pure.discovery.discover", find):
                    error = self.fail_at(3, "info lamp", "--timeout", "1", token=None)
                self.assertTrue(error.startswith("error: " + reason), error)
                search = "; a search of the local network" + end
                self.assertTrue(error.endswith(search), error)

    def test_a_device_that_was_reset_while_it_was_saved(self):
        self.save(token=OTHER_TOKEN)
        self.device.reveal = True
        self.device.faults = {"reject"}
        error = self.fail_at(5, "info lamp --timeout 0.5", token=None)
        command = "devices add lamp --port %d\n" % self.port
        self.assertTrue(error.endswith(command), error)
        error = self.fail_at(5, "get 127.0.0.1 power --timeout 0.5", token=None)
        command = "devices add 127.0.0.1 --port %d\n" % self.port
        self.assertTrue(error.endswith(command), error)

    def test_a_mistyped_name_leads_to_the_saved_one(self):
        self.save(name="my lamp")
        self.save(name="vacuum", device_id=7)
        for words, said in (
            (["my lmap", "power"], "did you mean 'my lamp'?"),
            (["VACUUM", "power"], "did you mean vacuum?"),
            (["vacum", "power"], "did you mean vacuum?"),
            (["power", "vacuum"], "the device comes first: get vacuum ..."),
        ):
            with mock.patch("miio_pure.cli.connect.resolve", self.find_no_host):
                error = self.fail_at(2, "get", *words, token=None)
            self.assertIn("cannot find the host", error)
            self.assertIn("and no saved device has this name either; " + said, error)
        with mock.patch("miio_pure.cli.connect.resolve", self.find_no_host):
            error = self.fail_at(3, "get frobnicate power", token=None)
            self.assertTrue(
                error.endswith("no saved device has this name either\n"), error
            )

    def find_no_host(self, host, deadline):
        raise NoReply("cannot find the host %s: unknown" % host)

    def test_a_name_where_no_devices_are_saved(self):
        file = os.path.join(self.home, "nothing")
        env = {"MIIO_DEVICES": file}
        with mock.patch("miio_pure.cli.connect.resolve", self.find_no_host):
            error = self.fail_at(2, "info lamp", token=None, env=env)
            self.assertIn(
                "MIIO_DEVICES names a file that does not exist: " + file, error
            )
            env = {"MIIO_DEVICES": "", "HOME": "", "USERPROFILE": ""}
            error = self.fail_at(2, "info lamp", token=None, env=env)
            self.assertIn("HOME is not set, so set MIIO_DEVICES", error)
            with mock.patch.dict("sys.modules", {"miio_pure.devices": None}):
                error = self.fail_at(2, "info lamp", token=None)
            self.assertIn("this copy of miio_pure lacks devices.py", error)

    def test_a_name_is_found_where_the_locale_is_c(self):
        self.save(name="K\u00fcche")
        typed = "K\u00fcche".encode().decode("ascii", "surrogateescape")
        self.assertEqual(self.run_at("info", typed, token=None)[0], 0)
        args = ("devices", "add", typed, "--name", "B" + typed[1:])
        self.assertEqual(run_cli(*args, env={"HOME": self.home})[0], 0)
        self.assertEqual(list(self.read_saved()), ["B\u00fcche"])
        out = self.run_at("discover", "B" + typed[1:], token=None)[1]
        self.assertIn("B\u00fcche", out)
        args = ("devices", "forget", "B" + typed[1:])
        self.assertEqual(run_cli(*args, env={"HOME": self.home})[0], 0)

    def test_malformed_addresses_are_wrong_usage(self):
        for command in ("info", "discover"):
            for text in ("127.0.0.300", "127.1", "192.168.1.5.6", "1.2.3."):
                error = self.check_failure(2, command, text)
                self.assertIn("neither an IPv4 address", error)
        self.check_failure(2, "info", "192.168.1.0/24")

    def test_a_bind_that_is_not_ours_is_wrong_usage(self):
        for command in ("info 127.0.0.1", "discover", "devices add 127.0.0.1"):
            error = self.fail_at(2, command, "--bind", "192.0.2.77", token=None)
            self.assertIn("--bind: cannot send from 192.0.2.77", error)
        self.assertEqual(self.run_at("info 127.0.0.1 --bind 127.0.0.1")[0], 0)

    def test_a_rejected_token_names_its_source(self):
        self.device.faults = {"reject"}
        error = self.fail_at(5, "info 127.0.0.1 --timeout 0.5")
        self.assertIn("rejects the token from --token", error)
        env = {"MIIO_TOKEN": TOKEN}
        error = self.fail_at(5, "info 127.0.0.1 --timeout 0.5", token=None, env=env)
        self.assertIn("rejects the token from MIIO_TOKEN", error)
        self.save()
        error = self.fail_at(5, "info lamp --timeout 0.5", token=None)
        self.assertIn("rejects the token from " + os.path.realpath(self.file), error)
        self.assertIn("devices add lamp --token HEX", error)
        self.save(name="")
        by_id = "info %d --timeout 0.5" % self.device.device_id
        self.assertIn("devices add", self.fail_at(5, by_id, token=None))

    def test_a_rejected_revealed_token(self):
        self.device.reveal = True
        self.device.faults = {"reject"}
        error = self.fail_at(5, "info 127.0.0.1 --timeout 0.5", token=None)
        self.assertIn("rejects the revealed token", error)
        self.assertIn("pass the right token with --token or MIIO_TOKEN", error)

    def test_a_file_of_saved_devices_that_others_can_read(self):
        self.save()
        os.chmod(self.file, 0o644)
        self.assertEqual(self.run_at("info lamp")[0], 0)
        # Nothing that the device says can change that, so it is not even greeted.
        with mock.patch.object(self.device, "handle", return_value=[]) as handle:
            for name in ("lamp", "127.0.0.1"):
                error = self.fail_at(5, "info", name, token=None)
                self.assertRegex(error, r"run: chmod 600 \S+\n\Z")
            self.assertIn("chmod 600", self.fail_at(5, "devices add 127.0.0.1"))
        handle.assert_not_called()

    def test_a_damaged_file_of_saved_devices(self):
        self.save()
        with open(self.file, "w") as file:
            file.write("{")
        self.assertIn("damaged", self.fail_at(1, "info 127.0.0.1", token=None))
        status, _, err = self.run_at("info 127.0.0.1")
        self.assertEqual(status, 0)
        self.assertIn("warning: ", err)

    def test_another_file_of_saved_devices(self):
        self.save()
        other = os.path.join(self.home, "other.json")
        os.rename(self.file, other)
        for args, env in (
            (["--devices", other], {}),
            ([], {"MIIO_DEVICES": other}),
        ):
            status, _, _ = self.run_at("info lamp", *args, token=None, env=env)
            self.assertEqual(status, 0)
        error = self.fail_at(2, "info lamp", "--devices", other + "x", token=None)
        self.assertIn("no such file", error)

    def test_a_copy_without_saved_devices(self):
        self.save()
        self.device.reveal = True
        with mock.patch.dict("sys.modules", {"miio_pure.devices": None}):
            status, _, err = self.run_at("info 127.0.0.1", token=None)
            self.assertEqual((status, err), (0, ""))
            error = self.fail_at(2, "info lamp", "--devices", self.file)
        self.assertIn("lacks devices.py", error)

    def test_without_a_home(self):
        env = {"HOME": "", "USERPROFILE": ""}
        self.assertEqual(self.run_at("info 127.0.0.1", env=env)[0], 0)

    def test_what_is_no_device_gets_a_hint(self):
        for text, hint in (
            ("http://192.168.1.4", "not a URL"),
            ("192.168.1.4:54321", "192.168.1.4 --port 54321"),
            ("::1", "IPv4"),
            ("fe80::1", "IPv4"),
            ("all", "no device is saved yet"),
            ("ALL", "no device is saved yet"),
            ("power=on", "comes first"),
            ("{}", "comes first"),
            ("", "is empty"),
            (" ", "is empty"),
        ):
            with self.subTest(text=text):
                self.assertIn(hint, self.check_failure(2, "info", text))

    def test_one_token_serves_no_matter_who_gave_it(self):
        env = {"MIIO_TOKEN": TOKEN}
        self.assertEqual(self.run_at("info 127.0.0.1", token=None, env=env)[0], 0)
        at = ("info", "127.0.0.1", "--port", str(self.port), "--timeout", "0.3")
        error = self.check_failure(3, *at, "--token", OTHER_TOKEN, env=env)
        self.assertIn("the token from --token is probably wrong", error)
        self.assertEqual(run_cli(*at, env=env)[0], 0)
