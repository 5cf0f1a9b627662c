# SPDX-License-Identifier: MIT
"""The command line: results go to stdout, all else to stderr; never a traceback."""

import argparse
import os
import sys

from . import __version__
from .errors import MiioError, NoReply, PayloadError, TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        Any,
        Callable,
        Dict,
        List,
        NoReturn,
        Optional,
        TextIO,
        Tuple,
        Union,
    )

    from .devices import Devices, Record
    from .discovery import Found
    from .link import Trace
    from .packet import Token
    from .simulator import FakeDevice, Simulator

    Options = argparse.Namespace

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
MOST_NOTES = 20  # of --tokens
COLUMNS = (
    *("address", "device_id", "device_type", "serial", "stamp", "token"),
    *("model", "name"),
)
HEADINGS = (
    *("address", "device id", "type", "serial", "stamp (s)", "token"),
    *("model", "name"),
)
TABLE = "%-15s  %-20s  %-5s  %-6s  %-10s  %-6s  %s  %s"
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


class _Usage(Exception):
    """The command line is not right."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> "NoReturn":
        raise _Usage(message.split(" explicit argument")[0])  # it may be a token

    def _print_message(self, message: str, file: object = None) -> None:
        _print(message.rstrip("\n"))


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run the command line; the exit status."""
    try:
        status = _main(sys.argv[1:] if argv is None else argv)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:  # of stdout: a full disk, or nobody who reads on
        # keep the interpreter from saying so in its own way when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            _say("error: cannot write the result: %s" % error.strerror)
        return FAILED
    except (MemoryError, RuntimeError) as error:  # no memory, or no more threads
        _say("error: %s" % (str(error) or "not enough memory"))
        return FAILED


def _main(argv: "List[str]") -> int:
    try:
        options, extra = _parsed(argv)
        if extra:  # what is no flag may be a token that got astray: it is not shown
            flags = [text for text in extra if text[:2] == "--" and text[2:].isalpha()]
            raise _Usage(
                "there is no flag %s" % flags[0]
                if flags
                else "one of the arguments belongs to no flag; flags begin with --"
            )
        return _run(options, argv)
    except SystemExit as done:  # --help, --version
        return int(done.code or DONE)
    except _Usage as error:
        _say("error: %s (--help tells more)" % error)
        return USAGE
    except MiioError as error:
        _say("error: %s" % error)
        return FAILED


def _parsed(argv: "List[str]") -> "Tuple[Options, List[str]]":
    try:
        options, extra = _parser().parse_known_args(argv)
    except IndexError:  # pragma: no cover ("-h=", up to Python 3.9)
        raise _Usage("a flag was given a value that it does not take") from None
    if [] in vars(options).values():  # "--ip=--", up to Python 3.12
        raise _Usage("a flag was given no value")
    return options, extra


def _parser() -> argparse.ArgumentParser:
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    parser = _Parser(
        prog=(
            "python3 -m %s" % __package__ if program in ("", "__main__.py") else program
        ),
        description="Control Xiaomi Wi-Fi devices on the local network (miIO).",
        epilog=EXAMPLES,
        allow_abbrev=False,
        add_help=False,
        formatter_class=_formatter,
    )
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
    return parser


def _formatter(prog: str) -> argparse.HelpFormatter:
    """With a width of its own: argparse imports shutil and zlib to find one."""
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


def _run(options: "Options", argv: "List[str]") -> int:
    if (options.save or options.password_prompt) and not options.tokens:
        raise _Usage("--save and --password-prompt go with --tokens")
    if options.discover:
        return _discover(options)
    if options.tokens:
        return _tokens(options)
    if options.info or options.sendcmd is not None:
        return _talk(options)
    if options.decode is not None:
        return _decode(options)
    if options.demo:
        return _demo(options)
    if options.simulate:
        return _simulate(options)
    if options.ip:
        raise _Usage("--ip goes with --info or --sendcmd")
    if argv:
        raise _Usage("nothing to do: give --discover, --info, --sendcmd or the like")
    _parser().print_help()
    return DONE


def _discover(options: "Options") -> int:
    from .discovery import discover

    targets = [] if options.discover == ["all"] else options.discover
    if "all" in targets:
        raise _Usage("--discover: all stands alone")
    store = _store(options)
    if store and store.warning:
        _say("warning: " + store.warning)
    count = 0
    for found in discover(
        *targets,
        timeout=options.timeout,
        bind=options.bindip,
        port=options.port,
        trace=_trace(options),
    ):
        record = store.record(found.device_id) if store else None
        facts = _facts(found, record)
        if options.json:
            _print(_json(facts))
        else:
            if not count:
                _print((TABLE % HEADINGS).rstrip())
            facts["device_type"] = "%04x" % found.device_type
            facts["serial"] = "%04x" % found.serial
            facts["token"] = facts["token"] or "hidden"
            cells = [_shown(str(facts[key] or "")) for key in COLUMNS]
            _print((TABLE % tuple(cells)).rstrip())
        count += 1
    if not count:
        text = "no device answered within %g s: is it switched on, " % options.timeout
        if targets:
            text += "is the address right, and is this host in its subnet?"
        else:
            text += (
                "is this host in its subnet (--bindip chooses the network that is "
                "searched), and does a firewall here let its answers in, which come "
                "from UDP port %d?" % options.port
            )
        raise NoReply(text)
    return DONE


def _facts(found: "Found", record: "Optional[Record]") -> "Dict[str, Any]":
    """What a device said in its hello, and what the token file knows of it."""
    return {
        "address": found.address,
        "port": found.port,
        "device_id": found.device_id,
        "device_type": found.device_type,
        "serial": found.serial,
        "stamp": found.stamp,
        "token": found.token.hex() if found.token else None,
        "model": record and record.model or None,
        "name": record and record.name or None,
    }


def _talk(options: "Options") -> int:
    if not options.ip:
        raise _Usage("--ip is missing: the address of the device")
    fields = None if options.info else _command(options.sendcmd)
    from .client import Client

    token = _token(options)
    store = None if token else _store(options)
    with Client(
        options.ip,
        token,
        tokens=store,
        port=options.port,
        timeout=options.timeout,
        bind=options.bindip,
        trace=_trace(options),
    ) as client:
        if fields is None:
            result = client.info()
        else:
            try:
                result = client.command(fields)
            except (TypeError, ValueError) as error:
                raise _Usage("--sendcmd: %s" % error) from None
    _print(_json(result))
    return DONE


def _command(text: str) -> "Dict[str, Any]":
    """The command that the user typed, mended where that has a single reading."""
    from .payload import load_typed

    repairs: "List[str]" = []
    try:
        typed = _bytes(text).decode("utf-8", "surrogateescape")
        fields = load_typed(typed, repairs)
    except PayloadError as error:
        what, _, _ = str(error).partition("\n")
        raise _Usage("--sendcmd: %s" % what) from None
    if "method" not in fields:
        raise _Usage('--sendcmd: the command has no "method"')
    if repairs:
        _say("warning: --sendcmd is no proper JSON; repaired: %s" % ", ".join(repairs))
    return fields


def _bytes(text: str) -> bytes:
    """An argument in UTF-8, as it was typed even where the locale is C."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character
        return text.encode("utf-8", "replace")


def _decode(options: "Options") -> int:
    from .packet import decode
    from .payload import load

    try:
        datagram = bytes.fromhex(options.decode)
    except ValueError:
        raise _Usage("--decode: a packet is an even number of hex digits") from None
    token = _token(options)
    packet = decode(datagram, token)
    if len(datagram) == 32:
        header = packet.header
        _print(
            _json(
                {
                    "device_id": header.device_id,
                    "stamp": header.stamp,
                    "token": packet.token.hex() if packet.token else None,
                }
            )
        )
        return DONE
    if packet.payload is None:
        raise _Usage("--decode needs --token, or MIIO_TOKEN")
    repairs: "List[str]" = []
    value = load(packet.payload, repairs)
    if repairs:
        _say(
            "warning: the payload is no proper JSON; repaired: %s" % ", ".join(repairs)
        )
    _print(_json(value))
    return DONE


def _tokens(options: "Options") -> int:
    find = _tokens_package()
    try:
        from .tokens import search  # noqa: F401
    except ImportError as error:
        raise _Usage("this copy of miio_pure is not whole: %s" % error) from None
    progress = _Progress()
    try:
        findings = find(*options.tokens, password=_password(options), progress=progress)
    finally:
        progress.clear()
    if options.json:
        for record in findings.records:
            _print(_json(record.facts()))
    elif findings.records:
        _print_table([record.facts() for record in findings.records])
    for source, note in findings.notes[:MOST_NOTES]:
        _say("note: %s: %s" % (source, note))
    if len(findings.notes) > MOST_NOTES:
        _say("note: and %d more of these" % (len(findings.notes) - MOST_NOTES))
    reasons = [record.why for record in findings.without]
    for why in sorted(set(reasons)):
        names = [
            one.name or one.device_id for one in findings.without if one.why == why
        ]
        _say(
            "note: %d without a token (%s): %s"
            % (len(names), ", ".join(names[:5]) + ", ..." * (len(names) > 5), why)
        )
    if not findings.records:
        raise MiioError("no token found: see README.rst, where do I get the token?")
    if options.save:
        path = _token_file(options)
        if path is None:
            raise _Usage("--save: there is no HOME, so name the file: --token-file")
        from .devices import Devices

        saved = Devices(path).save(findings.records)
        rest = (
            "tokens of no Wi-Fi device, older ones, and those of an unknown device id "
            "(for these there is --token)"
        )
        if not saved:
            raise MiioError("nothing was saved: not kept are %s" % rest)
        _say("saved in %s: %d" % (path, saved))
        if saved < len(findings.records):
            _say("note: not saved: %s" % rest)
    return DONE


class _Progress:
    """The file at hand, on a terminal, once it takes longer than a second."""

    def __init__(self) -> None:
        import time

        self._now = time.monotonic
        self._next = self._now() + 1.0
        self._shown = False

    def __call__(self, name: str) -> None:
        if self._now() > self._next and sys.stderr is not None and sys.stderr.isatty():
            _write("\r\x1b[K... " + _shown(name[-70:]), sys.stderr, end="")
            self._next = self._now() + 0.2
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            _write("\r\x1b[K", sys.stderr, end="")


def _password(options: "Options") -> "Union[str, Callable[[], Optional[str]], None]":
    if not options.password_prompt:
        given = os.environ.get("MIIO_PASSWORD") or None
        return given and _bytes(given).decode("utf-8", "replace")

    def ask() -> "Optional[str]":
        import warnings
        from getpass import GetPassWarning, getpass

        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would be shown
            try:
                return getpass("password of the backup: ")
            except EOFError:
                raise MiioError("no password was typed") from None
            except UnicodeError:
                raise MiioError(
                    "this locale cannot read the password: give it as MIIO_PASSWORD"
                ) from None
            except (AttributeError, GetPassWarning, OSError, ValueError):
                raise MiioError("there is no terminal to type a password at") from None

    return ask


def _print_table(rows: "List[Dict[str, str]]") -> None:
    keys = ("name", "model", "address", "mac", "device_id", "token", "source")
    titles = ("name", "model", "address", "MAC", "device id", "token", "found in")
    cells = [titles] + [tuple(_shown(row[key]) for key in keys) for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells)]
    for row in cells:
        padded = [cell + " " * (most - _width(cell)) for cell, most in zip(row, widths)]
        _print("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """Columns on a terminal: Chinese, Japanese and Korean characters take two."""
    return sum(2 if "\u2e80" <= char <= "\uff60" else 1 for char in text)


def _token_file(options: "Options") -> "Optional[str]":
    """Where tokens are kept, or None if there is no home for it."""
    if options.token_file is not None:
        return str(options.token_file)
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if not home:
        return None
    return os.path.join(home, ".config", "miio_pure", "tokens.json")


def _store(options: "Options") -> "Optional[Devices]":
    """The token file, if there is one."""
    path = _token_file(options)
    if path is None or not os.path.exists(path):
        if options.token_file is not None:
            raise _Usage(
                "--token-file: there is no such file; make it with --tokens FILE --save"
            )
        return None
    try:
        from .devices import Devices
    except ImportError:
        if options.token_file:
            raise _Usage("this copy of miio_pure came without devices.py") from None
        return None  # of another copy, which has the module
    return Devices(path)


def _tokens_package() -> "Any":
    """The function find of the folder tokens, which may be left out."""
    try:
        from .tokens import find
    except ImportError:
        raise _Usage("this copy of miio_pure came without its folder tokens") from None
    return find


def _demo(options: "Options") -> int:
    from .client import Client
    from .discovery import discover

    fan, _ = _simulation()
    device = fan(os.urandom(16), reveal=True)
    with _listening(device, "127.0.0.1", 0) as simulator:
        host, port = simulator.address, simulator.port
        limits: "Any" = {"timeout": options.timeout, "trace": _trace(options)}
        _print("A simulated fan listens at %s, port %d." % (host, port))
        for found in discover(host, port=port, **limits):
            _print("discover: device %d, which shows its token" % found.device_id)
        with Client(host, port=port, **limits) as client:
            _print("info: %s" % _json(client.info()))
            for method, params in (
                ("get_prop", ["power", "speed"]),
                ("set_speed", [66]),
                ("get_prop", ["power", "speed"]),
            ):
                answer = client.send(method, params)
                _print("%s %s -> %s" % (method, _json(params), _json(answer)))
    return DONE


def _simulate(options: "Options") -> int:
    import time

    from .link import resolve

    fan, _ = _simulation()
    token = _token(options)
    host = resolve(options.bindip or "127.0.0.1", time.monotonic() + options.timeout)
    device = fan(token or os.urandom(16), reveal=token is None)
    simulator = _listening(device, host, options.port, _trace(options))
    _say(
        "simulated device %d at %s port %d, token %s; Ctrl-C ends it"
        % (
            simulator.device.device_id,
            simulator.address,
            simulator.port,
            "as given" if token else "shown in its hello",
        )
    )
    try:
        _end_on_sigterm()
        simulator.serve()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.close()
    return DONE


def _simulation() -> "Any":
    """The functions fan and Simulator of simulator, which may be left out."""
    try:
        from .simulator import Simulator, fan
    except ImportError:
        raise _Usage(
            "this copy of miio_pure came without its folder simulator"
        ) from None
    return fan, Simulator


def _listening(
    device: "FakeDevice", host: str, port: int, trace: "Optional[Trace]" = None
) -> "Simulator":
    _, serve = _simulation()
    try:
        return serve(device, host, port, trace)  # type: ignore[no-any-return]
    except OSError as error:
        raise NoReply(
            "cannot listen at %s port %d: %s" % (host, port, error.strerror)
        ) from None


def _end_on_sigterm() -> None:
    import signal

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


def _token(options: "Options") -> "Optional[Token]":
    from .packet import Token

    name, text = "--token", options.token
    if text is None:
        name, text = "MIIO_TOKEN", os.environ.get("MIIO_TOKEN") or None
    try:
        return None if text is None else Token(text)
    except TokenError as error:
        raise _Usage("%s: %s" % (name, error)) from None


def _trace(options: "Options") -> "Optional[Trace]":
    if not options.debug:
        return None
    from .packet import HEADER

    def show(event: str, datagram: bytes, address: str) -> None:
        text = datagram.hex()
        if len(datagram) >= 16:
            _, length, device_id, stamp, _ = HEADER.unpack(datagram[:32].ljust(32))
            # what could be a hello reply, even one cut short or too long
            odd = length == 32 or len(datagram) <= 32
            if odd and datagram[16:].strip(b"\xff"):
                text = datagram[:16].hex() + "(hidden here: it may be the token)"
            text = "length %d, device id %d, stamp %d: %s" % (
                length,
                device_id,
                stamp,
                text,
            )
        _say("%s %s %d bytes, %s" % (event, address, len(datagram), text))

    return show


def _json(value: "Any") -> str:
    """JSON in ASCII, so that no control character gets out."""
    from .payload import dump

    try:
        return dump(value).decode()
    except ValueError as error:
        raise PayloadError("cannot print this: %s" % error) from None


def _shown(text: str) -> str:
    """A text with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _write(text: str, stream: "Optional[TextIO]", end: str = "\n") -> None:
    if stream is None:
        return
    try:
        print(text, end=end, file=stream, flush=True)
    except UnicodeEncodeError:  # the locale is C
        plain = text.encode("ascii", "backslashreplace").decode()
        print(plain, end=end, file=stream, flush=True)


def _print(text: str) -> None:
    _write(text, sys.stdout)


def _say(text: str) -> None:
    """One line on stderr, with nothing in it that a terminal would obey."""
    try:
        _write(_shown(text), sys.stderr)
    except OSError:
        pass  # there is nowhere left to say it
