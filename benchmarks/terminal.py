# SPDX-License-Identifier: MIT
"""Draw a terminal session from real output: python3 -m benchmarks.terminal FILE.svg

It runs in a network namespace of its own, where a simulated fan has an address of a
home network. So nothing reaches a real network, and each run shows the same. It needs
Linux with `unshare` and `ip`.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from html import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAIN = os.path.join(ROOT, "miio_pure", "__main__.py")
ADDRESS = "192.168.1.47"
TOKEN = "00112233445566778899aabbccddeeff"
SESSION = (
    "discover " + ADDRESS,
    "devices add %s --name fan --token %s" % (ADDRESS, TOKEN),
    "spec tests/samples/fan.json --save",
    "get fan",
    "set fan on=true fan-level=60",
    "get fan fan-level",
    "set fan fan-level=400",
)
# Pixels: the width of a character, the height of a line, and the margin.
WIDTH, HEIGHT, MARGIN = 8.4, 19, 16
STYLE = """
.back{fill:#f6f8fa;stroke:#d0d7de}
text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#24292f;white-space:pre}
.command{font-weight:bold}.note{fill:#57606a}.error{fill:#b3261e}.prompt{fill:#1a7f37}
@media(prefers-color-scheme:dark){
.back{fill:#161b22;stroke:#30363d}text{fill:#e6edf3}.note{fill:#8d96a0}
.error{fill:#ff7b72}.prompt{fill:#3fb950}}
"""
MAX_COLUMNS = 86


def record():
    """Return the lines of the session: (kind, text) each, from the real program."""
    subprocess.check_call(["ip", "address", "add", ADDRESS + "/32", "dev", "lo"])
    subprocess.check_call(["ip", "link", "set", "lo", "up"])
    simulate = [sys.executable, MAIN, "simulate", "--bind", ADDRESS, "--token", TOKEN]
    device = subprocess.Popen(
        simulate + ["--id", "64688486"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        # It says where it listens once it does.
        device.stdout.readline()
        with tempfile.TemporaryDirectory() as home:
            return [line for command in SESSION for line in run(command, home)]
    finally:
        device.terminate()
        device.communicate()


def run(command, home):
    """Return the lines that a command shows, its own line first."""
    done = subprocess.run(
        [sys.executable, MAIN] + shlex.split(command),
        cwd=ROOT,
        env=dict(os.environ, HOME=home, XDG_CONFIG_HOME=home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    lines = [("command", "miio-pure " + command)]
    for kind, text in (("output", done.stdout), ("error", done.stderr)):
        for line in text.replace(MAIN, "miio-pure").replace(home, "~").splitlines():
            shown = "note" if line.startswith("note:") else kind
            lines += [(shown, part) for part in fold(line)]
    return lines


def fold(line):
    """Return a line as a terminal shows it, in rows of MAX_COLUMNS characters."""
    if len(line) <= MAX_COLUMNS:
        return [line.rstrip()]
    cut = line.rfind(" ", 0, MAX_COLUMNS)
    return [line[:cut]] + fold(line[cut + 1 :])


def draw(lines):
    """Return the picture as SVG; it uses no font or link from elsewhere."""
    columns = max(len(text) for _, text in lines) + 2
    size = "%d %d" % (columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s" width="%s" '
        'height="%s" role="img">' % ((size,) + tuple(size.split())),
        "<title>A terminal session with miio-pure</title>",
        "<style>%s</style>" % STYLE,
        '<rect class="back" x=".5" y=".5" width="%d" height="%d" rx="8"/>'
        % tuple(int(side) - 1 for side in size.split()),
    ]
    for number, (kind, text) in enumerate(lines):
        y = MARGIN + (number + 0.75) * HEIGHT
        # Other fonts than the one that the width is meant for are made to fit.
        span = (len(text) + 2 * (kind == "command")) * WIDTH
        text = escape(text, quote=False)
        if kind == "command":
            text = '<tspan class="prompt">$ </tspan>' + text
        parts.append(
            '<text class="%s" x="%d" y="%.1f" textLength="%.1f" '
            'xml:space="preserve">%s</text>' % (kind, MARGIN, y, span, text)
        )
    return "\n".join(parts + ["</svg>"]) + "\n"


def main(path):
    if "MIIO_NAMESPACE" not in os.environ:
        again = [sys.executable, "-m", "benchmarks.terminal", path]
        os.environ["MIIO_NAMESPACE"] = "own"
        return subprocess.call(["unshare", "--net", "--map-root-user"] + again)
    with open(path, "w", encoding="utf-8") as file:
        file.write(draw(record()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
