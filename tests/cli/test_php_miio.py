# SPDX-License-Identifier: MIT
"""The flags of php-miio, and of the first drafts, as commands."""

import json

from miio_pure.cli import php_miio
from miio_pure.cli.status import UsageError

from ..support import TOKEN, run_cli
from ..support.commands import DeviceCase


class TranslationTest(DeviceCase):
    def check(self, line, *expected):
        self.assertTrue(php_miio.is_php_miio(line.split()), line)
        self.assertEqual(php_miio.translate(line.split()), list(expected))

    def test_flags_become_commands(self):
        self.check("--discover all", "discover", "--", "all")
        self.check("--discover", "discover", "--")
        self.check("--discover 1.2.3.4 lamp", "discover", "--", "1.2.3.4", "lamp")
        self.check("--ip 1.2.3.4 --info", "info", "1.2.3.4", "--")
        self.check("--info --ip=1.2.3.4", "info", "1.2.3.4", "--")
        self.check(
            "--ip 1.2.3.4 --bindip 1.2.3.5 --token T --sendcmd {} --debug",
            "send",
            "1.2.3.4",
            "--bind",
            "1.2.3.5",
            "--token",
            "T",
            "--debug",
            "--",
            "{}",
        )
        self.check("--token T --decode 21", "decode", "--token", "T", "--", "21")
        self.check("--demo", "demo", "--")
        self.check("--simulate --port 5", "simulate", "--port", "5", "--")
        self.check(
            "--tokens a b --save --token-file f",
            "tokens",
            "--save",
            "--devices",
            "f",
            "--",
            "a",
            "b",
        )
        self.check("--ip 1.2.3.4 --help", "--help")

    def test_commands_are_no_flags(self):
        for line in ("discover --json", "--json discover", "info lamp --ip", ""):
            self.assertFalse(php_miio.is_php_miio(line.split()), line)

    def test_what_makes_no_sense_is_refused(self):
        for line, said in (
            ("--ip 1.2.3.4", "--ip goes with"),
            ("--info", "needs --ip and the address"),
            ("--sendcmd {}", "needs --ip and the address"),
            ("--info --ip", "--ip needs a value"),
            ("--info --ip --debug", "--ip needs a value"),
            ("--info --ip a --ip b", "--ip is given twice"),
            ("--ip a b --info", "belongs to no flag"),
            ("--demo --ip a", "--demo takes no --ip"),
            ("--info --ip a --demo", "--info and --demo cannot be used together"),
        ):
            with self.subTest(line=line):
                with self.assertRaisesRegex(UsageError, said):
                    php_miio.translate(line.split())

    def test_unknown_flags_are_left_to_the_parser(self):
        error = self.check_failure(2, "--demo", "--frobnicate")
        self.assertIn("no option --frobnicate", error)


class RunTest(DeviceCase):
    def test_the_commands_of_its_readme_work(self):
        at = ["--ip", "127.0.0.1", "--port", str(self.port), "--token", TOKEN]
        status, out, err = run_cli(*at, "--info")
        self.assertEqual((status, json.loads(out)["fw_ver"], err), (0, "1.0.0", ""))
        command = '{"id":1,"method":"get_prop","params":["power"]}'
        status, out, err = run_cli(*at, "--sendcmd", command)
        self.assertEqual((status, out, err), (0, '["on"]\n', ""))
        find = ["--discover", "127.0.0.1", "--port", str(self.port)]
        status, out, err = run_cli(*find, "--debug")
        self.assertEqual((status, out.count("\n"), err.count("\n")), (0, 2, 2))
