# SPDX-License-Identifier: MIT
"""The command line: results go to stdout, all else to stderr; never a traceback."""

import os
import sys

from ..errors import MiioError
from .arguments import UsageError, make_parser, parse
from .output import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

    from .arguments import Options

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

# What to do, and the module whose function run() does it, given the options. It is
# imported when it runs, because a router feels each import.
COMMANDS = (
    ("discover", "discover"),
    ("tokens", "tokens"),
    ("info", "talk"),
    ("sendcmd", "talk"),
    ("decode", "decode"),
    ("demo", "demo"),
    ("simulate", "simulate"),
)


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run the command line; return the exit status."""
    try:
        status = _main(sys.argv[1:] if argv is None else argv)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        # stdout is gone: the disk is full, or the reader closed the pipe. Otherwise the
        # interpreter prints its own message when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            say("error: cannot write the result: %s" % error.strerror)
        return FAILED
    except (MemoryError, RuntimeError) as error:
        # RuntimeError: the system gives no more threads.
        say("error: %s" % (str(error) or "not enough memory"))
        return FAILED


def _main(argv: "List[str]") -> int:
    try:
        options, extra = parse(argv)
        if extra:
            # A stray argument may be a token, so the message does not repeat it.
            flags = [text for text in extra if text[:2] == "--" and text[2:].isalpha()]
            raise UsageError(
                "there is no flag %s" % flags[0]
                if flags
                else "one of the arguments belongs to no flag; flags begin with --"
            )
        return _run(options, argv)
    except SystemExit as done:
        # argparse ends --help and --version in this way.
        return int(done.code or DONE)
    except UsageError as error:
        say("error: %s (--help tells more)" % error)
        return USAGE
    except MiioError as error:
        say("error: %s" % error)
        return FAILED


def _run(options: "Options", argv: "List[str]") -> int:
    if (options.save or options.password_prompt) and not options.tokens:
        raise UsageError("--save and --password-prompt go with --tokens")
    for command, module in COMMANDS:
        if getattr(options, command) not in (None, False):
            run = __import__(module, globals(), None, ["run"], 1).run
            run(options)
            return DONE
    if options.ip:
        raise UsageError("--ip goes with --info or --sendcmd")
    if argv:
        raise UsageError(
            "nothing to do: give --discover, --info, --sendcmd or the like"
        )
    make_parser().print_help()
    return DONE
