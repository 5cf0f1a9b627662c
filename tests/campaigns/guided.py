# SPDX-License-Identifier: MIT
"""Fuzzing that is guided by coverage: atheris looks for bytes that reach new code.

    python3 -m tests.campaigns.guided packet|exchange|files [SECONDS]

It needs the package atheris, and CI does not run it. Whatever the bytes, there is a
value or a MiioError.
"""

import os
import sys
import tempfile

import atheris

with atheris.instrument_imports(include=["miio_pure"]):
    from miio_pure import MiioError, NoReply, Token, packet, payload
    from miio_pure.cli.typed import load_typed
    from miio_pure.exchange import DROP, Request, ask, greet
    from miio_pure.session import Credentials, Session
    from miio_pure.tokens import find, search  # noqa: F401

from ..support import TOKEN
from ..support.samples import SAMPLES, STORES
from . import fuzz

SECRET = Token(TOKEN)
VICTIMS = fuzz.Victims(SECRET)
TIMEOUT = 5.0
MAX_LENGTHS = {"packet": 4096, "exchange": 4096, "files": 1 << 16}  # bytes


def take_packet(data):
    """Give the bytes to everything that takes datagrams or payloads."""
    VICTIMS.take(data)
    fuzz.fuzz_payload(data)
    VICTIMS.take(fuzz.signed(data))
    text = data.decode("utf-8", "surrogateescape")
    fuzz.quietly(load_typed, text, [])


class Network:
    """Answers an exchange with what the bytes say, and checks what it asks for."""

    def __init__(self, data):
        self._data = atheris.FuzzedDataProvider(data)
        self._time = self._deadline = 100.0
        self._true_answers = []
        self._idents = []
        self.requests = 0

    def now(self):
        return self._time

    def run(self, begin):
        """Drive an exchange to its end; return its result."""
        self._deadline = self._time + TIMEOUT
        steps = begin(self._deadline)
        datagram = None
        try:
            while True:
                wish = steps.send(datagram)
                datagram = self._fulfil(wish)
                if isinstance(datagram, NoReply):
                    steps.throw(datagram)
                    raise AssertionError("a refusal was swallowed")
        except StopIteration as end:
            return end.value
        finally:
            assert self._time <= self._deadline + 1e-6, "it ends by its deadline"

    def _fulfil(self, wish):
        if isinstance(wish, bytes):
            self._note(wish)
            return (
                NoReply("refused") if self._data.ConsumeProbability() > 0.98 else None
            )
        if wish is DROP:
            return None
        assert isinstance(wish, float)
        datagram = self._choose()
        self._time = wish if datagram is None else self._time
        return datagram

    def _note(self, datagram):
        if datagram != packet.HELLO:
            self.requests += 1
            request = packet.decode(datagram, SECRET)
            self._idents.append(payload.load(request.payload)["id"])

    def _choose(self):
        """Return what arrives next, or None if nothing does in time."""
        data = self._data
        if not data.remaining_bytes():
            return None
        way = data.ConsumeIntInRange(0, 5)
        text = data.ConsumeBytes(data.ConsumeIntInRange(0, 200))
        if way == 0:
            return None
        if way == 1:
            return text
        if way == 2:
            revealed = text[:16].ljust(16, b"\xff")
            return packet.HEADER.pack(packet.MAGIC, 32, 7, 9, revealed)
        if way == 3:
            return packet.encode(SECRET, text, device_id=7, stamp=9)
        if way == 4:
            rejected = packet.HEADER.pack(packet.MAGIC, 80, 7, 9, packet.REJECTED)
            return rejected
        ident = self._idents[-1] if self._idents else 1
        answer = b'{"id":%d,%s' % (ident, text)
        self._true_answers.append(answer)
        return packet.encode(SECRET, answer, device_id=7, stamp=9)


def take_exchange(data):
    """Let the bytes be the network of three calls."""
    network = Network(data)
    session = Session(Credentials(SECRET), 1, "lamp")
    for fields in (
        {"method": "get_prop"},
        {"method": "toggle"},
        {"method": "toggle", "id": 5},
    ):
        request = Request(fields, None)
        network.requests = 0
        fuzz.quietly(network.run, lambda end: ask(session, request, end, network.now))
        assert network.requests <= 3, "three requests at most"
    fuzz.quietly(network.run, lambda end: greet(session, end, network.now))


def take_file(data):
    """Look for tokens in a file of these bytes."""
    path = os.path.join(take_file.folder, "file")
    with open(path, "wb") as file:
        file.write(data)
    try:
        find(path, password="secret")
    except MiioError:
        pass


def write_corpus(folder, target):
    """Write what is known to be good, to begin with."""
    known = [datagram for datagram, _ in fuzz.known_packets()] + fuzz.known_payloads()
    if target == "files":
        known = []
        for place, _, names in (*os.walk(SAMPLES), *os.walk(STORES)):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    known.append(file.read())
    for number, data in enumerate(known):
        if len(data) <= MAX_LENGTHS[target]:
            with open(os.path.join(folder, str(number)), "wb") as file:
                file.write(data)


def main(target, seconds):
    take = {"packet": take_packet, "exchange": take_exchange, "files": take_file}
    with tempfile.TemporaryDirectory() as folder:
        take_file.folder = folder
        corpus = os.path.join(folder, "corpus")
        os.mkdir(corpus)
        write_corpus(corpus, target)
        options = ["-max_total_time=%d" % seconds, "-max_len=%d" % MAX_LENGTHS[target]]
        atheris.Setup([sys.argv[0], corpus] + options, take[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300)
