# SPDX-License-Identifier: MIT
"""completion: print a script that completes commands in bash, made from the table."""

import os
import sys

from ..errors import MiioError
from .arguments import (
    CHOICES,
    OPTIONS,
    Command,
    find_program,
    find_subcommands,
    split_nouns,
)
from .connect import open_devices
from .help import list_commands
from .hint import quote
from .output import print_line, say
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from .arguments import Options

# The script reads the words before the one that is being typed. After that, `option` is
# set if an option's value is being typed, and `count` is the number of arguments so
# far. Both decide which noun of the help is completed.
SCRIPT = """\
# bash completion for {name}; load it with: source <({program} completion bash)
_{function}() {{
    local program="${{1/#\\~/$HOME}}" word="${{COMP_WORDS[COMP_CWORD]}}" words=""
    local noun="" option="" command="" count=0 first="" rest="" options=""
    local name quoted i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            {valued})
                option="${{COMP_WORDS[i]}}"
                continue ;;
            =) continue ;;
        esac
        if [ -n "$option" ]; then
            option=""
            continue
        fi
        case "$command ${{COMP_WORDS[i]}}" in
            *" -"*) ;;
            " "*) command="${{COMP_WORDS[i]}}" ;;
            {pairs}) command="$command ${{COMP_WORDS[i]}}" ;;
            *) count=$((count + 1)) ;;
        esac
    done
    [ "$word" = "=" ] && word=""
    case "$command" in
        "")
            first=COMMAND options="--help --version" ;;
{commands}
    esac
    case "$count" in
        0) noun=$first ;;
        *) noun=$rest ;;
    esac
    case "$option$word" in
        -*) noun="" words=$options ;;
    esac
    case "$option" in
        "") ;;
{choices}
        *) noun="" words="" ;;
    esac
    case "$noun$count" in
        COMMAND0) words="{first_words}" ;;
        COMMAND* | SUBCOMMAND*)
            case "${{COMP_WORDS[COMP_CWORD - 1]}}" in
{second_words}
            esac ;;
        SHELL*) words="bash" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    case "$noun" in
        DEVICE | TARGET)
            while IFS= read -r name; do
                quoted=$(printf %q "$name")
                case "$word" in
                    [\\"\\']*)
                        [[ "$name" == "${{word#?}}"* ]] && COMPREPLY+=("$name") ;;
                    *)
                        [[ "$quoted" == "$word"* ]] && COMPREPLY+=("$quoted") ;;
                esac
            done < <("$program" completion names 2> /dev/null) ;;
        PART)
            name="${{word%"${{word##*,}}"}}"
            COMPREPLY=($(compgen -P "$name" -W "$words" -- "${{word##*,}}")) ;;
        FILE)
            local IFS=$'\\n'
            compopt -o filenames 2> /dev/null
            COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}}
complete -F _{function} {name}"""
CASE = """\
        "%s")
            first="%s" rest="%s" options="%s" ;;"""


def run(options: "Options") -> int:
    """Print the script, or the saved names that it asks for."""
    (shell,) = options.arguments
    if shell == "names":
        for name in find_names(options):
            print_line(name)
        return DONE
    if shell != "bash":
        raise UsageError("only bash is supported: completion bash")
    program = find_program()
    name = os.path.basename(program)
    # bash completes the words behind the name of a program, which is one word.
    if " " in program:
        name = "miio-pure"
        place = quote(os.path.abspath(sys.argv[0] if sys.argv else ""))
        say(
            "note: this completes a command called miio-pure; if there is none, make "
            "it with: ln -s %s /usr/local/bin/miio-pure" % place
        )
    print_line(format_script(program, name))
    return DONE


def format_script(program: str, name: str) -> str:
    """Return the script for a program of this name, made from the tables."""
    commands = list_commands()
    first_words = [one.name for one in commands if " " not in one.name]
    pairs = [one.name for one in commands if " " in one.name]
    return SCRIPT.format(
        program=program,
        name=name,
        function="".join(char if char.isalnum() else "_" for char in name),
        valued=" | ".join("--" + one for one in OPTIONS if OPTIONS[one][0]),
        pairs=" | ".join('"%s"' % pair for pair in pairs),
        commands="\n".join(map(format_case, commands)),
        choices="\n".join(filter(None, map(format_choice, OPTIONS))),
        first_words=" ".join(first_words),
        second_words="\n".join(filter(None, map(format_second_words, commands))),
    )


def format_case(command: Command) -> str:
    """Return the lines about what may follow a command."""
    nouns = split_nouns(command.arguments) or [""]
    first = "SUBCOMMAND" if find_subcommands(command) else nouns[0]
    rest = first if len(nouns) == 1 and "..." in command.arguments else ""
    options = " ".join("--" + name for name in command.options + ["help"])
    return CASE % (command.name, first, rest, options)


def format_second_words(command: Command) -> str:
    """Return the line about the second words of commands, or "" if there are none."""
    words = [name.split()[1] for name in find_subcommands(command)]
    line = '                %s) words="%s" ;;' % (command.name, " ".join(words))
    return line if words else ""


def format_choice(option: str) -> str:
    """Return the line about what an option's value may be, or "" if it is anything."""
    noun, _ = OPTIONS[option]
    words = CHOICES.get(option, "").replace(",", "").replace("\n", " ")
    if not words and noun != "FILE":
        return ""
    noun, _, _ = noun.partition(",")
    return '        --%s) noun=%s words="%s" ;;' % (option, noun, words)


def find_names(options: "Options") -> "List[str]":
    """Return the saved names, without those that have control characters."""
    try:
        devices = open_devices(options)
    except MiioError:
        # A message would get in the way of somebody who is typing.
        return []
    names = [record.name for record in devices.records] if devices else []
    return [name for name in names if name and name.isprintable()]
