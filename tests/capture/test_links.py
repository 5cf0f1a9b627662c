# SPDX-License-Identifier: MIT
"""Link layers: each finds IPv4, and nothing else."""

import struct
import unittest

from miio_pure import MiioError
from miio_pure.capture.links import LINKS

from ..support import captures
from ..support.captures import ETHERNET, LINK_HEADERS, PKTAP, RADIOTAP, SNAP, read_all

PACKET = captures.to_device(captures.hello())


class LinksTest(unittest.TestCase):
    def read(self, header, kind, packet=PACKET):
        """Return how many messages there are in a frame."""
        return len(read_all(captures.pcap([header + packet], kind)))

    def test_every_link_type_is_read(self):
        self.assertEqual(set(LINK_HEADERS), set(LINKS))
        for kind, header in LINK_HEADERS.items():
            with self.subTest(kind=kind):
                self.assertEqual(self.read(header, kind), 1)

    def test_a_frame_that_is_cut_anywhere_is_no_message(self):
        for kind, header in LINK_HEADERS.items():
            for end in range(len(header) + 28):
                frame = (header + PACKET)[:end]
                with self.subTest(kind=kind, end=end):
                    self.assertEqual(read_all(captures.pcap([frame], kind)), [])

    def test_other_link_types_are_named(self):
        for kind in (2, 105, 147, 65535):
            with self.assertRaisesRegex(MiioError, "link type %d cannot" % kind):
                read_all(captures.pcap([], kind))

    def test_tags_of_ethernet(self):
        for tags in (b"\x81\0\0\1", b"\x88\xa8\0\1\x81\0\0\2", b"\x91\0\0\1" * 50):
            header = bytes(12) + tags + b"\x08\0"
            self.assertEqual(self.read(header, ETHERNET), 1)
        for tags in (b"\x86\xdd", b"\x81\0\0\1\x86\xdd", b"\x08\6"):
            self.assertEqual(self.read(bytes(12) + tags, ETHERNET), 0)

    def test_the_family_of_a_loopback_is_in_any_byte_order(self):
        for kind in (captures.NULL, captures.LOOP):
            for header, count in (
                (b"\0\0\0\2", 1),
                (b"\2\0\0\0", 1),
                (b"\0\0\0\x1e", 0),
            ):
                self.assertEqual(self.read(header, kind), count)

    def test_other_protocols_than_ipv4(self):
        self.assertEqual(self.read(bytes(14) + b"\x86\xdd", captures.COOKED), 0)
        self.assertEqual(self.read(b"\x86\xdd" + bytes(18), captures.COOKED_2), 0)

    def test_frames_from_the_air(self):
        def frame(kind, flags, size, start=8, more=SNAP):
            radiotap = struct.pack("<HH", 0, start) + bytes(start - 4)
            return radiotap + bytes([kind, flags]) + bytes(size - 2) + more

        for header, count in (
            (frame(0x08, 0x02, 24), 1),
            (frame(0x08, 0x01, 24, start=36), 1),
            (frame(0x88, 0x02, 26), 1),
            (frame(0x88, 0x82, 30), 1),
            (frame(0x08, 0x03, 30), 1),
            (frame(0x88, 0x03, 32), 1),
            # Encrypted; without data; a beacon; another protocol.
            (frame(0x08, 0x42, 24), 0),
            (frame(0x48, 0x02, 24), 0),
            (frame(0x80, 0x00, 24), 0),
            (frame(0x08, 0x02, 24, more=SNAP[:6] + b"\x86\xdd"), 0),
        ):
            self.assertEqual(self.read(header, RADIOTAP), count, header)

    def test_macos_names_the_link_inside(self):
        def header(size, inner):
            return struct.pack("<3I", size, 1, inner) + bytes(max(0, size - 12))

        raw = captures.RAW
        self.assertEqual(self.read(header(108, raw), PKTAP), 1)
        self.assertEqual(self.read(header(12, raw), PKTAP), 1)
        # Nested, not known, not IPv4, and lengths that lead nowhere.
        for one in (
            header(108, PKTAP),
            header(0, PKTAP),
            header(108, 189),
            header(108, captures.NULL),
            struct.pack("<3I", 0xFFFFFFFF, 1, raw),
            struct.pack("<3I", 0, 1, raw),
        ):
            self.assertEqual(self.read(one, PKTAP), 0)
