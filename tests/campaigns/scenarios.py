# SPDX-License-Identifier: MIT
"""Random conversations over a bad network in memory, each judged by rules.

    python3 -m tests.campaigns.scenarios [COUNT [SEED]]

A scenario follows from its seed alone; the seed of a failure is printed.
"""

import random
import sys

from miio_pure import (
    DeviceError,
    MiioError,
    NoReply,
    Token,
    TokenError,
    packet,
    payload,
)
from miio_pure.simulator import FakeDevice

from ..support import OTHER_TOKEN, TOKEN
from ..support.wire import MemoryClient, Wire

TIMEOUT = 5.0  # s
READ, WRITE = "get_work", "work"


class Broken(AssertionError):
    """A rule does not hold."""


class RandomWire(Wire):
    """A wire on which anything may happen to datagrams by chance.

    Hellos carry no signature, so that nobody could tell a damaged or forged one from a
    true one: they are only lost, delayed a little and repeated.
    """

    def __init__(self, device, rng, **chances):
        super().__init__(device)
        self.rng = rng
        self.chances = chances
        self.requests = []  # (id, the stamp's distance from the device's clock)
        self._time = rng.uniform(0, 1e6)
        self._old = []  # replies that may be replayed

    def happens(self, name):
        return self.rng.random() < self.chances.get(name, 0.0)

    def send(self, datagram):
        if datagram != packet.HELLO:
            self._note(datagram)
        if self.happens("forge"):
            self.deliver(self._forged(datagram), self.rng.uniform(0, 1))
        for copy in self._spoiled(datagram):
            for reply in self.device.handle(copy, self._time):
                for spoiled in self._spoiled(reply):
                    self.deliver(spoiled, self._delay(spoiled))

    def _note(self, datagram):
        decoded = packet.decode(datagram, Token(TOKEN))
        drift = decoded.header.stamp - int(self._time + self.device.epoch)
        self.requests.append((payload.load(decoded.payload)["id"], drift))

    def _delay(self, datagram):
        if self.happens("delay"):
            return self.rng.uniform(0, 0.4 if len(datagram) == 32 else 4.0)
        return self.rng.uniform(0.001, 0.05)

    def _spoiled(self, datagram):
        """The copies of a datagram that arrive at the other end."""
        if self.happens("lose"):
            return []
        copies = [datagram, datagram] if self.happens("repeat") else [datagram]
        if len(datagram) == 32:
            return copies
        if self.happens("damage"):
            bit = self.rng.randrange(8 * len(datagram))
            damaged = bytearray(copies[-1])
            damaged[bit // 8] ^= 1 << bit % 8
            copies[-1] = bytes(damaged)
        if self.happens("truncate"):
            copies[-1] = copies[-1][: self.rng.randrange(len(datagram))]
        return copies

    def _forged(self, request):
        """What somebody without the token, or with old packets, could send."""
        rng = self.rng
        device_id, stamp = self.device.device_id, int(self._time)
        answer = b'{"id":%d,"result":["forged"]}'
        if self.requests:
            answer %= self.requests[-1][0] + rng.choice((0, 0, 0, 1, -1))
        other = packet.encode(
            Token(OTHER_TOKEN), answer, device_id=device_id, stamp=stamp
        )
        reject = packet.HEADER.pack(packet.MAGIC, 80, device_id, stamp, b"\xff" * 16)
        junk = bytes(rng.getrandbits(8) for _ in range(rng.randrange(100)))
        return rng.choice(self._old + [other, reject, junk, request])

    def deliver(self, datagram, delay):
        if len(datagram) > 32:
            self._old = [datagram] + self._old[:9]
        super().deliver(datagram, delay)


def counting_device(rng, **options):
    """A device that answers with what it was told, and how often it acted on that."""
    acts = {}

    def work(params):
        nonce = params[0]
        acts[nonce] = acts.get(nonce, 0) + 1
        if rng.random() < options_busy:
            raise DeviceError(rng.choice((-9999, -30001)), "busy")
        return [nonce]

    options_busy = options.pop("busy", 0.0)
    device = FakeDevice(TOKEN, methods={READ: work, WRITE: work}, **options)
    return device, acts


def scenario(seed):
    """One client, some calls, all rules; how many calls were answered, of how many."""
    rng = random.Random(seed)
    busy = rng.choice((0.0, 0.0, 0.2))
    device, acts = counting_device(
        rng,
        device_id=rng.getrandbits(32),
        repeats=rng.choice(("act", "drop", "answer")),
        epoch=rng.choice((0.0, 1.7e9)),
        reveal=rng.random() < 0.2,
        busy=busy,
    )
    chances = {
        name: rng.choice((0.0, 0.0, 0.1, 0.3, 0.6))
        for name in ("lose", "delay", "repeat", "damage", "truncate", "forge")
    }
    wire = RandomWire(device, rng, **chances)
    client = MemoryClient(wire, timeout=TIMEOUT, first_id=rng.randrange(1, 1 << 30))
    answered = calls = last = 0
    for nonce in range(rng.randrange(1, 8)):
        method = rng.choice((READ, WRITE))
        retry = rng.choice((None, "same", "fresh", "never"))
        start, before = wire.now(), len(wire.requests)
        calls += 1
        try:
            result = client.send(method, [nonce], retry=retry)
        except NoReply as error:
            check(error.attempts == len(wire.requests) - before, "attempts are counted")
        except DeviceError as error:
            check(error.code in (-9999, -30001), "an error is the device's own")
        except TokenError:
            check(chances["forge"] > 0, "nobody rejected the token")
        except MiioError as error:
            raise Broken("unexpected %r" % error)
        else:
            answered += 1
            check(result == [nonce], "an answer is the one to this call: %r" % result)
        check(wire.now() <= start + TIMEOUT + 1e-6, "a call ends by its deadline")
        idents = [ident for ident, _ in wire.requests[before:]]
        check(len(idents) <= 3, "at most three sends")
        once = retry in ("same", "never") or (retry is None and method == WRITE)
        if once and (method == WRITE or not busy):
            check(len(set(idents)) <= 1, "a command keeps its id")
        check(all(ident > last for ident in idents), "ids never repeat")
        last = max(idents + [last])
        if once and len(set(idents)) == 1 and device.repeats != "act":
            check(acts.get(nonce, 0) <= 1, "it acts at most once")
        wire.wait(rng.choice((0.0, 0.1, 10.0, 100.0, 3600.0)))
    rising = [ident for ident, _ in wire.requests]
    check(rising == sorted(rising), "ids never move backwards")
    for _, drift in wire.requests:
        check(abs(drift) <= 1, "the stamp is within a second of the device's")
    return answered, calls


def check(holds, rule):
    if not holds:
        raise Broken(rule)


def success_rate(calls, seed):
    """How many reads of so many succeed where each way loses 30 %."""
    rng = random.Random(seed)
    device, _ = counting_device(rng)
    wire = RandomWire(device, rng)
    client = MemoryClient(wire, timeout=TIMEOUT)
    client.handshake()
    wire.chances["lose"] = 0.3
    good = 0
    for nonce in range(calls):
        try:
            good += client.send(READ, [nonce]) == [nonce]
        except NoReply:
            pass
    return good / calls


def run(count, seed):
    """Run scenarios from a seed on; the seed of the first that fails, or None."""
    answered = calls = 0
    for number in range(seed, seed + count):
        try:
            some, of = scenario(number)
        except AssertionError as error:
            print("scenario %d: %s" % (number, error))
            return number
        answered, calls = answered + some, calls + of
    print("%d scenarios, %d of %d calls answered" % (count, answered, calls))
    return None


if __name__ == "__main__":
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    first = (
        int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(48)
    )
    print("seed %d" % first)
    sys.exit(run(amount, first) is not None)
