# SPDX-License-Identifier: MIT
"""CPU time and peak memory of fresh processes, with their bytecode in a cache."""

import os
import subprocess
import sys
import tempfile

from .measure import Table
from .messages import TOKEN
from .network import fleet

BARE = "import socket, json, struct, time"
SHELL = "import socket, json, struct, argparse"


def run(command, environment):
    """(CPU seconds, peak bytes) of one process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit("failed: %s" % " ".join(command))
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def measured(title, contestants, settings):
    """A table of CPU time and one of peak memory."""
    settings.progress(title)
    with tempfile.TemporaryDirectory() as cache:
        environment = dict(os.environ, PYTHONPYCACHEPREFIX=cache)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        samples = [[] for _ in contestants]
        for turn in range(1 + (2 if settings.quick else 25)):
            for (_, command), taken in zip(contestants, samples):
                usage = run([sys.executable] + command, environment)
                if turn:  # the first one writes the cache
                    taken.append(usage)
    cpu, memory = Table(title + ": CPU", "ms"), Table(title + ": peak memory", "MiB")
    for (name, _), taken in zip(contestants, samples):
        cpu.add(name, [seconds for seconds, _ in taken])
        memory.add(name, [size for _, size in taken])
    return [cpu, memory]


def subjects(settings, missing):
    imports = [
        ("import miio_pure", ["-c", BARE + ", miio_pure"]),
        (BARE, ["-c", BARE]),
        ("nothing", ["-c", "pass"]),
    ]
    if "miio" not in missing:
        imports.append(("import miio (python-miio)", ["-c", BARE + ", miio"]))
    yield from measured("import", imports, settings)
    with fleet(1) as (host,):
        command = '{"id":1,"method":"get_prop","params":["power"]}'
        talk = ["--ip", host, "--token", TOKEN.hex(), "--sendcmd", command]
        shells = [
            ("python3 -m miio_pure --sendcmd", ["-m", "miio_pure"] + talk),
            (SHELL, ["-c", SHELL]),
        ]
        if "miio" not in missing:
            theirs = ["device", "--ip", host, "--token", TOKEN.hex()]
            raw = ["raw_command", "get_prop", '["power"]']
            shells.append(("miiocli device raw_command", miiocli() + theirs + raw))
        try:
            yield from measured("one-shot command", shells, settings)
        except SystemExit as error:  # their command line breaks with some clicks
            print(
                "python-miio's command line does not run here: %s" % error,
                file=sys.stderr,
            )
            yield from measured("one-shot command", shells[:2], settings)


def miiocli():
    return ["-W", "ignore", "-c", "from miio.cli import create_cli; create_cli()"]
