# SPDX-License-Identifier: MIT
"""Pairs of commands from two processes that start at the same moment.

    python3 -m tests.campaigns.pairs [COUNT]

COUNT pairs go to a device that answers repeated ids again, and as many to one that
drops them. If two processes chose the same id, one command would get the other's
answer, or none.
"""

import json
import os
import subprocess
import sys
import time

from miio_pure.simulator import FakeDevice, Simulator

from ..support import ROOT, TOKEN

# Forks two processes for each pair; both wait for the same moment, and say what came.
STARTER = """
import json, os, sys, time
from miio_pure import Client, MiioError
token, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for pair in range(count):
    moment = time.monotonic() + 0.002
    children = []
    for nonce in (2 * pair, 2 * pair + 1):
        child = os.fork()
        if child:
            children.append(child)
            continue
        while time.monotonic() < moment:
            pass
        try:
            with Client("127.0.0.1", token, port=port) as client:
                answer = client.send("work", [nonce])
        except MiioError as error:
            answer = str(error)
        os.write(1, json.dumps([nonce, answer]).encode() + b"\\n")
        os._exit(0)
    for child in children:
        os.waitpid(child, 0)
"""


def run(count, repeats):
    """Run pairs; return (own answers, honest errors, what else happened)."""
    acts = {}

    def work(params):
        acts[params[0]] = acts.get(params[0], 0) + 1
        return params

    device = FakeDevice(TOKEN, methods={"work": work}, repeats=repeats)
    with Simulator(device) as simulator:
        command = [
            sys.executable,
            "-c",
            STARTER,
            TOKEN,
            str(simulator.port),
            str(count),
        ]
        out = subprocess.check_output(command, cwd=ROOT, env=os.environ)
    answers = dict(json.loads(line.decode()) for line in out.splitlines())
    own = [nonce for nonce, answer in answers.items() if answer == [nonce]]
    errors = [nonce for nonce, answer in answers.items() if isinstance(answer, str)]
    wrong = 2 * count - len(own) - len(errors)
    wrong += sum(acts.get(nonce, 0) != 1 for nonce in range(2 * count))
    return len(own), len(errors), wrong


def main(count):
    failed = False
    for repeats in ("answer", "drop"):
        start = time.monotonic()
        own, errors, wrong = run(count, repeats)
        failed = failed or bool(wrong)
        print(
            "%d pairs, to a device that %ss repeated ids: %d own answers, %d errors, "
            "%d wrong, %.0f s"
            % (count, repeats, own, errors, wrong, time.monotonic() - start)
        )
    return failed


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
