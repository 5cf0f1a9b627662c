# SPDX-License-Identifier: MIT
"""decode with captures: a line for each message, and what is said in the end."""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from unittest import mock

from miio_pure.devices import Devices, Record

from ..support import OTHER_TOKEN, ROOT, TOKEN, CliCase, captures, run_cli
from ..support.captures import from_device, to_device
from ..support.commands import Terminal

REVEALED = "0123456789abcdef0123456789abcdef"
HEX = captures.request().hex()


class CaptureCase(CliCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.env = {"HOME": self.folder, "TZ": "UTC"}
        if hasattr(time, "tzset"):
            with mock.patch.dict(os.environ, self.env):
                time.tzset()
            self.addCleanup(time.tzset)

    def write(self, packets, step=0.01):
        """Write a pcap with IP packets; return its path."""
        return self.write_file(captures.pcap(captures.link(packets), step=step))

    def write_file(self, data, name="mi.pcap"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def decode(self, *args, status=0):
        """Run decode: the lines on stdout, and stderr."""
        actual, out, err = run_cli("decode", *args, env=self.env)
        self.assertEqual(actual, status, err)
        return out.splitlines(), err

    def refuse(self, status, *args):
        return self.check_failure(status, "decode", *args, env=self.env)

    def save(self, **fields):
        path = os.path.join(self.folder, ".config", "miio_pure", "devices.json")
        known = {"name": "lamp", "device_id": captures.DEVICE_ID, "token": TOKEN}
        known.update(fields)
        Devices(path).save([Record("test", **known)])
        return path


class LinesTest(CaptureCase):
    def test_a_conversation(self):
        path = self.write(captures.conversation())
        lines, err = self.decode(path, "--token", TOKEN)
        day, client, device = (
            "2023-11-14 22:13:20",
            "192.168.1.10:41234",
            "192.168.1.47",
        )
        self.assertEqual(
            lines,
            [
                "%s.000 %s > %s hello" % (day, client, device),
                "%s.010 %s > %s device 4711 hello reply, stamp 77, hides its token "
                "(10 ms)" % (day, device, client),
                '%s.020 %s > %s device 4711 request 1 get_prop ["power"]'
                % (day, client, device),
                '%s.030 %s > %s device 4711 reply 1 ["on"] (10 ms)'
                % (day, device, client),
            ],
        )
        self.assertEqual(err, "")

    def shown(self, datagram, *args, status=0):
        """Return how the line of a datagram from the device ends."""
        lines, _ = self.decode(
            self.write([from_device(datagram)]), "--token", TOKEN, *args, status=status
        )
        return lines[0].split(" device 4711 ")[-1]

    def test_payloads_of_all_kinds(self):
        for fields, text in (
            ({"id": 1, "result": {"a": 1}}, 'reply 1 {"a":1}'),
            ({"id": 1, "result": "\x1b"}, 'reply 1 "\\u001b"'),
            (
                {"id": 1, "error": {"code": -10000, "message": "no"}},
                'reply 1 error {"code":-10000,"message":"no"} '
                "(the device does not know this method)",
            ),
            ({"id": 1, "error": "bad"}, 'reply 1 error "bad"'),
            ({"id": 1, "error": -99}, "reply 1 error -99"),
            ({"id": 1, "model": "x"}, 'reply 1 {"model":"x"}'),
            ({"result": 0}, "reply without id 0"),
            ({"id": 2, "method": "x"}, "request 2 x"),
            ({"id": 2, "method": "a b"}, 'request 2 "a b"'),
            ({"id": [2], "method": {}, "params": 0}, "request [2] {} 0"),
        ):
            self.assertEqual(self.shown(captures.encrypt(fields)), text)
        dirty = captures.encrypt(b'{"id":1,"result":[01]}')
        self.assertEqual(self.shown(dirty), "reply 1 [1] (mended: leading zero)")
        for error in (RecursionError, ValueError):
            with mock.patch("miio_pure.cli.messages.write", side_effect=error):
                text = "reply JSON that is nested too deeply to be shown"
                self.assertEqual(self.shown(captures.reply()), text)

    def test_payloads_that_are_nested_deeply_do_not_end_the_capture(self):
        for depth in (100, 450, 950, 990, 2000):
            text = b'{"id":1,"result":' + b"[" * depth + b"]" * depth + b"}"
            for more in ((), ("--json",)):
                packets = [from_device(captures.encrypt(text)), to_device(b"x")]
                path = self.write(packets)
                lines, err = self.decode(path, "--token", TOKEN, *more)
                self.assertEqual((len(lines), err), (2, ""))

    def test_what_cannot_be_read_says_why(self):
        rejection = captures.packet.HEADER.pack(0x2131, 80, 4711, 1, b"\xff" * 16)
        self.assertRegex(
            self.shown(rejection), "^rejection: a request was signed with a wrong token"
        )
        self.assertRegex(self.shown(b"x\x1b"), "packet: a miIO packet has 32 bytes")
        other = captures.reply(token=OTHER_TOKEN)
        self.assertRegex(self.shown(other, status=5), "^reply: signed with another")

    def test_times(self):
        frame = captures.link([to_device(captures.request())])[0]
        for seconds, text in (
            (0, "1970-01-01 00:00:00.000"),
            (0x7FFFFFFF, "2038-01-19 03:14:07.000"),
        ):
            path = self.write_file(captures.pcap([(seconds, frame)]))
            lines, _ = self.decode(path, "--token", TOKEN)
            self.assertTrue(lines[0].startswith(text + " 192."), lines)
        # A 32-bit host, and a year that no calendar has.
        for error in (OverflowError, OSError, ValueError):
            with mock.patch("time.localtime", side_effect=error):
                lines, _ = self.decode(path, "--token", TOKEN)
            self.assertTrue(lines[0].startswith("2147483647.000 192."), lines)
        data = captures.section() + captures.interface() + captures.simple(frame)
        lines, _ = self.decode(self.write_file(data), "--token", TOKEN)
        self.assertTrue(lines[0].startswith("(no time) 192."), lines)
        options = captures.option(9, b"\0")
        data = captures.section() + captures.interface(options=options)
        path = self.write_file(data + captures.enhanced(frame, (1 << 64) - 1))
        lines, _ = self.decode(path, "--token", TOKEN)
        self.assertTrue(lines[0].startswith("18446744073709551616.000 192."), lines)

    def test_json_has_everything(self):
        path = self.write(captures.conversation())
        lines, _ = self.decode(path, "--token", TOKEN, "--json")
        hello, answer, request, reply = map(json.loads, lines)
        self.assertEqual(
            reply,
            {
                "time": captures.START + 0.03,
                "source": captures.DEVICE,
                "source_port": 54321,
                "destination": captures.CLIENT,
                "destination_port": captures.CLIENT_PORT,
                "device_id": 4711,
                "name": None,
                "kind": "reply",
                "stamp": 78,
                "token": None,
                "id": 1,
                "method": None,
                "took": 0.01,
                "json": {"id": 1, "result": ["on"]},
                "repairs": [],
                "error": None,
            },
        )
        self.assertEqual((hello["device_id"], hello["kind"]), (None, "hello"))
        self.assertEqual((answer["token"], answer["stamp"]), (None, 77))
        self.assertEqual((request["method"], request["took"]), ("get_prop", None))

    def test_json_that_cannot_be_written_again_does_not_end_the_capture(self):
        deep = captures.encrypt(b'{"id":1,"result":"abyss"}')
        path = self.write([from_device(deep), from_device(captures.reply())])
        from miio_pure.payload import dump

        def write(value):
            if "abyss" in str(value):
                raise ValueError("nested too deeply for JSON")
            return dump(value)

        with mock.patch("miio_pure.payload.dump", write):
            lines, _ = self.decode(path, "--token", TOKEN, "--json")
        first, second = map(json.loads, lines)
        self.assertIn("nested too deeply", first["error"])
        self.assertEqual((first["json"], second["json"]["result"]), (None, ["on"]))

    def test_raw_shows_the_bytes(self):
        request = captures.request()
        path = self.write([to_device(captures.hello()), to_device(request)])
        lines, _ = self.decode(path, "--token", TOKEN, "--raw")
        raw = ["    " + captures.hello().hex(), "    " + request.hex()]
        self.assertEqual(lines[1::2], raw)
        lines, _ = self.decode(path, "--token", TOKEN, "--raw", "--json")
        hello, facts = map(json.loads, lines)
        self.assertEqual(
            (hello["raw"], hello["payload"]), (captures.hello().hex(), None)
        )
        self.assertEqual(facts["raw"], request.hex())
        self.assertEqual(json.loads(bytes.fromhex(facts["payload"])), facts["json"])
        lines, _ = self.decode(path, "--raw", "--json", status=5)
        self.assertIsNone(json.loads(lines[1])["payload"])


class SecretsTest(CaptureCase):
    def setUp(self):
        super().setUp()
        shown = captures.hello_reply(bytes.fromhex(REVEALED))
        joined = {"ssid": "home", "passwd": "hunter2", "uid": 1}
        self.path = self.write(
            [
                from_device(shown, 1),
                from_device(shown + b"\0", 2),
                to_device(captures.request(1, "miIO.config_router", [joined]), 3),
                from_device(captures.reply(2, {"token": REVEALED, "x": REVEALED}), 4),
                from_device(captures.reply(3, ["ok"], token=REVEALED), 5),
            ]
        )

    def test_lines_of_text_hide_tokens_and_passwords(self):
        for more in ((), ("--raw",)):
            lines, err = self.decode(self.path, "--token", TOKEN, *more)
            self.assertIn("reveals its token", lines[0])
            for secret in (TOKEN, REVEALED, "hunter2"):
                self.assertNotIn(secret, "\n".join(lines) + err)
            self.assertIn("home", "\n".join(lines))

    def test_json_shows_them(self):
        lines, _ = self.decode(self.path, "--token", TOKEN, "--json")
        facts = [json.loads(line) for line in lines]
        self.assertEqual(facts[0]["token"], REVEALED)
        self.assertEqual(facts[2]["json"]["params"][0]["passwd"], "hunter2")
        self.assertEqual(facts[4]["json"]["result"], ["ok"])


class TokensTest(CaptureCase):
    def test_saved_devices_give_tokens_and_names(self):
        self.save(name="la\u0300mp")
        path = self.write(captures.conversation())
        lines, err = self.decode(path)
        self.assertIn("device 4711 (la\u0300mp) request 1", lines[2])
        self.assertEqual(err, "")
        lines, _ = self.decode(path, "--json")
        self.assertEqual(json.loads(lines[2])["name"], "la\u0300mp")
        lines, _ = self.decode(HEX)
        self.assertIn("get_prop", lines[0])

    def test_an_id_may_be_saved_without_its_high_word(self):
        self.save()
        one = to_device(captures.request(device_id=16 << 32 | 4711))
        lines, _ = self.decode(self.write([one]))
        self.assertIn("device 68719481447 (lamp) request 1 get_prop", lines[0])

    def test_saved_devices_that_others_can_read_give_names_only(self):
        path = self.save()
        os.chmod(path, 0o644)
        lines, err = self.decode(self.write(captures.conversation()), status=5)
        self.assertIn("device 4711 (lamp) request: there is no token", lines[2])
        self.assertIn("chmod 600", err)

    def test_saved_devices_that_are_damaged_are_worth_a_warning(self):
        with open(self.save(), "w") as file:
            file.write("x")
        path = self.write(captures.conversation())
        lines, err = self.decode(path, "--token", TOKEN)
        self.assertEqual(len(lines), 4)
        self.assertRegex(err, r"\Awarning: [^\n]*damaged[^\n]*\n\Z")

    def test_several_tokens(self):
        packets = [to_device(captures.request(1)), from_device(captures.reply(1))]
        other = captures.request(2, token=OTHER_TOKEN, device_id=5)
        path = self.write(packets + [to_device(other)])
        for given in ((TOKEN, OTHER_TOKEN), (OTHER_TOKEN, TOKEN)):
            options = [word for one in given for word in ("--token", one)]
            lines, _ = self.decode(path, *options)
            self.assertEqual([line.count("get_prop") for line in lines], [1, 0, 1])
            for data in (HEX, other.hex()):
                self.assertIn("get_prop", self.decode(data, *options)[0][0])
        self.assertIn("checksum", self.refuse(5, HEX, *["--token", OTHER_TOKEN] * 2))
        for form in ("--json", "--raw"):
            error = self.refuse(5, HEX, form, "--token", OTHER_TOKEN)
            self.assertIn("another token", error)
        error = self.refuse(2, HEX, "--token", TOKEN, "--token", "abc")
        self.assertIn("--token: a token has 32 hex digits", error)
        args = ["info", "127.0.0.1", "--token", TOKEN, "--token", TOKEN]
        self.assertIn("--token is given twice", self.check_failure(2, *args))


class EndTest(CaptureCase):
    def test_nothing_that_can_be_decrypted(self):
        path = self.write([to_device(captures.request())] * 2, step=2)
        for more, status in (((), 5), (("--token", OTHER_TOKEN), 5)):
            lines, err = self.decode(path, *more, status=status)
            self.assertEqual(len(lines), 2)
            self.assertRegex(err, "error: nothing .* of device 4711 with --token")
        many = [to_device(captures.request(device_id=number)) for number in range(9)]
        _, err = self.decode(self.write(many), status=5)
        self.assertIn("device 0, 1, 2, 3, 4 with", err)

    def test_a_part_that_cannot_be_decrypted_is_no_failure(self):
        other = captures.request(token=OTHER_TOKEN)
        path = self.write([to_device(captures.request()), to_device(other)])
        lines, err = self.decode(path, "--token", TOKEN)
        self.assertEqual((len(lines), err), (2, ""))

    def test_hellos_only(self):
        lines, err = self.decode(self.write(captures.conversation()[:2]))
        self.assertEqual(len(lines), 2)
        self.assertRegex(
            err, r"\Anote: there are only hellos .* cloud. Disconnect .*\n\Z"
        )

    def test_nothing_at_all(self):
        for data in (captures.pcap([]), captures.pcapng([])):
            error = self.refuse(1, self.write_file(data))
            self.assertIn("no miIO packet in this capture", error)

    def test_a_file_that_is_cut(self):
        data = captures.pcap(captures.link(captures.conversation()))[:-1]
        path = self.write_file(data)
        lines, err = self.decode(path, "--token", TOKEN, status=1)
        self.assertEqual(len(lines), 3)
        self.assertIn("mi.pcap: the capture ends in the middle", err)

    def test_lost_fragments(self):
        parts = captures.fragments(captures.reply(result=["x" * 3000]))
        lines, _ = self.decode(self.write(parts[:1]), "--token", TOKEN)
        self.assertRegex(lines[0], "reply: only 1472 of .* host ADDRESS")


class SourceTest(CaptureCase):
    def test_a_file_that_exists_comes_before_hex_digits(self):
        data = captures.pcap(captures.link(captures.conversation()))
        self.write_file(data, "2131")
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        self.assertEqual(len(self.decode("2131", "--token", TOKEN)[0]), 4)
        self.assertIn("32 bytes or more", self.refuse(1, "21 31"))

    def test_what_is_neither_says_so(self):
        for text in ("mi.pcap", "xyz", "213", "0x", "0x2131:2"):
            if text == "0x":
                self.assertIn("32 bytes or more", self.refuse(1, text))
                continue
            error = self.refuse(2, text)
            self.assertIn(
                "no file with this name, and the argument is not a packet", error
            )

    def test_files_that_cannot_be_read(self):
        self.assertIn("cannot be read", self.refuse(1, self.folder))
        error = self.refuse(1, self.write_file(b"text"))
        self.assertIn("expected a capture in the format pcap or pcapng", error)

    def test_a_copy_without_the_folder_reads_packets_only(self):
        path = self.write(captures.conversation())
        with mock.patch.dict("sys.modules", {"miio_pure.capture": None}):
            error = self.refuse(2, path)
            self.assertIn("lacks the folder capture", error)
            lines, _ = self.decode(HEX, "--token", TOKEN)
            self.assertIn("get_prop", lines[0])
            with_headers = to_device(captures.request()).hex()
            self.assertIn("starts with 2131, not 4500", self.refuse(1, with_headers))

    def test_standard_input(self):
        data = captures.pcap(captures.link(captures.conversation()))
        stdin = io.TextIOWrapper(io.BytesIO(data))
        with mock.patch("sys.stdin", stdin):
            self.assertEqual(len(self.decode("-", "--token", TOKEN)[0]), 4)
        for stdin in (None, Terminal()):
            with mock.patch("sys.stdin", stdin):
                self.assertIn("tcpdump -i any -U -w -", self.refuse(2, "-"))

    def test_messages_come_out_of_a_pipe_at_once(self):
        command = [sys.executable, "-m", "miio_pure", "decode", "-", "--token", TOKEN]
        frames = captures.link(captures.conversation())
        head = captures.pcap([])
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=dict(os.environ, **self.env),
        ) as process:
            process.stdin.write(head)
            for frame, word in zip(frames, (b"hello", b"hides", b"get_prop", b"on")):
                process.stdin.write(captures.pcap([frame])[len(head) :])
                process.stdin.flush()
                self.assertIn(word, process.stdout.readline())
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"")
        self.assertEqual(process.returncode, 0)


class HexTest(CaptureCase):
    def test_digits_may_be_written_in_many_ways(self):
        data = captures.request()
        digits = data.hex()
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        fours = [digits[at : at + 4] for at in range(0, len(digits), 4)]
        packet = to_device(data).hex()
        lines = [
            "\t0x%04x:  %s" % (at // 2, packet[at : at + 32])
            for at in range(0, len(packet), 32)
        ]
        for text in (
            digits.upper(),
            "0x" + digits,
            ":".join(pairs),
            " ".join(fours) + "\n",
            ", ".join("0x" + pair for pair in pairs),
            packet,
            captures.link([to_device(data)])[0].hex(),
            "\n".join(lines),
        ):
            with self.subTest(text=text):
                lines, _ = self.decode(text, "--token", TOKEN)
                self.assertEqual(json.loads(lines[0])["method"], "get_prop")

    def test_json_and_raw(self):
        for text, source in ((HEX, None), (to_device(captures.request()).hex(), 41234)):
            lines, _ = self.decode(text, "--token", TOKEN, "--json")
            facts = json.loads(lines[0])
            self.assertEqual(facts["json"]["method"], "get_prop")
            self.assertEqual((facts["source_port"], facts["time"]), (source, None))
            self.assertNotIn("raw", facts)
        lines, _ = self.decode(HEX, "--token", TOKEN, "--raw")
        self.assertEqual(json.loads(lines[0])["raw"], HEX)
        said = "give the token of device 4711 with --token"
        self.assertIn(said, self.refuse(5, HEX, "--json"))

    def test_headers_of_a_packet_that_is_not_all_there(self):
        text = to_device(captures.request()).hex()[:-32]
        for more in ((), ("--json",)):
            error = self.refuse(1, text, "--token", TOKEN, *more)
            self.assertIn("bytes are in the packet", error)
