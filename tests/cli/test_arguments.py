# SPDX-License-Identifier: MIT
"""The arguments: help, and what is wrong usage."""

import sys
from unittest import mock

from miio_pure.cli import arguments

from ..support import TOKEN, CliCase, run_cli


class HelpTest(CliCase):
    def test_help(self):
        for args in ((), ("--help",)):
            status, out, err = run_cli(*args)
            self.assertEqual((status, err), (0, ""))
            for flag in (
                "--discover",
                "--bindip",
                "--debug",
                "--ip",
                "--info",
                "--sendcmd",
                "--token",
                "--decode",
                "--help",
                "--timeout",
                "--port",
                "--json",
                "--demo",
                "--simulate",
            ):
                self.assertIn(flag, out)

    def test_version(self):
        self.assertRegex(run_cli("--version")[1], r"\Amiio_pure \d+\.\d+\.\d+\n\Z")

    def test_the_name_of_a_copy(self):
        """A copy under another name tells how it is called itself."""
        with mock.patch("sys.argv", ["/lib/fan/__main__.py"]), mock.patch.object(
            arguments, "__package__", "devices.xiaomi.cli"
        ):
            self.assertIn("\n  python3 -m devices.xiaomi --demo\n", run_cli()[1])

    def test_without_the_simulator(self):
        """A copy may leave it out."""
        with mock.patch.dict(sys.modules, {"miio_pure.simulator": None}):
            for flag in ("--demo", "--simulate"):
                error = self.check_failure(2, flag)
                self.assertIn("came without its folder simulator", error)

    def test_wrong_usage(self):
        for args in (
            ("--nonsense",),
            ("-ip", "127.0.0.1", "--info"),
            ("--decode=--",),
            ("--timeout=--", "--demo"),
            ("-h=",),
            ("--discover",),
            ("--ip", "127.0.0.1"),
            ("--info",),
            ("--sendcmd", "{}"),
            ("--info", "--demo"),
            ("--port", "0", "--demo"),
            ("--port", "x"),
            ("--port", "99999"),
            ("--port", "\u0663"),
            ("--discover", "all", "127.0.0.1"),
            ("--timeout", "0"),
            ("--timeout", "nan"),
            ("--timeout", "x"),
            ("--timeout", "1e9"),
            ("stray",),
            ("--token", TOKEN),
            ("--token" + TOKEN,),
            ("--json=" + TOKEN,),
            ("--decode", "xyz", "--token", TOKEN),
            ("--decode", "213", "--token", TOKEN),
        ):
            with self.subTest(args=args):
                self.assertNotIn(TOKEN, self.check_failure(2, *args))

    def test_wrong_tokens(self):
        for token in (TOKEN[:-1], "", "z" * 32):
            error = self.check_failure(
                2, "--ip", "127.0.0.1", "--info", "--token", token
            )
            self.assertIn("32 hex digits", error)
            if token:
                self.assertNotIn(token, error)
        error = self.check_failure(
            2, "--ip", "127.0.0.1", "--info", env={"MIIO_TOKEN": "5" * 31}
        )
        self.assertIn("MIIO_TOKEN: a token has 32 hex digits; this one has 31", error)
