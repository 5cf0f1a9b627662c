# SPDX-License-Identifier: MIT
"""miIO in captures: kinds, tokens, pairs, duplicates, and why something is not read."""

import unittest

from miio_pure import (
    ChecksumError,
    MiioError,
    PacketError,
    PayloadError,
    Token,
    TokenError,
    packet,
)
from miio_pure.capture import find_datagram, read, read_packet
from miio_pure.capture.recent import Recent

from ..support import OTHER_TOKEN, TOKEN, captures
from ..support.captures import (
    CLIENT,
    CLIENT_PORT,
    DEVICE,
    DEVICE_ID,
    START,
    from_device,
    read_all,
    to_device,
)


class Saved:
    """Saved devices, which count how often they are asked."""

    def __init__(self, **tokens):
        self.tokens = tokens

    def token(self, device_id):
        token = self.tokens.get("d%d" % device_id)
        return token and Token(token)


class MessagesCase(unittest.TestCase):
    def read(self, packets, tokens=(TOKEN,), step=2, **options):
        """Return the messages in IP packets, which are two seconds apart."""
        data = captures.pcap(captures.link(packets), step=step)
        return read_all(data, tokens, **options)

    def read_one(self, one, tokens=(TOKEN,), **options):
        (message,) = self.read([one], tokens, **options)
        return message

    def check_error(self, message, kind, text):
        self.assertIs(type(message.error), kind)
        self.assertRegex(str(message.error), text)
        self.assertIsNone(message.json)
        self.assertNotIn(TOKEN, str(message.error))


class KindsTest(MessagesCase):
    def test_a_conversation(self):
        hello, answer, request, reply = self.read(captures.conversation(), step=0.25)
        self.assertEqual(hello.kind, "hello")
        self.assertEqual((hello.source, hello.source_port), (CLIENT, CLIENT_PORT))
        self.assertEqual((hello.destination, hello.destination_port), (DEVICE, 54321))
        self.assertEqual((hello.device_id, hello.data), (None, packet.HELLO))
        self.assertEqual(answer.kind, "hello reply")
        self.assertEqual(
            (answer.device_id, answer.packet.header.stamp), (DEVICE_ID, 77)
        )
        self.assertIsNone(answer.packet.token)
        self.assertEqual(request.kind, "request")
        fields = {"id": 1, "method": "get_prop", "params": ["power"]}
        self.assertEqual(request.json, fields)
        self.assertEqual(request.packet.header.stamp, 78)
        self.assertEqual((reply.kind, reply.json["result"]), ("reply", ["on"]))
        self.assertEqual(
            [one.time for one in (hello, answer, request, reply)],
            [START, START + 0.25, START + 0.5, START + 0.75],
        )
        self.assertNotIn(TOKEN, repr(request))

    def test_a_device_may_send_requests_itself(self):
        push = captures.encrypt({"id": 5, "method": "props", "params": {}})
        self.assertEqual(self.read_one(from_device(push)).kind, "request")
        error = captures.encrypt({"id": 5, "method": "x", "error": {"code": -1}})
        self.assertEqual(self.read_one(from_device(error)).kind, "reply")

    def test_a_rejection_of_a_token(self):
        header = packet.HEADER.pack(packet.MAGIC, 80, DEVICE_ID, 1, packet.REJECTED)
        message = self.read_one(from_device(header))
        self.assertEqual((message.kind, message.error), ("rejection", None))
        self.assertEqual((message.device_id, message.packet), (DEVICE_ID, None))

    def test_ports_tell_requests_from_replies_that_are_encrypted(self):
        one = captures.request()
        for source, destination, kind in (
            (40000, 54321, "request"),
            (54321, 40000, "reply"),
            (54321, 54321, "packet"),
            (40000, 40001, "packet"),
        ):
            body = captures.udp(one, source, destination)
            message = self.read_one(captures.ip(body, CLIENT, DEVICE), ())
            self.assertEqual((message.kind, message.device_id), (kind, DEVICE_ID))

    def test_other_ports_count_where_all_else_fits(self):
        rejection = packet.HEADER.pack(packet.MAGIC, 80, 1, 1, packet.REJECTED)
        for data, count in (
            (packet.HELLO, 1),
            (captures.request(), 1),
            (rejection, 1),
            (rejection[:-1] + b"\0", 0),
            (packet.HELLO + b"\0", 0),
            (b"\x21\x31\0\4", 0),
            (b"", 0),
            (b"\0" * 32, 0),
        ):
            body = captures.udp(data, 40000, 54400)
            found = self.read([captures.ip(body, CLIENT, DEVICE)])
            self.assertEqual(len(found), count, data)

    def test_what_is_no_packet_says_so(self):
        for data, text in (
            (b"", "32 bytes or more, not 0"),
            (b"GET / HTTP/1.1" + bytes(30), "starts with 2131, not 4745"),
            (packet.HELLO[:31], "not 31"),
            (packet.HELLO + b"\0", "says that it has 32 bytes, but 33 came"),
        ):
            self.check_error(self.read_one(to_device(data)), PacketError, text)

    def test_a_short_packet_to_a_device_is_a_hello_and_reveals_nothing(self):
        odd = captures.hello_reply(bytes.fromhex(TOKEN))
        messages = self.read([to_device(odd), from_device(captures.reply())], ())
        self.assertEqual([one.kind for one in messages], ["hello", "reply"])
        self.assertIsInstance(messages[1].error, TokenError)


class TokensTest(MessagesCase):
    def test_without_a_token(self):
        message = self.read_one(to_device(captures.request()), ())
        self.check_error(message, TokenError, "no token for device 4711")

    def test_several_are_tried(self):
        packets = [to_device(captures.request(token=OTHER_TOKEN, device_id=5))]
        packets += [to_device(captures.request())]
        for message in self.read(packets * 2, (TOKEN, OTHER_TOKEN)):
            self.assertIsNone(message.error)

    def test_a_malformed_one_is_an_error_at_once(self):
        with self.assertRaises(TokenError):
            read(None, ["abc"])

    def test_saved_ones_go_by_the_device_id(self):
        for device_id in (DEVICE_ID, 16 << 32 | DEVICE_ID):
            one = to_device(captures.request(device_id=device_id))
            message = self.read_one(one, (), saved=Saved(d4711=TOKEN))
            self.assertIsNone(message.error)
            self.assertEqual(message.device_id, device_id)
            message = self.read_one(one, (), saved=Saved(d4712=TOKEN))
            self.check_error(message, TokenError, "no token for device")

    def test_saved_ones_that_must_not_be_used_say_why(self):
        def refuse(device_id):
            raise TokenError("chmod 600")

        saved = Saved()
        saved.token = refuse
        message = self.read_one(to_device(captures.request()), (), saved=saved)
        self.check_error(message, TokenError, "chmod 600")

    def test_one_that_is_revealed_opens_what_follows(self):
        revealed = from_device(captures.hello_reply(bytes.fromhex(TOKEN)))
        packets = [to_device(captures.request()), revealed]
        packets += [to_device(captures.request(2)), from_device(captures.reply(2))]
        before, hello, request, reply = self.read(packets, ())
        self.check_error(before, TokenError, "no token")
        self.assertEqual(hello.packet.token.hex(), TOKEN)
        self.assertEqual(request.json["id"], 2)
        self.assertEqual(reply.json["result"], ["on"])

    def test_one_that_is_revealed_serves_that_device_only(self):
        revealed = from_device(captures.hello_reply(bytes.fromhex(TOKEN)))
        other = to_device(captures.request(device_id=5))
        _, message = self.read([revealed, other], ())
        self.check_error(message, TokenError, "no token for device 5")

    def test_another_token(self):
        one = to_device(captures.request(token=OTHER_TOKEN))
        text = "another token than the one that is known, or damaged"
        self.check_error(self.read_one(one), ChecksumError, text)
        message = self.read_one(one, (TOKEN, "0" * 31 + "1"))
        self.check_error(message, ChecksumError, "than the ones known")

    def test_a_device_whose_packets_were_read_before(self):
        damaged = bytearray(captures.reply())
        damaged[-1] ^= 1
        packets = [to_device(captures.request()), from_device(damaged)]
        _, message = self.read(packets)
        self.check_error(message, ChecksumError, "^damaged, or signed with another")

    def test_a_device_may_get_a_new_token(self):
        packets = [
            from_device(captures.reply()),
            from_device(captures.hello_reply(bytes.fromhex(OTHER_TOKEN))),
            from_device(captures.reply(2, token=OTHER_TOKEN)),
            from_device(captures.reply(3, token=OTHER_TOKEN)),
        ]
        messages = self.read(packets)
        self.assertEqual([one.error for one in messages], [None] * 4)

    def test_payloads_that_are_not_json(self):
        message = self.read_one(to_device(captures.encrypt(b"[1]")))
        self.check_error(message, PayloadError, "a JSON object")
        self.assertEqual(message.packet.payload, b"[1]")
        message = self.read_one(
            to_device(captures.encrypt(b'{"id":01,"result":[net]}'))
        )
        self.assertEqual(message.json, {"id": 1, "result": ["net"]})
        self.assertEqual(message.repairs, ["leading zero", "bare word"])

    def test_a_payload_with_bad_padding(self):
        data = captures.request()[:32] + bytes(16)
        data = data[:2] + b"\0\x30" + data[4:]
        signed = data[:16] + bytes.fromhex(TOKEN) + data[32:]
        data = data[:16] + packet._md5(signed).digest() + data[32:]
        self.check_error(self.read_one(to_device(data)), PacketError, "padding")


class PairsTest(MessagesCase):
    def took(self, packets, **options):
        return [one.took for one in self.read(packets, **options)]

    def test_replies_tell_how_long_they_took(self):
        took = self.took(captures.conversation(), step=0.25)
        self.assertEqual(took, [None, 0.25, None, 0.25])

    def test_a_hello_by_broadcast_has_many_replies(self):
        hello = captures.udp(captures.hello(), CLIENT_PORT, 54321)
        packets = [captures.ip(hello, CLIENT, captures.BROADCAST)]
        for number in (1, 2):
            answer = captures.udp(
                captures.hello_reply(device_id=number), 54321, CLIENT_PORT
            )
            packets.append(captures.ip(answer, "192.168.1.%d" % number, CLIENT))
        self.assertEqual(self.took(packets, step=0.5), [None, 0.5, 1.0])

    def test_replies_without_a_request_and_others_ids_do_not_count(self):
        packets = [
            from_device(captures.reply(1)),
            to_device(captures.request(1)),
            from_device(captures.reply(2)),
            from_device(captures.encrypt({"id": [1], "result": []})),
            from_device(captures.encrypt({"id": True, "result": []})),
            from_device(captures.encrypt({"result": []})),
            to_device(captures.encrypt({"method": "x"})),
        ]
        self.assertEqual(self.took(packets), [None] * 7)

    def test_a_clock_that_goes_back_measures_nothing(self):
        request, reply = captures.link(captures.conversation()[2:])
        messages = read_all(captures.pcap([(START, request), (START - 1, reply)]))
        self.assertEqual([one.took for one in messages], [None, None])

    def test_a_request_that_is_repeated_counts_from_the_last_time(self):
        request, reply = captures.conversation()[2:]
        took = self.took([request, request, reply])
        self.assertEqual(took, [None, None, 2.0])


class DuplicatesTest(MessagesCase):
    def test_equal_datagrams_within_a_second_count_once(self):
        packets = captures.conversation()
        twice = [one for one in packets for _ in range(3)]
        self.assertEqual(len(self.read(twice, step=0.01)), 4)
        self.assertEqual(len(self.read(packets[:1] * 3, step=0.6)), 2)
        self.assertEqual(len(self.read(packets[:1] * 3, step=1.5)), 3)

    def test_only_equal_ones_count_once(self):
        one = captures.hello()
        body = captures.udp(one, CLIENT_PORT, 54321)
        packets = [
            to_device(one, 1),
            to_device(one, 2),
            captures.ip(body, CLIENT, "192.168.1.48", 1),
            captures.ip(body, "192.168.1.11", DEVICE, 1),
            captures.ip(captures.udp(one, 4000, 54321), CLIENT, DEVICE, 1),
        ]
        self.assertEqual(len(self.read(packets, step=0.01)), 5)


class RecentTest(unittest.TestCase):
    def test_the_last_values_are_kept_and_old_ones_forgotten(self):
        recent = Recent(100)
        for number in range(1000):
            recent.put(number, str(number))
            self.assertEqual(recent.get(number), str(number))
            if number > 50:
                self.assertEqual(recent.get(number - 50), str(number - 50))
        self.assertIsNone(recent.get(800))

    def test_heavy_values_push_others_out(self):
        recent = Recent(100)
        recent.put("a", 1)
        for number in range(3):
            recent.put(number, 1, 200)
        self.assertIsNone(recent.get("a"))
        self.assertIsNone(recent.get(0))
        self.assertEqual(recent.get(2), 1)


class PacketTest(unittest.TestCase):
    def test_a_packet_by_itself(self):
        message = read_packet(captures.request(), [TOKEN])
        self.assertEqual(message.json["method"], "get_prop")
        self.assertEqual(
            (message.time, message.source, message.source_port), (None, "", 0)
        )
        with self.assertRaisesRegex(MiioError, "no token"):
            raise read_packet(captures.request()).error

    def test_headers_may_stand_before_it(self):
        one = to_device(captures.request())
        for header in (b"", bytes(12) + b"\x08\0"):
            message = read_packet(header + one, [TOKEN])
            self.assertEqual(message.json["method"], "get_prop")
            self.assertEqual(message.destination, DEVICE)

    def test_what_has_no_headers_is_taken_as_it_is(self):
        for data in (b"", b"abc", captures.request()):
            self.assertEqual(find_datagram(data).data, data)
