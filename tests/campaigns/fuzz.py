# SPDX-License-Identifier: MIT
"""The promise: any bytes give a value or a MiioError. Here are the bytes.

    python3 -m tests.campaigns.fuzz [COUNT [SEED]]

COUNT mutated packets, COUNT mutated payloads that are signed, so that they reach what
lies behind the checksum, and COUNT mutated captures; and half as many announcements of
multicast DNS and files of leases. The seed is printed, and repeats a run.
"""

import io
import random
import sys
from unittest import mock

from miio_pure import MiioError, Token, neighbours, packet, payload
from miio_pure.capture import read
from miio_pure.cli.messages import Clock, collect_facts, format_line
from miio_pure.cli.typed import load_typed
from miio_pure.session import Credentials, Session
from miio_pure.simulator import REPEATS, fan

from ..support import TOKEN, announcements, captures, run_cli, vectors
from ..support.devices import counting_fan
from ..support.wire import MemoryClient, Wire

SECRET = Token(TOKEN)
ODD = (
    b"",
    b"\0",
    b"[]",
    b"null",
    b"{}",
    b"3",
    b'"x"',
    b"true",
    b'{"id":[1]}',
    b'{"id":{}}',
    b'{"id":1,"error":3}',
    b'{"id":1,"error":[]}',
    b'{"id":1,"error":{"code":[]}}',
    b'{"id":1,"error":{"message":{}}}',
    b'{"id":true,"result":1}',
    b'{"id":1.0,"result":1}',
    b'{"id":"1","result":1}',
    b'{"id":1e0}',
    b'{"id":-1,"method":"get_prop","params":[]}',
    b'{"id":1,"result":[1],"id":2}',
    b'{"id":1,"code":-1}',
    b'{"id":1,"code":1e400}',
    b'{"id":1,"method":"get_prop","params":[[],{},null,1.5,"\\ud800"]}',
    b'{"id":1,"method":"get_properties","params":[{"siid":1e9,"piid":[]}]}',
    b'{"id":1,"method":"set_properties","params":[{"siid":2,"piid":1,"value":[]}]}',
    b'{"id":1,"method":"action","params":{"siid":2,"aiid":1,"in":{}}}',
    b'{"id":1,"method":"echo","params":["\\ud800\\udc00\\ud800"]}',
    b'{"id":1,"method":"set_power","params":[1e400]}',
    b"[" * 10000,
    b'{"a":' * 10000,
    b'{"id":1,"result":' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"id":' + b"9" * 5000 + b"}",
    b'{"id":1,"result":' + b"9" * 60000 + b"}",
    b'{"id":1,"result":-' + b"0" * 60000 + b"}",
    b'{"id":1,"result":1' + b"0" * 400 + b".0}",
    b"," * 60000,
    b'"' * 60000,
    b"\\" * 60000,
    b"\xff" * 65000,
    b"{" + b"a" * 60000,
    b'{"id":1,"result":"\\u-001"}',
    b'{"id":1,"result":"\\uD83D"}',
)
PIECES = (
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b"\\",
    b"\\u",
    b"0",
    b"00",
    b"-",
    b".5",
    b"e9",
    b"1e999",
    b"nan",
    b"NaN",
    b"Infinity",
    b"null",
    b"true",
    b"net",
    b"'",
    b"\0",
    b"\n",
    b" ",
    b'"id"',
    b'"result"',
    b'"error"',
    b'"code"',
    b'"method"',
    b'"params"',
    b"1",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x92\xa1",
    b"\xe2\x80\xae",
)


def known_packets():
    for case in vectors()["packets"]:
        yield bytes.fromhex(case["packet"]), Token(case["token"])
    for case in vectors()["hello"]:
        yield bytes.fromhex(case["packet"]), SECRET


def known_payloads():
    long_ones = [pair for pair in known_packets() if len(pair[0]) > 32]
    return [packet.decode(*pair).payload for pair in long_ones] + list(ODD)


def quietly(work, *args):
    """Call it; a MiioError is as good as a value."""
    try:
        return work(*args)
    except MiioError as error:
        str(error), repr(error)
        return error


class Victims:
    """Everything that takes datagrams from a network."""

    def __init__(self, token):
        self.token = token
        self.session = Session(Credentials(token), 1)
        self.session.hello(
            packet.HEADER.pack(packet.MAGIC, 32, 1, 1, b"\xff" * 16), 0.0
        )
        self.devices = [
            counting_fan(token, device_id=1, repeats=repeats) for repeats in REPEATS
        ]

    def take(self, datagram):
        quietly(packet.decode, datagram)
        quietly(packet.decode, datagram, self.token)
        quietly(packet.decode_hello, datagram)
        quietly(self.session.reply, datagram, (1, 2, 3), 0.0)
        quietly(Session(Credentials(), 1).hello, datagram, 0.0)
        self.devices.append(self.devices.pop(0))
        for reply in self.devices[0].handle(datagram, 1.0):
            packet.decode(reply, self.token)


def mutated(data, rng, pieces=PIECES):
    """Some bytes changed, cut out, put in, doubled."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data) + 1)
        way = rng.randrange(5)
        if way == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del data[at : at + rng.randrange(1, 9)]
        elif way == 2:
            data[at:at] = rng.choice(pieces)
        elif way == 3:
            data[at:at] = data[rng.randrange(len(data) + 1) :][: rng.randrange(1, 40)]
        else:
            del data[at:]
    return bytes(data)


def fuzz_payload(text):
    """What lies behind the checksum gets this text."""
    names = []
    value = quietly(payload.load, text, names)
    check_value(value, names, text)
    typed = fuzz_typed(text.decode("utf-8", "surrogateescape"))
    if not names and not isinstance(value, MiioError) and b"\0" not in text:
        assert typed == value, "%r is read in two ways" % text[:80]


def fuzz_typed(text):
    """Somebody typed this text."""
    names = []
    value = quietly(load_typed, text, names)
    if not isinstance(value, MiioError):
        check_value({"typed": value}, names, text)
    else:
        assert str(value).count("\n") == 2
        assert str(value).replace("\n", "").isprintable(), "%r" % text[:80]
    return value


def check_value(value, names, text):
    """What was read can be written, and is read again as the same."""
    if isinstance(value, MiioError):
        return
    assert isinstance(value, dict) and all(isinstance(name, str) for name in names)
    try:
        again = payload.load(payload.dump(value))
    except ValueError:  # nested more deeply than can be written
        return
    assert again == value, "%r is read in two ways" % text[:80]


def signed(text, token=SECRET):
    return packet.encode(token, text[:65400], device_id=1, stamp=1)


def converse(text):
    """A client gets this payload for an answer; the command line, for a command."""
    device = fan(SECRET, device_id=1)
    client = MemoryClient(Wire(device), timeout=1.0)
    client.handshake()
    device.handle = lambda datagram, now: [signed(text), text[:2000], datagram]
    quietly(client.send, "get_prop", ["power"])
    quietly(client.handshake)
    command = text.decode("utf-8", "surrogateescape").replace("\0", "")
    answering = MemoryClient(Wire(fan(SECRET, device_id=1)))

    def talk(client, begin, deadline):
        return answering.converse(begin, deadline)

    with mock.patch("miio_pure.client.Client.converse", talk):
        words = ("send", "127.0.0.1", "--token", TOKEN, "--", command)
        status, _, err = run_cli(*words)
    assert status in (0, 2, 4), (status, err)
    assert "Traceback" not in err
    status, _, _ = run_cli("decode", signed(text).hex()[:120000], "--token", TOKEN)
    assert status in (0, 1)
    frame = captures.link([captures.to_device(signed(text))])
    read_capture(captures.pcap(frame))


def known_captures():
    """Return a capture in each format and with each link layer."""
    packets = captures.conversation()
    packets += captures.fragments(captures.reply(9, ["x" * 3000]))
    options = captures.option(9, b"\x09", ">") + captures.option(14, bytes(8), ">")
    known = []
    for kind in captures.LINK_HEADERS:
        frames = captures.link(packets, kind)
        known.append(captures.pcap(frames, kind))
        known.append(captures.pcapng(frames, kind, ">", options=options))
    return known


def read_capture(data):
    """Read a capture and show each message, until an error ends it or not."""
    clock = Clock()
    for message in read(io.BytesIO(data), [SECRET]):
        format_line(message, {}, clock)
        collect_facts(message, {}, True)


def every():
    """Every prefix and every flipped bit of every known packet."""
    count = 0
    for datagram, token in known_packets():
        for end in range(len(datagram)):
            assert isinstance(quietly(packet.decode, datagram[:end], token), MiioError)
        for bit in range(8 * len(datagram)):
            damaged = bytearray(datagram)
            damaged[bit // 8] ^= 1 << bit % 8
            result = quietly(packet.decode, bytes(damaged), token)
            # the checksum covers all of it, but a hello has none
            assert isinstance(result, MiioError) or len(datagram) == 32
            count += 1
    for datagram, token in known_packets():
        if len(datagram) < 200:
            text = packet.decode(datagram, token).payload if len(datagram) > 32 else b""
            for bit in range(8 * len(text)):
                damaged = bytearray(text)
                damaged[bit // 8] ^= 1 << bit % 8
                fuzz_payload(bytes(damaged))
                count += 1
    print("%d flipped bits, and every prefix: nothing got out" % count)


NAME = "zhimi-airpurifier-v7_miio357210272"
ANNOUNCEMENT = announcements.message(*announcements.records(NAME))
LEASES = b"""\
1764130000 78:11:dc:aa:bb:cc 192.168.1.47 zhimi-airpurifier-v7_miio357210272 *
0 78:11:dc:aa:bb:cd 192.168.1.48 rockrobo 01:78:11:dc:aa:bb:cd
lease 192.168.1.49 {
  binding state active;
  hardware ethernet 78:11:dc:aa:bb:ce;
  client-hostname "yeelink-light-color1_miio77";
}
"""
NAME_PIECES = (
    b"\0",
    b"\xc0\x0c",
    b"\xc0\x1e",
    b"\xff\xff",
    b"\x3f",
    b"\x05_miio",
    b"\x00\x0c",
) + (b"\n", b" ", b"*", b"lease ", b"}", b'"', b"_miio", b"192.168.1.1", b"\x1b[2J")


def fuzz_neighbours(rng):
    """A datagram of multicast DNS and a file of leases, of which one may be damaged."""
    known = neighbours.Announcements()
    datagram = mutated(ANNOUNCEMENT, rng, NAME_PIECES)
    known.add(datagram, "192.168.1.99")
    text = mutated(LEASES, rng, NAME_PIECES).decode("utf-8", "replace")
    for found in known.list_neighbours() + neighbours.parse_leases(text):
        neighbours.socket.inet_pton(neighbours.socket.AF_INET, found.address)
        assert repr(found).isprintable(), "%r" % datagram
        assert found.device_id is None or 0 <= found.device_id < 10**20
    return datagram


def run(count, seed):
    """So many packets, payloads and captures; what gets out is a failure."""
    rng = random.Random(seed)
    packets, payloads = list(known_packets()), known_payloads()
    short = [pair for pair in packets if len(pair[0]) < 600]
    short_texts = [text for text in payloads if len(text) < 600]
    victims = {token: Victims(token) for _, token in packets}
    known = known_captures()
    for number in range(count):
        long = number % 256 == 0
        datagram, token = rng.choice(packets if long else short)
        datagram = mutated(datagram, rng)
        if number % 4 == 0 and len(datagram) > 3:  # with a length that fits
            datagram = datagram[:2] + len(datagram).to_bytes(2, "big") + datagram[4:]
        case = datagram
        try:
            victims[token].take(datagram)
            text = mutated(rng.choice(payloads if long else short_texts), rng)
            case = text
            fuzz_payload(text)
            victims[SECRET].take(signed(text))
            quietly(read_capture, mutated(rng.choice(known), rng))
            if number % 200 == 0:
                converse(text)
            if number % 2:
                case = fuzz_neighbours(rng)
        except Exception:
            print("seed %d, case %d: %r" % (seed, number, case[:300]))
            raise
    print(
        "%d packets, signed payloads and captures each, seed %d: nothing got out"
        % (count, seed)
    )


if __name__ == "__main__":
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 200000
    first = (
        int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(48)
    )
    print("seed %d" % first, flush=True)
    every()
    run(amount, first)
