# SPDX-License-Identifier: MIT
"""set: set properties of a device, in the order in which they were typed."""

from ..errors import DeviceError, MiioError
from .connect import Connection
from .output import print_json, print_line, say
from .status import DONE, REFUSED, UsageError
from .values import (
    explain_refusal,
    index_items,
    parse_address,
    parse_value,
    read_code,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

    from .arguments import Options
    from .values import Address


class Setting:
    """A property and the value that it is to have.

    address: (siid, piid), or None for a property with a plain name.
    """

    def __init__(self, text: str) -> None:
        self.name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                "expected PROPERTY=VALUE, such as power=on or 2.1=true, without blanks"
            )
        self.address: "Optional[Address]" = parse_address(self.name)
        self.value: "Any" = parse_value(value)


def run(options: "Options") -> int:
    """Set the properties and print ok; stop at the first one that fails."""
    device, *texts = options.arguments
    groups = group([Setting(text) for text in texts])
    done: "List[Setting]" = []
    with Connection(options, device) as connection:
        for settings in groups:
            try:
                codes = apply(settings, connection)
            except DeviceError as error:
                say("error: %s: %s%s" % (settings[0].name, error, describe(done)))
                return REFUSED
            except MiioError:
                if done:
                    say("note: " + describe(done).lstrip("; "))
                raise
            done += [one for one, code in zip(settings, codes) if code >= 0]
            refused = [(one, code) for one, code in zip(settings, codes) if code < 0]
            for one, code in refused:
                say("error: " + explain_refusal(one.name, code) + describe(done))
            if refused:
                return REFUSED
    if options.json:
        for one in done:
            fields = connection.facts()
            fields.update(property=one.name, value=one.value)
            print_json(fields)
    else:
        print_line("ok")
    return DONE


def group(settings: "List[Setting]") -> "List[List[Setting]]":
    """Put neighbouring MIoT properties together: they are set with one request."""
    groups: "List[List[Setting]]" = []
    for one in settings:
        if one.address and groups and groups[-1][0].address:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def apply(settings: "List[Setting]", connection: Connection) -> "List[int]":
    """Send one request; return the code of each property, negative if refused."""
    first = settings[0]
    if first.address is None:
        value = first.value
        params = value if isinstance(value, list) else [value]
        connection.client.send("set_" + first.name, params)
        return [0]
    items = []
    for one in settings:
        fields = connection.name_property(one.address or (0, 0))
        items.append(dict(fields, value=one.value))
    answer = index_items(connection.client.send("set_properties", items))
    # A simulator of others answers with the number 0, which is no list.
    return [read_code(answer.get(one.address or (0, 0), {})) for one in settings]


def describe(done: "List[Setting]") -> str:
    """Return which properties were set before one failed."""
    if not done:
        return ""
    return "; these were set: " + " ".join(one.name for one in done)
