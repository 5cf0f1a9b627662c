# SPDX-License-Identifier: MIT
"""The commands in one table, the parser and the help that read it.

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
# An option's name is repeated in a message only if it is no longer: it may be a token.
MAX_NAME = 18  # characters


class Command:
    """A row of the table of commands.

    arguments: as the help shows them; [] stands around what may be left out, and ...
    behind what may be repeated. options: the names of those that it takes, besides
    --help. more: what else its help says.
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
        """Return how many arguments it takes: at least, and at most; None: any."""
        words = [word for word in self.arguments.split() if word.strip("[].")]
        least = sum(word[0] != "[" for word in words)
        return least, None if "..." in self.arguments else len(words)


TALK = "token devices timeout bind port debug json"
# fmt: off
COMMANDS = (
    Command("discover", "[TARGET ...]", "devices timeout bind port debug json",
            "find devices on the network", "discover"),
    Command("info", "DEVICE", TALK,
            "show what a device says about itself", "info 192.168.1.47"),
    Command("get", "DEVICE [PROPERTY ...]", TALK + " spec",
            "read properties, or all of them", "get fan power speed"),
    Command("set", "DEVICE PROPERTY=VALUE ...", TALK + " spec verify",
            "set properties", "set fan power=on speed=60"),
    Command("run", "DEVICE ACTION [VALUE ...]", TALK + " spec",
            "run an action", "run fan toggle"),
    Command("send", "DEVICE METHOD [PARAMS]", TALK,
            "call any method that the device knows",
            "send fan get_prop '[\"power\"]'",
            "The answer is printed as it is: that of miIO.info may contain the token,\n"
            "which the info command leaves out."),
    Command("watch", "DEVICE [PROPERTY ...]",
            "every token devices timeout bind port debug spec",
            "print a line of JSON for each change",
            "watch lamp on brightness --every 5",
            "A device that fails gets a line with an error, and one with its values\n"
            "when it is back. SIGTERM ends it with status 0."),
    Command("spec", "FILE|DEVICE [WORD]", TALK + " writable actions save model",
            "show which properties and actions a device has",
            "spec zhimi.airpurifier.mb4.json --save"),
    Command("devices", "", "devices tokens json",
            "list the saved devices", "devices"),
    Command("devices add", "DEVICE", TALK + " name",
            "save a device, or rename it, or renew its token",
            "devices add 192.168.1.47 --name fan --token HEX",
            "To rename a saved device, give only --name; the device may be off."),
    Command("devices forget", "DEVICE", "devices",
            "remove a saved device", "devices forget fan"),
    Command("tokens", "FILE ...", "save password-prompt devices json",
            "find tokens in backups and other programs' data",
            "tokens backup.ab --password-prompt --save"),
    Command("decode", "HEX", "token",
            "show what is in a packet", "decode 21310050... --token HEX"),
    Command("pack", "FILE", "without bytecode",
            "make a copy of this program in one file",
            "pack miio.pyz --without tokens,simulator --bytecode",
            "It replaces an earlier copy, but no other file."),
    Command("demo", "", "timeout debug",
            "see it work with a simulated device", "demo"),
    Command("simulate", "", "name model spec id fault token bind port debug",
            "act as a simulated device until Ctrl-C",
            "simulate --port 54400 --fault lose",
            "Without --spec it is a fan: it has the properties power, speed, level,\n"
            "2.1 and 2.3, and the actions toggle and 2.1. Methods such as set_speed\n"
            "set those with a name."),
    Command("completion", "SHELL", "devices",
            "print a script that completes commands in bash",
            "completion bash > /etc/bash_completion.d/miio-pure"),
    Command("help", "[COMMAND ...]", "",
            "show this help, or the help of a command", "help get"),
)
# What stands for what in the arguments.
NOUNS = {
    "TARGET": "an address, a host name or a saved name; without any, all networks\n"
              "this computer is on",
    "DEVICE": "an address, a host name, a saved name or a device id; several of\n"
              "them with commas, or all, which means all saved devices. A saved\n"
              "device that has left its address is searched for by broadcast",
    "devices add DEVICE": "an address, a host name, a saved name or a device id",
    "spec DEVICE": "an address, a host name, a saved name or a device id",
    "devices forget DEVICE": "the name, the device id or the address of a saved device",
    "PROPERTY": "a number such as 2.1, or a name: on newer devices one of their\n"
                "spec file (see: help spec), on older ones as they know it",
    "ACTION": "a number such as 2.1, or a name; on older devices, a method",
    "VALUE": "JSON if it is valid, such as 33 or true; otherwise plain text",
    "METHOD": "such as get_prop; or a whole request in JSON:\n"
              "'{\"method\":\"get_prop\",\"params\":[\"power\"]}'",
    "PARAMS": "a JSON array or object in single quotes, or one param",
    "FILE": "a file, or a folder of files",
    "pack FILE": "the file to write",
    "WORD": "show only what has this word in it",
    "HEX": "the packet in hex digits",
    "SHELL": "bash",
    "COMMAND": "the name of a command",
}
# The values of the options that take only certain ones.
CHOICES = {
    "fault": "deaf, lose, repeat, damage, reorder, wrong-id,\n"
             "wrong-token, dirty-json, extra-packets, reject,\n"
             "at-most-N, at-most-N-silent, at-most-N-short,\n"
             "at-most-N-cut",
    "without": "devices, simulator, tokens",
}
# Each option: what its value is called ("" if it takes none), and its help.
OPTIONS = {
    "token": ("HEX", "the token, 32 hex digits (safer: set MIIO_TOKEN)"),
    "devices": ("FILE", "the file of saved devices (or set MIIO_DEVICES);\n"
                        "otherwise ~/.config/miio_pure/devices.json"),
    "timeout": ("SECONDS", "the longest time to wait (5)"),
    "bind": ("ADDRESS", "the local address to use"),
    "port": ("PORT", "the UDP port (54321)"),
    "json": ("", "print JSON, one object a line"),
    "debug": ("", "show each datagram on stderr, decrypted, without tokens"),
    "name": ("NAME", "the name of the device"),
    "model": ("MODEL", "the model of the device"),
    "id": ("ID", "its device id, a number"),
    "fault": ("FAULT", "a fault to simulate (may be given several times):\n"
                       + CHOICES["fault"]),
    "tokens": ("", "show the tokens, too"),
    "save": ("", "save what was found"),
    "spec": ("FILE", "the spec file of this model, if it is not saved"),
    "every": ("SECONDS", "how often to read, 0.5 or more (10)"),
    "verify": ("", "read back what was set"),
    "writable": ("", "show only properties that can be set"),
    "actions": ("", "show the actions, not the properties"),
    "password-prompt": ("", "ask for the password of a backup (or MIIO_PASSWORD)"),
    "without": ("PART,...", "parts to leave out: " + CHOICES["without"]),
    "bytecode": ("", "bytecode, no sources: a faster start, but only with this\n"
                     "Python version"),
    "help": ("", "show this help"),
    "version": ("", "show the version, and where this copy lies"),
}
# fmt: on
INTRODUCTION = """\
Control Xiaomi Wi-Fi devices on the local network.

usage: %s COMMAND [ARGUMENTS] [OPTIONS]
"""
FIRST_STEPS = (
    "demo",
    "discover",
    "devices add 192.168.1.47 --name fan",
    "info fan",
)
END = """
Exit status: 0 done; 1 failed, or nothing found; 2 wrong usage; 3 no reply (many
devices also ignore a wrong token); 4 refused by the device; 5 token missing,
wrong or hidden; 130 Ctrl-C.

"%s help COMMAND" tells more about a command.
"%s --version" shows the version."""
QUOTING = (
    "; put JSON in single quotes, so that the shell keeps it together: '[\"power\"]'"
)
# The part of the package without which a command cannot run. A copy may lack it.
PARTS = {
    "devices": "devices",
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
    json = debug = tokens = save = password_prompt = help = version = False
    bytecode = verify = writable = actions = False
    spec: "Optional[str]" = None
    without: "Optional[str]" = None
    name: "Optional[str]" = None
    model: "Optional[str]" = None
    id: "Optional[int]" = None

    def __init__(self) -> None:
        self.arguments: "List[str]" = []
        self.fault: "List[str]" = []


def parse(argv: "List[str]") -> Options:
    """Take a command line apart; UsageError if it is wrong."""
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
    if name in seen and name != "fault":
        raise UsageError("--%s is given twice; give it once" % name)
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
    else:
        setattr(options, name, read_value(name, noun, value))


def explain_unknown(typed: str) -> str:
    """Return what is wrong with an option that does not exist."""
    if typed in ("-v", "-V"):
        return "there is no option %s; the version is shown by --version" % typed
    name = typed.lstrip("-")
    if len(name) > MAX_NAME or not name.replace("-", "").isalpha():
        return "there is an unknown option (not repeated here: it may be a token)"
    from .nearest import find_nearest

    nearest = find_nearest(name, OPTIONS)
    hint = "; did you mean --%s?" % nearest if nearest else ""
    return "there is no option %s%s" % (typed, hint)


def read_value(name: str, noun: str, text: str) -> "Any":
    """Return the value of an option; UsageError, which does not repeat it, if bad."""
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
            limits = "--%s needs a number of seconds, over 0 and at most %d"
            raise UsageError(limits % (name, MAX_SECONDS))
        return seconds
    if noun != "HEX":
        check_secret("the value of --" + name, text)
    return text


def read_number(name: str, text: str, least: int, most: int) -> int:
    """Return the whole number that is the value of an option."""
    digits = 0 < len(text) <= len(str(most)) and not text.strip("0123456789")
    if not digits or not least <= int(text) <= most:
        raise UsageError("--%s needs a whole number, %d to %d" % (name, least, most))
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
    return "the first argument is not a command; commands are: %s" % ", ".join(
        command.name for command in COMMANDS if " " not in command.name
    )


def check(options: Options, seen: "Dict[str, str]") -> None:
    """Raise UsageError unless the options and the arguments fit the command."""
    command = options.command
    if command is None:
        if seen:
            raise UsageError("there are options, but no command")
        return
    for name in seen:
        if name not in command.options:
            raise UsageError("%s takes no --%s" % (command.name, name))
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
        text = "%s got more arguments than it takes; usage: " % command.name
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


def list_commands() -> "List[Command]":
    """Return the commands that can run: this copy may have been made without some."""
    from importlib.machinery import PathFinder

    from .. import __path__ as folders

    parts = set(PARTS.values())
    missing = [part for part in parts if not PathFinder.find_spec(part, folders)]
    return [one for one in COMMANDS if PARTS.get(one.name.split()[0]) not in missing]


def format_overview() -> str:
    """Return the help that lists the commands."""
    program, commands = find_program(), list_commands()
    rows = [
        ("%s %s" % (command.name, command.arguments), command.text)
        for command in commands
    ]
    lines = [INTRODUCTION % program, "commands:"] + format_rows(rows, 31)
    names = [command.name.split()[0] for command in commands]
    steps = [step for step in FIRST_STEPS if step.split()[0] in names]
    lines += ["", "first steps:"] + ["  %s %s" % (program, step) for step in steps]
    return "\n".join(lines) + "\n" + END % (program, program)


def format_help(command: Command) -> str:
    """Return the help of one command."""
    program = find_program()
    lines = ["usage: %s %s %s" % (program, command.name, command.arguments)]
    lines[0] = lines[0].rstrip() + " [OPTIONS]"
    lines += ["", command.text[0].upper() + command.text[1:] + "."]
    lines += command.more.split("\n") + [""] if command.more else [""]
    rows = explain_nouns(command)
    if rows:
        lines += ["arguments:"] + format_rows(rows, 12) + [""]
    rows = []
    for name in command.options + ["help"]:
        noun, text = OPTIONS[name]
        rows.append(("--%s %s" % (name, noun), text))
    lines += ["options:"] + format_rows(rows, 20)
    lines += ["", "example:", "  %s %s" % (program, command.example)]
    others = find_subcommands(command)
    if others:
        lines += ["", "see also: " + ", ".join(others)]
    return "\n".join(lines)


def explain_nouns(command: Command) -> "List[Tuple[str, str]]":
    """Return what each word of a command's arguments stands for."""
    words = split_nouns(command.arguments)
    return [
        (noun, NOUNS.get("%s %s" % (command.name, noun), NOUNS[noun]))
        for noun in NOUNS
        if noun in words
    ]


def split_nouns(arguments: str) -> "List[str]":
    """Return the words of the arguments, without their brackets."""
    for sign in "[]=.|":
        arguments = arguments.replace(sign, " ")
    return arguments.split()


def format_rows(rows: "List[Tuple[str, str]]", width: int) -> "List[str]":
    """Return lines with the first cell on the left and its text beside or below it."""
    lines = []
    for name, text in rows:
        first = "  " + name.strip()
        below = "\n" + " " * (width + 2)
        gap = below if len(first) > width else " " * (width + 2 - len(first))
        lines.append(first + gap + text.replace("\n", below))
    return lines
