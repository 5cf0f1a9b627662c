# SPDX-License-Identifier: MIT
"""Ids, the device's clock, and which datagrams count as replies."""

import unittest

from miio_pure import (
    ChecksumError,
    DeviceError,
    PacketError,
    PayloadError,
    Token,
    TokenError,
    packet,
    payload,
)
from miio_pure.session import Credentials, Session, compose

from .support import OTHER_TOKEN, TOKEN

DEVICE_ID = 0x0357A1B2
BODY = compose("get_prop", ["power"])


def hello(stamp, checksum=b"\xff" * 16, device_id=DEVICE_ID):
    return packet.HEADER.pack(packet.MAGIC, 32, device_id, stamp, checksum)


def signed(text, stamp=100, token=TOKEN):
    return packet.encode(Token(token), text.encode(), device_id=DEVICE_ID, stamp=stamp)


class SessionCase(unittest.TestCase):
    def setUp(self):
        self.session = Session(Credentials(Token(TOKEN)), 7)
        self.session.hello(hello(100), 1000.0)

    def sent(self, now, **options):
        """(id, stamp, JSON) of the next request"""
        ident, datagram = self.session.request(BODY, now, **options)
        decoded = packet.decode(datagram, Token(TOKEN))
        self.assertEqual(decoded.header.device_id, DEVICE_ID)
        return ident, decoded.header.stamp, payload.load(decoded.payload)


class RequestTest(SessionCase):
    def test_compact_and_complete(self):
        self.assertEqual(
            self.sent(1000.0)[2], {"id": 7, "method": "get_prop", "params": ["power"]}
        )
        _, datagram = self.session.request(BODY, 1000.0)
        self.assertEqual(
            packet.decode(datagram, Token(TOKEN)).payload,
            b'{"id":8,"method":"get_prop","params":["power"]}',
        )

    def test_ids_count_up_and_wrap_without_zero(self):
        session = self.session
        self.assertEqual([session.request(BODY, 0)[0] for _ in range(3)], [7, 8, 9])
        self.assertEqual(session.request(BODY, 0, 9)[0], 9)
        self.assertEqual(session.request(BODY, 0)[0], 10)
        for first, following in (
            (0, [1, 2]),
            (2**31 - 1, [2**31 - 1, 1]),
            (2**31, [1, 2]),
        ):
            session = Session(Credentials(Token(TOKEN)), first)
            session.hello(hello(1), 0)
            self.assertEqual([session.request(BODY, 0)[0] for _ in range(2)], following)

    def test_stamp_follows_the_clock(self):
        for now, stamp in (
            (1000.0, 100),
            (1000.4, 100),
            (1000.6, 101),
            (1001.0, 101),
            (1055.4, 155),
        ):
            self.assertEqual(self.sent(now)[1], stamp)

    def test_verified_replies_move_the_clock_forward_only(self):
        for reply_stamp, stamp in ((130, 130), (90, 130)):
            ident, _, _ = self.sent(1010.0)
            self.session.reply(
                signed('{"id":%d,"result":1}' % ident, reply_stamp), [ident], 1010.0
            )
            self.assertEqual(self.sent(1010.0)[1], stamp)

    def test_hello_sets_the_clock_back_after_a_reboot(self):
        self.session.hello(hello(3), 1010.0)
        self.assertEqual(self.sent(1012.0)[1], 5)

    def test_when_hello_is_due(self):
        self.assertTrue(Session(Credentials(), 1).needs_hello(0.0))
        self.assertFalse(self.session.needs_hello(1060.0))
        self.assertTrue(self.session.needs_hello(1060.1))
        self.session.hello(hello(100), 1070.0)
        self.assertFalse(self.session.needs_hello(1070.0))
        self.session.silence()
        self.assertTrue(self.session.needs_hello(1070.0))

    def test_what_is_no_hello_reply(self):
        for datagram in (b"", packet.HELLO, signed("{}"), b"x" * 32):
            self.assertRaises(PacketError, self.session.hello, datagram, 0.0)

    def test_rejection_repeats_the_length_of_the_request(self):
        body = compose("get_prop", ["x" * 300])
        ident, datagram = self.session.request(body, 1000.0)
        wrong = len(datagram) ^ 0x100
        for length, error in ((len(datagram), TokenError), (wrong, PacketError)):
            rejection = packet.HEADER.pack(0x2131, length, 5, 5, b"\xff" * 16)
            with self.assertRaises(error):
                self.session.hello(rejection, 0.0)
            with self.assertRaises(error):
                self.session.reply(rejection, [ident], 0.0)

    def test_mistakes_of_the_caller(self):
        for method, params in (
            (5, []),
            (None, []),
            ("a", "on"),
            ("a", 5),
            ("a", [object()]),
        ):
            self.assertRaises(TypeError, compose, method, params)
        for params in ([float("nan")], ["x" * 66000]):
            self.assertRaises(ValueError, compose, "a", params)

    def test_further_members(self):
        self.assertEqual(
            payload.load(compose("a", (), {"sid": "lumi.1"})),
            {"method": "a", "params": [], "sid": "lumi.1"},
        )


class ReplyTest(SessionCase):
    def reply(self, text, idents=(7,), **options):
        return self.session.reply(signed(text, **options), idents, 1000.0)

    def test_results(self):
        for text, result in (
            ('{"id":7,"result":["ok"]}', ["ok"]),
            ('{"id":7,"result":[1],"error":null}', [1]),
            ('{"id":7,"result":,"exe_time":00}\0k', None),
            ('{"result":{"a":1},"id":7,"exe_time":40}', {"a": 1}),
            ('{"id":7,"model":"a.b.c","mac":"x"}', {"model": "a.b.c", "mac": "x"}),
            ('{"id":7,"code":0,"message":"ok"}', {"code": 0, "message": "ok"}),
            ('{"id":7,"result":[0],"code":-1}', [0]),
        ):
            self.assertEqual(self.reply(text), result)
        self.assertEqual(self.reply('{"id":9,"result":1}', (7, 8, 9)), 1)

    def test_errors(self):
        for text, code, message in (
            (
                '"error":{"code":-9999,"message":"user ack timeout"}',
                -9999,
                "user ack timeout",
            ),
            ('"error":{"code":-2,"error":"unsupported"}', -2, "unsupported"),
            ('"code":-5001,"message":"bad params"', -5001, "bad params"),
            ('"error":{}', None, ""),
            ('"error":3', 3, ""),
            ('"error":"no"', None, "no"),
            ('"error":[1]', None, ""),
            ('"error":false', None, ""),
            ('"error":{"code":"x","message":[1]}', None, "[1]"),
            ('"result":["ok"],"error":{"code":-1}', -1, ""),
        ):
            with self.assertRaises(DeviceError) as caught:
                self.reply('{"id":7,%s}' % text)
            self.assertEqual(
                (caught.exception.code, caught.exception.message), (code, message)
            )
            self.assertIn(message, str(caught.exception))
            self.assertIn(str(code or ""), str(caught.exception))

    def test_other_peoples_replies(self):
        for text in (
            '{"id":8,"result":1}',
            '{"result":1}',
            '{"id":"7","result":1}',
            '{"id":7.0,"result":1}',
            '{"id":[7],"result":1}',
            '{"id":null}',
            "{}",
            "",
            '{"id":7,"method":"_otc.log","params":[]}',
        ):
            self.assertRaises(PacketError, self.reply, text)
        self.assertRaises(PacketError, self.reply, '{"id":true,"result":1}', (1,))

    def test_answers_without_an_id_are_named(self):
        for text, name in (("", "gateway"), ('{"result":["ok"]}', "without an id")):
            with self.assertRaisesRegex(PacketError, name):
                self.reply(text)

    def test_not_usable(self):
        self.assertRaises(PayloadError, self.reply, "[]")
        self.assertRaises(
            ChecksumError, self.reply, '{"id":7,"result":1}', token=OTHER_TOKEN
        )
        for datagram in (b"", b"junk", hello(1)):
            self.assertRaises(PacketError, self.session.reply, datagram, (7,), 1000.0)

    def test_verified(self):
        self.assertFalse(self.session.verified)
        self.assertRaises(
            ChecksumError, self.reply, '{"id":7,"result":1}', token=OTHER_TOKEN
        )
        self.assertFalse(self.session.verified)
        self.reply('{"id":7,"result":1}')
        self.assertTrue(self.session.verified)


class Saved:
    """Saved tokens, by device id."""

    def __init__(self, **options):
        self.tokens = options.pop("tokens", {DEVICE_ID: Token(TOKEN)})
        vars(self).update(options)

    def token(self, device_id):
        return self.tokens.get(device_id)


class CredentialsTest(unittest.TestCase):
    def meet(self, credentials, checksum=b"\xff" * 16, device_id=DEVICE_ID):
        """Return the token that the next request is signed with."""
        session = Session(credentials, 1)
        session.hello(hello(1, checksum, device_id), 0.0)
        session.request(BODY, 0.0)
        return credentials.token

    def test_a_given_token_is_used_whatever_the_device_reveals(self):
        credentials = Credentials(Token(TOKEN), Saved(tokens={}))
        self.assertEqual(
            self.meet(credentials, bytes.fromhex(OTHER_TOKEN)), Token(TOKEN)
        )
        self.assertEqual(credentials.source, "the given token")

    def test_a_saved_token_is_used_whatever_the_device_reveals(self):
        credentials = Credentials(None, Saved())
        self.assertEqual(
            self.meet(credentials, bytes.fromhex(OTHER_TOKEN)), Token(TOKEN)
        )
        self.assertEqual(credentials.source, "the saved token")
        credentials = Credentials(None, Saved(source="devices.json"))
        self.assertEqual(credentials.source, "the token from devices.json")

    def test_a_device_that_is_not_saved_gets_no_command(self):
        """Even if it reveals a token: anybody can forge a hello."""
        for saved in (Saved(), Saved(tokens={})):
            with self.assertRaisesRegex(TokenError, "device 77 is not saved"):
                self.meet(Credentials(None, saved), bytes.fromhex(OTHER_TOKEN), 77)

    def test_a_saved_device_is_found_by_the_low_word_of_its_id(self):
        credentials = Credentials(None, Saved())
        self.assertEqual(
            self.meet(credentials, device_id=16 << 32 | DEVICE_ID), Token(TOKEN)
        )
        both = {16 << 32 | DEVICE_ID: Token(OTHER_TOKEN), DEVICE_ID: Token(TOKEN)}
        credentials = Credentials(None, Saved(tokens=both))
        self.assertEqual(
            self.meet(credentials, device_id=16 << 32 | DEVICE_ID), Token(OTHER_TOKEN)
        )

    def test_the_first_revealed_token_stays(self):
        credentials = Credentials()
        session = Session(credentials, 1)
        self.assertRaises(PacketError, session.request, BODY, 0.0)
        session.hello(hello(1), 0.0)
        with self.assertRaisesRegex(TokenError, "hides its token"):
            session.request(BODY, 0.0)
        session.hello(hello(1, bytes.fromhex(TOKEN)), 0.0)
        self.assertEqual(credentials.token, Token(TOKEN))
        session.hello(hello(1), 0.0)
        for device_id in (DEVICE_ID, 77):
            other = hello(1, bytes.fromhex(OTHER_TOKEN), device_id)
            with self.assertRaisesRegex(TokenError, "another token than at first"):
                session.hello(other, 0.0)
            self.assertEqual(credentials.token, Token(TOKEN))
        self.assertEqual(credentials.source, "the revealed token")

    def test_a_verified_device_is_not_exchanged_for_another(self):
        for credentials in (Credentials(), Credentials(None, Saved())):
            session = Session(credentials, 1)
            session.hello(hello(1, bytes.fromhex(TOKEN)), 0.0)
            session.reply(signed('{"id":7,"result":1}'), (7,), 0.0)
            with self.assertRaisesRegex(PacketError, "a hello from device 77, not"):
                session.hello(hello(1, bytes.fromhex(TOKEN), 77), 0.0)

    def test_before_that_it_may_be(self):
        """A forged hello that came first does not keep the saved device away."""
        credentials = Credentials(None, Saved())
        session = Session(credentials, 1)
        session.hello(hello(1, device_id=77), 0.0)
        self.assertRaises(TokenError, session.request, BODY, 0.0)
        session.hello(hello(1), 0.0)
        session.request(BODY, 0.0)
        self.assertIn("device 77 was here before", session.former)

    def test_a_saved_token_that_is_malformed_is_an_error_of_ours(self):
        saved = Saved(tokens={DEVICE_ID: "no token"})
        with self.assertRaisesRegex(TokenError, "32 hex digits"):
            self.meet(Credentials(None, saved))


class HighWordTest(unittest.TestCase):
    """Device ids beyond 32 bits: one device fills the high word of its replies."""

    LONG_ID = 16 << 32 | DEVICE_ID

    def asked(self, session):
        _, datagram = session.request(BODY, 0.0)
        return packet.decode(datagram).header.device_id

    def test_a_silence_is_followed_by_a_request_with_0_in_the_high_word(self):
        session = Session(Credentials(Token(TOKEN)), 1)
        session.hello(hello(1, device_id=self.LONG_ID), 0.0)
        asked = []
        for _ in range(4):
            asked.append(self.asked(session))
            session.silence()
        self.assertEqual(asked, [self.LONG_ID, DEVICE_ID] * 2)

    def test_what_was_answered_is_kept(self):
        session = Session(Credentials(Token(TOKEN)), 1)
        session.hello(hello(1, device_id=self.LONG_ID), 0.0)
        session.silence()
        session.reply(signed('{"id":7,"result":1}'), (7,), 0.0)
        session.silence()
        self.assertEqual(self.asked(session), DEVICE_ID)

    def test_ordinary_ids_are_sent_as_they_came(self):
        session = Session(Credentials(Token(TOKEN)), 1)
        session.hello(hello(1), 0.0)
        session.silence()
        self.assertEqual(self.asked(session), DEVICE_ID)
