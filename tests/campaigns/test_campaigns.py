# SPDX-License-Identifier: MIT
"""Bad bytes and bad networks; .ci/run does the same with larger numbers."""

import contextlib
import gzip
import io
import json
import random
import unittest
from unittest import mock

from miio_pure import MiioError, PayloadError, packet, payload
from miio_pure.cli.typed import load_typed
from miio_pure.files.effort import Effort
from miio_pure.tokens import search

from ..support import backups
from ..support.samples import FilesCase

from . import databases, fuzz, hostile, scenarios, specs, stores


class QuietCase(unittest.TestCase):
    def setUp(self):
        silence = contextlib.redirect_stdout(io.StringIO())
        self.said = silence.__enter__()
        self.addCleanup(silence.__exit__, None, None, None)


class PromiseTest(QuietCase):
    def test_every_prefix_of_every_vector(self):
        for datagram, token in fuzz.known_packets():
            for end in range(min(len(datagram), 700)):
                with self.assertRaises(MiioError):
                    packet.decode(datagram[:end], token)

    def test_every_flipped_bit_of_every_vector(self):
        for datagram, token in fuzz.known_packets():
            for bit in range(8 * min(len(datagram), 160)):
                damaged = bytearray(datagram)
                damaged[bit // 8] ^= 1 << bit % 8
                if len(datagram) > 32:
                    with self.assertRaises(MiioError):
                        packet.decode(bytes(damaged), token)
                else:
                    fuzz.quietly(packet.decode, bytes(damaged), token)

    def test_every_prefix_of_every_payload_signed(self):
        victims = fuzz.Victims(fuzz.SECRET)
        for text in fuzz.known_payloads():
            for end in range(min(len(text), 60)):
                victims.take(fuzz.signed(text[:end]))
            fuzz.fuzz_payload(text)

    def test_largest_datagrams(self):
        victims = fuzz.Victims(fuzz.SECRET)
        victims.take(packet.encode(fuzz.SECRET, bytes(65471), device_id=1, stamp=1))
        for length in (65504, 65507, 65535):
            datagram = b"\x21\x31" + length.to_bytes(2, "big") + bytes(length - 4)
            victims.take(datagram)
            victims.take(datagram[:16] + b"\xff" * (length - 16))

    def test_mutations(self):
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            fuzz.run(400, seed)

    def test_finds(self):
        """What fuzzing found once: these were exceptions or wrong values."""
        self.assertEqual(payload.load(b'{"a":[e5]}'), {"a": ["e5"]})
        for text in (
            b'{"a":"\\u-001"}',
            b'{"a":[-]}',
            b'{"a":"\\',
            b"{'a\\'",
            b"[-e3]",
        ):
            self.assertRaises(PayloadError, payload.load, text)
            self.assertRaises(PayloadError, load_typed, text.decode())


class DatabasesTest(QuietCase):
    def test_random_databases(self):
        """Our reader tells what sqlite3 tells, and survives damage."""
        seed = random.randrange(1 << 32)
        for number in range(seed, seed + 8):
            with self.subTest(seed=number):
                same, files = databases.compare(number)
                self.assertTrue(same)
                for damage_seed in range(20):
                    databases.damage(random.Random(damage_seed), files)


class SpecsTest(QuietCase):
    def test_client_and_device_judge_alike(self):
        """And damaged specs and spoiled replies do no harm."""
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            specs.run(24, seed)


class StoresTest(QuietCase):
    def test_random_devices_come_back_exactly(self):
        failed = stores.run(150, random.randrange(1 << 32))
        self.assertIsNone(failed, self.said.getvalue())

    def test_files_that_are_cut_off_give_no_wrong_token(self):
        failed = stores.cut(random.randrange(20, 40))
        self.assertIsNone(failed, self.said.getvalue())

    def test_mutated_texts(self):
        seed = random.randrange(1 << 32)
        with self.subTest(seed=seed):
            stores.mutate(300, seed)

    def test_lines_that_get_lost_never_mix_devices(self):
        failed = stores.lose(300, random.randrange(1 << 32))
        self.assertIsNone(failed, self.said.getvalue())


class HostileTest(FilesCase):
    """Whatever a file asks for, no more than the effort of its path is spent."""

    EFFORT = 200000

    def search_in_part(self, data):
        """Search with little effort: what is found before it ends counts."""
        members = {"cache": json.dumps(backups.DEVICE).encode(), "attack": data}
        effort = mock.patch.object(search, "Effort", lambda: Effort(self.EFFORT))
        with effort:
            found = self.search(backups.zipped(members), password="secret")
        ids = [record.device_id for record in found.records]
        self.assertIn(backups.DEVICE["did"], ids)
        self.assertIn("the rest was left out", found.notes[0][1])

    def test_each_ends_when_the_effort_is_spent(self):
        many = hostile.zip_of_many(5000)
        for data in (
            hostile.overlapping(2),
            hostile.zip_of(hostile.overlapping(1), 3),
            hostile.zip_of(many, 3),
            hostile.zip_of(hostile.encrypted_header(), 3),
            hostile.zip_of(b'{"token" x\n' * 100000, 2),
            hostile.zip_of(hostile.keys(), 9),
            hostile.zip_of((b"x" * 99 + b"\n") * 50000, 3),
            hostile.zlib_tar(9000),
            hostile.invalid_utf16(),
            hostile.devices(1000, "x" * 1000),
            b'{"token": [' + b"[[],[]]," * 200000 + b"0]}",
            b"&quot;token&quot;" + b"&#65;" * 50000,
            hostile.TOKEN_LINE + b"a: b\n" * 60000,
            hostile.TOKEN_LINE * 40000,
            hostile.TOKEN_LINE + b"MIIO_IP=1\n" * 60000,
            b"miio: token " + b"a " * 400000,
            b"\xff\xfe" + b"a\0\n\0" * 400000,
            b"\x1b[1m\n" * 60000,
            gzip.compress(b"") * 6000,
            gzip.compress((b"x" * 99 + b"\n") * 90000),
        ):
            self.search_in_part(data)


class WireTest(QuietCase):
    def test_scenarios(self):
        failed = scenarios.run(400, random.randrange(1 << 32))
        self.assertIsNone(failed, self.said.getvalue())

    def test_success_is_what_arithmetic_predicts(self):
        """Each way loses 30 %: a send fails at 0.51, a call at 0.51 cubed."""
        calls, expected = 3000, 1 - 0.51**3
        deviation = (expected * (1 - expected) / calls) ** 0.5
        rate = scenarios.success_rate(calls, 1)
        self.assertLess(abs(rate - expected), 3 * deviation)


class RulesTest(QuietCase):
    """The rules can tell a bad client from a good one."""

    def broken(self, count=60):
        return scenarios.run(count, 1) is not None

    def spoil(self, target, name, value):
        original = getattr(target, name)
        setattr(target, name, value)
        self.addCleanup(setattr, target, name, original)

    def test_answers_of_earlier_calls(self):
        from miio_pure.session import Session

        reply = Session.reply
        self.spoil(
            Session,
            "reply",
            lambda self, datagram, idents, now: reply(
                self, datagram, Everything(), now
            ),
        )
        self.assertTrue(self.broken(200))

    def test_new_ids_for_writes(self):
        from miio_pure import exchange

        self.spoil(exchange, "READS", ("",))
        self.assertTrue(self.broken())

    def test_clock_that_stands(self):
        from miio_pure.session import Session

        self.spoil(Session, "stamp", lambda self, now: self._stamp)
        self.assertTrue(self.broken())

    def test_more_time_than_there_is(self):
        from miio_pure import exchange

        ask = exchange.ask
        self.spoil(
            exchange, "ask", lambda s, r, deadline, now: ask(s, r, deadline + 1, now)
        )
        self.assertTrue(self.broken())
        self.assertIn("deadline", self.said.getvalue())


class Everything:
    """Holds all there is."""

    def __contains__(self, thing):
        return True
