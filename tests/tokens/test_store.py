# SPDX-License-Identifier: MIT
"""The token file, and --tokens and its like on the command line."""

import io
import json
import os
import subprocess
import sys
import unittest
from unittest import mock

from miio_pure import Client, MiioError, NoReply, Token, TokenError, cli, tokens
from miio_pure.simulator import FakeDevice, Simulator, fan
from miio_pure.tokens import Record, Store

from ..support import backups
from ..support import OTHER_TOKEN, ROOT, TOKEN, CliCase, run_cli
from ..support.wire import Wire
from ..support.samples import SAMPLES, FilesCase

DEVICE_ID = 0x03DB1166


def record(did=str(DEVICE_ID), token=TOKEN, **fields):
    return Record("somewhere", did=did, token=token, **fields)


class StoreCase(FilesCase):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "config", "tokens.json")


class StoreTest(StoreCase):
    def test_saved_and_read_again(self):
        store = Store(self.path)
        self.assertIsNone(store(DEVICE_ID))
        saved = store.save([record(name="Lüfter", model="a.fan.b"), record("7")])
        self.assertEqual(saved, 2)
        again = Store(self.path)
        self.assertEqual(again(DEVICE_ID), Token(TOKEN))
        self.assertEqual(again.find(DEVICE_ID).name, "Lüfter")
        self.assertIsNone(again.find(8))
        self.assertNotIn(TOKEN, repr(again))

    def test_only_its_owner_reads_it(self):
        Store(self.path).save([record()])
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(self.path)).st_mode & 0o777, 0o700)
        os.chmod(self.path, 0o640)
        with self.assertRaisesRegex(TokenError, "chmod 600 " + self.path):
            Store(self.path)

    def test_the_chmod_can_be_pasted(self):
        path = self.write(b"{}", "it's here.json")
        os.chmod(path, 0o644)
        with self.assertRaises(TokenError) as caught:
            Store(path)
        command = str(caught.exception).rpartition(": ")[2]
        subprocess.check_call(["sh", "-c", command])
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_what_is_kept(self):
        """Wi-Fi devices with a token; the newest; what others saved meanwhile."""
        first, second = Store(self.path), Store(self.path)
        first.save([record("1"), record("2", "x" * 44), record(""), record("blt.3")])
        second.save([record("3"), record("1", OTHER_TOKEN), record("1", TOKEN)])
        kept = {one.did: one.token for one in Store(self.path).records}
        self.assertEqual(kept, {"3": TOKEN, "1": OTHER_TOKEN})

    def test_written_whole_or_not_at_all(self):
        Store(self.path).save([record("1")])
        with mock.patch("os.replace", side_effect=OSError(28, "No space left")):
            with self.assertRaisesRegex(MiioError, "cannot be written: No space left"):
                Store(self.path).save([record("2")])
        self.assertEqual([one.did for one in Store(self.path).records], ["1"])
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["tokens.json"])
        draft = "%s.%d.new" % (os.path.realpath(self.path), os.getpid())
        with open(draft, "w"):
            Store(self.path).save([record("3")])  # what a killed process left behind
        with mock.patch("os.open", side_effect=OSError(13, "Permission denied")):
            with self.assertRaisesRegex(MiioError, "Permission denied"):
                Store(self.path).save([record("2")])

    def test_what_was_known_stays_known(self):
        Store(self.path).save([record("1", name="Fan", ip="192.168.1.9")])
        Store(self.path).save([record("1", OTHER_TOKEN)])
        (kept,) = Store(self.path).records
        self.assertEqual((kept.name, kept.token), ("Fan", OTHER_TOKEN))

    def test_a_pipe(self):
        path = os.path.join(self.folder, "pipe")
        os.mkfifo(path, 0o600)
        with self.assertRaisesRegex(MiioError, "not a file"):
            Store(path)

    def test_no_place_for_it(self):
        path = os.path.join(self.write(b"file"), "tokens.json")
        with self.assertRaisesRegex(MiioError, "cannot be (read|written)"):
            Store(path).save([record()])

    def test_a_link_stays_one(self):
        target = self.write(b'{"devices":[]}', "real.json")
        os.chmod(target, 0o600)
        link = os.path.join(self.folder, "link.json")
        os.symlink(target, link)
        Store(link).save([record()])
        self.assertTrue(os.path.islink(link))
        self.assertEqual(len(Store(target).records), 1)

    def test_many_writers(self):
        script = (
            "import sys; from miio_pure.tokens import Record, Store\n"
            "for number in range(5):\n"
            "    did = sys.argv[2] + str(number)\n"
            "    Store(sys.argv[1]).save([Record('x', did=did, token='0' * 32)])\n"
        )
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", script, self.path, str(number)], cwd=ROOT
            )
            for number in range(1, 5)
        ]
        self.assertEqual([writer.wait(60) for writer in writers], [0, 0, 0, 0])
        self.assertEqual(len(Store(self.path).records), 20)

    def test_damaged(self):
        for data in (
            b"",
            b"[]",
            b'{"devices":{"a":1}}',
            b'{"devices":[{"did":"1","token":"short"}]}',
            b'{"devices":[{"did":"1"}]}',
            b'{"devices":[[]]}',
            b"[" * 100000,
            b"\xff",
            b" " * (5 << 20),
        ):
            path = self.write(data, "bad.json")
            os.chmod(path, 0o600)
            with self.assertRaisesRegex(MiioError, "no token file, or damaged"):
                Store(path)


class ClientTest(unittest.TestCase):
    """A function from device id to token serves as the token of a client."""

    def client(self, known, **options):
        self.device = FakeDevice(TOKEN, properties={"power": "on"}, **options)
        return Client("lamp", known, timeout=1.0, link=Wire(self.device))

    def test_known(self):
        known = mock.Mock(return_value=Token(TOKEN))
        client = self.client(known)
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])
        known.assert_called_with(DEVICE_ID)

    def test_unknown(self):
        with self.assertRaisesRegex(TokenError, "hides its token"):
            self.client(lambda device_id: None).info()
        client = self.client(lambda device_id: None, reveal=True)
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_a_forged_hello_cannot_replace_it(self):
        # The hello shows a token that is not the device's own.
        forged = bytes.fromhex(OTHER_TOKEN)
        client = self.client(lambda device_id: Token(TOKEN), hidden=forged)
        self.assertEqual(client.send("get_prop", ["power"]), ["on"])

    def test_no_device_gets_the_token_of_another(self):
        client = self.client({DEVICE_ID: Token(TOKEN)}.get)
        client.handshake()
        self.device.device_id += 1
        client.handshake()
        with self.assertRaisesRegex(TokenError, "hides its token"):
            client.info()

    def test_another_device_does_not_get_its_commands(self):
        client = self.client(lambda device_id: Token(TOKEN))
        client.info()
        self.device.device_id += 1
        with self.assertRaisesRegex(NoReply, "hello from device"):
            client.send("toggle")


class CommandTest(StoreCase, CliCase):
    def tokens(self, *args, env=None):
        return run_cli("--tokens", *args, env=dict({"HOME": self.folder}, **env or {}))

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
        keys = {"name", "model", "ip", "mac", "did", "token", "source"}
        self.assertEqual([set(row) for row in rows], [keys] * 5)
        out.encode("ascii")
        self.assertIn("1 without a token (Door sensor): it hangs on a gateway", err)
        self.assertIn("logged out", err)

    def test_many_without(self):
        many = [dict(backups.DEVICE, did="lumi.%d" % i, token="") for i in range(7)]
        path = self.write(json.dumps(many).encode())
        status, out, err = self.tokens(path)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("note: 7 without a token (Mi Robot Vacuum,", err)
        self.assertIn(", ...): it hangs", err)
        self.assertIn("error: no token found", err)

    def test_many_notes(self):
        for number in range(25):
            self.write(b"SQLite format 3\0", "%02d.db" % number)
        self.write(json.dumps(backups.DEVICE).encode(), "cache")
        status, out, err = self.tokens(self.folder)
        self.assertEqual((status, err.count("\n")), (0, 21))
        self.assertIn("note: and 5 more of these", err)

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
        err = self.check_failure(1, "--tokens", path, env={"MIIO_PASSWORD": "x"})
        self.assertIn("password is wrong", err)
        self.assertIn("MIIO_PASSWORD", self.check_failure(1, "--tokens", path))
        env = {"MIIO_PASSWORD": "x"}
        for answer, status, said in (
            ("secret", 0, ""),
            ("no", 1, "password is wrong"),
            (EOFError, 1, "no password was typed"),
            (OSError, 1, "no terminal"),
            (UnicodeDecodeError("ascii", b"x", 0, 1, "no"), 1, "MIIO_PASSWORD"),
        ):
            with mock.patch("getpass.getpass", side_effect=[answer]):
                done = self.tokens(path, "--password-prompt", env=env)
            self.assertEqual(done[0], status)
            self.assertIn(said, done[2])

    def test_a_folder_that_is_gone(self):
        gone = mock.patch("os.getcwd", side_effect=FileNotFoundError(2, "not there"))
        with gone, self.assertRaisesRegex(MiioError, "x: cannot be read: not there"):
            Store("x")

    def test_usage(self):
        for args in (
            ("--save",),
            ("--password-prompt", "--info", "--ip", "1.2.3.4"),
            ("--tokens",),
            ("--tokens", "a", "--info"),
            ("--token-file", "/nowhere", "--ip", "127.0.0.1", "--info"),
            ("--token-file", "", "--ip", "127.0.0.1", "--info"),
        ):
            self.check_failure(2, *args)
        self.check_failure(1, "--tokens", os.path.join(self.folder, "none"))

    def test_no_home(self):
        path = os.path.join(SAMPLES, "miio2.db")
        env = {"HOME": "", "USERPROFILE": ""}
        status, out, err = self.tokens(path, "--save", env=env)
        self.assertEqual(status, 2)
        self.assertIn("--token-file", err)

    def test_progress_on_a_terminal(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        times = iter(range(0, 1000, 2))
        with mock.patch("time.monotonic", lambda: next(times)), mock.patch(
            "sys.stderr", Terminal()
        ) as err, mock.patch("sys.stdout", io.StringIO()):
            self.assertEqual(cli.main(["--tokens", os.path.join(SAMPLES, "ios")]), 0)
        said = err.getvalue()
        self.assertIn("\r\x1b[K... ", said)
        self.assertIn("mihome.sqlite\r\x1b[K", said)

    def test_without_the_folder(self):
        with mock.patch.dict(sys.modules, {"miio_pure.tokens": None}):
            err = self.check_failure(2, "--tokens", "x")
        self.assertIn("without its folder tokens", err)

    def test_what_is_not_saved(self):
        path = os.path.join(self.folder, "tokens.json")
        args = ("--save", "--token-file", path)
        status, _, err = self.tokens(os.path.join(SAMPLES, "robot"), *args)
        self.assertEqual((status, os.path.exists(path)), (1, False))
        self.assertIn("error: nothing was saved: ", err)
        status, _, err = self.tokens(os.path.join(SAMPLES, "variants"), *args)
        self.assertEqual(status, 0)
        self.assertIn("saved in %s: 3\nnote: not saved: " % path, err)

    def test_a_folder_that_is_not_whole(self):
        with mock.patch.dict(sys.modules, {"miio_pure.tokens.search": None}):
            with mock.patch.object(tokens, "search", create=True):
                del tokens.search
                err = self.check_failure(2, "--tokens", "x")
        self.assertIn("not whole", err)

    def test_a_terminal_that_knows_ascii_only(self):
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        with mock.patch("sys.stdout", out):
            status = cli.main(["--tokens", os.path.join(SAMPLES, "miio2.db")])
        self.assertEqual(status, 0)
        self.assertIn(rb"\u041b\u0430\u043c\u043f\u0430", out.buffer.getvalue())


class SavedTest(StoreCase, CliCase):
    """From a backup to a command without --token."""

    def setUp(self):
        super().setUp()
        device = dict(backups.DEVICE, did=str(DEVICE_ID), token=TOKEN, name="Fan \x1b[")
        self.cache = self.write(json.dumps([device]).encode(), "cache")
        self.env = {"HOME": self.folder}
        self.default = os.path.join(self.folder, ".config", "miio_pure", "tokens.json")

    def test_from_then_on(self):
        with Simulator(FakeDevice(TOKEN)) as server:
            there = ["--ip", "127.0.0.1", "--port", str(server.port), "--timeout", "2"]
            self.check_failure(1, *there, "--info", env=self.env)
            status, out, err = run_cli("--tokens", self.cache, "--save", env=self.env)
            self.assertEqual((status, err), (0, "saved in %s: 1\n" % self.default))
            status, out, err = run_cli(*there, "--info", env=self.env)
            self.assertEqual((status, err), (0, ""))
            find = ["--discover", "127.0.0.1", "--port", str(server.port)]
            status, out, err = run_cli(*find, env=self.env)
            self.assertRegex(out, r"hidden +rockrobo.vacuum.v1 +Fan \\x1b\[\n\Z")
            status, out, err = run_cli(*find, "--json", env=self.env)
            found = json.loads(out)
            self.assertEqual((found["name"], found["token"]), ("Fan \x1b[", None))
            os.chmod(self.default, 0o644)
            err = self.check_failure(1, *there, "--info", env=self.env)
            self.assertIn("chmod 600", err)
            wrong = ["--token", OTHER_TOKEN]  # one that is given counts
            err = self.check_failure(1, *there, "--info", *wrong, env=self.env)
            self.assertIn("token right", err)

    def test_a_copy_without_the_folder(self):
        """The token file of another copy is none of its business, unless it is told."""
        run_cli("--tokens", self.cache, "--save", env=self.env)
        with Simulator(fan(TOKEN, reveal=True)) as server:
            args = ["--ip", "127.0.0.1", "--port", str(server.port), "--info"]
            with mock.patch.dict(sys.modules, {"miio_pure.tokens": None}):
                status, out, err = run_cli(*args, env=self.env)
                self.assertEqual((status, err), (0, ""))
                err = self.check_failure(2, *args, "--token-file", self.default)
        self.assertIn("without its folder tokens", err)

    def test_a_file_of_ones_own(self):
        path = os.path.join(self.folder, "own.json")
        run_cli("--tokens", self.cache, "--save", "--token-file", path, env=self.env)
        self.assertFalse(os.path.exists(self.default))
        with Simulator(FakeDevice(TOKEN)) as server:
            there = ["--ip", "127.0.0.1", "--port", str(server.port)]
            status, out, err = run_cli(*there, "--info", "--token-file", path, env={})
            self.assertEqual((status, err), (0, ""))
