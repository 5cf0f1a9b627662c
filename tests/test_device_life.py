# SPDX-License-Identifier: MIT
"""What happens to devices in the long run, and what the client makes of it."""

from miio_pure import DeviceError, NoReply, Token, TokenError, packet
from miio_pure.simulator import fan

from .support import OTHER_TOKEN, TOKEN
from .support.wire import WireCase


class LifeTest(WireCase):
    def ask(self, client):
        return client.send("get_prop", ["power"])

    def test_reboot_in_the_middle(self):
        """The uptime starts over and the memory of ids is lost."""
        client = self.connect(repeats="drop")
        self.ask(client)
        self.wire.device = fan(TOKEN, repeats="drop", epoch=-self.wire.now())
        self.device = self.wire.device
        handle = self.device.handle

        def picky(datagram, now):
            """Ignores stamps that are far ahead, as some devices do."""
            if len(datagram) > 32:
                header = packet.decode(datagram).header
                if abs(header.stamp - (now + self.device.epoch)) > 2:
                    return []
            return handle(datagram, now)

        self.device.handle = picky
        self.assertEqual(self.ask(client), ["on"])

    def test_token_changed(self):
        client = self.connect()
        self.ask(client)
        self.device.token = Token(OTHER_TOKEN)
        with self.assertRaisesRegex(
            NoReply, "answers hello, but did not answer 3 requests"
        ):
            self.ask(client)

    def test_gone_silent(self):
        client = self.connect()
        client.handshake()
        self.device.faults = {"deaf"}
        for _ in range(2):
            with self.assertRaisesRegex(NoReply, "nor to hello"):
                self.ask(client)

    def test_token_changed_and_shown(self):
        """The hello shows that ours is not the right one."""
        client = self.connect()
        self.device.token = Token(OTHER_TOKEN)
        self.device.reveal = True
        with self.assertRaisesRegex(
            TokenError, "another one than the given token"
        ) as caught:
            self.ask(client)
        self.assertNotIn(OTHER_TOKEN, str(caught.exception))

    def test_a_damaged_hello_is_no_new_token(self):
        """One hello alone does not tell: nothing signs it."""
        client = self.connect(["ok", "lose", "ok", "ok"], reveal=True)
        handle = self.device.handle
        hellos = []

        def damage_the_first(datagram, now):
            replies = handle(datagram, now)
            if len(datagram) == 32:
                hellos.append(datagram)
                if len(hellos) == 1:
                    return [reply[:-1] + b"!" for reply in replies]
            return replies

        self.device.handle = damage_the_first
        self.assertEqual(self.ask(client), ["on"])
        self.assertEqual(len(hellos), 2)

    def test_address_taken_over_by_another_device(self):
        client = self.connect()
        self.ask(client)
        self.wire.device = fan(OTHER_TOKEN, device_id=77)
        with self.assertRaisesRegex(
            NoReply, "device %d was here before device 77" % self.device.device_id
        ):
            self.ask(client)

    def test_without_a_token_given_no_other_device_is_obeyed(self):
        """The one that shows its token now was never meant."""
        client = self.connect(token=None, reveal=True)
        self.ask(client)
        other = fan(OTHER_TOKEN, device_id=77, reveal=True)
        self.wire.device = other
        with self.assertRaisesRegex(NoReply, "a hello from device 77, not"):
            client.send("toggle")
        self.assertEqual(other.acted, 0)

    def test_another_device_with_our_token_is_taken(self):
        client = self.connect()
        self.ask(client)
        self.wire.device = fan(TOKEN, device_id=77)
        self.assertEqual(self.ask(client), ["on"])

    def test_an_hour_idle(self):
        client = self.connect()
        self.ask(client)
        self.wire.wait(3600)
        self.assertEqual(self.ask(client), ["on"])
        self.assertEqual(len(self.wire.sent[-2]), 32)  # after a new hello
        (_, _), (_, stamp) = self.requests()
        self.assertEqual(stamp, 5000 + 3600)

    def test_hello_answered_but_commands_not(self):
        client = self.connect()
        self.device.faults = {"lose"}
        with self.assertRaisesRegex(
            NoReply, "answers hello, but did not answer 3 requests"
        ):
            self.ask(client)

    def test_commands_answered_but_hello_not(self):
        client = self.connect()
        self.ask(client)
        self.wire.wait(100)
        handle = self.device.handle
        self.device.handle = lambda datagram, now: handle(datagram, now)[
            : len(datagram) > 32
        ]
        self.assertEqual(self.ask(client), ["on"])

    def test_commands_answered_late(self):
        client = self.connect(["ok", 3.5, "lose"] + ["lose"] * 20)
        self.assertEqual(self.ask(client), ["on"])
        self.assertAlmostEqual(self.spent(), 3.52)

    def test_a_burst_of_busy(self):
        client = self.connect()
        burst = [-9999, -9999]

        def work(params):
            if burst:
                raise DeviceError(burst.pop(), "user ack timeout")
            return ["done"]

        self.device.methods["get_status"] = work
        self.assertEqual(client.send("get_status"), ["done"])


class WrongTokenTest(WireCase):
    """Told apart from silence, damage and truncation, as far as packets allow."""

    def message(self, fault=None, **options):
        client = self.connect(timeout=1.0, **options)
        self.device.faults = {fault} if fault else set()
        try:
            client.send("get_prop", ["power"])
        except (NoReply, TokenError) as error:
            return type(error).__name__, str(error)
        return None

    def test_each_has_a_message_of_its_own(self):
        silent = self.message("deaf")
        wrong = self.message(token=OTHER_TOKEN)
        rejected = self.message("reject")
        damaged = self.message("damage")
        cut = self.cut_replies()
        for (kind, text), expected in (
            (silent, ("NoReply", "no answer to hello")),
            (wrong, ("NoReply", "given token is probably wrong")),
            (rejected, ("TokenError", "rejects")),
            (damaged, ("NoReply", "checksum does not match")),
            (cut, ("NoReply", r"says that it has \d+ bytes, but 50 came")),
        ):
            self.assertEqual(kind, expected[0])
            self.assertRegex(text, expected[1])  # ids, and so sizes, vary
        self.assertNotIn("came instead", wrong[1])
        self.assertTrue(wrong[1].endswith("devices ignore a wrong token)"), wrong[1])

    def cut_replies(self):
        client = self.connect(timeout=1.0)
        handle = self.device.handle
        self.device.handle = lambda datagram, now: [
            reply[:50] for reply in handle(datagram, now)
        ]
        with self.assertRaises(NoReply) as caught:
            client.send("get_prop", ["power"])
        return type(caught.exception).__name__, str(caught.exception)
