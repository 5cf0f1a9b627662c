# SPDX-License-Identifier: MIT
"""A new device is told to join a network: what is sent, how often, and what each answer
means."""

import time
import unittest

from miio_pure import Client, DeviceError, MiioError, NoReply, PayloadError, TokenError
from miio_pure.join import (
    ACCEPTED,
    GONE,
    LEAVE_TIME,
    UNCLEAR,
    Joining,
    Wifi,
    check_token,
    find_network,
    judge_result,
    look_there,
    wants_handshake,
)
from miio_pure.packet import Token
from miio_pure.payload import load
from miio_pure.packet import decode
from miio_pure.plans import carry_out
from miio_pure.simulator import FakeDevice, NewDevice

from .support import OTHER_TOKEN, TOKEN
from .support.devices import Place
from .support.memory import Network

ADDRESS = "192.168.4.1"
PASSWORD = 'pass"word\\1'


class Watched:
    """Passes datagrams on to a device; `requests` is what it was asked to do.

    deaf_to: how many requests of a method get lost. obey: answers instead of the
    device, by method: a function from the request's params.
    """

    def __init__(self, device):
        self.device, self.requests, self.deaf_to = device, [], {}
        self.hears = True

    def handle(self, datagram, now):
        if not self.hears:
            return []
        payload = decode(datagram, Token(TOKEN)).payload if datagram[32:] else None
        if payload is not None:
            request = load(payload)
            self.requests.append(request)
            if self.deaf_to.get(request["method"], 0) > 0:
                self.deaf_to[request["method"]] -= 1
                return []
        return self.device.handle(datagram, now)


class JoinCase(unittest.TestCase):
    def start(self, kind="ok", wifi=None, **options):
        self.fake = FakeDevice(TOKEN)
        self.new = NewDevice(self.fake, OTHER_TOKEN, kind, **options)
        self.watched = Watched(self.new)
        self.network = Network({ADDRESS: self.watched})
        self.client = Client(ADDRESS, TOKEN, timeout=2.0)
        self.wifi = wifi or Wifi("home", PASSWORD)

    def join(self, first_id=7):
        self.joining = Joining(self.wifi, first_id, self.network.now)
        return self.carry_out(self.joining.run())

    def carry_out(self, plan):
        with self.network.under():
            return carry_out(self.client, plan)

    def sent(self):
        """Return the requests to join."""
        method = "miIO.config_router"
        return [one for one in self.watched.requests if one["method"] == method]


class AnswersTest(JoinCase):
    def test_every_yes_of_a_device_is_understood(self):
        for kind in ("0", "ok", "OK", "list", "object", "keep token"):
            with self.subTest(kind=kind):
                self.start(kind)
                self.assertIs(self.join(), ACCEPTED)
                params = {"ssid": "home", "passwd": PASSWORD, "uid": 1337}
                self.assertEqual([one["params"] for one in self.sent()], [params])

    def test_a_device_that_leaves_without_an_answer_is_not_told_again(self):
        self.start("silent", away=60.0)
        self.assertIs(self.join(), GONE)
        self.assertEqual(len(self.sent()), 1)
        self.assertTrue(self.joining.may_have_sent)

    def test_a_lost_request_is_repeated_with_its_id_once_the_device_must_be_gone(self):
        self.start()
        self.watched.deaf_to["miIO.config_router"] = 1
        del self.fake.methods["miIO.wifi_assoc_state"]
        start = self.network.now()
        self.assertIs(self.join(), ACCEPTED)
        self.assertEqual([one["id"] for one in self.sent()], [7, 7])
        self.assertGreaterEqual(self.joining.at, start + LEAVE_TIME)

    def test_a_device_that_may_be_connecting_is_not_told_again(self):
        self.start()
        self.watched.deaf_to["miIO.config_router"] = 9
        self.assertIs(self.join(), UNCLEAR)
        self.assertEqual(len(self.sent()), 1)

    def test_a_device_whose_state_is_no_connection_is_told_again(self):
        for state in ({"state": "IDLE"}, {}, "idle", ["CONNECTING"]):
            self.start()
            self.watched.deaf_to["miIO.config_router"] = 1
            self.fake.methods["miIO.wifi_assoc_state"] = lambda params: state
            self.assertIs(self.join(), ACCEPTED)
            self.assertEqual(len(self.sent()), 2)

    def test_a_device_that_ignores_only_this_request_gets_it_twice(self):
        self.start()
        self.watched.deaf_to["miIO.config_router"] = 9
        self.fake.methods["miIO.wifi_assoc_state"] = lambda params: {"state": "IDLE"}
        with self.assertRaisesRegex(NoReply, "answers other requests, but not") as at:
            self.join()
        self.assertEqual(len(self.sent()), 2)
        self.assertTrue(at.exception.sent)

    def test_a_device_that_answers_hellos_only_is_told_once(self):
        self.start("hello only")
        with self.assertRaisesRegex(NoReply, "hellos, but no requests.*app") as at:
            self.join()
        self.assertEqual(len(self.sent()), 1)
        self.assertTrue(at.exception.sent)

    def test_a_device_that_leaves_while_it_is_asked_has_left(self):
        self.start("hello only")

        def leave(datagram, now):
            replies = handle(datagram, now)
            self.watched.hears = len(self.watched.requests) < 2
            return replies

        handle, self.watched.handle = self.watched.handle, leave
        self.assertIs(self.join(), GONE)

    def test_a_network_that_takes_nothing_leaves_nothing_sent(self):
        self.start()
        self.watched.hears = False
        with self.assertRaises(NoReply) as at:
            self.join()
        self.assertFalse(at.exception.sent)
        self.assertFalse(self.joining.may_have_sent)

    def test_a_network_that_fails_after_the_hello_leaves_nothing_sent_either(self):
        self.start()
        handle = self.watched.handle

        def handle_and_fail(datagram, now):
            self.network.down_until = 1e9
            return handle(datagram, now)

        self.watched.handle = handle_and_fail
        with self.assertRaisesRegex(NoReply, "no request could be sent"):
            self.join()
        self.assertFalse(self.joining.may_have_sent)

    def test_a_wrong_password_that_the_device_tells_is_an_error(self):
        self.start()
        self.watched.deaf_to["miIO.config_router"] = 9
        failed = {"state": "CONNECTING", "auth_fail_count": 2}
        self.fake.methods["miIO.wifi_assoc_state"] = lambda params: failed
        with self.assertRaisesRegex(MiioError, "password is probably wrong"):
            self.join()


class FormsTest(JoinCase):
    def test_a_device_that_refuses_more_members_gets_the_least(self):
        self.start("strict", Wifi("home", PASSWORD, "Europe/Berlin"))
        self.assertIs(self.join(), ACCEPTED)
        sent = [one["params"] for one in self.sent()]
        self.assertEqual(
            [sorted(set(one) - {"ssid", "passwd", "uid"}) for one in sent],
            [["tz"], ["config_type", "tz"], []],
        )
        self.assertEqual([one["id"] for one in self.sent()], [7, 8, 9])
        self.assertEqual(self.joining.members, list(sent[-1]))

    def test_a_device_that_wants_what_the_app_sends_gets_it(self):
        self.start()
        join = self.fake.methods["miIO.config_router"]

        def want(params):
            if params.get("config_type") != "app":
                raise DeviceError(-1, "bad params")
            return join(params)

        self.fake.methods["miIO.config_router"] = want
        self.assertIs(self.join(0x7FFFFFFF), ACCEPTED)
        self.assertEqual([one["id"] for one in self.sent()], [0x7FFFFFFF, 1])

    def test_a_device_that_refuses_all_forms_has_the_last_word(self):
        self.start("refuse")
        with self.assertRaises(DeviceError) as at:
            self.join()
        self.assertEqual(at.exception.code, -1)
        self.assertEqual(len(self.sent()), 2)

    def test_another_refusal_is_not_followed_by_another_form(self):
        self.start()
        del self.fake.methods["miIO.config_router"]
        with self.assertRaises(DeviceError) as at:
            self.join()
        self.assertEqual(at.exception.code, -10000)
        self.assertEqual(len(self.sent()), 1)

    def test_a_device_that_is_busy_may_have_acted(self):
        self.start()

        def answer(params):
            raise DeviceError(-30001, "resp error")

        self.fake.methods["miIO.config_router"] = answer
        self.assertIs(self.join(), UNCLEAR)
        self.assertEqual(len(self.sent()), 1)

    def test_a_password_in_an_error_is_hidden(self):
        for said in (PASSWORD, {"passwd": PASSWORD}, '{"passwd":"pass\\"word\\\\1"}'):
            self.start()

            def answer(params):
                raise DeviceError(-7, said)

            self.fake.methods["miIO.config_router"] = answer
            with self.assertRaises(DeviceError) as at:
                self.join()
            self.assertIn("(hidden)", str(at.exception))
            self.assertNotIn("word", str(at.exception).replace("passw", ""))


class GarbageTest(unittest.TestCase):
    """What answers mean that are signed with the token, but are no JSON."""

    def setUp(self):
        self.garbage = PayloadError("not valid JSON")
        self.joining = Joining(Wifi("home", "password"), 1, lambda: 0.0)

    def end(self, plan):
        """Answer garbage to the request that a plan has just made."""
        with self.assertRaises(StopIteration) as caught:
            plan.throw(self.garbage)
        return caught.exception.value

    def test_an_answer_to_the_request_itself(self):
        plan = self.joining.run()
        next(plan)
        plan.send(None)
        self.assertIs(self.end(plan), UNCLEAR)
        self.assertTrue(self.joining.may_have_sent)

    def test_an_answer_after_a_silence_shows_that_the_device_is_still_there(self):
        plan = self.joining.run()
        next(plan)
        first = plan.send(None)
        silence = NoReply("no answer", 1)
        self.assertEqual(plan.throw(silence), LEAVE_TIME)
        plan.send(None)
        plan.send(None)
        self.assertEqual(plan.throw(self.garbage), first)

    def test_an_answer_of_a_device_that_may_have_joined(self):
        plan = look_there("home")
        next(plan)
        self.assertIs(self.end(plan), False)

    def test_an_answer_under_the_token_accepts_it(self):
        plan = check_token(lambda: 0.0)
        next(plan)
        self.assertEqual(self.end(plan), {})


class ResultTest(unittest.TestCase):
    def test_what_is_neither_yes_nor_no_is_unclear(self):
        for result in (1, True, None, [], ["ok", "ok"], "no", {"code": 5}, 0.0):
            self.assertIs(judge_result(result), UNCLEAR, result)

    def test_a_negative_number_is_a_refusal_wherever_it_stands(self):
        for result in (-1, [-1], {"code": -1}):
            with self.assertRaises(DeviceError) as at:
                judge_result(result)
            self.assertEqual(at.exception.code, -1)


class AfterwardsTest(JoinCase):
    def test_a_device_at_the_same_address_tells_which_network_it_is_in(self):
        self.start("keep token")
        self.assertFalse(self.carry_out(look_there("home")))
        self.join()
        self.network.sleep(4.0)
        self.assertFalse(self.carry_out(look_there("elsewhere")))
        self.assertTrue(self.carry_out(look_there("home")))

    def test_a_device_that_could_not_log_in_says_so(self):
        self.start("wrong password")
        self.join()
        self.network.sleep(4.0)
        with self.assertRaisesRegex(MiioError, "password is probably wrong"):
            self.carry_out(look_there("home"))

    def test_a_device_that_does_not_answer_there_tells_nothing(self):
        self.start("hello only")
        self.assertFalse(self.carry_out(look_there("home")))

    def test_firmware_that_may_want_another_set_up_is_known(self):
        for info in ({}, None, {"miio_ver": 2}, {"miio_ver": "0.0.1"}):
            self.assertFalse(wants_handshake(info))
        self.assertTrue(wants_handshake({"miio_ver": "0.0.5"}))

    def test_only_a_name_is_the_name_of_a_network(self):
        for info in (None, {}, {"ap": 5}, {"ap": {"ssid": 7}}):
            self.assertEqual(find_network(info), "")

    def test_a_token_that_the_device_keeps_holds(self):
        self.start("keep token")
        self.join()
        self.network.sleep(4.0)
        info = self.carry_out(check_token(self.network.now))
        self.assertEqual(info["ap"], {"ssid": "home"})

    def test_a_device_that_has_made_a_new_token_does_not_know_the_old_one(self):
        self.start()
        self.join()
        self.network.sleep(4.0)
        with self.assertRaisesRegex(TokenError, "no requests under its old token"):
            self.carry_out(check_token(self.network.now))

    def test_a_rejected_token_does_not_hold(self):
        self.start()
        self.fake.faults.add("reject")
        with self.assertRaisesRegex(TokenError, "rejects"):
            self.carry_out(check_token(self.network.now))

    def test_a_device_that_does_not_know_the_request_accepts_the_token(self):
        self.start()
        del self.fake.methods["miIO.info"]
        self.assertEqual(self.carry_out(check_token(self.network.now)), {})

    def test_a_device_that_needs_a_moment_is_asked_again(self):
        self.start()
        self.watched.deaf_to["miIO.info"] = 3
        self.assertIn("model", self.carry_out(check_token(self.network.now)))

    def test_a_device_that_is_gone_says_nothing_of_its_token(self):
        self.start()
        self.watched.hears = False
        with self.assertRaises(NoReply):
            self.carry_out(check_token(self.network.now))


class WifiTest(unittest.TestCase):
    def test_what_cannot_be_a_network_is_refused_without_the_password(self):
        for ssid, password, timezone, said in (
            ("", PASSWORD, "", "1 to 32 bytes"),
            ("\u00e4" * 17, PASSWORD, "", "1 to 32 bytes"),
            ("\udcff", PASSWORD, "", "not valid UTF-8"),
            ("home", "\udcff" + PASSWORD, "", "password is not valid UTF-8"),
            ("home", PASSWORD[:7], "", "8 to 64 characters"),
            ("home", PASSWORD * 9, "", "8 to 64 characters"),
            ("home", PASSWORD, "Europe Berlin", "Europe/Berlin"),
            ("home", PASSWORD, "x" * 65, "Europe/Berlin"),
            ("home", PASSWORD, "/", "Europe/Berlin"),
        ):
            with self.assertRaisesRegex(ValueError, said) as at:
                Wifi(ssid, password, timezone)
            self.assertNotIn("word", str(at.exception).replace("password", ""))
            self.assertIsNone(at.exception.__cause__)

    def test_what_can_be_one_is_taken(self):
        for password in ("", "12345678", "0" * 64):
            self.assertFalse(Wifi("\u00e4" * 16, password, "Etc/GMT+5").has_risks())

    def test_characters_that_some_firmwares_cannot_take_are_known(self):
        for char in ";\\/#'\"\u00e4\n":
            self.assertTrue(Wifi("home", "1234567" + char).has_risks(), char)
        self.assertFalse(Wifi("home", "1234 ~!$").has_risks())

    def test_no_repr_shows_the_password(self):
        wifi = Wifi("home", PASSWORD)
        for shown in (repr(wifi), repr(Joining(wifi, 1, time.monotonic))):
            self.assertIn("home", shown)
            self.assertNotIn("word", shown)

    def test_without_a_password_nothing_is_hidden(self):
        self.assertEqual(Wifi("home").hide("a text"), "a text")


class MovingTest(JoinCase):
    def test_a_device_that_moves_to_another_address_has_left(self):
        self.start()
        places = {ADDRESS: Place(self.new, False), "192.0.2.7": Place(self.new, True)}
        self.network.devices.update(places)
        self.assertIs(self.join(), ACCEPTED)
        self.network.sleep(4.0)
        with self.network.under():
            with self.assertRaises(NoReply):
                self.client.handshake()
            found = Client("192.0.2.7", TOKEN).handshake()
        self.assertEqual(found.device_id, self.fake.device_id)
