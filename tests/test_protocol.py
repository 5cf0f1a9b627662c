# SPDX-License-Identifier: MIT
"""PROTOCOL.rst is right: each of its examples is computed again from what it says."""

import ast
import json
import os
import re
import string
import unittest
from configparser import ConfigParser
from hashlib import md5

from miio_pure import (
    Client,
    Token,
    TokenError,
    aes,
    errors,
    exchange,
    packet,
    payload,
    session,
)
from miio_pure.cli import pack
from miio_pure.miot import Miot, Spec, calls
from miio_pure.simulator import FakeDevice, Simulator

from .support import ROOT, TOKEN, house, vectors

PATH = os.path.join(house.PACKAGE, "PROTOCOL.rst")
DEVICE_ID = 19088743
COLUMNS = 4  # of the drawing, for each byte
MAX_WIDTH = 92  # characters
PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
# A line of an example: the name of a field or nothing, 16 bytes in four groups, a note.
HEX_LINE = re.compile(r"^  (\w*) +((?:[0-9a-f]{8} ){3}[0-9a-f]{8})(?:  (.+))?$", re.M)
NUMBER = re.compile(r"(?:length|device|clock) (\d+)")
# A row of a table whose first column is an error code.
CODE = re.compile(r"^(-\d+)  +(\w.*)$", re.M)
# A row of the table of the causes that long error codes end with.
CAUSE = re.compile(r"^(\d{3})  +(\w.*)$", re.M)
# A row of the table of repairs. Its first column may go on in the next line.
REPAIR = re.compile(r"^(\w.*?)  +``(.+?)`` +``(.+?)``(?:\n(\w+)$)?", re.M)
BYTE = re.compile(rb"<([0-9A-F]{2})>")


def read_sections():
    """Return the text below each heading, by the heading."""
    parts = re.split(r"\n\n(\S.*)\n-{4,}\n", house.read_source(PATH))
    return dict(zip(parts[1::2], parts[2::2]))


def read_blocks(section):
    """Return the literal blocks of a section."""
    return re.findall(r"::\n\n((?:  .*\n|\n)+)", section)


def read_fields(section):
    """Return the examples in hex as pairs: a name, and lines of (bytes, note)."""
    fields = []
    for name, digits, note in HEX_LINE.findall(section):
        if name:
            fields.append((name, []))
        fields[-1][1].append((bytes.fromhex(digits), note))
    return fields


def join(lines):
    return b"".join(data for data, _ in lines)


def read_numbers(lines):
    """Return the numbers that the note in the first line tells."""
    return [int(number) for number in NUMBER.findall(lines[0][1])]


def read_objects(text):
    """Return the JSON objects in a text, one after the other."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def show(data):
    return "".join(chr(byte) if chr(byte) in PRINTABLE else "." for byte in data)


def find_mistakes(section):
    """Return the names of the steps of the worked example that are not right."""
    lines = dict(read_fields(section))
    given = {name: join(those) for name, those in lines.items()}
    token, key, iv = given["token"], given["key"], given["iv"]
    header, plain, cipher = given["header"], given["plain"], given["cipher"]
    fields = packet.HEADER.unpack(header + given["checksum"])
    case = find_vector(given["packet"].hex())
    right = {
        "token": bytes.fromhex(case.get("token", "")),
        "key": md5(token).digest(),
        "iv": md5(key + token).digest(),
        "plain": aes.pad(bytes.fromhex(case.get("plaintext_hex", ""))),
        "cipher": aes.AES(key).encrypt_cbc(iv, plain),
        "checksum": md5(header + token + cipher).digest(),
        "packet": header + given["checksum"] + cipher,
    }
    wrong = [name for name, value in right.items() if given[name] != value]
    if [note for _, note in lines["plain"]] != [show(one) for one, _ in lines["plain"]]:
        wrong.append("text")
    if read_numbers(lines["header"]) != [32 + len(cipher), fields[2]]:
        wrong.append("numbers")
    return wrong


def find_vector(digits):
    """Return the published packet with these digits, or an empty dict."""
    return next((one for one in vectors()["packets"] if one["packet"] == digits), {})


class DocumentCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sections = read_sections()

    def check_conversation(self, objects, device):
        """The device, when it is sent each request, gives the reply that follows."""
        self.assertGreater(len(objects), 0)
        for request, reply in zip(objects[::2], objects[1::2]):
            datagram = packet.encode(
                device.token,
                payload.dump(request),
                device_id=device.device_id,
                stamp=0,
            )
            (answer,) = device.handle(datagram, 0.0)
            answer = packet.decode(answer, device.token).payload
            self.assertEqual(payload.load(answer), reply)


class PacketTest(DocumentCase):
    def test_the_drawing_is_to_scale(self):
        drawing = read_blocks(self.sections["The packet"])[0].split("\n")
        start = drawing[1].index("+")
        offsets = [
            (at - start) / COLUMNS for at, char in enumerate(drawing[1]) if char == "+"
        ]
        # Where the fields before the checksum begin: 2 bytes, 2, 8 and 4.
        self.assertEqual(offsets, [0, 2, 4, 12, 16])
        numbers = [int(number) for number in drawing[0].split()]
        self.assertEqual(numbers, offsets)
        self.assertEqual({len(line) for line in drawing[1:-2]}, {len(drawing[1])})

    def test_the_table_has_the_offsets_and_sizes_of_the_header(self):
        rows = re.findall(r"^(\d+) +(\d+) +\w", self.sections["The packet"], re.M)
        sizes = [int(size) for _, size in rows]
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        self.assertEqual([int(offset) for offset, _ in rows], starts)
        self.assertEqual(sizes, [2, 2, 8, 4, 16])
        self.assertEqual(sum(sizes), packet.HEADER.size)


class WorkedExampleTest(DocumentCase):
    def setUp(self):
        self.section = self.sections["Keys, IV and checksum"]

    def test_each_step_follows_from_the_one_before(self):
        self.assertEqual(find_mistakes(self.section), [])

    def test_one_changed_digit_is_noticed(self):
        places = [
            at
            for match in HEX_LINE.finditer(self.section)
            for at in range(match.start(2), match.end(2))
        ]
        for match in NUMBER.finditer(self.section):
            places += range(match.start(1), match.end(1))
        digits = [at for at in places if self.section[at] != " "]
        self.assertGreater(len(digits), 400)
        for at in digits:
            other = "1" if self.section[at] == "0" else "0"
            changed = self.section[:at] + other + self.section[at + 1 :]
            self.assertTrue(find_mistakes(changed), changed[at - 9 : at + 9])


class HelloTest(DocumentCase):
    def setUp(self):
        self.examples = read_fields(self.sections["Hello and its replies"])

    def test_every_example_is_a_published_packet(self):
        published = {one["packet"] for one in vectors()["hello"]}
        self.assertGreater(len(self.examples), 5)
        for name, lines in self.examples:
            self.assertIn(join(lines).hex(), published, name)

    def test_the_replies_are_what_the_text_says(self):
        self.assertEqual(join(self.examples[0][1]), packet.HELLO)
        for name, lines in self.examples[1:]:
            datagram = join(lines)
            _, length, *numbers, checksum = packet.HEADER.unpack(datagram)
            self.assertEqual(read_numbers(lines), numbers)
            if name == "rejected":
                self.assertNotEqual(length, len(datagram))
                self.assertRaises(TokenError, packet.decode, datagram)
            else:
                token = Token(checksum) if name == "shown" else None
                self.assertEqual(packet.decode_hello(datagram).token, token)


class FiguresTest(DocumentCase):
    def test_the_figures_are_those_of_this_library(self):
        text = " ".join(house.read_source(PATH).split())
        for words, figure, value in (
            ("up to three, at 0, 0.3 and 0.9 s", exchange.HELLO_AT, (0, 0.3, 0.9)),
            ("waits one, two and two fifths", exchange.SHARES, (1, 2, 2)),
            ("-9999 and -30001 mean", exchange.BUSY, (-9999, -30001)),
            ("another try after half a second", exchange.BUSY_PAUSE, 0.5),
            ("a random number of 31 bits", session.MAX_ID, 2**31 - 1),
            ("library says hello again after one", session.MAX_HELLO_AGE, 60),
            ("at most 15 properties", calls.MAX_BATCH, 15),
            ("at most 1,000 bytes", calls.MAX_PARAMS, 1000),
        ):
            with self.subTest(words=words):
                self.assertIn(words, text)
                self.assertEqual(figure, value)


class JsonTest(DocumentCase):
    def test_requests_and_replies(self):
        device = FakeDevice(TOKEN, properties={"power": "on", "speed": 33})
        (block,) = read_blocks(self.sections["Requests and replies"])
        self.check_conversation(read_objects(block), device)

    def test_the_request_that_joins_a_network(self):
        (block,) = read_blocks(self.sections["Set-up mode"])
        (request,) = read_objects(block)
        self.assertEqual(set(request), {"id", "method", "params"})

    def test_each_repair_does_what_the_table_says(self):
        rows = REPAIR.findall(self.sections["JSON and its dirt"])
        self.assertGreater(len(rows), 12)
        for name, dirty, clean, rest in rows:
            with self.subTest(dirty=dirty):
                data = BYTE.sub(
                    lambda match: bytes.fromhex(match.group(1).decode()), dirty.encode()
                )
                repairs = []
                value = payload.load(data, repairs)
                self.assertEqual(value, json.loads(clean))
                self.assertIn(("%s %s" % (name, rest)).strip(), repairs)

    def test_every_repair_is_in_the_table(self):
        rows = REPAIR.findall(self.sections["JSON and its dirt"])
        described = {("%s %s" % (name, rest)).strip() for name, _, _, rest in rows}
        self.assertEqual(described, find_repairs())


def find_repairs():
    """Return the names of all repairs that payload makes for devices."""
    source = house.read_source(os.path.join(house.PACKAGE, "payload.py"))
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "note":
            text = ast.dump(node.args[1])
            names.update(re.findall(r"'(\w+(?: [\w-]+)+|nan)'", text))
    # Strings in single quotes are for what people type.
    return names - {"single quotes"}


class MiotTest(DocumentCase):
    def setUp(self):
        blocks = read_blocks(self.sections["MIoT"])
        self.conversation = read_objects(blocks[0])
        (self.spec,) = [block for block in blocks if '"services"' in block]
        self.device = FakeDevice(
            TOKEN,
            device_id=DEVICE_ID,
            properties={(2, 1): True},
            actions={(2, 1): lambda given: []},
        )

    def test_a_device_answers_as_the_text_says(self):
        self.check_conversation(self.conversation, self.device)

    def test_the_requests_are_those_of_this_library(self):
        sent = []

        def trace(what, datagram, address):
            if what == "sent" and len(datagram) > len(packet.HELLO):
                sent.append(payload.load(packet.decode(datagram, Token(TOKEN)).payload))

        with Simulator(self.device) as there:
            with Client(there.address, TOKEN, port=there.port, trace=trace) as client:
                Miot(client).read("2.1", "2.9")
                Miot(client).write({"2.1": False})
                Miot(client, Spec.parse(self.spec.encode())).run("fan:toggle", 50)
        wanted = [dict(request, id=0) for request in self.conversation[::2]]
        self.assertEqual([dict(request, id=0) for request in sent], wanted)

    def test_the_spec_has_the_name_that_the_text_says(self):
        one = Spec.parse(self.spec.encode()).property("fan:fan-level")
        self.assertEqual((one.siid, one.piid), (2, 3))
        self.assertIn("``fan:fan-level``", self.sections["MIoT"])


class CodesTest(DocumentCase):
    def test_the_table_is_the_one_of_the_library(self):
        rows = CODE.findall(self.sections["Error codes"])
        self.assertEqual({int(code): text for code, text in rows}, errors.MEANINGS)
        self.assertEqual(len(rows), len(errors.MEANINGS))

    def test_so_is_that_of_the_causes_in_long_codes(self):
        rows = CAUSE.findall(self.sections["Error codes"])
        self.assertEqual({int(cause): text for cause, text in rows}, errors.CAUSES)
        self.assertEqual(len(rows), len(errors.CAUSES))

    def test_the_long_code_in_the_text_means_what_it_says(self):
        (code,) = re.findall(r"^(-70\d{7}) is", self.sections["Error codes"], re.M)
        self.assertEqual(errors.meaning(int(code)), "the device is offline")


class FileTest(unittest.TestCase):
    def test_no_line_is_too_wide(self):
        for line in house.read_source(PATH).split("\n"):
            self.assertLessEqual(len(line), MAX_WIDTH)

    def test_it_is_shipped_but_not_packed(self):
        config = ConfigParser()
        config.read(os.path.join(ROOT, "setup.cfg"))
        shipped = config["options.package_data"]["miio_pure"]
        self.assertIn("PROTOCOL.rst", shipped.replace(",", " ").split())
        manifest = house.read_source(os.path.join(ROOT, "MANIFEST.in"))
        self.assertIn("miio_pure/PROTOCOL.rst", manifest.split())
        self.assertNotIn("PROTOCOL.rst", pack.read_files())
