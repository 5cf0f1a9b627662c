# SPDX-License-Identifier: MIT
"""The commands in one table, and the parser that reads it.

A new command is a row in COMMANDS and a module of its own, whose function run() takes
the Options and returns the exit status.
"""

import sys

from .secret import check_secret
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

MAX_PORT = 65535
MAX_SECONDS = 86400
# Messages do not repeat an unknown option that is longer: it may be a token.
MAX_NAME = 18  # characters
# The options that may be repeated, and the commands that take several tokens.
REPEATABLE = ("fault", "token")
SEVERAL_TOKENS = ("decode",)
GIVEN_TWICE = "--%s is given twice; give it once"


class Command:
    """A row of the table of commands.

    arguments: as the help shows them, with [] around optional ones and ... after those
    that may be repeated. options: the names of its options, besides --help. more:
    further lines for its help.
    """

    __slots__ = ("name", "arguments", "options", "text", "example", "more")

    def __init__(
        self,
        name: str,
        arguments: str,
        options: str,
        text: str,
        example: str,
        more: str = "",
    ) -> None:
        self.name, self.arguments, self.text = name, arguments, text
        self.options = options.split()
        self.example, self.more = example, more

    def count_arguments(self) -> "Tuple[int, Optional[int]]":
        """Return the least and the greatest number of arguments; None: no limit."""
        words = [word for word in self.arguments.split() if word.strip("[].")]
        least = sum(word[0] != "[" for word in words)
        return least, None if "..." in self.arguments else len(words)


TALK = "token devices timeout bind port debug json"
# fmt: off
COMMANDS = (
    Command("discover", "[TARGET ...]",
            "devices timeout bind port debug json leases no-mdns",
            "find devices on the network", "discover"),
    Command("info", "DEVICE", TALK,
            "show what a device says about itself", "info 192.168.1.47"),
    Command("get", "DEVICE [PROPERTY ...]", TALK + " spec",
            "read properties; all of them if none is named", "get fan power speed"),
    Command("set", "DEVICE PROPERTY=VALUE ...", TALK + " spec verify",
            "set properties", "set fan power=on speed=60"),
    Command("run", "DEVICE ACTION [VALUE ...]", TALK + " spec",
            "run an action", "run fan toggle"),
    Command("send", "DEVICE METHOD [PARAMS]", TALK,
            "call any method that the device knows",
            "send fan get_prop '[\"power\"]'",
            "The answer to miIO.info may show the token, unlike that of info."),
    Command("watch", "DEVICE [PROPERTY ...]",
            "every token devices timeout bind port debug spec",
            "print a line of JSON for each change",
            "watch lamp on brightness --every 5",
            "A device that fails gets a line with an error, and one with its values\n"
            "when it is back. SIGTERM ends the program with status 0."),
    Command("spec", "FILE|DEVICE [WORD]", TALK + " writable actions save model",
            "show which properties and actions a device has",
            "spec zhimi.airpurifier.mb4.json --save",
            "For a device without a saved spec, this command says how to get one."),
    Command("join", "SSID",
            "ip password-prompt timezone yes devices timeout bind port debug json",
            "bring a new device into a Wi-Fi network",
            "join home --password-prompt",
            "First connect this computer to the device's own network, with a name\n"
            "such as zhimi-fan-v3_miap1A2B, and back to yours when told to.\n"
            "The password comes from the prompt, or from MIIO_WIFI_PASSWORD."),
    Command("devices", "", "devices tokens json",
            "list the saved devices", "devices"),
    Command("devices add", "DEVICE", TALK + " name",
            "save a device, rename it, or renew its token",
            "devices add 192.168.1.47 --name fan --token HEX",
            "To rename a saved device, give only --name; it may be switched off."),
    Command("devices forget", "DEVICE", "devices",
            "remove a saved device", "devices forget fan"),
    Command("tokens", "FILE ...",
            "save check password-prompt devices timeout bind port debug json",
            "find tokens in backups and other programs' data",
            "tokens core.config_entries --save"),
    Command("decode", "HEX|CAPTURE", "token devices json raw",
            "show what is in a packet or a capture",
            "decode mi.pcap --token HEX",
            "--token may be given several times. Only --json shows tokens."),
    Command("pack", "FILE", "without bytecode",
            "pack this program into a single file",
            "pack miio.pyz --without tokens,simulator --bytecode",
            "It replaces an earlier copy, but no other file."),
    Command("demo", "", "timeout debug",
            "see it work with a simulated device", "demo"),
    Command("simulate", "", "name model spec id fault setup token bind port debug",
            "simulate a device until you press Ctrl-C",
            "simulate --port 54400 --fault lose",
            "Without --spec it is a fan with the properties power, speed, level, 2.1\n"
            "and 2.3, the actions toggle and 2.1, and methods such as set_speed."),
    Command("completion", "SHELL", "devices",
            "print a script that completes commands in bash",
            "completion bash > /etc/bash_completion.d/miio-pure"),
    Command("help", "[COMMAND ...]", "",
            "show this help, or the help for a command", "help get"),
)
# What the words in the arguments of a command mean.
NOUNS = {
    "TARGET": "an address, a host name, a saved name, or a subnet such as\n"
              "192.168.1.0/24; without a target, all networks of this computer",
    "DEVICE": "an address, a host name, a saved name or a device id; or several\n"
              "with commas between them; or all, for all saved devices. A saved\n"
              "device that has a new address is found by a broadcast",
    "devices add DEVICE": "an address, a host name, a saved name or a device id",
    "spec DEVICE": "an address, a host name, a saved name or a device id",
    "devices forget DEVICE": "the name, the device id or the address of a saved device",
    "PROPERTY": "a number such as 2.1, or a name: for newer devices, one from their\n"
                "spec file (see: help spec); for older ones, their own name for it",
    "ACTION": "a number such as 2.1, or a name; for older devices, a method",
    "VALUE": "JSON such as 33 or true; anything else is taken as text",
    "SSID": "the name of the network, which must use 2.4 GHz",
    "METHOD": "a method such as get_prop; or a whole request in JSON:\n"
              "'{\"method\":\"get_prop\",\"params\":[\"power\"]}'",
    "PARAMS": "a JSON array or object in single quotes, or a single value",
    "FILE": "a file, or a folder of files",
    "pack FILE": "the file to write",
    "spec FILE": "a spec file",
    "WORD": "show only the entries that contain this word",
    "HEX": "the packet in hex digits, with or without IP headers",
    "CAPTURE": "a pcap or pcapng file; - means standard input",
    "SHELL": "bash",
    "COMMAND": "the name of a command",
}
# The values of the options that do not take just any value.
CHOICES = {
    "setup": "0, ok, OK, list, object, silent, keep-token,\n"
             "strict, refuse, wrong-password, hello-only",
    "fault": "deaf, lose, repeat, damage, reorder, wrong-id,\n"
             "wrong-token, dirty-json, extra-packets, reject,\n"
             "at-most-N, at-most-N-silent, at-most-N-short,\nat-most-N-cut",
    "without": "captures, devices, neighbours,\nsimulator, tokens",
}
# For each option: what its value is called ("" if it takes no value), and its help.
OPTIONS = {
    "token": ("HEX", "the token, 32 hex digits (safer: set MIIO_TOKEN)"),
    "devices": ("FILE", "the file of saved devices (or set MIIO_DEVICES);\n"
                        "by default ~/.config/miio_pure/devices.json"),
    "timeout": ("SECONDS", "how long to wait at most (default: 5)"),
    "bind": ("ADDRESS", "the local address or interface to use"),
    "port": ("PORT", "the UDP port (default: 54321)"),
    "json": ("", "print JSON, one object a line"),
    "leases": ("FILE", "the lease file of a DHCP server, for names and models"),
    "no-mdns": ("", "do not ask for names by multicast DNS"),
    "raw": ("", "show the bytes, too"),
    "debug": ("", "show each datagram on stderr, decrypted, tokens hidden"),
    "name": ("NAME", "the name of the device"),
    "model": ("MODEL", "the model of the device"),
    "id": ("ID", "the device id, a number"),
    "fault": ("FAULT", "a fault to simulate (may be given several times):\n"
                       + CHOICES["fault"]),
    "setup": ("KIND", "a new device, which join brings into a network. It\n"
                      "answers as these kinds of devices do:\n"
                      + CHOICES["setup"]),
    "ip": ("ADDRESS", "where the device is in its own network, if that is not\n"
                      "one of the usual addresses"),
    "timezone": ("TZ", "the time zone for the device, such as Europe/Berlin"),
    "yes": ("", "send without asking"),
    "tokens": ("", "show the tokens, too"),
    "save": ("", "save it, so that other commands can use it"),
    "check": ("", "ask each device whether it accepts its token"),
    "spec": ("FILE", "the spec file to use (otherwise a saved one)"),
    "every": ("SECONDS", "how often to read, at least 0.5 (default: 10)"),
    "verify": ("", "read the properties back after setting them"),
    "writable": ("", "show only properties that can be set"),
    "actions": ("", "show the actions instead of the properties"),
    "password-prompt": ("", "ask for the password (or set MIIO_PASSWORD for that of a\n"
                            "backup, MIIO_WIFI_PASSWORD for that of a network)"),
    "without": ("PART,...", "parts to leave out: " + CHOICES["without"]),
    "bytecode": ("", "bytecode for this version of Python only: starts faster"),
    "help": ("", "show this help"),
    "version": ("", "show the version, and where this copy is"),
}
# fmt: on
QUOTING = (
    "; put JSON in single quotes, so that the shell keeps it together: '[\"power\"]'"
)
# The part of the package that each of these commands needs. A copy may lack it.
PARTS = {
    "devices": "devices",
    "join": "devices",
    "tokens": "tokens",
    "demo": "simulator",
    "simulate": "simulator",
}


class Options:
    """The command that was typed, its arguments and its options."""

    command: "Optional[Command]" = None
    token: "Optional[str]" = None
    devices: "Optional[str]" = None
    timeout = 5.0
    every = 10.0
    bind: "Optional[str]" = None
    port = 54321
    json = debug = tokens = save = check = password_prompt = help = version = False
    bytecode = verify = writable = actions = no_mdns = raw = False
    spec: "Optional[str]" = None
    leases: "Optional[str]" = None
    without: "Optional[str]" = None
    name: "Optional[str]" = None
    model: "Optional[str]" = None
    id: "Optional[int]" = None
    yes = False
    ip: "Optional[str]" = None
    timezone: "Optional[str]" = None
    setup: "Optional[str]" = None

    def __init__(self) -> None:
        self.arguments: "List[str]" = []
        self.fault: "List[str]" = []
        # All values of --token but the first one.
        self.more_tokens: "List[str]" = []


def parse(argv: "List[str]") -> Options:
    """Parse a command line; UsageError if it is wrong."""
    options, rest = Options(), list(argv)
    seen: "Dict[str, str]" = {}
    while rest:
        word = rest.pop(0)
        if word == "--":
            options.arguments += rest
            break
        if is_option(word):
            take_option(options, word, rest, seen)
        else:
            options.arguments.append(word)
    options.command = take_command(options.arguments)
    if not (options.help or options.version):
        check(options, seen)
    return options


def is_option(word: str) -> bool:
    """Tell an option from an argument, which may be - or a negative number."""
    return word[:1] == "-" and (word[1:2] == "-" or word[1:2].isalpha())


def take_option(
    options: Options, word: str, rest: "List[str]", seen: "Dict[str, str]"
) -> None:
    """Store an option and its value; seen: how each name was typed so far."""
    typed, equals, value = word.partition("=")
    name = "help" if typed == "-h" else typed[2:]
    if name not in OPTIONS or typed == "-" + name:
        raise UsageError(explain_unknown(typed))
    noun, _ = OPTIONS[name]
    is_repeated = name in seen
    if is_repeated and name not in REPEATABLE:
        raise UsageError(GIVEN_TWICE % name)
    seen[name] = typed
    if not noun:
        if equals:
            raise UsageError("--%s takes no value" % name)
        setattr(options, name.replace("-", "_"), True)
        return
    if not equals:
        if not rest or is_option(rest[0]):
            raise UsageError("--%s needs a value: --%s %s" % (name, name, noun))
        value = rest.pop(0)
    if name == "fault":
        options.fault.append(value)
    elif is_repeated:
        options.more_tokens.append(value)
    else:
        setattr(options, name, read_value(name, noun, value))


def explain_unknown(typed: str) -> str:
    """Return what is wrong with an option that does not exist."""
    if typed in ("-v", "-V"):
        return "there is no option %s; to see the version, use --version" % typed
    name = typed.lstrip("-")
    if len(name) > MAX_NAME or not name.replace("-", "").isalpha():
        return "an option is unknown (it is not shown here, as it may be a token)"
    from .nearest import find_nearest

    nearest = find_nearest(name, OPTIONS)
    hint = "; did you mean --%s?" % nearest if nearest else ""
    return "there is no option %s%s" % (typed, hint)


def read_value(name: str, noun: str, text: str) -> "Any":
    """Return the value of an option; if it is bad, a UsageError does not repeat it."""
    if noun == "PORT":
        return read_number(name, text, 1, MAX_PORT)
    if noun == "ID":
        return read_number(name, text, 1, (1 << 64) - 1)
    if noun == "SECONDS":
        try:
            seconds = float(text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= MAX_SECONDS:
            limits = "--%s needs a number of seconds, more than 0 and at most %d"
            raise UsageError(limits % (name, MAX_SECONDS))
        return seconds
    if noun != "HEX":
        check_secret("the value of --" + name, text)
    return text


def read_number(name: str, text: str, least: int, most: int) -> int:
    """Return the whole number that is the value of an option."""
    digits = 0 < len(text) <= len(str(most)) and not text.strip("0123456789")
    if not digits or not least <= int(text) <= most:
        raise UsageError(
            "--%s needs a whole number from %d to %d" % (name, least, most)
        )
    return int(text)


def take_command(words: "List[str]") -> "Optional[Command]":
    """Take the name of the command out of the words; None if there are none."""
    for size in (2, 1):
        for command in COMMANDS:
            if words[:size] == command.name.split():
                del words[:size]
                return command
    if words:
        raise UsageError(explain_command(words[0]))
    return None


def explain_command(word: str) -> str:
    """Return what is wrong with a command that does not exist."""
    if word in OPTIONS:
        return "there is no command %s, but there is an option --%s" % (word, word)
    from .nearest import find_nearest

    # "forget" leads to "devices forget".
    names = {command.name.split()[-1]: command.name for command in COMMANDS}
    nearest = find_nearest(word, names)
    if nearest:
        return 'there is no such command; did you mean "%s"?' % names[nearest]
    return "the first argument is not a command; the commands are: %s" % ", ".join(
        command.name for command in COMMANDS if " " not in command.name
    )


def check(options: Options, seen: "Dict[str, str]") -> None:
    """Raise UsageError unless the options and the arguments fit the command."""
    command = options.command
    if command is None:
        if seen:
            raise UsageError("there are options, but no command; a command comes first")
        return
    for name in seen:
        if name not in command.options:
            raise UsageError("%s takes no --%s" % (command.name, name))
    if options.more_tokens and command.name not in SEVERAL_TOKENS:
        raise UsageError(GIVEN_TWICE % "token")
    least, most = command.count_arguments()
    count = len(options.arguments)
    if count < least:
        missing = command.arguments.split()[count].strip("[]")
        raise UsageError(
            "%s needs %s; usage: %s %s"
            % (command.name, missing, command.name, command.arguments)
        )
    if most is not None and count > most:
        raise UsageError(explain_surplus(command, options.arguments[most]))


def explain_surplus(command: Command, word: str) -> str:
    """Return what is wrong where there are too many arguments.

    word: the first one that is too many.
    """
    others = find_subcommands(command)
    if not others:
        usage = "%s %s" % (command.name, command.arguments)
        text = "there are too many arguments for %s; usage: " % command.name
        return text + usage.rstrip() + (QUOTING if command.name == "send" else "")
    from .nearest import find_nearest

    nearest = find_nearest(word, [name.split()[1] for name in others])
    if nearest:
        return 'there is no such command; did you mean "%s %s"?' % (
            command.name,
            nearest,
        )
    return "%s takes no arguments; there are also %s" % (
        command.name,
        " and ".join('"%s"' % name for name in others),
    )


def find_subcommands(command: Command) -> "List[str]":
    """Return the commands that begin with this one and have a second word."""
    start = command.name + " "
    return [other.name for other in COMMANDS if other.name.startswith(start)]


def find_program() -> str:
    """Return the command that runs this program, quoted for a shell."""
    package, _, _ = __name__.rpartition(".cli.")
    path = sys.argv[0] if sys.argv else ""
    is_module = getattr(sys.modules["__main__"], "__package__", "") == package
    if is_module or path in ("", "-c", "-m"):
        return "python3 -m " + package
    import os

    from .hint import quote

    folder, name = os.path.split(path)
    if folder and folder in os.environ.get("PATH", "").split(os.pathsep):
        return quote(name)
    if folder and os.access(path, os.X_OK):
        return quote(path)
    return "python3 " + quote(path)


def split_nouns(arguments: str) -> "List[str]":
    """Return the words of the arguments, without their brackets."""
    for sign in "[]=.|":
        arguments = arguments.replace(sign, " ")
    return arguments.split()
