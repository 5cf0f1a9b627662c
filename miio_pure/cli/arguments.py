# SPDX-License-Identifier: MIT
"""The arguments of the command line."""

import argparse
import os
import sys

from .. import __version__
from .output import print_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, NoReturn, Tuple

    Options = argparse.Namespace

EXAMPLES = """examples:
  %(prog)s --demo
  %(prog)s --discover all
  %(prog)s --ip 192.168.1.47 --info
  %(prog)s --ip 192.168.1.47 --token HEX \\
      --sendcmd '{"method":"get_prop","params":["power"]}'
  %(prog)s --ip 192.168.1.48 \\
      --sendcmd '{"method":"get_properties","params":[{"siid":2,"piid":1}]}'
  %(prog)s --tokens backup.ab --password-prompt --save

Exit status: 0 done; 1 no reply, refused, damaged, nothing found; 2 wrong usage;
130 Ctrl-C.
The environment variable MIIO_TOKEN serves instead of --token, out of the process list.
"""


class UsageError(Exception):
    """The command line is not right; main() prints why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "NoReturn":
        # argparse quotes the value, which may be a token.
        raise UsageError(message.split(" explicit argument")[0])

    def _print_message(self, message: str, file: object = None) -> None:
        print_line(message.rstrip("\n"))


def parse(argv: "List[str]") -> "Tuple[Options, List[str]]":
    """Return the options, and the arguments that belong to none."""
    try:
        options, extra = make_parser().parse_known_args(argv)
    # "-h=", up to Python 3.9
    except IndexError:  # pragma: no cover
        raise UsageError("a flag was given a value that it does not take") from None
    # "--ip=--", up to Python 3.12
    if [] in vars(options).values():
        raise UsageError("a flag was given no value")
    return options, extra


def make_parser() -> argparse.ArgumentParser:
    """Return the parser, which can also print the help."""
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    parser = _Parser(
        prog=(
            "python3 -m " + __package__.rpartition(".")[0]
            if program in ("", "__main__.py")
            else program
        ),
        description="Control Xiaomi Wi-Fi devices on the local network (miIO).",
        epilog=EXAMPLES,
        allow_abbrev=False,
        add_help=False,
        formatter_class=_make_formatter,
    )
    _add_actions(parser)
    _add_settings(parser)
    return parser


def _add_actions(parser: argparse.ArgumentParser) -> None:
    # A parser makes a formatter for each argument that is added to it, not to a group:
    # from Python 3.14 on, that loads dataclasses and inspect.
    actions = parser.add_argument_group("what to do")
    action = actions.add_mutually_exclusive_group()
    action.add_argument(
        "--discover",
        nargs="+",
        metavar="all|IP",
        help="find devices: all of the network, or those at some addresses",
    )
    action.add_argument(
        "--info", action="store_true", help="show what the device at --ip is"
    )
    action.add_argument(
        "--sendcmd", metavar="JSON", help="send a command to the device at --ip"
    )
    action.add_argument("--decode", metavar="HEX", help="decrypt a packet with --token")
    action.add_argument(
        "--demo", action="store_true", help="show it all with a simulated device"
    )
    action.add_argument(
        "--simulate",
        action="store_true",
        help="be a simulated device on 127.0.0.1, or --bindip, until Ctrl-C (also: "
        "--port, --token)",
    )
    action.add_argument(
        "--tokens",
        nargs="+",
        metavar="FILE",
        help="find tokens in files and folders: databases, backups, logs of Mi Home",
    )
    action.add_argument("-h", "--help", action="help", help="show this help")
    action.add_argument(
        "--version",
        action="version",
        version="miio_pure " + __version__,
        help="show the version",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how")
    how.add_argument("--ip", metavar="IP", help="address or host name of the device")
    how.add_argument(
        "--token",
        metavar="HEX",
        help="32 hex digits (default: $MIIO_TOKEN, the token file, or what the device "
        "shows)",
    )
    how.add_argument(
        "--token-file",
        metavar="FILE",
        help="where tokens are kept (~/.config/miio_pure/tokens.json)",
    )
    how.add_argument(
        "--save",
        action="store_true",
        help="--tokens: keep them in the token file; then --token is not needed",
    )
    how.add_argument(
        "--password-prompt",
        action="store_true",
        help="--tokens: ask for a backup's password (default: $MIIO_PASSWORD)",
    )
    how.add_argument(
        "--bindip",
        metavar="IP",
        help="local address to send from; --discover all goes out on its network",
    )
    how.add_argument(
        "--port", type=_port, default=54321, metavar="N", help="UDP port (54321)"
    )
    how.add_argument(
        "--timeout",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="longest time to wait, in seconds (5)",
    )
    how.add_argument(
        "--json",
        action="store_true",
        help="--discover, --tokens: one JSON object a line",
    )
    how.add_argument(
        "--debug", action="store_true", help="show every datagram on stderr"
    )


def _make_formatter(prog: str) -> argparse.HelpFormatter:
    """Set the width: argparse imports shutil and zlib to find one."""
    return argparse.RawDescriptionHelpFormatter(prog, width=80)


def _port(text: str) -> int:
    digits = 0 < len(text) < 6 and not text.strip("0123456789")
    if not (digits and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(
            "a number from 1 to 65535, not %s" % ascii(text)
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(
            "seconds, more than 0 and at most 86400, not %s" % ascii(text)
        )
    return seconds
