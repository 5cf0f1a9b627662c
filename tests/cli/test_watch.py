# SPDX-License-Identifier: MIT
"""watch: on a network in memory, whose clock the tests move, and as a process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

from miio_pure import Client, payload
from miio_pure.cli.status import OutputError
from miio_pure.cli.terminate import Termination
from miio_pure.cli.watch import wait
from miio_pure.devices import Devices, Record
from miio_pure.packet import HELLO, Token, decode, encode
from miio_pure.simulator import Simulator

from ..support import ROOT, TOKEN, CliCase, run_cli
from ..support.commands import FAN_SPEC
from ..support.devices import counting_fan
from ..support.memory import Network


class WatchCase(CliCase):
    """Fans at 10.0.0.1 and so on, saved as lamp1 and so on.

    Each test gives a script: what happens at which second. At the last one, the system
    ends the program.
    """

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "devices.json")
        self.found, self.searches = [], []
        patch = mock.patch("miio_pure.discovery.discover", self.search)
        patch.start()
        self.addCleanup(patch.stop)

    def search(self, **options):
        """Stand in for a broadcast, which this network does not have."""
        self.searches.append(self.network.time)
        for address in self.found:
            yield Client(address, TOKEN, timeout=options["timeout"]).handshake()

    def make_fans(self, count, **options):
        fans = [
            counting_fan(TOKEN, device_id=1000 + i, **options) for i in range(count)
        ]
        self.network = Network({name_address(i): fan for i, fan in enumerate(fans)})
        self.save(*range(count))
        return fans

    def save(self, *numbers, **fields):
        records = []
        for number in numbers:
            known = {"name": "lamp%d" % number, "address": name_address(number)}
            known.update(device_id=1000 + number, token=TOKEN, **fields)
            records.append(Record("test", **known))
        Devices(self.file).save(records)

    def watch(self, line, script, until=30.0):
        """Run the command with a script of (second, function); return its lines."""
        start = self.network.time
        waiting = sorted(list(script) + [(until, stop)], key=lambda step: step[0])
        sleep = self.network.sleep

        def act_and_sleep(seconds):
            sleep(seconds)
            while waiting and self.network.time - start >= waiting[0][0]:
                waiting.pop(0)[1]()

        self.network.sleep = act_and_sleep
        words = ["watch"] + line.split()
        if os.path.exists(self.file):
            words += ["--devices", self.file]
        with self.network.under():
            self.status, out, self.err = run_cli(*words)
        lines = [json.loads(text) for text in out.splitlines()]
        for one in lines:
            one["time"] -= start
        return lines

    def values(self, lines):
        return [one.get("values", "error") for one in lines]


def name_address(number):
    return "10.0.0.%d" % (number + 1)


def stop():
    os.kill(os.getpid(), signal.SIGTERM)


def setter(properties, **values):
    return lambda: properties.update(values)


class ChangesTest(WatchCase):
    def test_a_line_for_each_change_and_none_without_one(self):
        (fan,) = self.make_fans(1)
        script = [(12.5, setter(fan.properties, power="off"))]
        lines = self.watch("lamp0 power speed", script)
        self.assertEqual((self.status, self.err), (0, ""))
        self.assertEqual(
            self.values(lines),
            [{"power": "on", "speed": 33}, {"power": "off", "speed": 33}],
        )
        self.assertEqual(list(lines[0]), ["time", "address", "name", "values"])
        self.assertEqual((lines[0]["address"], lines[0]["name"]), ("10.0.0.1", "lamp0"))
        # One hello was enough, and no search.
        self.assertEqual((len(self.network.greeted), self.searches), (1, []))

    def test_numbers_and_names_of_a_spec(self):
        (fan,) = self.make_fans(1)
        spec = os.path.join(os.path.dirname(self.file), "fan.json")
        with open(spec, "w") as file:
            json.dump(FAN_SPEC, file)
        step = (12.5, lambda: fan.properties.update({(2, 3): 7}))
        lines = self.watch("lamp0 2.1 2.3", [step])
        self.assertEqual(
            self.values(lines), [{"2.1": True, "2.3": 50}, {"2.1": True, "2.3": 7}]
        )
        lines = self.watch("lamp0 speed --spec " + spec, [])
        self.assertEqual(self.values(lines), [{"speed": 7}])
        lines = self.watch("lamp0 --spec " + spec, [])
        self.assertEqual(self.values(lines), [{"fan:on": True, "fan:speed": 7}])

    def test_a_property_that_vanishes_and_comes_back(self):
        (fan,) = self.make_fans(1)
        script = [
            (5.5, lambda: fan.properties.pop((2, 3))),
            (15.5, lambda: fan.properties.update({(2, 3): 50})),
        ]
        lines = self.watch("lamp0 2.1 2.3", script)
        self.assertEqual(
            self.values(lines),
            [{"2.1": True, "2.3": 50}, {"2.1": True}, {"2.1": True, "2.3": 50}],
        )

    def test_true_is_not_1_and_equal_numbers_are_no_change(self):
        (fan,) = self.make_fans(1)
        answers = iter([True, 1, 0.1 + 0.2, 0.1 + 0.2, None, None])
        fan.methods["get_prop"] = lambda params: [next(answers)]
        lines = self.watch("lamp0 power", [], until=55)
        found = [one["power"] for one in self.values(lines)]
        self.assertEqual(repr(found), repr([True, 1, 0.1 + 0.2, None]))

    def test_a_number_that_is_none_is_null(self):
        (fan,) = self.make_fans(1)
        numbers = ["0.5"]

        def write(datagram, reply):
            if len(datagram) == len(HELLO):
                return reply
            ident = payload.load(decode(datagram, Token(TOKEN)).payload)["id"]
            text = '{"id":%d,"result":[%s]}' % (ident, numbers[-1])
            return encode(Token(TOKEN), text.encode(), device_id=1000, stamp=1)

        handle = fan.handle
        fan.handle = lambda datagram, now: [
            write(datagram, reply) for reply in handle(datagram, now)
        ]
        script = [
            (10 * i + 5.5, lambda number=number: numbers.append(number))
            for i, number in enumerate(["NaN", "nan", "0.50", "-inf", "1e999", "0.5"])
        ]
        lines = self.watch("lamp0 power", script, until=70)
        self.assertEqual(
            self.values(lines),
            2 * [{"power": 0.5}, {"power": None}] + ["error", {"power": 0.5}],
        )

    def test_another_process_commands_the_device_in_between(self):
        self.make_fans(1)

        def command():
            with Client("10.0.0.1", TOKEN) as client:
                client.send("set_power", ["off"])

        lines = self.watch("lamp0 power", [(15.5, command)])
        self.assertEqual(self.values(lines), [{"power": "on"}, {"power": "off"}])

    def test_a_wall_clock_that_jumps_costs_a_hello_and_no_line(self):
        self.make_fans(1)
        jump = mock.patch("time.time", lambda: self.network.time - 1e6)
        lines = self.watch("lamp0 power", [(12.5, jump.start), (25.5, jump.stop)])
        self.assertEqual(self.values(lines), [{"power": "on"}])
        self.assertGreater(len(self.network.greeted), 1)


class SilenceTest(WatchCase):
    def test_one_line_when_it_falls_silent_and_one_when_it_is_back(self):
        (fan,) = self.make_fans(1)
        script = [
            (5.5, lambda: fan.faults.add("deaf")),
            (65.5, lambda: fan.faults.discard("deaf")),
        ]
        lines = self.watch("lamp0 power", script, until=100.0)
        self.assertEqual(
            self.values(lines), [{"power": "on"}, "error", {"power": "on"}]
        )
        self.assertIn("no answer", lines[1]["error"])
        self.assertEqual(self.status, 0)

    def test_one_that_answers_every_second_read(self):
        (fan,) = self.make_fans(1)
        script = []
        for i in range(3):
            script += [
                (20 * i + 5.5, lambda: fan.faults.add("deaf")),
                (20 * i + 15.5, lambda: fan.faults.discard("deaf")),
            ]
        lines = self.watch("lamp0 power", script, until=65.0)
        self.assertEqual(
            self.values(lines), [{"power": "on"}] + 3 * ["error", {"power": "on"}]
        )

    def test_one_that_was_off_at_the_start_is_watched_once_it_is_there(self):
        (fan,) = self.make_fans(1)
        del self.network.devices["10.0.0.1"]
        back = {"10.0.0.1": fan}
        script = [(25.5, lambda: self.network.devices.update(back))]
        lines = self.watch("lamp0 power", script, until=60.0)
        self.assertEqual(self.values(lines), ["error", {"power": "on"}])

    def test_one_that_has_moved_is_found_by_its_id(self):
        (fan,) = self.make_fans(1)

        def move():
            self.network.devices = {"10.0.0.9": fan}
            self.found = ["10.0.0.9"]

        lines = self.watch("lamp0 power", [(5.5, move)], until=100.0)
        self.assertEqual(
            self.values(lines), [{"power": "on"}, "error", {"power": "on"}]
        )
        addresses = [one["address"] for one in lines]
        self.assertEqual(addresses, ["10.0.0.1", "10.0.0.1", "10.0.0.9"])
        self.assertEqual(self.err, "note: lamp0 is now at 10.0.0.9\n")

    def test_one_that_a_search_finds_at_its_old_address_has_not_moved(self):
        (fan,) = self.make_fans(1)
        self.found = ["10.0.0.1"]
        script = [
            (5.5, lambda: fan.faults.add("deaf")),
            (14.5, lambda: fan.faults.discard("deaf")),
        ]
        lines = self.watch("lamp0 power", script)
        self.assertEqual(
            self.values(lines), [{"power": "on"}, "error", {"power": "on"}]
        )
        self.assertEqual((len(self.searches), self.err), (1, ""))

    def test_one_that_is_found_while_a_read_at_its_old_address_is_under_way(self):
        self.make_fans(2)

        def move():
            self.network.devices["10.0.0.9"] = self.network.devices.pop("10.0.0.1")

        # The first search finds nothing.
        script = [(0.6, move), (30.0, lambda: self.found.append("10.0.0.9"))]
        line = "all power --every 0.5 --timeout 3.1"
        lines = self.watch(line, script, until=90.0)
        self.assertEqual(
            [(one["address"], one.get("values")) for one in lines],
            [
                ("10.0.0.1", {"power": "on"}),
                ("10.0.0.2", {"power": "on"}),
                ("10.0.0.1", None),
                ("10.0.0.9", {"power": "on"}),
            ],
        )

    def test_another_device_at_the_address_is_never_taken_for_it(self):
        self.make_fans(2)
        other = self.network.devices["10.0.0.2"]
        other.properties["power"] = "other"
        step = (5.5, lambda: self.network.devices.update({"10.0.0.1": other}))
        lines = self.watch("lamp0 power", [step], until=200.0)
        self.assertEqual(self.values(lines), [{"power": "on"}, "error"])

    def test_garbage_is_an_error_line(self):
        (fan,) = self.make_fans(1)
        good = fan.methods["get_prop"]
        script = [
            (5.5, lambda: fan.methods.update(get_prop=lambda params: "x")),
            (25.5, lambda: fan.methods.update(get_prop=good)),
        ]
        lines = self.watch("lamp0 power", script, until=60.0)
        self.assertEqual(
            self.values(lines), [{"power": "on"}, "error", {"power": "on"}]
        )

    def test_a_token_that_is_rejected_halfway(self):
        (fan,) = self.make_fans(1)
        script = [
            (5.5, lambda: fan.faults.add("reject")),
            (45.5, lambda: fan.faults.discard("reject")),
        ]
        lines = self.watch("lamp0 power", script, until=100.0)
        self.assertEqual(
            self.values(lines), [{"power": "on"}, "error", {"power": "on"}]
        )
        self.assertNotIn(TOKEN, json.dumps(lines))

    def test_a_token_that_is_rejected_from_the_start(self):
        (fan,) = self.make_fans(1)
        fan.faults.add("reject")
        self.assertEqual(self.watch("lamp0 power", []), [])
        self.assertEqual(self.status, 5)
        self.assertIn("devices add lamp0", self.err)

    def test_an_answer_that_comes_after_the_next_poll_began(self):
        (fan,) = self.make_fans(1)
        delays = self.network.delays
        script = [
            (3.2, lambda: delays.update({"10.0.0.1": 2.3})),
            (3.4, setter(fan.properties, power="off")),
            (12.5, delays.clear),
        ]
        lines = self.watch("lamp0 power --every 0.5", script)
        found = self.values(lines)
        self.assertEqual((found[0], found[-1]), ({"power": "on"}, {"power": "off"}))


class ManyTest(WatchCase):
    def test_their_reads_are_spread_over_the_interval(self):
        self.make_fans(4)
        lines = self.watch("all power", [])
        self.assertEqual(
            [one["name"] for one in lines], ["lamp%d" % i for i in range(4)]
        )
        for number, one in enumerate(lines):
            self.assertAlmostEqual(one["time"], 0.1 + 1.25 * number, 2)

    def test_more_than_64(self):
        self.make_fans(100)
        lines = self.watch("all power", [])
        self.assertEqual(self.values(lines), [{"power": "on"}] * 100)
        self.assertEqual(len({one["name"] for one in lines}), 100)

    def test_a_silent_one_does_not_stop_the_others(self):
        fans = self.make_fans(3)
        fans[1].faults.add("deaf")
        step = (12.5, setter(fans[2].properties, power="off"))
        lines = self.watch("lamp0,lamp1,lamp2 power", [step])
        found = [(one["name"], one.get("values")) for one in lines]
        self.assertIn(("lamp2", {"power": "off"}), found)
        self.assertEqual(len(found), 4)

    def test_a_silent_one_does_not_slow_down_the_others(self):
        fans = self.make_fans(2)
        fans[0].faults.add("deaf")
        self.watch("all power --every 0.5", [])
        self.assertEqual(self.network.asked.count("10.0.0.2"), 60)

    def test_reads_that_were_missed_are_left_out(self):
        self.make_fans(2)
        stop_for_a_minute = (5.7, lambda: self.network.sleep(60))
        self.watch("all power --every 0.5", [stop_for_a_minute], until=75.7)
        for address in ("10.0.0.1", "10.0.0.2"):
            # Some requests are repeated, as their answers are read too late.
            self.assertIn(self.network.asked.count(address), range(32, 36))


class BatchesTest(WatchCase):
    """A fan with 30 properties, which notes how many of them it answers at once."""

    names = " ".join("3.%d" % i for i in range(1, 31))

    def make_fan(self, *faults):
        (fan,) = self.make_fans(1)
        fan.faults.update(faults)
        fan.properties.update({(3, i): i for i in range(1, 31)})
        answer, self.sizes = fan.methods["get_properties"], []

        def note(params):
            self.sizes.append(len(params))
            return answer(params)

        fan.methods["get_properties"] = note
        return fan

    def check_values(self, lines):
        values = {"3.%d" % i: i for i in range(1, 31)}
        self.assertEqual((self.values(lines), self.err), ([values], ""))

    def saved_sizes(self):
        return [record.max_batch for record in Devices(self.file).records]

    def test_the_size_that_a_device_answers_is_found_once_and_saved(self):
        self.make_fan("at most 4 silent")
        self.check_values(self.watch("lamp0 " + self.names, [], until=60))
        self.assertEqual(set(self.sizes), {3})
        # Two batches took 5 s each, so one read was missed.
        self.assertEqual(self.network.asked.count("10.0.0.1"), 6 + 10 * 5)
        self.assertEqual(self.saved_sizes(), ["3"])

    def test_a_device_that_was_off_for_a_moment_is_asked_for_as_many_as_before(self):
        fan = self.make_fan()
        script = [
            (5.5, lambda: fan.faults.add("deaf")),
            (15.5, lambda: fan.faults.discard("deaf")),
        ]
        self.check_values(self.watch("lamp0 " + self.names, script))
        self.assertEqual(self.sizes, [15, 15, 7, 7, 7, 7, 2, 15, 15])
        self.assertEqual(self.saved_sizes(), [""])

    def test_a_device_that_is_off_is_not_asked_for_fewer(self):
        fan = self.make_fan()
        step = (5.5, lambda: fan.faults.add("deaf"))
        lines = self.watch("lamp0 " + self.names, [step])
        self.assertIn("no answer to 3 requests, nor to hello", lines[1]["error"])
        self.assertEqual(lines[1]["time"], 20)


class UsageTest(WatchCase):
    def test_a_device_that_is_not_saved_is_called_what_was_typed(self):
        self.make_fans(1)
        os.remove(self.file)
        with mock.patch.dict(os.environ, HOME=os.path.dirname(self.file)):
            lines = self.watch("10.0.0.1 power --token " + TOKEN, [])
        self.assertEqual(lines[0]["name"], "10.0.0.1")

    def test_wrong_usage(self):
        self.make_fans(1)
        for line, said in (
            ("lamp0 power --every 0.4", "--every needs 0.5 seconds or more"),
            ("lamp0 a,b", "expected a property or action"),
        ):
            self.assertEqual(self.watch(line, []), [])
            self.assertEqual(self.status, 2)
            self.assertIn(said, self.err)

    def test_a_spec_that_is_missing_ends_it(self):
        self.make_fans(1)
        self.assertEqual(self.watch("lamp0 fan:on", []), [])
        self.assertEqual(self.status, 1)


class ProcessTest(unittest.TestCase):
    """A real process with a real pipe."""

    def test_a_reader_that_has_gone_ends_the_wait(self):
        reader, writer = os.pipe()
        with open(writer, "w") as stdout, contextlib.redirect_stdout(stdout):
            wait(time.monotonic())
            os.close(reader)
            self.assertRaises(OutputError, wait, time.monotonic() + 60)

    def start(self, **options):
        simulator = Simulator(counting_fan(TOKEN))
        simulator.__enter__()
        self.addCleanup(simulator.__exit__)
        words = "watch 127.0.0.1 power --every 0.5 --port %d" % simulator.port
        process = subprocess.Popen(
            [sys.executable, "-m", "miio_pure"] + words.split(),
            cwd=ROOT,
            env=dict(os.environ, MIIO_TOKEN=TOKEN),
            stderr=subprocess.PIPE,
            **options,
        )
        self.addCleanup(process.stderr.close)
        return process

    def test_a_signal_ends_it_and_each_line_is_there_at_once(self):
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        for number, status in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
            process = self.start(stdout=subprocess.PIPE)
            self.addCleanup(process.stdout.close)
            line = json.loads(process.stdout.readline().decode())
            self.assertEqual(line["values"], {"power": "on"})
            process.send_signal(number)
            self.assertEqual(process.wait(30), status)
            self.assertEqual(process.stderr.read(), b"")

    def test_it_ends_when_nobody_reads_any_more(self):
        process = self.start(stdout=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual((process.wait(30), process.stderr.read()), (1, b""))

    def test_a_signal_ends_it_although_the_reader_has_stalled(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with open(writer, "w") as stdout:
            # Writing to a full pipe fails here; otherwise it would block.
            with self.assertRaises(BlockingIOError):
                while True:
                    os.write(writer, b"x" * 4096)
            with contextlib.redirect_stdout(stdout), Termination():
                self.assertRaises(BlockingIOError, print, "a line", flush=True)
                stop()
            stdout.flush()

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "wb") as full:
            process = self.start(stdout=full)
        self.assertEqual(process.wait(30), 1)
        self.assertIn(b"cannot write the result", process.stderr.read())
