# SPDX-License-Identifier: MIT
"""--info and --sendcmd: talking to a device."""

import json

from miio_pure import packet

from ..support import OTHER_TOKEN, TOKEN, run_cli
from ..support.commands import DeviceCase


class SendTest(DeviceCase):
    def test_info(self):
        status, out, err = run_cli(*self.at, "--token", TOKEN, "--info")
        self.assertEqual(
            (status, json.loads(out)["model"], out.count("\n"), err),
            (0, "simulated.fan.v1", 1, ""),
        )

    def test_sendcmd(self):
        for command, result in (
            ('{"id":1,"method":"get_prop","params":["power"]}', ["on"]),
            ('{"method":"toggle","params":[]}', ["ok"]),
            ('{"method":"get_prop","params":["power"]}', ["off"]),
            ('{"method":"toggle"}', ["ok"]),
            (
                '{"id":2,"method":"echo","params":{"b":"\u20ac\\u001b"}}',
                {"b": "\u20ac\x1b"},
            ),
        ):
            status, out, err = self.send(command)
            self.assertEqual((status, json.loads(out), err), (0, result, ""))
            self.assertEqual(
                out, ascii(out).encode("ascii").decode("unicode_escape")[1:-1]
            )

    def test_badly_written_commands_are_repaired_with_a_warning(self):
        for command in (
            '{"method":"toggle",,"params":[],"id":1}',
            "{'method':'toggle','params':[]}",
            "{method: toggle}",
        ):
            status, out, err = self.send(command)
            self.assertEqual((status, out), (0, '["ok"]\n'))
            self.assertRegex(err, r"\Awarning: [^\n]+\n\Z")

    def test_broken_commands(self):
        for command, text in (
            ('{"method":"toggle","params":[1}', "line 1 column 31"),
            ("", "nothing here"),
            ("[]", "list"),
            ('{"id":1}', "method"),
            ('{"method":5}', "method is a str"),
            ('{"method":"a","params":"x"}', "params are"),
            ('{"method":"a","id":"x"}', "id is"),
            ('{"method":"a"\n"b"}', "line 2 column 1"),
            ('{"method":"a","params":[1,,2]}', "a value is missing"),
            ("\udcff", "not a valid character"),
            ("\ud800", "object|JSON"),
        ):
            with self.subTest(command=command):
                error = self.check_failure(
                    2, *self.at, "--token", TOKEN, "--sendcmd", command
                )
                self.assertRegex(error, text)

    def test_refused(self):
        error = self.check_failure(
            1, *self.at, "--token", TOKEN, "--sendcmd", '{"method":"nothing"}'
        )
        self.assertIn("-10000 method not found", error)

    def test_silence(self):
        self.device.faults = {"deaf"}
        error = self.check_failure(
            1, *self.at, "--token", TOKEN, "--info", "--timeout", "0.2"
        )
        self.assertIn("no answer to hello", error)

    def test_wrong_token(self):
        error = self.check_failure(
            1, *self.at, "--token", OTHER_TOKEN, "--info", "--timeout", "0.3"
        )
        self.assertIn("is the given token right", error)

    def test_hidden_token(self):
        error = self.check_failure(1, *self.at, "--info")
        self.assertIn("hides its token", error)
        self.assertIn("Mi Home", error)

    def test_unknown_host(self):
        self.assertIn(
            "cannot find",
            self.check_failure(1, "--ip", "no-such-host.invalid", "--info"),
        )

    def test_debug_shows_datagrams_but_no_token(self):
        for reveal in (False, True):
            self.device.reveal = reveal
            status, _, err = run_cli(*self.at, "--token", TOKEN, "--info", "--debug")
            self.assertEqual((status, err.count("\n")), (0, 4))
            self.assertIn(packet.HELLO.hex(), err)
            self.assertIn("device id %d" % self.device.device_id, err)
            self.assertNotIn(TOKEN, err)
        token = bytes.fromhex(TOKEN)
        start = packet.HEADER.pack(packet.MAGIC, 32, 1, 2, b"")[:16]
        longer = packet.HEADER.pack(packet.MAGIC, 33, 1, 2, b"")[:16]
        for odd in (start + token + b"x", start + token[:9], longer + token):
            self.device.handle = lambda datagram, now: [odd]
            _, _, err = run_cli(*self.at, "--info", "--debug", "--timeout", "0.1")
            self.assertNotIn(TOKEN[:16], err)
        self.device.handle = lambda datagram, now: [b"junk"]
        _, _, err = run_cli(*self.at, "--info", "--debug", "--timeout", "0.1")
        self.assertIn("received 127.0.0.1 4 bytes, 6a756e6b", err)
