# SPDX-License-Identifier: MIT
"""Calls over loopback to simulated devices that run in a process of their own."""

import contextlib
import os
import subprocess
import sys

from miio_pure import Client, discover
from miio_pure.simulator import Simulator, fan

from .measure import compare
from .messages import TOKEN

PORT = 54321  # python-miio knows no other


def addresses(count):
    """Loopback addresses of our own, as the port must be the same for all."""
    own = os.getpid()
    return [
        "127.%d.%d.%d" % (1 + own % 250, own // 250 % 250, number + 1)
        for number in range(count)
    ]


def serve(hosts):
    """Serve simulated devices until stdin closes: `-m benchmarks.network HOST...`"""
    with contextlib.ExitStack() as stack:
        for number, host in enumerate(hosts):
            device = fan(TOKEN, device_id=1000 + number)
            stack.enter_context(Simulator(device, host, PORT))
        print("ready", flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def fleet(count):
    hosts = addresses(count)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.network"] + hosts,
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


if __name__ == "__main__":
    serve(sys.argv[1:])
