# SPDX-License-Identifier: MIT
"""Calls over loopback to simulated devices that run in a process of their own."""

import contextlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from miio_pure import Client, NoReply, discover
from miio_pure.simulator import Simulator, fan
from miio_pure.together import send_to_all

from .measure import Table, compare
from .messages import TOKEN

PORT = 54321  # python-miio knows no other
LATENCY = 0.05  # s, of each answer of a device on a busy Wi-Fi network


def addresses(count):
    """Loopback addresses of our own, as the port must be the same for all."""
    own = os.getpid()
    return [
        "127.%d.%d.%d" % (1 + own % 250, own // 250 % 250, number + 1)
        for number in range(count)
    ]


def serve(delay, reveal, hosts):
    """Serve devices until stdin closes: `-m benchmarks.network 0 0 HOST...`"""
    with contextlib.ExitStack() as stack:
        for number, host in enumerate(hosts):
            number += 1000
            device = fan(TOKEN, device_id=number, reveal=reveal)
            device.delay = delay
            stack.enter_context(Simulator(device, host, PORT))
        print("ready", flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def fleet(count, delay=0.0, reveal=False):
    hosts = addresses(count)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.network", str(delay), str(int(reveal))]
        + hosts,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        if process.stdout.readline().strip() != b"ready":
            raise SystemExit("cannot listen on UDP port %d of loopback" % PORT)
        yield hosts
    finally:
        process.communicate()


def subjects(settings, missing):
    peer = "miio" not in missing
    with fleet(1) as (host,):
        yield sends(settings, peer, host)
        yield cold_sends(settings, peer, host)
    for count in (1, 10) if settings.quick else (1, 10, 100):
        with fleet(count) as hosts:
            yield discoveries(settings, peer, hosts)
            yield polls(settings, peer, hosts)
    with fleet(count_many(settings), LATENCY) as hosts:
        yield from cold_calls(settings, peer, hosts)
    yield from sweeps(settings)


def count_many(settings):
    """How many devices are called at once."""
    return 10 if settings.quick else 100


def their_client(host):
    from miio.miioprotocol import MiIOProtocol

    return MiIOProtocol(host, TOKEN.hex())


def sends(settings, peer, host):
    with Client(host, TOKEN) as client:
        contestants = [("miio_pure", lambda: client.send("get_prop", ["power"]))]
        if peer:
            theirs = their_client(host)
            contestants.append(
                ("python-miio", lambda: theirs.send("get_prop", ["power"]))
            )
        return compare("warm send over loopback", contestants, settings)


def cold_sends(settings, peer, host):
    def ours():
        with Client(host, TOKEN) as client:
            client.send("get_prop", ["power"])

    contestants = [("miio_pure", ours)]
    if peer:
        contestants.append(
            ("python-miio", lambda: their_client(host).send("get_prop", ["power"]))
        )
    return compare(
        "cold send: new client, hello, command, loopback", contestants, settings
    )


def discoveries(settings, peer, hosts):
    def ours():
        assert len(list(discover(*hosts))) == len(hosts)

    contestants = [("miio_pure: discover(*addresses)", ours)]
    if peer:
        clients = [their_client(host) for host in hosts]
        contestants.append(
            (
                "python-miio: a handshake each",
                lambda: [c.send_handshake() for c in clients],
            )
        )
    return compare(
        "discovery of %d devices by address" % len(hosts), contestants, settings, "ms"
    )


def polls(settings, peer, hosts):
    clients = [Client(host, TOKEN) for host in hosts]
    contestants = [
        ("miio_pure", lambda: [c.send("get_prop", ["power"]) for c in clients])
    ]
    if peer:
        theirs = [their_client(host) for host in hosts]
        contestants.append(
            ("python-miio", lambda: [c.send("get_prop", ["power"]) for c in theirs])
        )
    try:
        return compare("polling %d devices" % len(hosts), contestants, settings, "ms")
    finally:
        for client in clients:
            client.close()


def cold_calls(settings, peer, hosts):
    """New clients for many devices, a hello and a command to each: two tables."""
    contestants = [
        ("miio_pure: together.send_to_all", call_together),
        ("miio_pure: a pool of %d threads" % len(hosts), call_in_threads),
        ("miio_pure: one after the other", call_in_turn),
    ]
    if peer:
        contestants.append(("python-miio: one after the other", call_theirs))
    title = "%d cold calls, %d ms for each answer" % (len(hosts), LATENCY * 1e3)
    settings.progress(title)
    spans = [[] for _ in contestants]
    for turn in range(settings.rounds):
        # What takes ten seconds needs no second round.
        for (_, call), taken in list(zip(contestants, spans))[: 2 if turn else None]:
            taken.append(measure(call, hosts))
    wall, processor = Table(title, "ms"), Table(title + ": our CPU", "ms")
    for (name, _), taken in zip(contestants, spans):
        wall.add(name, [span for span, _ in taken])
        processor.add(name, [used for _, used in taken])
    return wall, processor


def sweeps(settings):
    """Discover in whole subnets of loopback, where nobody else can be disturbed."""
    count = count_many(settings)
    with fleet(count) as hosts:
        # Fewer than a hundred addresses are not slowed down.
        size = 28 if settings.quick else 24
        subnet = "%s.0/%d" % (hosts[0].rpartition(".")[0], size)
        table = Table("discovery in a /%d with %d devices" % (size, count), "s")
        yield sweep(settings, table, subnet, count)
    if not settings.quick:
        empty = "127.%d.0.0/20" % (2 + os.getpid() % 250)
        table = Table("discovery in a /20 with no device", "s")
        yield sweep(settings, table, empty, 0)


def sweep(settings, table, subnet, count):
    """Fill a table with the time in which a subnet's devices are found."""
    settings.progress(table.title)
    timeout = 0.2 if settings.quick else 1.0
    start = time.perf_counter()
    try:
        found = sum(1 for _ in discover(subnet, timeout=timeout))
    except NoReply as error:
        table.notes.append("This discover() takes no subnets: %s" % error)
        return table
    spent = time.perf_counter() - start
    if found != count:
        table.notes.append("Only %d of %d devices were found." % (found, count))
    name = "miio_pure: discover(subnet, timeout=%s)" % timeout
    table.add(name, [spent])
    return table


def measure(call, hosts):
    """Return (seconds, CPU seconds) of a call, which must reach every device."""
    start, used = time.perf_counter(), time.process_time()
    count = call(hosts)
    spans = time.perf_counter() - start, time.process_time() - used
    assert count == len(hosts)
    return spans


def call_together(hosts):
    clients = [Client(host, TOKEN) for host in hosts]
    outcomes = [one[1] for one in send_to_all(clients, "get_prop", ["power"])]
    for client in clients:
        client.close()
    return outcomes.count(["on"])


def call_one(host):
    with Client(host, TOKEN) as client:
        return client.send("get_prop", ["power"])


def call_in_threads(hosts):
    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(call_one, hosts)).count(["on"])


def call_in_turn(hosts):
    return [call_one(host) for host in hosts].count(["on"])


def call_theirs(hosts):
    return [their_client(host).send("get_prop", ["power"]) for host in hosts].count(
        ["on"]
    )


if __name__ == "__main__":
    serve(float(sys.argv[1]), sys.argv[2] == "1", sys.argv[3:])
