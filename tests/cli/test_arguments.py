# SPDX-License-Identifier: MIT
"""The table of commands, the parser and the help that read it."""

import os
import random
import sys
import unittest
from unittest import mock

from miio_pure.cli import arguments, main, pack
from miio_pure.cli.status import UsageError
from miio_pure.simulator import FAULTS, fan

from ..support import TOKEN, CliCase, run_cli
from ..support.house import PACKAGE

COMMANDS = {command.name: command for command in arguments.COMMANDS}


class TableTest(unittest.TestCase):
    def test_each_command_has_a_module(self):
        for name in COMMANDS:
            module = os.path.join(PACKAGE, "cli", name.split()[0] + ".py")
            self.assertTrue(os.path.exists(module), name)

    def test_each_option_and_each_argument_is_explained(self):
        for command in COMMANDS.values():
            for name in command.options:
                self.assertIn(name, arguments.OPTIONS, command.name)
            for noun in arguments.split_nouns(command.arguments):
                self.assertIn(noun, arguments.NOUNS, command.name)

    def test_no_option_is_without_a_command(self):
        used = {name for command in COMMANDS.values() for name in command.options}
        self.assertEqual(set(arguments.OPTIONS) - used, {"help", "version"})

    def test_each_example_is_a_valid_command_line(self):
        for command in COMMANDS.values():
            words = command.example.replace("'", "").partition(" > ")[0].split()
            with self.subTest(command=command.name):
                self.assertIs(arguments.parse(words).command, command)


class HelpTest(CliCase):
    def check_help(self, *args):
        status, out, err = run_cli(*args)
        self.assertEqual((status, err), (0, ""))
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        return out

    def test_the_overview_names_every_command(self):
        for args in ((), ("help",), ("--help",), ("-h",), ("--ip", "x", "--help")):
            out = self.check_help(*args)
            for command in COMMANDS.values():
                line = "  %s %s" % (command.name, command.arguments)
                self.assertIn(line.rstrip(), out)

    def test_each_command_has_a_help_with_an_example(self):
        for name, command in COMMANDS.items():
            words = name.split()
            with mock.patch("sys.argv", ["-m"]):
                out = self.check_help("help", *words)
                self.assertEqual(self.check_help(*words, "--help"), out)
            self.assertIn(command.example, out)
            for option in command.options:
                self.assertIn("--" + option, out)

    def test_the_help_of_devices_names_the_other_two(self):
        out = self.check_help("help", "devices")
        self.assertTrue(out.endswith("\nsee also: devices add, devices forget\n"), out)

    def test_an_error_names_the_help_of_its_command(self):
        for words in (["info"], ["devices", "add"], ["devices", "forget", "x", "y"]):
            command = " ".join(words[:2])
            error = self.check_failure(2, *words)
            self.assertTrue(error.endswith(" help %s)\n" % command), error)

    def test_the_help_names_faults_as_they_are_typed(self):
        names = arguments.CHOICES["fault"].replace(",", "").split()
        faults = [fault.replace(" ", "-").lower() for fault in FAULTS]
        self.assertEqual([name.lower() for name in names], faults)

    def test_the_help_names_the_parts_that_can_be_left_out(self):
        parts = arguments.CHOICES["without"].replace(",", "").split()
        self.assertEqual(parts, sorted(pack.PARTS))

    def test_the_help_says_what_a_simulated_device_has(self):
        out = self.check_help("help", "simulate")
        device = fan(TOKEN)
        for key in list(device.properties) + list(device.actions):
            name = key if isinstance(key, str) else "%d.%d" % key
            self.assertIn(name, out)
        self.assertIn("toggle", out)

    def test_the_help_says_where_devices_are_saved(self):
        self.assertIn(
            "~/.config/miio_pure/devices.json", self.check_help("help", "info")
        )

    def test_the_help_says_what_else_ends_in_status_3(self):
        self.assertIn("also ignore a wrong token", self.check_help().replace("\n", " "))
        self.assertIn('--version"', self.check_help())

    def test_help_for_what_is_no_command(self):
        self.assertIn("help takes", self.check_failure(2, "help", "get", "set"))
        self.assertIn('mean "get"?', self.check_failure(2, "help", "gett"))

    def test_the_version_names_the_place_of_this_copy(self):
        out = self.check_help("--version")
        self.assertRegex(out, r"\Amiio_pure \d+\.\d+\.\d+ from /")
        self.assertTrue(out.endswith(PACKAGE + "\n"), out)

    def test_the_help_names_the_program_as_it_was_called(self):
        for called, name in (
            ("/usr/bin/miio-pure", "miio-pure"),
            ("/no/miio_pure/__main__.py", "python3 /no/miio_pure/__main__.py"),
            ("miio.pyz", "python3 miio.pyz"),
            ("/no such/miio.pyz", "python3 '/no such/miio.pyz'"),
            ("-m", "python3 -m miio_pure"),
        ):
            with mock.patch("sys.argv", [called]):
                self.assertIn("usage: %s COMMAND" % name, self.check_help("help"))
        with mock.patch("sys.argv", []):
            self.assertIn("usage: python3 -m miio_pure", self.check_help("help"))

    def test_a_module_is_called_as_one_wherever_it_lies(self):
        main = mock.Mock(__package__="miio_pure")
        path = mock.patch("sys.argv", ["/lib/miio_pure/__main__.py"])
        with mock.patch.dict(sys.modules, __main__=main), path:
            self.assertIn("usage: python3 -m miio_pure COMMAND", self.check_help())

    def test_a_copy_under_another_name_says_so(self):
        with mock.patch("sys.argv", [""]), mock.patch.object(
            arguments, "__name__", "devices.xiaomi.cli.arguments"
        ):
            self.assertIn("usage: python3 -m devices.xiaomi", self.check_help("help"))


class ParserTest(CliCase):
    def test_options_stand_anywhere_and_may_have_an_equals_sign(self):
        for words in (
            ["get", "lamp", "power", "--port", "5", "--json", "--timeout", "0.5"],
            ["--json", "--port=5", "--timeout=.5", "get", "lamp", "power"],
            ["get", "--port=5", "lamp", "--json", "--timeout=0.5", "--", "power"],
        ):
            options = arguments.parse(words)
            self.assertEqual(options.command.name, "get")
            self.assertEqual(options.arguments, ["lamp", "power"])
            self.assertEqual(
                (options.port, options.json, options.timeout), (5, True, 0.5)
            )

    def test_negative_numbers_and_a_dash_are_arguments(self):
        options = arguments.parse(["run", "lamp", "move", "-5", "-", "--", "--x"])
        self.assertEqual(options.arguments, ["lamp", "move", "-5", "-", "--x"])

    def test_a_mistyped_name_leads_to_the_nearest_one(self):
        for words, said in (
            (["discver"], 'mean "discover"?'),
            (["sned", "lamp"], 'mean "send"?'),
            (["forget", "lamp"], 'mean "devices forget"?'),
            (["info", "lamp", "--tmeout", "3"], "mean --timeout?"),
            (["frobnicate"], "commands are: discover, info"),
            (["get", "lamp", "power", "--frobnicate"], "no option --frobnicate"),
            (["-v"], "--version"),
        ):
            error = self.check_failure(2, *words)
            self.assertIn(said, error)

    def test_wrong_usage_says_what_is_wrong(self):
        for words, said in (
            (["info"], "info needs DEVICE"),
            (["set", "lamp"], "set needs PROPERTY=VALUE"),
            (["info", "a", "b"], "too many arguments for info; usage: info DEVICE"),
            (["send", "lamp", "{method:", "get_prop}", "x"], "single quotes"),
            (
                ["devices", "list"],
                'takes no arguments; there are also "devices add" and ',
            ),
            (["devices", "ad", "x"], 'mean "devices add"?'),
            (["devices", "forgt", "lamp"], 'mean "devices forget"?'),
            (["version"], "no command version, but there is an option --version"),
            (["info", "a", "--json", "--json"], "--json is given twice"),
            (["info", "a", "--port", "5", "--port", "6"], "--port is given twice"),
            (["info", "a", "--json=yes"], "--json takes no value"),
            (["info", "a", "--port"], "--port needs a value: --port PORT"),
            (["info", "a", "--port", "--json"], "--port needs a value"),
            (["info", "a", "--port="], "1 to 65535"),
            (["info", "a", "--port", "0"], "1 to 65535"),
            (["info", "a", "--port", "99999"], "1 to 65535"),
            (["info", "a", "--port", "\u0663"], "1 to 65535"),
            (["info", "a", "--timeout", "0"], "seconds"),
            (["info", "a", "--timeout", "nan"], "seconds"),
            (["info", "a", "--timeout", "x"], "seconds"),
            (["info", "a", "--timeout", "1e9"], "seconds"),
            (["info", "a", "--save"], "info takes no --save"),
            (["demo", "--json"], "demo takes no --json"),
            (["--json"], "no command"),
            (["simulate", "--id", "x"], "--id needs a whole number"),
        ):
            with self.subTest(words=words):
                self.assertIn(said, self.check_failure(2, *words))

    def test_what_may_be_a_token_is_never_repeated(self):
        for words in (
            [TOKEN],
            ["info", TOKEN],
            ["discover", TOKEN],
            ["info", "a", "--port", TOKEN],
            ["info", "a", "--timeout", TOKEN],
            ["info", "a", "--bind", TOKEN],
            ["info", "a", "--" + TOKEN],
            ["info", "a", "-" + TOKEN],
            ["info", "a", "--token", TOKEN[:-1]],
            ["info", "a", "--token", TOKEN + "0"],
            ["tokens", TOKEN],
            ["devices", "add", "127.0.0.1", "--name", TOKEN],
            ["devices", "forget", TOKEN],
            ["simulate", "--fault", TOKEN],
            ["--discover", TOKEN],
            ["--tokens", TOKEN],
            ["--ip", TOKEN, "--info"],
            ["--info", "--ip=127.0.0.1", TOKEN],
            ["help", TOKEN],
        ):
            with self.subTest(words=words):
                self.assertNotIn(TOKEN[:24], self.check_failure(2, *words))

    def test_a_malformed_token_is_wrong_usage(self):
        for token in (TOKEN[:-1], "", "z" * 32):
            error = self.check_failure(2, "info", "127.0.0.1", "--token", token)
            self.assertIn("--token: a token has 32 hex digits", error)
        env = {"MIIO_TOKEN": "5" * 31}
        error = self.check_failure(2, "info", "127.0.0.1", env=env)
        self.assertIn("MIIO_TOKEN: a token has 32 hex digits; this one has 31", error)

    def test_random_command_lines_are_parsed_or_refused(self):
        words = list(COMMANDS) + ["--" + name for name in arguments.OPTIONS]
        words += ["--", "-", "", "=", "--port=1", "-x", "\ud800", "\x1b[2J", TOKEN]
        draw = random.Random(1)
        for _ in range(5000):
            line = [draw.choice(words) for _ in range(draw.randrange(6))]
            try:
                arguments.parse(line)
            except UsageError as error:
                self.assertNotIn(TOKEN, str(error))


class ModulesTest(CliCase):
    def test_a_command_that_this_copy_lacks_is_an_error(self):
        with mock.patch.dict(sys.modules, {"miio_pure.cli.demo": None}):
            self.assertIn("demo cannot run here", self.check_failure(1, "demo"))

    def test_the_arguments_come_from_sys_argv(self):
        with mock.patch("sys.argv", ["miio-pure", "--nonsense"]), mock.patch(
            "sys.stderr", None
        ):
            self.assertEqual(main(), 2)
