# SPDX-License-Identifier: MIT
"""help: show the commands, or how to use one of them."""

from .arguments import (
    COMMANDS,
    NOUNS,
    OPTIONS,
    PARTS,
    find_program,
    find_subcommands,
    split_nouns,
    take_command,
)
from .output import print_line
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Tuple

    from .arguments import Command, Options

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

"%s help COMMAND" shows the help for a command.
"%s --version" shows the version."""


def run(options: "Options") -> int:
    """Print the help."""
    words = list(options.arguments)
    command = take_command(words)
    if words:
        raise UsageError("help takes the name of one command")
    print_line(format_help(command) if command else format_overview())
    return DONE


def list_commands() -> "List[Command]":
    """Return the commands that can run, because this copy may lack some."""
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


def format_help(command: "Command") -> str:
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


def explain_nouns(command: "Command") -> "List[Tuple[str, str]]":
    """Return each word of a command's arguments with its meaning."""
    words = split_nouns(command.arguments)
    return [
        (noun, NOUNS.get("%s %s" % (command.name, noun), NOUNS[noun]))
        for noun in NOUNS
        if noun in words
    ]


def format_rows(rows: "List[Tuple[str, str]]", width: int) -> "List[str]":
    """Return lines with the first cell on the left and its text beside or below it."""
    lines = []
    for name, text in rows:
        first = "  " + name.strip()
        below = "\n" + " " * (width + 2)
        gap = below if len(first) > width else " " * (width + 2 - len(first))
        lines.append(first + gap + text.replace("\n", below))
    return lines
