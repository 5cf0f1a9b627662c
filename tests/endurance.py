# SPDX-License-Identifier: MIT
"""Real sockets on a bad network, and a server under a flood.

    python3 -m tests.endurance [network|flood]...

The network is a relay that loses, delays, repeats, reorders and damages datagrams as
`tc netem` would, on loopback, where every kernel has it.
"""

import heapq
import os
import random
import select
import socket
import subprocess
import sys
import threading
import time

from miio_pure import Client, NoReply, Token, packet
from miio_pure.simulator import FakeDevice, Simulator

from .support import OTHER_TOKEN, ROOT, TOKEN

# each way
LOSS, REPEAT, DAMAGE = 0.20, 0.05, 0.02
DELAY = (0.010, 0.090)  # s: 50 +- 40 ms, so that datagrams overtake each other
CLIENTS, CALLS = 20, 50
FLOOD = 60.0  # s


class Relay(threading.Thread):
    """Stands between a client and a device, and spoils what passes."""

    def __init__(self, device_port, seed):
        super().__init__(daemon=True)
        self.rng = random.Random(seed)
        self.near = self.bound()
        self.far = self.bound()
        self.far.connect(("127.0.0.1", device_port))
        self.port = self.near.getsockname()[1]
        self.client = None
        self.later = []
        self.open = True

    def bound(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        return sock

    def run(self):
        count = 0
        while self.open:
            wait = self.later[0][0] - time.monotonic() if self.later else 0.2
            ready, _, _ = select.select([self.near, self.far], [], [], max(0.0, wait))
            for sock in ready:
                datagram, peer = sock.recvfrom(65535)
                if sock is self.near:
                    self.client = peer
                for copy in self.spoiled(datagram):
                    count += 1
                    at = time.monotonic() + self.rng.uniform(*DELAY)
                    heapq.heappush(self.later, (at, count, sock is self.near, copy))
            while self.later and self.later[0][0] <= time.monotonic():
                _, _, outwards, datagram = heapq.heappop(self.later)
                if outwards:
                    self.far.send(datagram)
                else:
                    self.near.sendto(datagram, self.client)
        self.near.close()
        self.far.close()

    def spoiled(self, datagram):
        if self.rng.random() < LOSS:
            return []
        if self.rng.random() < DAMAGE:
            bit = self.rng.randrange(8 * len(datagram))
            damaged = bytearray(datagram)
            damaged[bit // 8] ^= 1 << bit % 8
            datagram = bytes(damaged)
        return [datagram] * (2 if self.rng.random() < REPEAT else 1)


def converse(number, results):
    """One client and its device, over a relay of their own."""
    acts = {}

    def work(params):
        acts[params[0]] = acts.get(params[0], 0) + 1
        return params

    device = FakeDevice(TOKEN, methods={"work": work, "get_work": work}, repeats="drop")
    with Simulator(device) as simulator:
        relay = Relay(simulator.port, number)
        relay.start()
        with Client("127.0.0.1", TOKEN, port=relay.port) as client:
            for call in range(CALLS):
                method = "work" if call % 2 else "get_work"
                start = time.monotonic()
                try:
                    right = client.send(method, [call]) == [call]
                    outcome = "answered" if right else "WRONG ANSWER"
                except NoReply:
                    outcome = "no reply"
                except Exception as error:
                    outcome = "EXCEPTION %r" % error
                if method == "work" and acts.get(call, 0) > 1:
                    outcome = "ACTED TWICE"
                results.append((outcome, time.monotonic() - start))
        relay.open = False
        relay.join()


def network():
    results = []
    threads = [
        threading.Thread(target=converse, args=(number, results))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcomes = [outcome for outcome, _ in results]
    times = sorted(spent for _, spent in results)
    for outcome in sorted(set(outcomes)):
        print("%s: %d of %d calls" % (outcome, outcomes.count(outcome), len(outcomes)))
    print("median %.2f s, longest %.2f s" % (times[len(times) // 2], times[-1]))
    good = set(outcomes) <= {"answered", "no reply"} and times[-1] < 5.5
    return good and outcomes.count("answered") > 0.8 * len(outcomes)


def resident(pid):
    """Memory of a process, KiB."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def throw(port, seed, stop):
    """Junk of all kinds at a device, from a socket of its own."""
    rng = random.Random(seed)
    valid = packet.encode(Token(TOKEN), b'{"id":1,"method":"[', device_id=0, stamp=0)
    other = packet.encode(Token(OTHER_TOKEN), b"{}", device_id=0, stamp=0)
    kinds = (b"", b"x" * 65000, valid, other, packet.HELLO, packet.HELLO[:31])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while not stop.is_set():
            junk = bytes(rng.getrandbits(8) for _ in range(rng.randrange(99)))
            sock.sendto(
                rng.choice(kinds + (junk, valid[:16] + junk)), ("127.0.0.1", port)
            )
            time.sleep(0.001)


def command_on(port, stop, results):
    """Valid commands, one after the other: whether each was answered."""
    with Client("127.0.0.1", TOKEN, port=port) as client:
        while not stop.is_set():
            params = [len(results), "x" * 500]
            try:
                results.append(client.send("echo", params) == params)
            except NoReply:
                results.append(False)


def flood():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "miio_pure", "--simulate", "--token", TOKEN]
    process = subprocess.Popen(
        command + ["--port", str(port)], cwd=ROOT, stderr=subprocess.PIPE
    )
    stop = threading.Event()
    try:
        process.stderr.readline()
        threads = [
            threading.Thread(target=throw, args=(port, seed, stop)) for seed in range(4)
        ]
        for thread in threads:
            thread.start()
        results = []
        clients = [
            threading.Thread(target=command_on, args=(port, stop, results))
            for _ in range(3)
        ]
        for thread in clients:
            thread.start()
        time.sleep(FLOOD / 6)
        early = resident(process.pid)
        time.sleep(FLOOD * 5 / 6)
        stop.set()
        for thread in clients:
            thread.join()
        answered, calls = results.count(True), len(results)
        late = resident(process.pid)
        alive = process.poll() is None
    finally:
        stop.set()
        process.terminate()
        said = process.communicate()[1]
    print(
        "%d of %d calls answered; memory %d, then %d KiB"
        % (answered, calls, early, late)
    )
    return alive and not said and answered > 0.99 * calls and late - early < 1024


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["network", "flood"]
    failed = [
        name for name in wanted if not {"network": network, "flood": flood}[name]()
    ]
    print("failed: %s" % ", ".join(failed) if failed else "all is well")
    sys.stdout.flush()
    os._exit(1 if failed else 0)
