# SPDX-License-Identifier: MIT
"""Random command lines: each one ends in order, and none repeats what may be a token.

python3 -m tests.campaigns.lines [COUNT] [SEED]
"""

import random
import sys
import tempfile
from unittest import mock

from miio_pure import Client, NoReply, packet
from miio_pure.cli import arguments, pack
from miio_pure.cli.php_miio import ACTIONS
from miio_pure.discovery import Found
from miio_pure.simulator import Simulator, fan

from ..support import TOKEN, run_cli

SECRETS = (TOKEN, TOKEN[:-1], TOKEN + "0", TOKEN.upper())
STATUSES = (0, 1, 2, 3, 4, 5)
# fmt: off
TEXTS = (
    "", "-", "--", "=", " ", "\0", "\x1b[2J", "\udcff", "\u202e", "\u20ac",
    "127.0.0.1", "127.0.0.1:5", "::1", "all", "lamp", "1,2", "http://x", "fan:on",
    "power", "power=on", "2.1", "2.1=true", "9.9=x", "toggle", "get_prop", "nan",
    '["power"]', '{"method":"toggle"}', "{method:", "'{", "[" * 999, "-5", "1e999",
    "bash", "names", "forget", "add", "-h", "-v", "-x", "--nonsense", "--Json=1",
    "9" * 400, "x" * 3000, "0", "65535", "65536", "0.2", "--port=1", "--timeout=0.2",
)
# fmt: on


def list_words():
    """Return the words that lines are made of; the names come from the tables."""
    words = [word for command in arguments.COMMANDS for word in command.name.split()]
    words += ["--" + name for name in arguments.OPTIONS]
    words += list(ACTIONS) + ["--ip", "--bindip", "--token-file"]
    return words


def draw_line(draw, words):
    """Return a random command line, which is right more often than not."""
    line = []
    if draw.random() < 0.7:
        line += draw.choice(arguments.COMMANDS).name.split()
        line += [draw.choice(("127.0.0.1", "lamp")), draw.choice(TEXTS)]
    for _ in range(draw.randrange(5)):
        word = draw.choice((draw.choice(words), draw.choice(TEXTS), TOKEN))
        if word == TOKEN:
            word = draw.choice(SECRETS)
        if draw.random() < 0.2:
            word += "=" + draw.choice(TEXTS + SECRETS)
        line.insert(draw.randrange(len(line) + 1), word)
    return line


def make_device():
    """Return a function in the place of Client.command, and the Found of its hello."""
    device = fan(TOKEN, device_id=1)

    def command(client, fields, **options):
        request = packet.encode(
            packet.Token(TOKEN),
            packet_body(fields),
            device_id=1,
            stamp=0,
        )
        if not device.handle(request, 0.0):
            raise NoReply("silence", 1)
        return [{"siid": 2, "piid": 1, "code": -4003}]

    hello = packet.decode_hello(device.handle(packet.HELLO, 0.0)[0])
    return command, Found("127.0.0.1", 54321, hello)


def packet_body(fields):
    from miio_pure.exchange import Request

    return b'{"id":1,' + Request(fields, None).body[1:]


def check(line, done):
    """Raise AssertionError unless a command line ended in order."""
    status, out, err = done
    assert status in STATUSES, (line, status)
    assert "Traceback" not in err, line
    for text in (out, err):
        assert text.replace("\n", "").isprintable(), line
    is_shown = any(secret[:24] in err for secret in SECRETS)
    assert not is_shown, line
    assert status == 0 or "\nerror: " in "\n" + err, line


def run(count, seed):
    """Run so many command lines."""
    draw, words = random.Random(seed), list_words()
    command, found = make_device()
    with mock.patch.object(Client, "command", command), mock.patch.object(
        Client, "handshake", lambda client: found
    ), mock.patch(
        "miio_pure.cli.discover.discover", lambda *_, **__: iter([found])
    ), mock.patch(
        "miio_pure.neighbours.find_sources", lambda *_: ["127.0.0.1"]
    ), mock.patch(
        # Otherwise it would go on for ever.
        "miio_pure.cli.watch.wait",
        mock.Mock(side_effect=NoReply("stopped", 1)),
    ):
        with mock.patch.object(Simulator, "serve", lambda simulator: None):
            with mock.patch.object(pack, "write", lambda target, data: None):
                with mock.patch.object(pack, "build", lambda *_: b""), mock.patch(
                    "miio_pure.cli.join.discover", lambda *_, **__: iter([found])
                ):
                    run_lines(count, draw, words)
    print("%d command lines: each one ended in order" % count)


def run_lines(count, draw, words):
    with tempfile.TemporaryDirectory() as home:
        for _ in range(count):
            line = draw_line(draw, words)
            if "\0" in "".join(line):
                line = [word.replace("\0", "") for word in line]
            try:
                done = run_cli(*line, env={"HOME": home})
            except BaseException:
                print("failed: %r" % line)
                raise
            check(line, done)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]] + [0, 0]
    run(numbers[0] or 20000, numbers[1] or random.randrange(1 << 30))
