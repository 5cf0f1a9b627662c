# SPDX-License-Identifier: MIT
"""Commands that messages tell the user to run."""

import os
import re
import shlex
import subprocess
import unittest

from miio_pure.cli.arguments import parse
from miio_pure.cli.hint import format_hint, quote

from ..support import run_cli
from ..support.commands import DeviceCase


class HintTest(unittest.TestCase):
    def hint(self, typed, *command):
        line = format_hint(parse(typed.split()), *command)
        return line[line.index(command[0]) :]

    def test_options_that_were_typed_are_repeated(self):
        typed = "info lamp --bind 127.0.0.1 --devices /tmp/a.json --port 5 --debug"
        self.assertEqual(
            self.hint(typed, "devices add", "my lamp", "--token", "HEX"),
            "devices add 'my lamp' --token HEX "
            "--devices /tmp/a.json --bind 127.0.0.1 --port 5",
        )

    def test_options_that_were_not_typed_are_not(self):
        self.assertEqual(self.hint("info lamp", "info", "lamp"), "info lamp")
        self.assertEqual(self.hint("info lamp --port 54321", "info", "x"), "info x")

    def test_options_that_the_command_does_not_take_are_not(self):
        typed = "devices add lamp --port 5 --devices x"
        self.assertEqual(self.hint(typed, "devices"), "devices --devices x")
        self.assertEqual(self.hint(typed, "pack", "FILE"), "pack FILE")

    def test_a_shell_reads_what_was_quoted(self):
        for text in ("", "a b", "it's", "$HOME", "-x", "~", "/a/b_c-d.json", "\u00e4;"):
            line = "printf %s " + quote(text)
            self.assertEqual(subprocess.check_output(["sh", "-c", line]), text.encode())
        self.assertEqual(quote("a\x1b"), "'a?'")


class PasteTest(DeviceCase):
    def paste(self, error, token, **values):
        """Run the command at the end of a message, with a token: its status."""
        words = shlex.split(error[error.index("devices add") :])
        values["HEX"] = token
        words = [values.get(word, word) for word in words]
        env = {"HOME": self.home, "MIIO_TOKEN": token}
        return run_cli(*words, env=env)[0]

    def test_the_command_of_an_error_saves_the_device(self):
        self.file = os.path.join(self.home, "it's here.json")
        self.save(name="other", device_id=7)
        read = ("get 127.0.0.1 power", "--devices", self.file)
        error = self.fail_at(5, *read, token=None)
        self.assertEqual(self.paste(error, self.device.token.hex()), 0)
        self.assertEqual(self.run_at(*read, token=None)[1], "on\n")

    def test_the_command_of_an_error_replaces_a_token(self):
        self.file = os.path.join(self.home, "here.json")
        self.save(name="my lamp")
        self.device.faults = {"reject"}
        read = ("get", "my lamp", "power", "--devices", self.file, "--timeout", "0.5")
        error = self.fail_at(5, *read, token=None)
        self.device.faults = set()
        self.assertEqual(self.paste(error, self.device.token.hex()), 0)
        self.assertEqual(self.run_at(*read, token=None)[1], "on\n")

    def find_hint(self, text, command):
        """Return the words of a command in a text, from its name on."""
        (line,) = re.findall(r" (%s .*)" % command, text)
        return shlex.split(line)

    def test_the_command_of_an_error_makes_the_file_that_was_named(self):
        self.file = os.path.join(self.home, "not yet.json")
        read = ("get", "127.0.0.1", "power", "--devices", self.file)
        error = self.fail_at(2, *read, token=None)
        hint, _, _ = error.rpartition(" creates it")
        token = self.device.token.hex()
        self.assertEqual(self.paste(hint, token, ADDRESS="127.0.0.1"), 0)
        self.assertEqual(self.run_at(*read, token=None)[1], "on\n")

    def test_the_command_of_an_error_saves_each_of_several(self):
        self.file = os.path.join(self.home, "here.json")
        self.save(name="other", device_id=7)
        error = self.fail_at(2, "get 127.0.0.1,other power", "--devices", self.file)
        hint, _, _ = error.rpartition(" saves that of each")
        token = self.device.token.hex()
        self.assertEqual(self.paste(hint, token, ADDRESS="127.0.0.1"), 0)

    def test_the_command_about_a_spec_saves_it_where_the_next_one_finds_it(self):
        self.file = os.path.join(self.home, "it's here.json")
        self.save()
        read = ("get", "lamp", "speed", "--devices", self.file)
        status, _, err = self.run_at("get lamp", "--devices", self.file, token=None)
        self.assertEqual(status, 1)
        place, *words = self.find_hint(err, "spec [^ ]*json")
        words[words.index("simulated.fan.v1.json")] = self.write_spec()
        status, _, err = run_cli(place, *words, env=self.environment(None))
        self.assertEqual(status, 0)
        self.assertEqual(self.run_at(*read, token=None)[1], "50\n")
        hint = self.find_hint(err, "get DEVICE")
        self.assertEqual(hint, ["get", "DEVICE", "--devices", self.file])

    def test_a_model_that_a_shell_would_obey_is_in_no_command(self):
        self.device.model = "$(reboot).fan.v1"
        _, _, err = self.run_at("get 127.0.0.1")
        self.assertEqual(err.count("reboot"), 1)
        self.assertIn("spec MODEL.json --save --model MODEL", err)
