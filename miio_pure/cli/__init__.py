# SPDX-License-Identifier: MIT
"""The command line: results go to stdout, everything else to stderr.

There is never a traceback, and the exit status says what happened (see `status`).
"""

import sys

from .. import __version__
from ..errors import MiioError
from .arguments import (
    COMMANDS,
    PARTS,
    find_program,
    is_option,
    parse,
)
from .output import print_line, say, silence_stdout
from .status import (
    DONE,
    FAILED,
    INTERRUPTED,
    USAGE,
    OutputError,
    UsageError,
    find_status,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

    from .arguments import Options


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run the command line; return the exit status."""
    try:
        return dispatch(sys.argv[1:] if argv is None else list(argv))
    except UsageError as error:
        say("error: %s (see: %s)" % (error, find_help(argv or sys.argv[1:])))
        for line in error.excerpt:
            say("  " + line)
        return USAGE
    except MiioError as error:
        say("error: %s" % error)
        for line in getattr(error, "excerpt", ()):
            say("  " + line)
        return find_status(error)
    except OutputError as error:
        silence_stdout()
        if not error.is_closed:
            say("error: cannot write the result: %s" % error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        say("error: the system reports: %s" % (error.strerror or error))
        return FAILED
    except (MemoryError, RuntimeError) as error:
        # A RuntimeError means that the system allows no more threads.
        say("error: %s" % (str(error) or "not enough memory"))
        return FAILED


def dispatch(argv: "List[str]") -> int:
    """Do what the command line says; return the exit status."""
    options = parse(translate_flags(argv))
    if options.version:
        print_line("miio_pure %s from %s" % (__version__, find_place()))
    elif options.command is None:
        # Those who know what to type need not wait for this module.
        from .help import format_overview

        print_line(format_overview())
    elif options.help:
        from .help import format_help

        print_line(format_help(options.command))
    else:
        return run_command(options, options.command.name.split()[0])
    return DONE


def find_place() -> str:
    """Return the folder that this copy of the package lies in."""
    import os

    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def translate_flags(argv: "List[str]") -> "List[str]":
    """Translate php-miio's flags into a command; return other lines unchanged."""
    if not argv or not is_option(argv[0]):
        return argv
    # Only users of php-miio's flags need this module.
    from .php_miio import is_php_miio, translate

    return translate(argv) if is_php_miio(argv) else argv


def run_command(options: "Options", name: str) -> int:
    """Import the module of a command and run it.

    Other commands are not imported, because imports are slow on a router.
    """
    try:
        module = __import__(name, globals(), None, ["run"], 1)
        status: int = module.run(options)
        return status
    except ImportError as error:
        _, _, missing = (error.name or "").rpartition(".")
        if missing == PARTS.get(name):
            text = 'this copy of miio_pure lacks "%s", which this command needs'
            raise UsageError(text % missing) from None
        # This Python may lack a module of the standard library.
        raise MiioError("%s cannot run here: %s" % (name, error)) from None


def find_help(argv: "List[str]") -> str:
    """Return the command that shows the help for what was typed."""
    names = [command.name.split() for command in COMMANDS]
    typed = [words for words in names if words == argv[: len(words)]]
    return " ".join([find_program(), "help"] + max(typed, key=len, default=[]))
