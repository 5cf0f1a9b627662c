# SPDX-License-Identifier: MIT
"""CPU time and peak memory of fresh processes, with their bytecode in a cache."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from .measure import Table
from .messages import TOKEN
from .network import fleet

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BARE = "import socket, json, struct, time"
SHELL = "import socket, json, argparse"
MAIN = os.path.join(ROOT, "miio_pure", "__main__.py")
# A process counts the peak of the one that started it as its own: so start it from a
# small one.
LAUNCHER = (
    "import os, sys\n"
    "pid = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])\n"
    "_, status, used = os.wait4(pid, 0)\n"
    "print(status, used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)\n"
)


class Failed(Exception):
    """A command did not do what it should."""


def run(command, environment, expected):
    """(CPU seconds, peak bytes) of one process, which prints what is expected.

    command: the arguments of this Python, or a whole command that begins with a path.
    """
    if not os.path.isabs(command[0]) or command[0].endswith((".py", ".pyz")):
        command = [sys.executable] + command
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", LAUNCHER] + command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    status, seconds, size = done.stderr.split()[-3:]
    # Python's own lists, which miiocli prints, have the other quotes.
    if status != b"0" or expected not in done.stdout.replace(b"'", b'"'):
        raise Failed
    return float(seconds), int(size) * (1 if sys.platform == "darwin" else 1024)


def measured(title, contestants, expected, settings):
    """A table of CPU time and one of peak memory."""
    settings.progress(title)
    cpu, memory = Table(title + ": CPU", "ms"), Table(title + ": peak memory", "MiB")
    samples = []
    with tempfile.TemporaryDirectory() as cache:
        environment = dict(os.environ, PYTHONPYCACHEPREFIX=cache)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name, command in contestants:
            try:
                run(command, environment, expected)  # writes the cache
                samples.append((name, command, []))
            except Failed:
                cpu.notes.append("%s does not work here." % name)
        for _ in range(2 if settings.quick else 31):
            for name, command, taken in samples:
                try:
                    taken.append(run(command, environment, expected))
                except Failed:
                    # npm's miio has failed once, for a reason that we do not know.
                    cpu.notes.append("%s failed in a round, which is left out." % name)
    for name, _, taken in samples:
        if not taken:
            continue
        cpu.add(name, [seconds for seconds, _ in taken])
        memory.add(name, [size for _, size in taken])
    return [cpu, memory]


def subjects(settings, missing):
    imports = [
        ("import miio_pure", ["-S", "-c", "import miio_pure"]),
        (BARE, ["-S", "-c", BARE]),
        ("pass", ["-S", "-c", "pass"]),
    ]
    if "miio" not in missing:
        imports.append(("import miio (python-miio)", ["-c", "import miio"]))
    yield from measured("import", imports, b"", settings)
    with fleet(1, reveal=True) as (host,), tempfile.TemporaryDirectory() as folder:
        packed = os.path.join(folder, "miio.pyz")
        run([MAIN, "pack", packed, "--bytecode"], dict(os.environ), b"packed")
        send = ["send", host, "get_prop", '["power"]', "--token", TOKEN.hex()]
        # Without the site module, which costs the same for all of them.
        shells = [
            ("miio_pure/__main__.py send", ["-S", MAIN] + send),
            ("python3 -m miio_pure send", ["-S", "-m", "miio_pure"] + send),
            ("miio.pyz --bytecode, send", ["-S", packed] + send),
            (SHELL, ["-S", "-c", SHELL + "; print('\"on\"')"]),
            ("print", ["-S", "-c", "print('\"on\"')"]),
        ]
        if "miio" not in missing:
            main = "import sys; from miio.cli import create_cli; sys.exit(create_cli())"
            theirs = ["-W", "ignore", "-c", main, "device", "--ip", host, "--token"]
            theirs += [TOKEN.hex(), "raw_command", "get_prop", '["power"]']
            shells.append(("miiocli device raw_command", theirs))
        others, notes = find_others(host)
        tables = measured("one-shot command", shells + others, b'"on"', settings)
        tables[0].notes += notes
        yield from tables
        spec = os.path.join(folder, "spec.json")
        with open(spec, "w") as file:
            json.dump(make_spec(), file)
        token = ["--token", TOKEN.hex()]
        params = '[{"did":"1","siid":2,"piid":1}]'
        size = os.path.getsize(spec) // 1000
        shells = [
            ("send get_properties", ["send", host, "get_properties", params]),
            ("get by number", ["get", host, "2.1"]),
            ("get by name, spec of %d KB" % size, ["get", host, "on", "--spec", spec]),
        ]
        shells = [(name, ["-S", MAIN] + args + token) for name, args in shells]
        yield from measured("one property", shells, b"true", settings)


def find_others(host):
    """Return the commands of npm miio and php-miio, and sentences on missing ones."""
    found, notes = [], []
    miio, node = shutil.which("miio"), shutil.which("node")
    if miio and node:
        command = [node, os.path.realpath(miio), "protocol", "call", host]
        found.append(("npm miio protocol call", command + ["get_prop", '["power"]']))
    else:
        notes.append("npm miio is not installed: there is no miio on the PATH.")
    php, script = shutil.which("php"), os.environ.get("PHP_MIIO")
    if php and script:
        request = '{"id":1,"method":"get_prop","params":["power"]}'
        command = [php, os.path.abspath(script), "--ip", host, "--token", TOKEN.hex()]
        found.append(("php-miio --sendcmd", command + ["--sendcmd", request]))
    else:
        notes.append("php-miio is not installed: PHP_MIIO does not name miio-cli.php.")
    return found, notes


def make_spec():
    """A spec file as large as those of air conditioners and vacuums."""

    def urn(kind, name):
        return "urn:miot-spec-v2:%s:%s:00000001:acme-x1:1" % (kind, name)

    def make_property(siid, piid):
        name = "on" if (siid, piid) == (2, 1) else "name-%d-%d" % (siid, piid)
        made = {"iid": piid, "type": urn("property", name), "description": name}
        made.update(format="uint8", access=["read", "write", "notify"])
        if piid == 1:
            return dict(made, format="bool")
        if piid % 3:
            return dict(made, **{"unit": "percentage", "value-range": [1, 100, 1]})
        choices = [{"value": i, "description": "Level %d" % i} for i in range(6)]
        return dict(made, **{"value-list": choices})

    services = [
        {
            "iid": siid,
            "type": urn("service", "service-%d" % siid),
            "properties": [make_property(siid, piid) for piid in range(1, 16)],
        }
        for siid in range(2, 14)
    ]
    return {"type": urn("device", "fan"), "services": services}
