# SPDX-License-Identifier: MIT
"""--info and --sendcmd: talk to a device."""

from ..client import Client
from ..errors import PayloadError
from .arguments import UsageError
from .output import print_line, say, write_json
from .shared import encode_argument, make_trace, open_devices, read_token
from .typed import load_typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    from .arguments import Options


def run(options: "Options") -> None:
    """Print what the device answers."""
    if not options.ip:
        raise UsageError("--ip is missing: the address of the device")
    fields = None if options.info else read_command(options.sendcmd)
    token = read_token(options)
    store = None if token else open_devices(options)
    with Client(
        options.ip,
        token,
        tokens=store,
        port=options.port,
        timeout=options.timeout,
        bind=options.bindip,
        trace=make_trace(options),
    ) as client:
        if fields is None:
            result = client.info()
        else:
            try:
                result = client.command(fields)
            except (TypeError, ValueError) as error:
                raise UsageError("--sendcmd: %s" % error) from None
    print_line(write_json(result))


def read_command(text: str) -> "Dict[str, Any]":
    """Return the command that the user typed, mended where that has one reading."""
    repairs: "List[str]" = []
    try:
        typed = encode_argument(text).decode("utf-8", "surrogateescape")
        fields = load_typed(typed, repairs)
    except PayloadError as error:
        what, _, _ = str(error).partition("\n")
        raise UsageError("--sendcmd: %s" % what) from None
    if "method" not in fields:
        raise UsageError('--sendcmd: the command has no "method"')
    if repairs:
        say("warning: --sendcmd is no proper JSON; repaired: %s" % ", ".join(repairs))
    return fields
