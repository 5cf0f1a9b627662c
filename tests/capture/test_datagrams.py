# SPDX-License-Identifier: MIT
"""IP, fragments and UDP: what is there, what is not, and what lies."""

import random
import struct
import unittest

from miio_pure import packet

from ..support import captures
from ..support.captures import DEVICE, START, read_all

LONG = captures.reply(result=["x" * 5000])
PARTS = captures.fragments(LONG)


class DatagramCase(unittest.TestCase):
    def read(self, packets, **options):
        return read_all(captures.pcap(captures.link(packets), **options))

    def check_whole(self, packets, count=1, **options):
        """The long reply comes out, so many times."""
        messages = self.read(packets, **options)
        self.assertEqual([one.error for one in messages], [None] * count)
        for message in messages:
            self.assertEqual(message.json["result"], ["x" * 5000])

    def check_lack(self, packets, text, **options):
        """There is one message, which says what is missing."""
        (message,) = self.read(packets, **options)
        self.assertRegex(str(message.error), text)
        self.assertIsNone(message.packet)
        self.assertEqual(message.device_id, captures.DEVICE_ID)
        self.assertEqual(message.data, LONG[: len(message.data)])


class PacketTest(DatagramCase):
    def test_what_stands_behind_the_end_is_padding(self):
        one = captures.to_device(captures.hello())
        for more in (bytes(20), b"\xff" * 500):
            (message,) = self.read([one + more])
            self.assertEqual(message.data, packet.HELLO)

    def test_a_length_of_0_is_that_of_segmentation_offload(self):
        one = captures.to_device(captures.hello())
        (message,) = self.read([one[:2] + b"\0\0" + one[4:] + bytes(9)])
        self.assertEqual(message.data, packet.HELLO)

    def test_options_of_ip(self):
        for size in (4, 40):
            one = captures.to_device(captures.hello(), options=bytes(size))
            self.assertEqual(len(self.read([one])), 1)

    def test_other_protocols_and_versions_are_passed_over(self):
        one = captures.to_device(captures.hello())
        tcp = captures.to_device(captures.hello(), protocol=6)
        for other in (tcp, b"\x65" + one[1:], b"\x44" + one[1:], one[:19], b""):
            self.assertEqual(self.read([other]), [])

    def test_a_udp_header_that_lies(self):
        one = captures.to_device(captures.hello())
        for length in (0, 7):
            lying = one[:24] + struct.pack(">H", length) + one[26:]
            self.assertEqual(self.read([lying]), [])
        lying = one[:24] + struct.pack(">H", 500) + one[26:]
        (message,) = self.read([lying])
        self.assertRegex(str(message.error), "only 32 of its 492 bytes .* damaged")
        self.assertEqual(message.data, packet.HELLO)

    def test_an_ip_header_that_lies(self):
        one = captures.to_device(captures.hello())
        for total in (1, 20, 27, 28, 59, 61, 65535):
            lying = one[:2] + struct.pack(">H", total) + one[4:]
            for message in self.read([lying]):
                is_whole = total > 60
                self.assertEqual(message.error is None, is_whole, total)


class FragmentsTest(DatagramCase):
    def test_in_any_order(self):
        self.assertEqual(len(PARTS), 4)
        self.check_whole(PARTS)
        self.check_whole(PARTS[::-1])
        shuffled = list(PARTS)
        random.Random(1).shuffle(shuffled)
        self.check_whole(shuffled)

    def test_between_others(self):
        others = captures.fragments(LONG, ident=10)
        both = [part for pair in zip(PARTS, others) for part in pair]
        self.check_whole(both, 2)

    def test_of_any_size(self):
        for size in (576 // 8 * 8, 5048, 5056):
            self.check_whole(captures.fragments(LONG, size))

    def test_each_repeated(self):
        self.check_whole([part for part in PARTS for _ in range(3)])
        self.check_whole(PARTS + PARTS)

    def test_the_time_is_that_of_the_last_one(self):
        (message,) = self.read(PARTS)
        self.assertAlmostEqual(message.time, START + 0.03, 5)

    def test_a_filter_on_ports_loses_all_but_the_first(self):
        text = "only 1472 of its .*: capture with the filter host ADDRESS"
        self.check_lack(PARTS[:1], text)
        self.check_lack(PARTS[1::-1], "only 2952 of its")
        self.check_lack([PARTS[0], PARTS[2], PARTS[3]], "only 1472 of its")
        self.assertEqual(self.read(PARTS[1:]), [])

    def test_what_is_lost_is_told_before_the_capture_ends(self):
        hello = captures.link([captures.to_device(captures.hello())])
        frames = [(START, captures.link(PARTS)[0]), (START + 6, hello[0])]
        messages = read_all(captures.pcap(frames))
        self.assertEqual([one.kind for one in messages], ["reply", "hello"])
        self.assertEqual(messages[0].time, START)

    def test_a_new_packet_may_have_the_same_identification(self):
        new = captures.fragments(captures.reply(2, ["y" * 5000]))
        messages = self.read(PARTS[:2] + new)
        self.assertEqual(len(messages), 2)
        self.assertRegex(str(messages[0].error), "only 2952 of its")
        self.assertEqual(messages[1].json["id"], 2)

    def test_fragments_that_were_cut(self):
        text = "kept only 66 of its .* -s 0"
        self.check_lack(PARTS, text, snaplen=108)
        frames = captures.link(PARTS)
        data = captures.pcap(frames[:3])
        last = frames[3][:100]
        data += struct.pack("<4I", int(START), 1, len(last), len(frames[3])) + last
        (message,) = read_all(data)
        self.assertRegex(str(message.error), "kept only 4498 of its")

    def test_fragments_that_overlap(self):
        body = captures.udp(LONG, 54321, 41234)

        def part(start, end, more=True):
            flags = start // 8 | 0x2000 * more
            return captures.ip(body[start:end], DEVICE, captures.CLIENT, 9, flags)

        size = len(body)
        end = part(2960, size, False)
        for middle in (part(1472, 2960), part(8, 4000), part(8, 2960)):
            text = "only 1472 of its .* overlap"
            self.check_lack([part(0, 1480), middle, end], text)
        # Two beginnings may be those of two packets; the checksum tells.
        messages = self.read([part(0, 1480), part(0, 2960), end])
        self.assertRegex(str(messages[0].error), "only 1472 of its .* missing")
        self.assertIsNone(messages[1].error)

    def test_absurd_fragments(self):
        def part(offset, size, more=True, ident=9):
            flags = offset | 0x2000 * more
            return captures.ip(bytes(size), DEVICE, captures.CLIENT, ident, flags)

        self.assertEqual(self.read([part(0, 4)]), [])
        self.assertEqual(self.read([part(0x1FFF, 65000), part(0x1FFE, 60000)]), [])
        endless = [part(n, 0) for n in range(0x2000)]
        self.assertEqual(self.read(endless, step=0), [])
        many = [part(1, 8, True, ident) for ident in range(300)]
        self.assertEqual(self.read(many), [])
        short = part(0, 40)
        self.assertEqual(self.read([short[:2] + b"\0\1" + short[4:]] * 2), [])

    def test_of_many_packets_the_oldest_is_given_up(self):
        packets = [PARTS[0]]
        for ident in range(100, 200):
            packets += captures.fragments(LONG, ident=ident)[1:2]
        messages = self.read(packets + PARTS[1:], step=0.001)
        self.assertEqual(len(messages), 1)
        self.assertRegex(str(messages[0].error), "only 1472 of its")

    def test_a_capture_without_times(self):
        data = captures.section() + captures.interface()
        for frame in captures.link(PARTS + PARTS[:1]):
            data += captures.simple(frame)
        messages = read_all(data + captures.simple(captures.link(PARTS)[1]))
        self.assertEqual(len(messages), 2)
        self.assertIsNone(messages[0].error)
