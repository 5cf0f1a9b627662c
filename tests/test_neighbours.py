# SPDX-License-Identifier: MIT
"""Names, models and ids out of leases and announcements, good and hostile ones."""

import os
import random
import struct
import tempfile
import unittest
from unittest import mock

from miio_pure import MiioError, neighbours
from miio_pure.neighbours import Announcements, Question

from .support import announcements
from .support.announcements import (
    A,
    PTR,
    SERVICE,
    TXT,
    Responder,
    message,
    name,
    record,
)
from .support.system import interfaces, system

DEVICE = "zhimi-airpurifier-v7_miio357210272"
DNSMASQ = """\
1764130000 78:11:dc:aa:bb:cc 192.168.1.47 %s 01:78:11:dc:aa:bb:cc
1764130000 78:11:dc:aa:bb:cd 192.168.1.48 rockrobo *
1764130000 78:11:dc:aa:bb:ce 192.168.1.49 * *
0 78:11:dc:aa:bb:cf 192.168.1.50 lamp *
duid 00:01:00:01:2c:b4:ac:c5:78:11:dc:aa:bb:cc
1764130000 123456 fd00::47 laptop 00:01:00:01
""" % DEVICE
DHCPD = """\
# The format of this file is documented in the dhcpd.leases(5) manual page.
lease 192.168.1.47 {
  starts 4 2026/11/26 03:00:00;
  ends 4 2026/11/26 04:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 78:11:dc:aa:bb:cc;
  uid "\\001x\\021\\334";
  client-hostname "%s";
}
lease 192.168.1.48 {
  binding state active;
  client-hostname "old";
}
lease 192.168.1.48 {
  binding state free;
  client-hostname "old";
}
lease 192.168.1.50 {
  client-hostname "lamp";
}
server-duid "\\000\\001";
""" % DEVICE


def facts(found):
    return [(one.address, one.mac, one.device_id, one.model, one.name) for one in found]


class NamesTest(unittest.TestCase):
    def test_a_name_tells_model_and_id(self):
        for text, model, device_id in (
            (DEVICE, "zhimi.airpurifier.v7", 357210272),
            ("a_miio_miio7", "a_miio", 7),
            ("rockrobo", "rockrobo.vacuum.v1", None),
            ("lamp", "", None),
            ("_miio7", "", None),
            ("lamp_miio", "", None),
            ("lamp_miio7x", "", None),
            ("lamp_miio" + "9" * 5000, "", None),
            ("lamp_miio\u0663", "", None),
        ):
            self.assertEqual(neighbours.split_name(text), (model, device_id))


class LeasesTest(unittest.TestCase):
    def write(self, data):
        file = tempfile.NamedTemporaryFile(delete=False)
        self.addCleanup(os.remove, file.name)
        with file:
            file.write(data)
        return file.name

    def test_dnsmasq(self):
        found = neighbours.read_leases(self.write(DNSMASQ.encode()))
        mac = "78:11:dc:aa:bb:c"
        self.assertEqual(
            facts(found),
            [
                ("192.168.1.47", mac + "c", 357210272, "zhimi.airpurifier.v7", ""),
                ("192.168.1.48", mac + "d", None, "rockrobo.vacuum.v1", ""),
                ("192.168.1.49", mac + "e", None, "", ""),
                ("192.168.1.50", mac + "f", None, "", "lamp"),
            ],
        )
        self.assertIn("192.168.1.47", repr(found[0]))

    def test_the_last_block_of_dhcpd_counts(self):
        found = neighbours.read_leases(self.write(DHCPD.encode()))
        mac = "78:11:dc:aa:bb:cc"
        self.assertEqual(
            facts(found),
            [
                ("192.168.1.47", mac, 357210272, "zhimi.airpurifier.v7", ""),
                ("192.168.1.50", "", None, "", "lamp"),
            ],
        )

    def test_files_that_cannot_be_read(self):
        for path, text in (
            ("/no/such/file", "no such file"),
            ("/dev/zero", "no such file"),
            (self.write(b"x" * (neighbours.MAX_FILE + 1)), "too large"),
        ):
            with self.assertRaisesRegex(MiioError, text):
                neighbours.read_leases(path)
        denied = mock.patch("builtins.open", side_effect=PermissionError(13, "denied"))
        path = self.write(b"")
        with denied, self.assertRaisesRegex(MiioError, "denied"):
            neighbours.read_leases(path)

    def test_files_in_known_places_that_cannot_be_read_are_left_out(self):
        good, large = self.write(DNSMASQ.encode()), self.write(b"x" * (1 << 21))
        with mock.patch.object(neighbours, "PLACES", ("/no/file", large, good)):
            self.assertEqual(len(neighbours.find_leases()), 4)

    def test_what_is_no_lease_is_skipped(self):
        for text in (
            "lease\n}\n",
            "lease {\n}\nlease x {\n}",
            "}",
            "1 2 3 4",
            "1 mac 192.168.1.1",
            "\0\xff\n" * 99,
            "lease 192.168.1.1 {\n",
        ):
            self.assertEqual(neighbours.parse_leases(text), [])

    def test_damaged_files_are_read_as_far_as_they_make_sense(self):
        rng = random.Random(1)
        for text in (DNSMASQ, DHCPD):
            for _ in range(300):
                damaged = bytearray(text.encode())
                for _ in range(3):
                    damaged[rng.randrange(len(damaged))] = rng.randrange(256)
                neighbours.parse_leases(damaged.decode("utf-8", "replace"))


class AnnouncementsTest(unittest.TestCase):
    def tell(self, *datagrams, source="192.168.1.99"):
        known = Announcements()
        for datagram in datagrams:
            known.add(datagram, source)
        return facts(known.list_neighbours())

    def test_records_in_one_datagram_or_in_several_and_in_any_order(self):
        mac = "12:b4:29:35:44:65"
        wanted = [("192.168.1.47", mac, 357210272, "zhimi.airpurifier.v7", "")]
        records = announcements.records(DEVICE)
        self.assertEqual(self.tell(message(*records)), wanted)
        self.assertEqual(self.tell(message(*reversed(records))), wanted)
        self.assertEqual(self.tell(*map(message, records)), wanted)
        question = name(SERVICE) + struct.pack(">HH", PTR, 1)
        self.assertEqual(self.tell(message(*records, questions=question)), wanted)

    def test_names_may_be_compressed_and_in_capitals(self):
        # The service stands behind the header, and the instance behind that record.
        service, instance = b"\xc0\x0c", b"\xc0" + bytes([12 + 18 + 10])
        value = bytes([len(DEVICE)]) + DEVICE.upper().encode() + service
        datagram = message(
            record(SERVICE.upper(), PTR, value),
            record(instance, TXT, b"\x10mac=12B429354465"),
        )
        mac = "12:b4:29:35:44:65"
        self.assertEqual(
            self.tell(datagram),
            [("192.168.1.99", mac, 357210272, "zhimi.airpurifier.v7", "")],
        )

    def test_the_joined_texts_of_gateways(self):
        text = b"\x18poch=0:mac=12b429354465\x00"
        ((_, mac, _, _, _),) = self.tell(
            message(*announcements.records(DEVICE, text=text))
        )
        self.assertEqual(mac, "12:b4:29:35:44:65")
        for text in (b"", b"mac=", b"mac=12b42935446", b"mac=12b42935446x"):
            self.assertEqual(neighbours.find_mac(text), "")

    def test_other_services_and_other_names_are_left_out(self):
        records = announcements.records("lamp") + [
            record("_http._tcp.local", PTR, name(DEVICE + "._http._tcp.local")),
            record(SERVICE, PTR, name("somewhere.else")),
            record(DEVICE + "." + SERVICE, 47, b"NSEC"),
        ]
        self.assertEqual(self.tell(message(*records)), [])
        asked = message(*announcements.records(DEVICE), flags=0)
        self.assertEqual(self.tell(asked), [])

    def test_malformed_answers_count_up_to_the_damage(self):
        good = announcements.records(DEVICE)
        for bad in (
            b"",
            b"\xc0",
            b"\xff\xff",
            b"\x40" + b"x" * 64,
            name("x")[:-1],
            record(b"\x3f" + b"x" * 62 + b"\0", A, bytes(4)),
            record(b"\xc0\xff", A, bytes(4)),
            record(SERVICE, A, bytes(3)),
            record(SERVICE, PTR, b"\xc0"),
            record(SERVICE, A, bytes(4))[:-1],
            b"\x3f" + b"x" * 63 * 5,
            (b"\x01x" * 200) + b"\0",
        ):
            found = self.tell(message(*good, bad, count=0xFFFF))
            self.assertEqual(len(found), 1, bad)

    def test_pointers_cannot_make_a_circle(self):
        for start in range(12, 40):
            circle = bytes([0xC0, start]) * 30
            self.assertEqual(neighbours.parse(message(circle, count=50)), [])
        # These lead back and back, further than any name does.
        chain = b"\0" + b"".join(
            struct.pack(">H", 0xC000 | max(12, 12 + 1 + 2 * (i - 1)))
            for i in range(900)
        )
        with self.assertRaises(IndexError):
            neighbours.read_name(bytes(12) + chain, 12 + 1 + 2 * 899)

    def test_what_is_remembered_is_bounded(self):
        known = Announcements()
        for number in range(0, neighbours.MAX_INSTANCES + 50):
            records = announcements.records("a-b-c_miio%d" % number, "h%d" % number)
            known.add(message(*records), "192.168.1.1")
        self.assertEqual(len(known.list_neighbours()), neighbours.MAX_INSTANCES)
        many = [record("h%d" % i, A, bytes(4)) for i in range(1000)]
        self.assertEqual(len(neighbours.parse(message(*many))), neighbours.MAX_RECORDS)

    def test_every_prefix_and_every_changed_byte(self):
        datagram = message(*announcements.records(DEVICE))
        for end in range(len(datagram)):
            self.tell(datagram[:end])
            for byte in (0, 0x3F, 0xC0, 0xFF):
                self.tell(datagram[:end] + bytes([byte]) + datagram[end + 1 :])


class QuestionTest(unittest.TestCase):
    def ask(self, sources):
        question = Question(sources)
        self.addCleanup(question.close)
        return question

    def test_one_question_for_unicast_answers(self):
        with Responder(message(*announcements.records(DEVICE))) as responder:
            (found,) = self.ask(["127.0.0.1"]).collect()
        self.assertEqual(found.address, "192.168.1.47")
        (question,) = responder.asked
        wanted = name(SERVICE) + struct.pack(">HH", PTR, 0x8001)
        self.assertEqual(question[12:], wanted)

    def test_answers_from_another_port_are_none(self):
        with Responder(message(*announcements.records(DEVICE)), port=5354):
            self.assertEqual(self.ask(["127.0.0.1"]).collect(), [])

    def test_a_flood_ends(self):
        answers = [
            message(*announcements.records("a-b-c_miio%d" % number))
            for number in range(4)
        ]
        with Responder(*answers), mock.patch.object(neighbours, "MAX_DATAGRAMS", 2):
            question = self.ask(["127.0.0.1"])
            for _ in range(2):
                self.assertEqual(len(question.collect()), 2)

    def test_a_network_where_it_cannot_be_sent_is_left_out(self):
        with Responder() as responder:
            question = self.ask(["192.0.2.77", "127.0.0.1"])
            self.assertEqual(question.collect(), [])
        self.assertEqual(len(responder.asked), 1)


class SourcesTest(unittest.TestCase):
    def test_the_networks_of_the_targets(self):
        addresses = ["127.0.0.5", "127.0.0.6"]
        self.assertEqual(neighbours.find_sources(None, addresses), ["127.0.0.1"])
        self.assertEqual(neighbours.find_sources("br-lan", addresses), ["br-lan"])

    def test_all_networks(self):
        with interfaces(lo=(0x49, "127.0.0.1"), eth0=(0x1043, "192.168.1.1")):
            self.assertEqual(neighbours.find_sources(None, []), ["192.168.1.1"])

    def test_targets_that_no_network_leads_to(self):
        class Lost(neighbours.socket.socket):
            def connect(self, address):
                raise OSError(101, "Network is unreachable")

        def refuse(*args):
            raise OSError(24, "Too many open files")

        for replacement in (Lost, refuse):
            with system(socket=replacement):
                self.assertEqual(neighbours.find_sources(None, ["10.0.0.1"]), [])
