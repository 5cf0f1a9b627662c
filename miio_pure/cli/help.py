# SPDX-License-Identifier: MIT
"""help: show the commands, or how to use one of them."""

from .arguments import format_help, format_overview, take_command
from .output import print_line
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arguments import Options


def run(options: "Options") -> int:
    """Print the help."""
    words = list(options.arguments)
    command = take_command(words)
    if words:
        raise UsageError("help takes the name of one command")
    print_line(format_help(command) if command else format_overview())
    return DONE
