# SPDX-License-Identifier: MIT
"""Formats the commands that messages suggest, so that they can be pasted."""

from .arguments import Options, find_program, take_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

# A shell needs no quotes around these, letters and digits.
PLAIN = "-_./"
# Without these, a command might look for the device, or for what is saved, elsewhere.
REPEATED = ("devices", "bind", "port")


def format_hint(
    options: Options, name: str, *words: str, repeated: "Sequence[str]" = REPEATED
) -> str:
    """Return a command line: program, command, words, and the options to repeat.

    options: what the user typed. Those that the command does not take are left out.
    """
    command = take_command(name.split())
    line = [find_program(), name] + [quote(word) for word in words]
    for option in repeated:
        value = getattr(options, option)
        is_typed = value != getattr(Options, option)
        if is_typed and command is not None and option in command.options:
            line += ["--" + option, quote(str(value))]
    return " ".join(line)


def quote(text: str) -> str:
    """Return a text quoted for a shell, without control characters."""
    if all(char.isalnum() or char in PLAIN for char in text) and text:
        return text
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return "'%s'" % plain.replace("'", "'\\''")
