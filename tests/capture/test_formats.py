# SPDX-License-Identifier: MIT
"""pcap and pcapng: byte orders, units of time, blocks, damage."""

import io
import os
import struct
import threading
import unittest

from miio_pure import MiioError
from miio_pure.capture import is_capture, read

from ..support import captures
from ..support.captures import START, read_all

FRAMES = captures.link(captures.conversation())
KINDS = ["hello", "hello reply", "request", "reply"]


class FormatCase(unittest.TestCase):
    def check(self, data, times=None):
        """A capture has the four messages of the conversation, at these times."""
        messages = read_all(data)
        self.assertEqual([one.kind for one in messages], KINDS)
        self.assertEqual([one.error for one in messages], [None] * 4)
        if times is None:
            times = [START + number / 100 for number in range(4)]
        for message, time in zip(messages, times):
            if time is None:
                self.assertIsNone(message.time)
            else:
                self.assertAlmostEqual(message.time, time, 5)

    def check_error(self, data, text, count=0):
        """A capture fails with this text, after this many messages."""
        found = []
        with self.assertRaisesRegex(MiioError, text):
            for message in read(io.BytesIO(data), [captures.TOKEN]):
                found.append(message)
        self.assertEqual(len(found), count)


class AnyFormatTest(FormatCase):
    def test_formats_are_known_by_their_first_bytes(self):
        for data in (captures.pcap([]), captures.pcapng([])):
            self.assertTrue(is_capture(data))
            self.assertEqual(read_all(data), [])
        for data in (b"", b"\xa1\xb2\xc3", b"SQLite format 3\0"):
            self.assertFalse(is_capture(data))

    def test_what_is_no_capture_is_an_error(self):
        self.check_error(b"", "empty")
        self.check_error(b"{}", "expected a capture in the format pcap or pcapng")
        self.check_error(b"\x1f\x8b\x08\0", "gzip: unpack it first")

    def test_a_file_that_is_cut_at_any_byte_gives_what_came_before(self):
        for data in (captures.pcap(FRAMES), captures.pcapng(FRAMES)):
            counts = set()
            for end in range(len(data)):
                found = []
                try:
                    for message in read(io.BytesIO(data[:end]), [captures.TOKEN]):
                        found.append(message)
                except MiioError as error:
                    self.assertRegex(str(error), "its end is missing|capture")
                else:
                    # It was cut between two packets.
                    self.assertIn(len(found), range(4))
                counts.add(len(found))
            self.assertEqual(counts, set(range(4)))

    def test_a_file_may_return_less_than_was_asked_for(self):
        class Slow(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 3))

        for data in (captures.pcap(FRAMES), captures.pcapng(FRAMES)):
            found = list(read(Slow(data), [captures.TOKEN]))
            self.assertEqual([one.kind for one in found], KINDS)

    def test_each_message_comes_out_of_a_pipe_when_it_is_there(self):
        for data, sizes in (
            (captures.pcap(FRAMES), [24] + [16 + len(one) for one in FRAMES]),
            (captures.pcapng(FRAMES), None),
        ):
            if sizes is None:
                # A section, an interface, and blocks padded to 4 bytes.
                sizes = [28 + 20] + [32 + len(one) + -len(one) % 4 for one in FRAMES]
            self.assertEqual(sum(sizes), len(data))
            source, sink = os.pipe()
            with open(source, "rb") as file, open(sink, "wb", 0) as out:
                messages = read(file, [captures.TOKEN])
                out.write(data[: sizes[0]])
                at = sizes[0]
                for size, kind in zip(sizes[1:], KINDS):
                    out.write(data[at : at + size])
                    at += size
                    self.assertEqual(self.take(messages).kind, kind)

    def take(self, messages):
        """Return the next message; fail if it does not come."""
        found = []
        thread = threading.Thread(
            target=lambda: found.append(next(messages)), daemon=True
        )
        thread.start()
        thread.join(10)
        self.assertTrue(found, "the message does not come")
        return found[0]


class PcapTest(FormatCase):
    def test_byte_orders_and_units(self):
        for order in "<>":
            for nano in (False, True):
                self.check(captures.pcap(FRAMES, order=order, nano=nano))

    def test_only_the_low_half_of_the_link_type_counts(self):
        data = captures.pcap(FRAMES)
        self.check(data[:20] + struct.pack("<I", 0xF4000001) + data[24:])

    def test_the_modified_kind_is_refused_by_name(self):
        for order in "<>":
            data = struct.pack(order + "I", 0xA1B2CD34) + bytes(40)
            self.assertTrue(is_capture(data))
            self.check_error(data, '"modified" pcap.*editcap')

    def test_lengths_that_no_packet_has(self):
        data = captures.pcap(FRAMES)
        for size in (0x40001, 0xFFFFFFFF):
            more = data + struct.pack("<4I", 1, 1, size, size) + bytes(100)
            self.check_error(more, "damaged.*%d bytes" % size, 4)

    def test_times_that_no_clock_shows(self):
        data = captures.pcap([])
        frame = FRAMES[0]
        data += struct.pack("<4I", 0xFFFFFFFF, 0xFFFFFFFF, len(frame), len(frame))
        (message,) = read_all(data + frame)
        self.assertGreater(message.time, 1 << 32)

    def test_packets_that_were_cut(self):
        data = captures.pcap(FRAMES, snaplen=70)
        for message in read_all(data)[1:]:
            self.assertIsNone(message.packet)
            self.assertEqual(message.device_id, captures.DEVICE_ID)
            self.assertRegex(str(message.error), "kept only 28 of its .* -s 0")


class PcapngTest(FormatCase):
    def test_byte_orders_and_units(self):
        for order in "<>":
            self.check(captures.pcapng(FRAMES, order=order))
            for exponent, units in ((9, 10**9), (3, 1000), (0x8A, 1024), (0, 1)):
                options = captures.option(2, b"eth0", order)
                options += captures.option(9, bytes([exponent]), order)
                options += captures.option(0, b"", order) + b"rest"
                data = captures.pcapng(
                    FRAMES, order=order, units=units, options=options
                )
                times = [
                    round((START + number / 100) * units) / units for number in range(4)
                ]
                self.check(data, times)

    def test_the_offset_of_an_interface(self):
        for offset in (3600, -3600):
            options = captures.option(14, struct.pack("<q", offset))
            times = [START + number / 100 + offset for number in range(4)]
            self.check(captures.pcapng(FRAMES, options=options), times)
        for offset in (-(1 << 63), (1 << 63) - 1):
            options = captures.option(14, struct.pack("<q", offset))
            data = captures.pcapng(FRAMES, options=options)
            self.assertEqual([one.kind for one in read_all(data)], KINDS)

    def test_units_that_no_clock_has(self):
        for exponent in (0x7F, 0xFF):
            options = captures.option(9, bytes([exponent]))
            data = captures.pcapng(FRAMES, options=options)
            self.assertEqual(len(read_all(data)), 4)

    def test_options_that_are_damaged_are_passed_over(self):
        for options in (
            b"\x09\0",
            captures.option(9, b""),
            captures.option(14, b"abc"),
            b"\x01\0\xff\xff" + bytes(8),
            b"\x01\0\0\0" * 5000,
        ):
            self.check(captures.pcapng(FRAMES, options=options))

    def test_a_section_begins_anew(self):
        data = captures.pcapng(FRAMES[:2], order=">")
        data += captures.pcapng(
            [(START + 0.02 + n / 100, FRAMES[2 + n]) for n in (0, 1)]
        )
        self.check(data)
        lost = captures.section() + captures.enhanced(FRAMES[0], 1)
        self.check_error(data + lost, "interface 0, but only 0", 4)

    def test_blocks_that_are_not_needed_are_skipped(self):
        extra = [captures.block(kind, bytes(200000)) for kind in (4, 5, 10, 0xBAD)]
        data = captures.section() + extra[0] + captures.interface() + extra[1]
        for number, frame in enumerate(FRAMES):
            ticks = round((START + number / 100) * 10**6)
            data += captures.enhanced(frame, ticks, options=captures.option(1, b"hi"))
            data += extra[2] + extra[3]
        self.check(data)

    def test_simple_packets_have_no_time(self):
        data = captures.section() + captures.interface()
        for frame in FRAMES:
            data += captures.simple(frame)
        self.check(data, [None] * 4)
        # Without a time, the same twice is two messages.
        self.assertEqual(len(read_all(data + captures.simple(FRAMES[0]))), 5)
        data = captures.section() + captures.interface(snaplen=70)
        data += captures.simple(FRAMES[3][:70], original=len(FRAMES[3]))
        (message,) = read_all(data)
        self.assertRegex(str(message.error), "kept only 28 of its")

    def test_obsolete_packets(self):
        data = captures.section() + captures.interface()
        for number, frame in enumerate(FRAMES):
            ticks = round((START + number / 100) * 10**6)
            head = struct.pack(
                "<HHIIII", 0, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame)
            )
            data += captures.block(2, head + frame)
        self.check(data)

    def test_packets_of_links_that_are_not_known_are_left_out(self):
        data = captures.section() + captures.interface(189) + captures.interface()
        ticks = round(START * 10**6)
        data += captures.enhanced(b"usb", ticks)
        for number, frame in enumerate(FRAMES):
            data += captures.enhanced(frame, ticks + number * 10000, number=1)
        self.check_error(data, "link type 189 cannot be read", 4)

    def test_so_many_links_that_not_all_are_named(self):
        data = captures.section()
        for number in range(300, 330):
            data += captures.interface(number)
            data += captures.enhanced(b"x", 1, number=number - 300)
        self.check_error(data, "link type 300, 301, .*, 319 cannot")

    def test_damage(self):
        good = captures.section() + captures.interface()
        one = captures.enhanced(FRAMES[0], 1)
        head = struct.pack("<5I", 0, 0, 1, 3000, 3000)
        for data, text in (
            (b"\x0a\x0d\x0d\x0a\x1c\0\0\0abcd" + bytes(16), "no byte order"),
            (
                good + captures.enhanced(FRAMES[0], 1, number=7),
                "interface 7, but only 1",
            ),
            (good + captures.block(1, b"ab"), "with 8 bytes in it, but there are 4"),
            (good + captures.block(6, b"ab"), "with 20 bytes in it, but there are 4"),
            (good + captures.block(6, head + b"ab"), "a packet of 3000 bytes is in"),
            (good + captures.block(6, bytes(12) + b"\xff" * 8), "4294967295 bytes"),
            (good + one[:-4] + b"\x01\0\0\0", "but 1 by its end"),
            (good + captures.block(4, b"")[:-4] + b"\x01\0\0\0", "but 1 by its end"),
            (good + struct.pack("<2I", 6, 11), "a block has 11 bytes"),
            (good + struct.pack("<2I", 4, 8), "a block has 8 bytes"),
            (good + struct.pack("<2I", 4, 14) + bytes(8), "a block has 14 bytes"),
            (good + struct.pack("<2I", 6, 0xFFFFFFFC), "of 4294967292 bytes is"),
            (good + struct.pack("<2I", 4, 0xFFFFFFFC), "its end is missing"),
            (captures.section() + captures.interface() * 4097, "over 4096 interfaces"),
        ):
            self.check_error(data, text)
