# SPDX-License-Identifier: MIT
"""completion: print a script that completes commands in bash, made from the table."""

from ..errors import MiioError
from .arguments import COMMANDS, OPTIONS, find_program
from .connect import open_devices
from .output import print_line
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from .arguments import Options

SCRIPT = """\
# bash completion for {program}; load it with: source <({program} completion bash)
_{name}() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "$command" in
{cases}
        esac
        case "$word" in
            -*) ;;
            *) words="$words $({program} completion names 2> /dev/null)" ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [ ${{#COMPREPLY[@]}} -eq 0 ]; then
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}}
complete -F _{name} {program}"""


def run(options: "Options") -> int:
    """Print the script, or the saved names that it asks for."""
    (shell,) = options.arguments
    if shell == "names":
        for name in find_names(options):
            print_line(name)
        return DONE
    if shell != "bash":
        raise UsageError("only bash is known here: completion bash")
    # bash completes the words behind the name of a program, which is one word.
    program = find_program()
    if " " in program:
        program = "miio-pure"
    name = "".join(char if char.isalnum() else "_" for char in program)
    print_line(
        SCRIPT.format(
            program=program,
            name=name,
            commands=" ".join(find_first_words() + ["--help", "--version"]),
            cases="\n".join(map(format_case, find_first_words())),
        )
    )
    return DONE


def find_names(options: "Options") -> "List[str]":
    """Return the saved names that a shell can complete: those without blanks."""
    try:
        devices = open_devices(options)
    except MiioError:
        # This is no place for messages: somebody is typing.
        return []
    names = [record.name for record in devices.records] if devices else []
    return [name for name in names if name.isprintable() and is_plain(name)]


def is_plain(name: str) -> bool:
    """Tell whether a shell takes a name as it is."""
    return bool(name) and not set(name) & set(" \t\"'\\$`;&|<>(){}[]*?!#~")


def find_first_words() -> "List[str]":
    """Return the commands, each once."""
    return [command.name for command in COMMANDS if " " not in command.name]


def format_case(word: str) -> str:
    """Return the line that completes what may follow a command."""
    commands = [command for command in COMMANDS if command.name.split()[0] == word]
    words = [second for command in commands for second in command.name.split()[1:]]
    names = {name for command in commands for name in command.options + ["help"]}
    words += ["--" + name for name in OPTIONS if name in names]
    return '            %s) words="%s" ;;' % (word, " ".join(words))
