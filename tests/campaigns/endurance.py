# SPDX-License-Identifier: MIT
"""Real sockets on a bad network, and a server under a flood.

    python3 -m tests.campaigns.endurance [network|flood]...

The network lies between two network namespaces: netem.py.
"""

import contextlib
import json
import random
import socket
import subprocess
import sys
import threading
import time

from miio_pure import Client, NoReply, Token, packet
from miio_pure.simulator import FakeDevice, Simulator

from . import netem
from ..support import OTHER_TOKEN, ROOT, TOKEN

PORT = 54321  # of the first device
CLIENTS, CALLS = 20, 50
FLOOD = 60.0  # s


def serve():
    """Devices that count what they do, until stdin closes; then the counts."""
    acts = {}

    def work(params):
        key = "%d %d" % tuple(params)
        acts[key] = acts.get(key, 0) + 1
        return params

    with contextlib.ExitStack() as stack:
        for number in range(CLIENTS):
            methods = {"work": work, "get_work": work}
            device = FakeDevice(TOKEN, methods=methods, repeats="drop")
            stack.enter_context(Simulator(device, netem.FAR_ADDRESS, PORT + number))
        print("ready", flush=True)
        sys.stdin.read()
    print(json.dumps(acts))
    return True


def converse(number, results):
    """One client's calls: [client, call, outcome, seconds] each."""
    with Client(netem.FAR_ADDRESS, TOKEN, port=PORT + number) as client:
        for call in range(CALLS):
            start, params = time.monotonic(), [number, call]
            try:
                right = client.send("work" if call % 2 else "get_work", params)
                outcome = "answered" if right == params else "WRONG ANSWER"
            except NoReply:
                outcome = "no reply"
            except Exception as error:
                outcome = "EXCEPTION %r" % error
            results.append([number, call, outcome, time.monotonic() - start])


def call():
    """All clients at once, on the near host."""
    results = []
    threads = [
        threading.Thread(target=converse, args=(number, results))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(results))
    return True


def network():
    this = (sys.executable, "-m", "tests.campaigns.endurance")
    with netem.BadNetwork(seed=1) as hosts:
        devices = subprocess.Popen(
            hosts.far(*this, "serve"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            devices.stdout.readline()
            calls = subprocess.check_output(hosts.near(*this, "call"), cwd=ROOT)
        finally:
            acts = devices.communicate()[0]
    return judged(json.loads(calls), json.loads(acts))


def judged(calls, acts):
    for record in calls:
        number, call, outcome, _ = record
        if call % 2 and acts.get("%d %d" % (number, call), 0) > 1:
            record[2] = "ACTED TWICE"
    outcomes = [outcome for _, _, outcome, _ in calls]
    times = sorted(spent for _, _, _, spent in calls)
    for outcome in sorted(set(outcomes)):
        print("%s: %d of %d calls" % (outcome, outcomes.count(outcome), len(outcomes)))
    print("median %.2f s, longest %.2f s" % (times[len(times) // 2], times[-1]))
    good = set(outcomes) <= {"answered", "no reply"} and times[-1] < 5.5
    return good and outcomes.count("answered") > 0.8 * CLIENTS * CALLS


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
            # The device repeats did, whatever it is.
            did = "%d%s" % (len(results), "x" * 500)
            item = {"did": did, "siid": 2, "piid": 1}
            try:
                (answer,) = client.send("get_properties", [item])
                results.append(answer["did"] == did)
            except NoReply:
                results.append(False)


def flood():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "miio_pure", "simulate", "--token", TOKEN]
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


PARTS = {"network": network, "flood": flood, "serve": serve, "call": call}

if __name__ == "__main__":
    wanted = sys.argv[1:] or ["network", "flood"]
    failed = [name for name in wanted if not PARTS[name]()]
    if failed:
        print("failed: %s" % ", ".join(failed))
    sys.exit(1 if failed else 0)
