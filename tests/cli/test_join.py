# SPDX-License-Identifier: MIT
"""join: what is said, saved, asked and sent, on a network in memory.

Real networks are in tests/test_join_network.py.
"""

import io
import json
import os
import tempfile
from unittest import mock

from miio_pure import cli
from miio_pure.cli import arguments
from miio_pure.devices import Devices, Record
from miio_pure.simulator import NEW_DEVICES, FakeDevice, NewDevice

from ..support import OTHER_TOKEN, TOKEN, CliCase, run_cli
from ..support.commands import Terminal
from ..support.devices import Place
from ..support.interrupts import interrupt
from ..support.memory import Network

ADDRESS, HOME = "192.168.4.1", "192.0.2.7"
PASSWORD = 'hunter"2\\x'
ROUTER = "miIO.config_router"


class JoinCase(CliCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "devices.json")
        self.start()

    def start(self, kind="ok", address=ADDRESS, home=None, **options):
        """Have a new device at an address; home: the one that it gets afterwards."""
        self.fake = FakeDevice(TOKEN, model="simulated.fan.v1")
        self.new = NewDevice(self.fake, OTHER_TOKEN, kind, **options)
        self.network = Network({address: self.new})
        if home is not None:
            self.network.devices[address] = Place(self.new, False)
            self.network.devices[home] = Place(self.new, True)

    def join(self, *args, typed=None, env=None):
        """Run join, with --yes unless something is typed: (status, stdout, stderr).

        Whatever happens, the password and the tokens do not show.
        """
        known = {"MIIO_DEVICES": self.file, "MIIO_WIFI_PASSWORD": PASSWORD}
        known.update(env or {})
        words = ["join", "home"] + list(args) + ["--yes"] * (typed is None)
        known = {name: value for name, value in known.items() if value is not None}
        with self.network.under(), mock.patch("sys.stdin", io.StringIO(typed or "")):
            done = run_cli(*words, env=known)
        for text in done[1:]:
            self.assertNotIn("hunter", text)
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(OTHER_TOKEN, text)
        return done

    def fail_with(self, status, *args, **options):
        """Do the same; return the error, which is the last line."""
        actual, out, err = self.join(*args, **options)
        self.assertEqual((actual, out), (status, ""), err)
        *_, last = err.splitlines()
        self.assertRegex(last, r"\Aerror: ")
        return last

    def read_saved(self):
        return [record.facts() for record in Devices(self.file).records]


class SuccessTest(JoinCase):
    def test_a_device_that_keeps_its_token_can_be_used_at_once(self):
        self.start("keep token", home=HOME)
        status, out, err = self.join()
        self.assertEqual(status, 0, err)
        said = "joined: device %d (simulated.fan.v1) at %s; its token still holds\n"
        self.assertEqual(out, said % (self.fake.device_id, HOME))
        (saved,) = self.read_saved()
        self.assertEqual((saved["address"], saved["token"]), (HOME, TOKEN))
        self.assertEqual(saved["model"], "simulated.fan.v1")
        self.assertEqual(saved["source"], "join")

    def test_it_says_beforehand_what_most_devices_do_with_the_token(self):
        err = self.join()[2]
        lines = [line for line in err.splitlines() if "firmwares" not in line]
        self.assertIn("its token is saved in " + self.file, lines[0])
        self.assertIn("since about 2019 make a new token", lines[1])
        self.assertIn('told to join "home"; it says that it will', lines[2])
        self.assertIn('connect this computer to "home" now', lines[3])

    def test_of_some_models_it_is_known_that_they_keep_their_token(self):
        self.start("keep token")
        self.fake.model = "rockrobo.vacuum.v1"
        err = self.join()[2]
        self.assertIn("known to keep their token", err)
        self.assertNotIn("2019", err)

    def test_a_new_token_that_is_hidden_is_told(self):
        self.start(home=HOME)
        status, out, err = self.join()
        self.assertEqual(status, 5)
        said = "joined: device %d (simulated.fan.v1) at %s\n"
        self.assertEqual(out, said % (self.fake.device_id, HOME))
        self.assertIn("most probably made a new one, and hides it", err)
        self.assertIn("devices add %s --token HEX" % HOME, err)
        self.assertEqual(self.read_saved()[0]["token"], TOKEN)

    def test_a_new_token_that_is_shown_is_saved(self):
        self.start()

        def arrive():
            arrive_as_before()
            self.fake.reveal = True

        arrive_as_before, self.new._arrive = self.new._arrive, arrive
        status, out, err = self.join()
        self.assertEqual(status, 0, err)
        self.assertIn("reveals a new token", out)
        self.assertEqual(self.read_saved()[0]["token"], OTHER_TOKEN)

    def test_json(self):
        for kind, holds in (("keep token", True), ("ok", False)):
            self.start(kind)
            out = self.join("--json")[1]
            facts = {"address": ADDRESS, "device_id": self.fake.device_id}
            facts.update(model="simulated.fan.v1", token_holds=holds)
            self.assertEqual(json.loads(out), facts)

    def test_what_else_is_saved_of_the_device_stays(self):
        fields = {"name": "lamp", "address": "192.0.2.9", "token": OTHER_TOKEN}
        record = Record("test", device_id=self.fake.device_id, **fields)
        Devices(self.file).save([record])
        self.start("hello only")
        self.fail_with(3, "--timeout", "1")
        (saved,) = self.read_saved()
        self.assertEqual((saved["name"], saved["token"]), ("lamp", TOKEN))
        self.assertEqual(saved["address"], "192.0.2.9")

    def test_a_device_that_does_not_know_itself_is_known_later(self):
        self.start("keep token")
        info = self.fake.methods.pop("miIO.info")

        def arrive():
            arrive_as_before()
            self.fake.methods["miIO.info"] = info

        arrive_as_before, self.new._arrive = self.new._arrive, arrive
        status, out, err = self.join()
        self.assertEqual(status, 0, err)
        self.assertIn("(simulated.fan.v1)", out)
        self.assertEqual(self.read_saved()[0]["model"], "simulated.fan.v1")

    def test_firmware_that_may_want_another_set_up_is_worth_a_warning(self):
        info = self.fake.methods["miIO.info"]
        self.fake.methods["miIO.info"] = lambda params: dict(
            info(params), miio_ver="0.0.5"
        )
        self.assertIn("may want another kind of set-up", self.join()[2])

    def test_what_cannot_be_saved_at_the_end_is_worth_a_warning(self):
        self.start("keep token")
        join = self.fake.methods[ROUTER]

        def damage(params):
            with open(self.file, "w") as file:
                file.write("{")
            return join(params)

        self.fake.methods[ROUTER] = damage
        status, out, err = self.join()
        self.assertEqual((status, "still holds" in out), (0, True))
        self.assertIn("warning: what is new cannot be saved", err)

    def test_a_device_that_turns_up_and_goes_away_again_is_told(self):
        for words, said in (((), "joined: device"), (["--json"], '"token_holds":null')):
            self.start("keep token", home=HOME)
            place = self.network.devices[HOME]
            handle, greeted = place.handle, []

            def leave(datagram, now):
                replies = handle(datagram, now)
                greeted.extend(replies)
                return replies if len(greeted) == 1 else []

            place.handle = leave
            status, out, err = self.join(*words)
            self.assertEqual(status, 3)
            self.assertIn(said, out)
            self.assertIn("no answer to hello", err)

    def test_a_device_that_never_knows_itself(self):
        self.start(home=HOME, kind="keep token")
        del self.fake.methods["miIO.info"]
        status, out, err = self.join()
        self.assertEqual(status, 0, err)
        self.assertIn("joined: device %d at" % self.fake.device_id, out)

    def test_the_usual_addresses_are_asked_or_the_given_one(self):
        self.start("keep token", address="10.10.10.1")
        self.assertEqual(self.join()[0], 0)
        self.start("keep token", address="192.0.2.5")
        err = self.fail_with(3, "--timeout", "1")
        self.assertIn("no new device answers at 192.168.4.1, 192.168.8.1", err)
        self.assertIn("were not sent", err)
        self.assertEqual(self.join("--ip", "192.0.2.5")[0], 0)

    def test_a_time_zone_is_sent_and_a_refusal_told(self):
        for kind, refused in (("ok", False), ("strict", True)):
            self.start(kind)
            err = self.join("--timezone", "Europe/Berlin")[2]
            self.assertEqual("refused the time zone" in err, refused)


class AskTest(JoinCase):
    def test_a_yes_is_waited_for(self):
        self.start("keep token")
        for typed in ("y\n", "Yes\n"):
            status, _, err = self.join(typed=typed)
            self.assertEqual(status, 0)
            self.assertIn('(simulated.fan.v1) to join "home"? [y/N]', err)
            self.start("keep token")

    def test_anything_else_sends_nothing(self):
        for typed in ("\n", "n\n", "yess\n"):
            err = self.fail_unasked(typed)
            self.assertNotIn("--yes", err)
        self.assertIn("--yes sends without asking", self.fail_unasked(""))

    def fail_unasked(self, typed):
        status, out, err = self.join(typed=typed)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("not confirmed", err)
        self.assertIn("were not sent; the token of the device is saved", err)
        self.assertEqual(self.fake.acted, 0)
        self.assertEqual(self.read_saved()[0]["token"], TOKEN)
        return err

    def test_a_terminal_that_is_closed_says_no(self):
        closed = io.StringIO()
        closed.close()
        for stdin in (None, closed):
            with self.network.under(), mock.patch("sys.stdin", stdin):
                env = {"MIIO_DEVICES": self.file, "MIIO_WIFI_PASSWORD": PASSWORD}
                status, _, err = run_cli("join", "home", env=env)
            self.assertEqual(status, 1)
            self.assertIn("not confirmed", err)

    def test_the_password_may_be_typed(self):
        self.start("keep token")
        with mock.patch("getpass.getpass", side_effect=[PASSWORD]) as prompt:
            self.assertEqual(self.join("--password-prompt")[0], 0)
        prompt.assert_called_once_with("password of the network: ")

    def test_a_password_that_is_none_sends_nothing(self):
        for answer, said in (
            ("", "set MIIO_WIFI_PASSWORD to nothing"),
            ("short", "8 to 64 characters"),
            (EOFError, "no password was typed"),
            (OSError, "on a terminal"),
        ):
            with mock.patch("getpass.getpass", side_effect=[answer]):
                status, out, err = self.join("--password-prompt")
            self.assertEqual((status, out), (1, ""))
            self.assertIn(said, err)
        self.assertEqual(self.fake.acted, 0)

    def test_a_python_that_cannot_ask(self):
        with mock.patch.dict("sys.modules", getpass=None):
            err = self.join("--password-prompt")[2]
        self.assertIn("this Python cannot ask for a password", err)
        self.assertIn("MIIO_WIFI_PASSWORD", err)

    def test_a_network_without_a_password(self):
        self.start("keep token")
        self.assertEqual(self.join(env={"MIIO_WIFI_PASSWORD": ""})[0], 0)

    def test_a_risky_password_is_worth_a_warning(self):
        self.assertIn("warning: some firmwares fail", self.join()[2])
        err = self.join(env={"MIIO_WIFI_PASSWORD": "plain hunters"})[2]
        self.assertNotIn("firmwares fail", err)


class UsageTest(JoinCase):
    def test_mistakes_are_told_before_anything_is_sent(self):
        for args, env, said in (
            ((), {"MIIO_WIFI_PASSWORD": None}, "--password-prompt, or set MIIO_WIFI"),
            ((), {"MIIO_WIFI_PASSWORD": "hunter"}, "8 to 64 characters"),
            (("--timezone", "a b"), {}, "Europe/Berlin"),
            (("--ip", "192.168.4"), {}, "neither an IPv4 address"),
            ((PASSWORD,), {}, "too many arguments"),
        ):
            self.assertIn(said, self.fail_with(2, *args, env=env))
        self.assertEqual(self.network.greeted, [])

    def test_a_token_in_the_place_of_the_name_is_not_repeated(self):
        with self.network.under():
            env = {"MIIO_DEVICES": self.file, "MIIO_WIFI_PASSWORD": PASSWORD}
            _, _, err = run_cli("join", TOKEN, "--yes", env=env)
        self.assertNotIn(TOKEN[:24], err)

    def test_saved_devices_that_others_can_read_are_an_error(self):
        Devices(self.file).save([Record("test", device_id="1", token=OTHER_TOKEN)])
        os.chmod(self.file, 0o644)
        self.assertIn("other users can read", self.fail_with(5))
        self.assertEqual(self.network.greeted, [])

    def test_the_kinds_of_new_devices_are_in_the_help_of_the_simulator(self):
        listed = arguments.CHOICES["setup"].replace("\n", " ").split(", ")
        self.assertEqual(listed, [kind.replace(" ", "-") for kind in NEW_DEVICES])


class FailureTest(JoinCase):
    def test_a_device_that_hides_its_token_is_not_new(self):
        self.fake.reveal = False
        self.assertIn(
            "not in set-up mode: reset it", self.fail_with(5, "--timeout", "1")
        )
        self.assertEqual(self.network.asked, [])

    def test_a_computer_without_a_network_is_told_why(self):
        self.network.down_until = 1e9
        self.assertIn("unreachable): connect this computer", self.fail_with(3))

    def test_a_refusal_says_that_nothing_has_changed(self):
        self.start("refuse")
        err = self.fail_with(4)
        self.assertIn("device error -1 bad params; it has not joined", err)
        self.start()
        del self.fake.methods[ROUTER]
        self.assertIn("only be set up with the app; it has not", self.fail_with(4))
        self.start()
        self.fake.methods[ROUTER] = lambda params: -1
        self.assertIn("device error -1 it has not joined", self.fail_with(4))

    def test_a_device_that_repeats_the_password_does_not_show_it(self):
        for answer in (-1, "ok"):
            self.start("keep token")
            join = self.fake.methods[ROUTER]

            def answer_with_it(params):
                join(params)
                return dict(params, code=answer, note="[%s]" % params["passwd"])

            self.fake.methods[ROUTER] = answer_with_it
            self.join("--debug")

    def test_a_device_that_answers_hellos_only(self):
        self.start("hello only")
        status, _, err = self.join()
        self.assertEqual(status, 3)
        self.assertIn("warning: it answers hellos, but no requests so far", err)
        self.assertIn("may have been sent", err)

    def test_a_device_that_goes_away_before_it_is_told(self):
        handle = self.new.handle
        count = [0]

        def leave(datagram, now):
            count[0] += 1
            return handle(datagram, now) if count[0] < 4 else []

        self.new.handle = leave
        err = self.fail_with(3)
        self.assertIn("no answer to hello", err)
        self.assertIn("were not sent; the token of the device is saved", err)

    def test_a_token_that_is_rejected_all_at_once(self):
        info = self.fake.methods["miIO.info"]

        def answer(params):
            self.fake.faults.add("reject")
            return info(params)

        self.fake.methods["miIO.info"] = answer
        self.assertIn("rejects", self.fail_with(5))

    def test_a_device_that_is_silent_and_gone(self):
        self.start("silent", home=HOME, away=30.0)
        status, out, err = self.join("--timeout", "2")
        self.assertEqual(status, 5)
        self.assertIn("it has left its own network without an answer", err)
        self.assertIn("joined:", out)

    def test_an_answer_that_nobody_knows(self):
        join = self.fake.methods[ROUTER]
        self.fake.methods[ROUTER] = lambda params: [join(params)] * 2
        self.assertIn("what it answers is not known here", self.join()[2])

    def test_a_wrong_password_is_told(self):
        self.start("wrong password")
        self.assertIn("the password is probably wrong", self.fail_with(1))

    def test_a_device_that_is_back_and_does_not_say_why(self):
        self.start("wrong password")
        del self.fake.methods["miIO.wifi_assoc_state"]
        err = self.fail_with(1)
        self.assertIn("still in its own network, or is back there", err)

    def test_a_device_that_never_turns_up(self):
        self.start(away=1e9)
        start = self.network.now()
        err = self.fail_with(3)
        self.assertIn("did not turn up within 10 minutes", err)
        self.assertGreater(self.network.now() - start, 600)

    def test_another_device_is_not_taken_for_it(self):
        self.start("keep token", home=HOME)
        other = FakeDevice(OTHER_TOKEN, device_id=77)
        self.network.devices["192.0.2.1"] = other
        status, out, _ = self.join()
        self.assertEqual(status, 0)
        self.assertIn(HOME, out)

    def test_a_network_that_is_down_for_a_while_is_waited_for(self):
        self.start("keep token", home=HOME)
        join = self.fake.methods[ROUTER]

        def take_down(params):
            self.network.down_until = self.network.now() + 60
            return join(params)

        self.fake.methods[ROUTER] = take_down
        start = self.network.now()
        status, out, err = self.join()
        self.assertEqual((status, "still holds" in out), (0, True), err)
        self.assertGreater(self.network.now(), start + 60)


class DebugTest(JoinCase):
    def test_each_datagram_shows_without_secrets(self):
        self.start("keep token")
        status, _, err = self.join("--debug", "--timezone", "Europe/Berlin")
        self.assertEqual(status, 0)
        self.assertIn('"ssid":"home","passwd":"(hidden)"', err)
        self.assertIn('"tz":"Europe/Berlin"', err)
        sent = [line for line in err.splitlines() if ROUTER in line]
        self.assertEqual(len(sent), 1)

    def test_what_was_encrypted_with_a_token_that_is_known_later_is_hidden(self):
        seen = []
        handle = self.new.handle

        def watch(datagram, now):
            seen.append(datagram)
            return handle(datagram, now)

        self.new.handle = watch
        err = self.join("--debug")[2]
        told = max(seen, key=len)
        self.assertIn(told[:16].hex() + "(hidden)", err)
        self.assertNotIn(told[16:].hex(), err)


class InterruptTest(JoinCase):
    """Ctrl-C ends in status 130, and what is said about the request is true."""

    def check(self, status, err):
        (line,) = [one for one in err.splitlines() if "interrupted" in one]
        self.assertEqual(status, 130)
        if self.told:
            self.assertRegex(line, "may have been sent|was told to join")
        else:
            self.assertRegex(line, "were not sent|may have been sent")
        if "was told" in line:
            self.assertTrue(self.told)
        return line

    def start_and_watch(self):
        """Start a device that keeps its token; `told` is what it was told."""
        self.start("keep token", home=HOME)
        self.told = []
        join = self.fake.methods[ROUTER]

        def note(params):
            self.told.append(params)
            return join(params)

        self.fake.methods[ROUTER] = note

    def interrupt_at(self, number):
        """Interrupt at one of the datagrams; return what was said, or None."""
        self.start_and_watch()
        count = [0]
        handle = self.new.handle

        def handle_or_interrupt(datagram, now):
            count[0] += 1
            if count[0] == number:
                raise KeyboardInterrupt
            return handle(datagram, now)

        self.new.handle = handle_or_interrupt
        status, _, err = self.join()
        if count[0] < number:
            self.assertEqual(status, 0)
            return None
        return self.check(status, err)

    def test_at_each_datagram(self):
        lines = [self.interrupt_at(1)]
        while lines[-1] is not None:
            lines.append(self.interrupt_at(len(lines) + 1))
        self.assertEqual(len(set(lines)), 5, lines)
        self.assertGreater(len(lines), 8)

    def test_at_lines_of_the_command(self):
        """Whatever line is hit, what was sent is told; the lines differ each time."""
        step, done = 1, False
        while not done:
            self.start_and_watch()
            ends = []
            files = ("cli/join.py", "cli/arrival.py")
            done = not interrupt(
                lambda: ends.append(self.join()), step, *files, has_opcodes=False
            )
            ((status, out, err),) = ends
            self.assertNotIn("Traceback", err)
            if "interrupted" in err:
                self.check(status, err)
            else:
                # It had not begun, or was over.
                self.assertIn(status, (0, 130))
                self.assertEqual(bool(self.told), bool(out), step)
            step += 7
        self.assertGreater(step, 100)

    def test_at_the_prompts(self):
        self.told = []
        with mock.patch("getpass.getpass", side_effect=[KeyboardInterrupt]):
            status, _, err = self.join("--password-prompt")
        self.assertIn("token of the device is saved", self.check(status, err))
        stdin = mock.Mock(readline=mock.Mock(side_effect=KeyboardInterrupt))
        with self.network.under(), mock.patch("sys.stdin", stdin):
            env = {"MIIO_DEVICES": self.file, "MIIO_WIFI_PASSWORD": PASSWORD}
            status, _, err = run_cli("join", "home", env=env)
        self.assertIn("token of the device is saved", self.check(status, err))
        self.assertEqual(self.fake.acted, 0)

    def test_on_a_terminal_the_note_has_a_line_of_its_own(self):
        terminal = Terminal()
        env = {"MIIO_DEVICES": self.file, "MIIO_WIFI_PASSWORD": PASSWORD}
        stdin = mock.Mock(readline=mock.Mock(side_effect=KeyboardInterrupt))
        with self.network.under(), mock.patch("sys.stdin", stdin):
            with mock.patch.dict(os.environ, env), mock.patch("sys.stderr", terminal):
                self.assertEqual(cli.main(["join", "home"]), 130)
        self.assertIn("[y/N] \nnote: interrupted", terminal.getvalue())

    def test_while_it_waits_for_the_other_network(self):
        self.start(away=1e9)
        self.told = [True]
        sleep = self.network.sleep

        def sleep_or_interrupt(seconds):
            if self.network.now() > 5100:
                raise KeyboardInterrupt
            sleep(seconds)

        self.network.sleep = sleep_or_interrupt
        status, _, err = self.join()
        line = self.check(status, err)
        self.assertIn('was told to join "home"; the token of the device is saved', line)
