# SPDX-License-Identifier: MIT
"""completion: a script for bash, made from the table."""

import os
import shutil
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure.cli.arguments import COMMANDS, OPTIONS

from ..support import ROOT, run_cli
from ..support.commands import DeviceCase

ASK = """
miio-pure() {{ {python} -m miio_pure "$@"; }}
{script}
COMP_WORDS=({words}) COMP_CWORD={last}
_miio_pure
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


class CompletionTest(DeviceCase):
    def setUp(self):
        super().setUp()
        self.save()
        self.save(name="two words", device_id=7)
        self.save(name="$(echo)", device_id=8)
        with mock.patch("sys.argv", ["miio-pure"]):
            status, self.script, err = run_cli("completion", "bash")
        self.assertEqual((status, err), (0, ""))

    def test_it_has_all_commands_and_options(self):
        for command in COMMANDS:
            for word in command.name.split() + ["--" + one for one in command.options]:
                self.assertIn(word, self.script)
        self.assertNotIn("{", self.script.replace("${", "").replace("() {", ""))

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
        return done.stdout.decode().split("\n")[:-1]

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes_commands_options_and_saved_names(self):
        self.assertEqual(self.complete("miio-pure", "dis"), ["discover"])
        self.assertEqual(self.complete("miio-pure", "devices", "for"), ["forget"])
        self.assertEqual(self.complete("miio-pure", "get", "la"), ["lamp"])
        self.assertEqual(
            self.complete("miio-pure", "get", "lamp", "--ti"), ["--timeout"]
        )
        self.assertIn("--version", self.complete("miio-pure", "--"))
        self.assertEqual(self.complete("miio-pure", "get", "setup.p"), ["setup.py"])

    def test_names_that_bash_cannot_take_are_left_out(self):
        env = {"HOME": self.home}
        self.assertEqual(run_cli("completion", "names", env=env)[:2], (0, "lamp\n"))
        with open(self.file, "w") as file:
            file.write("{")
        self.assertEqual(run_cli("completion", "names", env=env), (0, "", ""))
        env = {"HOME": "", "USERPROFILE": ""}
        self.assertEqual(run_cli("completion", "names", env=env), (0, "", ""))

    def test_it_is_for_a_command_of_one_word(self):
        self.assertTrue(run_cli("completion", "bash")[1].endswith(" miio-pure\n"))

    def test_only_bash_is_known(self):
        self.assertIn("bash", self.check_failure(2, "completion", "fish"))
        self.assertGreater(len(OPTIONS), 10)
