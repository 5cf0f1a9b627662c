# SPDX-License-Identifier: MIT
"""completion: a script for bash, made from the table."""

import os
import shutil
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure.cli.arguments import CHOICES, COMMANDS

from ..support import ROOT, run_cli
from ..support.commands import DeviceCase

ASK = """
miio-pure() {{ {python} -m miio_pure "$@"; }}
{script}
COMP_WORDS=({words}) COMP_CWORD={last}
_miio_pure miio-pure
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class CompletionTest(DeviceCase):
    def setUp(self):
        super().setUp()
        self.save()
        self.save(name="la tour", device_id=7)
        self.save(name="$(echo)", device_id=8)
        self.save(name="", device_id=9)
        with mock.patch("sys.argv", ["/usr/bin/miio-pure"]):
            status, self.script, err = run_cli("completion", "bash")
        self.assertEqual((status, err), (0, ""))

    def test_it_has_all_commands_and_options(self):
        for command in COMMANDS:
            for word in command.name.split() + ["--" + one for one in command.options]:
                self.assertIn(word, self.script)
        self.assertNotIn("{", self.script.replace("${", "").replace("() {", ""))

    def check(self, *words):
        """Check what bash offers after these words, the last of which is a list."""
        *words, expected = words
        with self.subTest(words=words):
            self.assertEqual(sorted(self.complete("miio-pure", *words)), expected)

    def complete(self, *words):
        """Return what bash offers after these words."""
        quoted = " ".join("'%s'" % word for word in words)
        ask = ASK.format(
            python=sys.executable,
            script=self.script,
            words=quoted,
            last=len(words) - 1,
        )
        done = subprocess.run(
            ["bash", "-c", ask],
            cwd=ROOT,
            env=dict(os.environ, HOME=self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=60,
        )
        self.assertEqual(done.stderr, b"")
        return list(filter(None, done.stdout.decode().split("\n")))

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes_commands_options_and_saved_names(self):
        self.check("dis", ["discover"])
        self.check("devices", "for", ["forget"])
        self.check("devices", "", ["add", "forget"])
        self.check("get", "lam", ["lamp"])
        self.check("get", "lamp", "--ti", ["--timeout"])
        self.check("devices", "forget", "-", ["--devices", "--help"])
        self.check("--", ["--help", "--version"])

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_offers_only_what_may_stand_there(self):
        commands = [one.name for one in COMMANDS if " " not in one.name]
        self.check("help", "", sorted(commands))
        self.check("help", "ge", ["get"])
        self.check("help", "devices", "a", ["add"])
        self.check("completion", "", ["bash"])
        self.check("decode", "", [])
        self.check("get", "lamp", "", [])
        self.check("devices", "forget", "lamp", "", [])
        self.check("tokens", "setup.p", ["setup.py"])
        self.check("tokens", "lam", [])
        self.check("info", "setup.p", [])

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes_the_values_of_options(self):
        self.check("simulate", "--fault", "wrong", ["wrong-id", "wrong-token"])
        self.check("simulate", "--fault", "=", "dea", ["deaf"])
        faults = CHOICES["fault"].replace(",", "").split()
        self.check("simulate", "--fault", "=", sorted(faults))
        self.check("pack", "x", "--without", "si", ["simulator"])
        self.check("pack", "x", "--without", "tokens,d", ["tokens,devices"])
        self.check("info", "lamp", "--devices", "setup.p", ["setup.py"])
        self.check("info", "lamp", "--token", "", [])

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_finds_the_command_behind_options(self):
        self.check("--json", "ge", ["get"])
        self.check("--timeout", "3", "get", "lam", ["lamp"])
        self.check("--port", "=", "5", "devices", "--json", "forget", "lam", ["lamp"])

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_quotes_names_that_need_it(self):
        self.check("info", "", ["\\$\\(echo\\)", "la\\ tour", "lamp"])
        self.check("info", "la\\ t", ["la\\ tour"])
        self.check("info", '"la t', ["la tour"])
        self.check("discover", "lamp", "la", ["la\\ tour", "lamp"])

    def test_the_script_asks_for_the_saved_names(self):
        env = {"HOME": self.home}
        names = "lamp\nla tour\n$(echo)\n"
        status, out, err = run_cli("completion", "names", env=env)
        self.assertEqual((status, sorted(out), err), (0, sorted(names), ""))
        with open(self.file, "w") as file:
            file.write("{")
        self.assertEqual(run_cli("completion", "names", env=env), (0, "", ""))
        env = {"HOME": "", "USERPROFILE": ""}
        self.assertEqual(run_cli("completion", "names", env=env), (0, "", ""))

    def test_it_is_for_a_command_of_one_word(self):
        for called, name, has_note in (
            ("-m", "miio-pure", True),
            ("/no/miio.pyz", "miio-pure", True),
            (os.path.abspath(sys.executable), os.path.basename(sys.executable), False),
        ):
            with mock.patch("sys.argv", [called]):
                status, out, err = run_cli("completion", "bash")
            self.assertTrue(out.endswith(" %s\n" % name), out[-50:])
            self.assertEqual("ln -s " in err, has_note)
        with mock.patch("sys.argv", []):
            self.assertIn("ln -s ", run_cli("completion", "bash")[2])

    def test_only_bash_is_known(self):
        self.assertIn("bash", self.check_failure(2, "completion", "fish"))
