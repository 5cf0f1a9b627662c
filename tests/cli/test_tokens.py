# SPDX-License-Identifier: MIT
"""tokens: find them, print them, save them; and commands that use saved ones."""

import io
import json
import os
import sys
from unittest import mock

from miio_pure import cli, tokens
from miio_pure.cli.output import measure
from miio_pure.simulator import FakeDevice, Simulator
from miio_pure.tokens import search  # noqa: F401 (a test takes it away)

from ..support import backups
from ..support import OTHER_TOKEN, TOKEN, CliCase, run_cli
from ..support.commands import run_on_terminal
from ..support.samples import SAMPLES, FilesCase

DEVICE_ID = 0x03DB1166


class CommandTest(FilesCase, CliCase):
    def tokens(self, *args, env=None):
        return run_cli("tokens", *args, env=dict({"HOME": self.folder}, **env or {}))

    def test_table(self):
        status, out, err = self.tokens(os.path.join(SAMPLES, "miio2.db"))
        self.assertEqual((status, err), (0, ""))
        lines = out.splitlines()
        self.assertRegex(lines[0], "^name .*model .*address .*MAC .*device id .*token")
        self.assertEqual(len(lines), 4)
        self.assertIn("b31c928032e6a4afc898c5c8768a518f", out)

    def test_json(self):
        status, out, err = self.tokens(os.path.join(SAMPLES, "ios"), "--json")
        self.assertEqual(status, 0)
        rows = [json.loads(line) for line in out.splitlines()]
        keys = {"name", "model", "address", "mac", "device_id", "token", "source"}
        self.assertEqual([set(row) for row in rows], [keys] * 5)
        out.encode("ascii")
        self.assertIn("1 without a token (Door sensor): it is behind a gateway", err)
        self.assertIn("logged out", err)

    def test_many_without(self):
        many = [dict(backups.DEVICE, did="lumi.%d" % i, token="") for i in range(7)]
        path = self.write(json.dumps(many).encode())
        status, out, err = self.tokens(path)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("note: 7 without a token (Mi Robot Vacuum,", err)
        self.assertIn(", ...): it is behind", err)
        self.assertIn("error: no token found", err)

    def test_many_notes(self):
        for number in range(25):
            self.write(b"SQLite format 3\0", "%02d.db" % number)
        self.write(json.dumps(backups.DEVICE).encode(), "cache")
        status, out, err = self.tokens(self.folder)
        self.assertEqual((status, err.count("\n")), (0, 21))
        self.assertIn("note: there are 5 more notes of this kind", err)

    def test_control_characters(self):
        data = json.dumps(dict(backups.DEVICE, name="\x1b[2Jпривет\x07"))
        status, out, err = self.tokens(self.write(data.encode(), "a\nb"))
        self.assertEqual((status, err), (0, ""))
        self.assertIn(r"\x1b[2Jпривет\x07", out)
        self.assertEqual(len(out.splitlines()), 2)

    def test_password(self):
        path = os.path.join(SAMPLES, "backup-encrypted.ab")
        status, out, err = self.tokens(path, env={"MIIO_PASSWORD": "secret"})
        self.assertEqual((status, out.count("\n")), (0, 4))
        err = self.check_failure(1, "tokens", path, env={"MIIO_PASSWORD": "x"})
        self.assertIn("password is wrong", err)
        self.assertIn("MIIO_PASSWORD", self.check_failure(1, "tokens", path))
        env = {"MIIO_PASSWORD": "x"}
        for answer, status, said in (
            ("secret", 0, ""),
            ("no", 1, "password is wrong"),
            (EOFError, 1, "no password was typed"),
            (OSError, 1, "on a terminal"),
            (UnicodeDecodeError("ascii", b"x", 0, 1, "no"), 1, "MIIO_PASSWORD"),
        ):
            with mock.patch("getpass.getpass", side_effect=[answer]):
                done = self.tokens(path, "--password-prompt", env=env)
            self.assertEqual(done[0], status)
            self.assertIn(said, done[2])

    def test_usage(self):
        for args in (
            ("--save",),
            ("info", "1.2.3.4", "--password-prompt"),
            ("tokens",),
            ("tokens", "--save"),
            ("tokens", "a", "--name", "x"),
        ):
            self.check_failure(2, *args)
        self.check_failure(1, "tokens", os.path.join(self.folder, "none"))

    def test_no_home(self):
        path = os.path.join(SAMPLES, "miio2.db")
        env = {"HOME": "", "USERPROFILE": ""}
        status, out, err = self.tokens(path, "--save", env=env)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("MIIO_DEVICES", err)

    def test_progress_on_a_terminal(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        times = iter(range(0, 1000, 2))
        with mock.patch("time.monotonic", lambda: next(times)), mock.patch(
            "sys.stderr", Terminal()
        ) as err, mock.patch("sys.stdout", io.StringIO()):
            self.assertEqual(cli.main(["tokens", os.path.join(SAMPLES, "ios")]), 0)
        said = err.getvalue()
        self.assertIn("\r\x1b[Ksearching ... ", said)
        self.assertIn("mihome.sqlite\r\x1b[K", said)

    def test_without_the_folder(self):
        with mock.patch.dict(sys.modules, {"miio_pure.tokens": None}):
            err = self.check_failure(2, "tokens", "x")
        self.assertIn('lacks "tokens", which this command needs', err)

    def test_what_is_not_saved(self):
        path = os.path.join(self.folder, "tokens.json")
        args = ("--save", "--devices", path)
        status, _, err = self.tokens(os.path.join(SAMPLES, "robot"), *args)
        self.assertEqual((status, os.path.exists(path)), (1, False))
        self.assertIn("error: nothing was saved, ", err)
        status, _, err = self.tokens(os.path.join(SAMPLES, "variants"), *args)
        self.assertEqual(status, 0)
        self.assertIn(
            "saved: 3; %s now holds 3\nnote: not saved: " % os.path.realpath(path), err
        )

    def test_a_folder_that_is_not_whole(self):
        with mock.patch.dict(sys.modules, {"miio_pure.tokens.search": None}):
            with mock.patch.object(tokens, "search", create=True):
                del tokens.search
                err = self.check_failure(1, "tokens", "x")
        self.assertIn("cannot run here", err)

    def test_a_terminal_that_knows_ascii_only(self):
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        with mock.patch("sys.stdout", out):
            status = cli.main(["tokens", os.path.join(SAMPLES, "miio2.db")])
        self.assertEqual(status, 0)
        self.assertIn(rb"\u041b\u0430\u043c\u043f\u0430", out.buffer.getvalue())


class SavedTest(FilesCase, CliCase):
    """From a backup to a command without --token."""

    def setUp(self):
        super().setUp()
        device = dict(
            backups.DEVICE, did=str(DEVICE_ID), token=TOKEN, name="Fan \u20ac"
        )
        self.cache = self.write(json.dumps([device]).encode(), "cache")
        self.env = {"HOME": self.folder}
        self.default = os.path.join(self.folder, ".config", "miio_pure", "devices.json")

    def test_from_then_on(self):
        with Simulator(FakeDevice(TOKEN)) as server:
            port = ["--port", str(server.port), "--timeout", "2"]
            info = ["info", "127.0.0.1"] + port
            self.check_failure(5, *info, env=self.env)
            status, out, err = run_cli("tokens", self.cache, "--save", env=self.env)
            said = "saved: 1; %s now holds 1\n" % os.path.realpath(self.default)
            self.assertEqual((status, err), (0, said))
            status, out, err = run_cli(*info, env=self.env)
            self.assertEqual((status, err), (0, ""))
            find = ["discover", "127.0.0.1"] + port
            status, out, err = run_cli(*find, env=self.env)
            self.assertRegex(out, r"saved +rockrobo.vacuum.v1 +Fan \u20ac\n\Z")
            status, out, err = run_cli(*find, "--json", env=self.env)
            found = json.loads(out)
            self.assertEqual((found["name"], found["token"]), ("Fan \u20ac", None))

    def test_a_file_of_ones_own(self):
        path = os.path.join(self.folder, "own.json")
        run_cli("tokens", self.cache, "--save", "--devices", path, env=self.env)
        self.assertFalse(os.path.exists(self.default))
        with Simulator(FakeDevice(TOKEN)) as server:
            info = ["info", "127.0.0.1", "--port", str(server.port)]
            status, out, err = run_cli(*info, "--devices", path, env={})
            self.assertEqual((status, err), (0, ""))

    def test_the_count_is_that_of_the_whole_file(self):
        run_cli("tokens", self.cache, "--save", env=self.env)
        other = dict(backups.DEVICE, did="7", token=OTHER_TOKEN)
        path = self.write(json.dumps([other]).encode(), "other")
        _, _, err = run_cli("tokens", path, "--save", env=self.env)
        self.assertRegex(err, "saved: 1; .* now holds 2")

    def test_a_long_path_is_shortened_on_a_terminal(self):
        with open(self.cache, "rb") as file:
            path = self.write(file.read(), "客" * 60, "cache")
        out, _ = run_on_terminal("tokens", path)
        line = out.splitlines()[2]
        self.assertRegex(line, "\\A\u2026客{30,40}.cache:\\Z")
        self.assertLessEqual(measure(line), 80)

    def test_a_terminal_gets_80_columns_and_a_pipe_everything(self):
        out, _ = run_on_terminal("tokens", self.cache)
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.assertIn(TOKEN, out)
        self.assertIn("found in", run_cli("tokens", self.cache)[1])
