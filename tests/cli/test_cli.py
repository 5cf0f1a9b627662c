# SPDX-License-Identifier: MIT
"""The command line: what it prints, where, and its exit status."""

import errno
import io
import json
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from miio_pure import cli, DeviceError, PayloadError, Token, packet, payload
from miio_pure.simulator import Simulator, fan

from ..support import (
    CLOSED_PORT,
    OTHER_TOKEN,
    ROOT,
    TOKEN,
    CliCase,
    run_cli,
    run_python,
    vectors,
)
from ..support.devices import counting_fan


def setUpModule():
    """A shell's background jobs ignore Ctrl-C; so would the processes started here."""
    global _interrupt
    _interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)


def tearDownModule():
    signal.signal(signal.SIGINT, _interrupt)


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
            cli, "__package__", "devices.xiaomi"
        ):
            self.assertIn("\n  python3 -m devices.xiaomi --demo\n", run_cli()[1])

    def test_a_host_at_its_limits(self):
        error = RuntimeError("can't start new thread")
        with mock.patch("threading.Thread.start", side_effect=error):
            status, _, err = run_cli("--demo")
        self.assertEqual((status, err), (1, "error: can't start new thread\n"))
        with mock.patch("miio_pure.packet.decode", side_effect=MemoryError):
            err = self.check_failure(1, "--decode", "2131")
        self.assertEqual(err, "error: not enough memory\n")

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


class DecodeTest(CliCase):
    def test_each_vector(self):
        printed = 0
        for case in vectors()["packets"]:
            args = ["--token", case["token"], "--decode", case["packet"]]
            with self.subTest(name=case["name"]):
                plain = packet.decode(
                    bytes.fromhex(case["packet"]), Token(case["token"])
                ).payload
                repairs = []
                try:
                    value = payload.load(plain, repairs)
                except PayloadError:
                    self.check_failure(1, *args)
                else:
                    status, out, err = run_cli(*args)
                    self.assertEqual(
                        (status, json.loads(out), out.count("\n")), (0, value, 1)
                    )
                    self.assertEqual(err.startswith("warning: "), bool(repairs))
                    for repair in repairs:
                        self.assertIn(repair, err)
                    printed += 1
                self.assertIn(
                    "checksum", self.check_failure(1, "--token", OTHER_TOKEN, *args[2:])
                )
        self.assertGreater(printed, 45)

    def test_token_from_the_environment(self):
        case = vectors()["packets"][0]
        self.assertEqual(
            run_cli("--decode", case["packet"], env={"MIIO_TOKEN": case["token"]})[0], 0
        )
        self.check_failure(2, "--decode", case["packet"])
        self.check_failure(2, "--decode", case["packet"], env={"MIIO_TOKEN": ""})

    def test_hellos(self):
        for case in vectors()["hello"]:
            if case.get("rejects_token"):
                self.assertIn(
                    "rejects", self.check_failure(1, "--decode", case["packet"])
                )
            else:
                status, out, _ = run_cli("--decode", case["packet"])
                self.assertEqual(
                    (status, json.loads(out)["token"]), (0, case.get("revealed"))
                )

    def test_too_deep_to_print(self):
        with mock.patch("miio_pure.payload.dump", side_effect=ValueError("too deep")):
            case = vectors()["packets"][0]
            args = ["--token", case["token"], "--decode", case["packet"]]
            self.assertIn("too deep", self.check_failure(1, *args))

    def test_no_packets(self):
        for text in ("", "00", "2131", "21310020" + "00" * 29, "21310021" + "00" * 29):
            self.check_failure(1, "--token", TOKEN, "--decode", text)


class DeviceCase(CliCase):
    """A simulated device to talk to."""

    options = {}

    def setUp(self):
        self.device = counting_fan(TOKEN, **self.options)
        simulator = Simulator(self.device)
        simulator.__enter__()
        self.addCleanup(simulator.__exit__)
        self.at = ["--ip", "127.0.0.1", "--port", str(simulator.port)]
        self.port = simulator.port

    def send(self, command, *args, **options):
        return run_cli(
            *self.at, "--token", TOKEN, "--sendcmd", command, *args, **options
        )


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

    def test_control_characters_stay_away_from_the_terminal(self):
        def work(params):
            raise DeviceError(-1, "\x1b[2J\x07\r\nerror: \x9b\u202e\u20ac")

        self.device.methods["evil"] = work
        error = self.check_failure(
            1, *self.at, "--token", TOKEN, "--sendcmd", '{"method":"evil"}'
        )
        self.assertIn(r"\x1b[2J\x07\r\nerror: \x9b\u202e", error)
        self.assertIn("\u20ac", error)

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

    def refuse(self, error, *args):
        """The status and stderr where stdout gives this error."""

        class Refusing(io.StringIO):
            def write(self, text):
                raise error

        err = io.StringIO()
        with mock.patch("os.dup2") as dup2, redirect_stdout(Refusing()):
            with redirect_stderr(err):
                status = cli.main([*self.at, "--token", TOKEN, *args])
        os.close(dup2.call_args[0][0])
        return status, err.getvalue()

    def test_nobody_reads_on(self):
        self.assertEqual(self.refuse(BrokenPipeError(), "--info"), (1, ""))

    def test_full_disk(self):
        error = OSError(errno.ENOSPC, "No space left on device")
        status, err = self.refuse(error, "--info")
        self.assertEqual((status, err.count("\n")), (1, 1))
        self.assertIn("cannot write the result: No space left", err)

    def test_nowhere_to_print(self):
        with mock.patch("sys.stdout", None), redirect_stderr(io.StringIO()) as err:
            self.assertEqual(cli.main([*self.at, "--token", TOKEN, "--info"]), 0)
            self.assertEqual(cli.main(["--help"]), 0)
        self.assertEqual(err.getvalue(), "")

    def test_nowhere_to_complain(self):
        for stderr in (None, mock.Mock(write=mock.Mock(side_effect=OSError))):
            with mock.patch("sys.stderr", stderr), redirect_stdout(
                io.StringIO()
            ) as out:
                self.assertEqual(cli.main(["--nonsense"]), 2)
            self.assertEqual(out.getvalue(), "")


class DiscoverTest(DeviceCase):
    options = {"reveal": True, "device_id": 0x89ABCDEF}

    def test_table(self):
        status, out, err = run_cli("--discover", "127.0.0.1", "--port", str(self.port))
        self.assertEqual((status, err, out.count("\n")), (0, "", 2))
        self.assertRegex(out, r"127\.0\.0\.1 +2309737967 +89ab +cdef +\d+ +" + TOKEN)
        self.device.reveal = False
        self.assertIn(
            "hidden", run_cli("--discover", "127.0.0.1", "--port", str(self.port))[1]
        )

    def test_table_of_two(self):
        with Simulator(fan(TOKEN), "127.0.0.2", self.port):
            status, out, _ = run_cli(
                "--discover", "127.0.0.1", "127.0.0.2", "--port", str(self.port)
            )
        self.assertEqual((status, out.count("\n"), out.count("address")), (0, 3, 1))

    def test_json(self):
        status, out, _ = run_cli(
            "--discover", "127.0.0.1", "--port", str(self.port), "--json"
        )
        found = json.loads(out)
        self.assertEqual(
            (status, found["device_id"], found["token"], found["model"]),
            (0, 0x89ABCDEF, TOKEN, None),
        )

    def test_nothing_found(self):
        self.device.faults = {"deaf"}
        error = self.check_failure(
            1, "--discover", "127.0.0.1", "--port", str(self.port), "--timeout", "0.1"
        )
        self.assertRegex(error, "no device answered.* is the address right")
        with mock.patch("miio_pure.discovery.discover", lambda *_, **__: iter(())):
            error = self.check_failure(1, "--discover", "all", "--port", "5")
        self.assertRegex(error, "no device answered.* firewall .* UDP port 5")

    def test_token_shown_in_the_hello_is_used(self):
        status, out, _ = run_cli(*self.at, "--info")
        self.assertEqual((status, json.loads(out)["model"]), (0, "simulated.fan.v1"))


class DemoTest(unittest.TestCase):
    def test_demo(self):
        status, out, err = run_cli("--demo")
        self.assertEqual((status, err), (0, ""))
        for text in (
            "discover: device",
            "info: {",
            'set_speed [66] -> ["ok"]',
            'get_prop ["power","speed"] -> ["on",66]',
        ):
            self.assertIn(text, out)


class SimulateTest(CliCase):
    def start(self, *args):
        """A process that serves a simulated device: (process, its port)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure", "--simulate", "--port", str(port)]
            + list(args),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(self.stop, process)
        self.assertIn("simulated device", process.stderr.readline().decode())
        return process, port

    def stop(self, process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def test_serves_until_it_is_stopped(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process, port = self.start()
            status, out, _ = run_cli("--ip", "127.0.0.1", "--port", str(port), "--info")
            self.assertEqual(
                (status, json.loads(out)["model"]), (0, "simulated.fan.v1")
            )
            process.send_signal(number)
            self.assertEqual(
                (process.communicate(timeout=20), process.returncode), ((b"", b""), 0)
            )

    def test_debug(self):
        process, port = self.start("--debug")
        run_cli("--discover", "127.0.0.1", "--port", str(port))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertIn(b"received 127.0.0.1 32 bytes", err)
        self.assertIn(b"sent 127.0.0.1 32 bytes", err)

    def test_given_token_is_hidden(self):
        _, port = self.start("--token", TOKEN)
        self.assertIn(
            "hides",
            self.check_failure(1, "--ip", "127.0.0.1", "--port", str(port), "--info"),
        )
        self.assertEqual(
            run_cli(
                "--ip", "127.0.0.1", "--port", str(port), "--info", "--token", TOKEN
            )[0],
            0,
        )

    def test_address_that_is_not_ours(self):
        for address in ("192.0.2.77", "no-such-host.invalid", "b\u00fccher..de"):
            self.check_failure(1, "--simulate", "--bindip", address, "--timeout", "2")

    def test_port_in_use(self):
        with Simulator(fan(TOKEN)) as simulator:
            error = self.check_failure(1, "--simulate", "--port", str(simulator.port))
        self.assertIn("cannot listen at 127.0.0.1", error)

    def test_in_this_process(self):
        """The same without a process of its own, for those who measure coverage."""

        def interrupt(self):
            os.kill(os.getpid(), signal.SIGTERM)
            while True:
                signal.pause()

        before = signal.getsignal(signal.SIGTERM)
        try:
            with mock.patch.object(Simulator, "serve", interrupt):
                status, out, err = run_cli("--simulate", "--bindip", "127.9.9.9")
        finally:
            signal.signal(signal.SIGTERM, before)
        self.assertEqual((status, out), (0, ""))
        self.assertIn("shown in its hello", err)


class ProcessTest(unittest.TestCase):
    def test_run_as_a_file(self):
        path = os.path.join(ROOT, "miio_pure", "__main__.py")
        with self.assertRaisesRegex(SystemExit, "python3 -m miio_pure"):
            runpy.run_path(path, run_name="__main__")

    def test_main_module(self):
        for main, status in (
            (lambda: 3, 3),
            (mock.Mock(side_effect=KeyboardInterrupt), 130),
        ):
            with mock.patch("miio_pure.cli.main", main), self.assertRaises(
                SystemExit
            ) as caught:
                runpy.run_module("miio_pure", run_name="__main__")
            self.assertEqual(caught.exception.code, status)

    def test_terminated(self):
        """SIGTERM while it waits: no traceback."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = str(silent.getsockname()[1])
            process = subprocess.Popen(
                [sys.executable, "-m", "miio_pure", "--discover", "127.0.0.1"]
                + ["--timeout", "60", "--port", port],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            process.terminate()
            self.assertEqual(process.communicate(timeout=20), (b"", b""))

    def test_token_out_of_the_process_list(self):
        """The environment serves instead; no part of it is in the arguments."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = str(silent.getsockname()[1])
            process = subprocess.Popen(
                [sys.executable, "-m", "miio_pure", "--ip", "127.0.0.1", "--info"]
                + ["--port", port],
                cwd=ROOT,
                env=dict(os.environ, MIIO_TOKEN=TOKEN),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            with open("/proc/%d/cmdline" % process.pid, "rb") as file:
                self.assertNotIn(TOKEN.encode(), file.read())
            process.kill()
            process.communicate(timeout=20)

    def test_interrupted(self):
        """Ctrl-C while it waits: no traceback, status 130."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "miio_pure",
                    "--ip",
                    "127.0.0.1",
                    "--info",
                    "--timeout",
                    "60",
                    "--port",
                    str(silent.getsockname()[1]),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            silent.recv(100)
            process.send_signal(signal.SIGINT)
            self.assertEqual(
                (process.communicate(timeout=20), process.returncode), ((b"", b""), 130)
            )
        with mock.patch("miio_pure.cli._demo", side_effect=KeyboardInterrupt):
            self.assertEqual(run_cli("--demo")[0], 130)

    def test_as_a_process(self):
        status, out, err = run_python("-W", "error", "-m", "miio_pure", "--demo")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(re.search("set_speed", out))

    def test_closed_port_from_outside(self):
        status, out, err = run_python(
            "-m",
            "miio_pure",
            "--ip",
            "127.0.0.1",
            "--info",
            "--port",
            str(CLOSED_PORT),
            "--timeout",
            "50",
        )
        self.assertEqual((status, out), (1, ""))
        self.assertIn("port is closed", err)
        self.assertEqual(threading.active_count(), 1)
