# SPDX-License-Identifier: MIT
"""The flags of php-miio, and of the first drafts of this program, as commands.

Many users come from php-miio (miio-cli.php), so the command lines of its README keep
working:

    --discover all                      --ip IP --info
    --ip IP --sendcmd JSON              --token HEX --decode HEX
    --bindip IP, --debug, --help
"""

from .arguments import is_option
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

# Each flag that says what to do, and the command that does it now.
ACTIONS = {
    "--discover": "discover",
    "--info": "info",
    "--sendcmd": "send",
    "--decode": "decode",
    "--demo": "demo",
    "--simulate": "simulate",
    "--tokens": "tokens",
}
# Those that take one value, and those that take any number.
ONE_VALUE = ("--sendcmd", "--decode")
ANY_VALUES = ("--discover", "--tokens")
RENAMED = {"--bindip": "--bind", "--token-file": "--devices"}
# The flags that need the address of the device, which --ip gives.
NEED_ADDRESS = ("--info", "--sendcmd")
# The options that are passed on unchanged, with a value and without.
KEPT = ("--token", "--timeout", "--port", "--bind", "--devices")
KEPT_BARE = ("--json", "--debug", "--save", "--password-prompt")


def is_php_miio(argv: "List[str]") -> bool:
    """Tell whether a command line has flags in the place of a command."""
    if not argv or not is_option(argv[0]):
        return False
    flags = [word.partition("=")[0] for word in argv]
    return any(flag in ACTIONS or flag in ("--ip", "--bindip") for flag in flags)


def translate(argv: "List[str]") -> "List[str]":
    """Return the same command line as a command; UsageError if it makes no sense."""
    if "--help" in argv or "-h" in argv:
        return ["--help"]
    words = _Words(argv)
    while words.rest:
        words.take()
    if words.action is None:
        raise UsageError("--ip goes with --info or --sendcmd")
    command = [ACTIONS[words.action]]
    if words.action in NEED_ADDRESS:
        if words.address is None:
            raise UsageError(
                "%s needs --ip and the address of the device" % words.action
            )
        command.append(words.address)
    elif words.address is not None:
        raise UsageError("%s takes no --ip" % words.action)
    return command + words.options + ["--"] + words.values


class _Words:
    """The words of a command line, and what they mean.

    action: the flag that says what to do. address: of --ip. values: of the action.
    options: what goes on to the command.
    """

    def __init__(self, argv: "List[str]") -> None:
        self.rest = [part for word in argv for part in _split(word)]
        self.action: "Optional[str]" = None
        self.address: "Optional[str]" = None
        self.values: "List[str]" = []
        self.options: "List[str]" = []

    def take(self) -> None:
        """Take the next flag with its values."""
        flag = self.rest.pop(0)
        flag = RENAMED.get(flag, flag)
        if flag in ACTIONS:
            self._take_action(flag)
        elif flag == "--ip":
            if self.address is not None:
                raise UsageError("--ip is given twice; give it once")
            self.address = self._take_value(flag)
        elif flag in KEPT:
            self.options += [flag, self._take_value(flag)]
        elif flag in KEPT_BARE:
            self.options.append(flag)
        elif is_option(flag):
            # The parser says what is wrong with it.
            self.options.append(flag)
        else:
            raise UsageError(
                "one of the arguments belongs to no flag; --help shows how to write "
                "commands now"
            )

    def _take_action(self, flag: str) -> None:
        if self.action is not None:
            raise UsageError("%s and %s cannot be used together" % (self.action, flag))
        self.action = flag
        if flag in ONE_VALUE:
            self.values = [self._take_value(flag)]
        elif flag in ANY_VALUES:
            while self.rest and not is_option(self.rest[0]):
                self.values.append(self.rest.pop(0))

    def _take_value(self, flag: str) -> str:
        if not self.rest or is_option(self.rest[0]):
            raise UsageError("%s needs a value" % flag)
        return self.rest.pop(0)


def _split(word: str) -> "List[str]":
    """Return --flag=value as two words."""
    flag, equals, value = word.partition("=")
    return [flag, value] if equals and is_option(word) else [word]
