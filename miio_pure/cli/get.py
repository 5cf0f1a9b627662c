# SPDX-License-Identifier: MIT
"""get: read properties of a device."""

from ..errors import DeviceError, PayloadError
from .connect import Connection
from .output import format_bare, print_json, print_line, print_table, say
from .status import DONE, REFUSED
from .values import explain_refusal, index_items, parse_address, read_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

    from .arguments import Options
    from .values import Address

MAX_BATCH = 15  # properties that devices answer at once


class Property:
    """A property that was asked for, and what the device answered.

    address: (siid, piid), or None for one with a plain name. code: 0 if all is well.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.address: "Optional[Address]" = parse_address(name)
        self.value: "Any" = None
        self.code = 0


def run(options: "Options") -> int:
    """Print the value of one property, or a table of several."""
    device, *names = options.arguments
    properties = [Property(name) for name in names]
    with Connection(options, device) as connection:
        read_named([one for one in properties if one.address is None], connection)
        read_numbered([one for one in properties if one.address], connection)
    good = [one for one in properties if one.code >= 0]
    if options.json:
        for one in good:
            fields = connection.facts()
            fields.update(property=one.name, value=one.value)
            print_json(fields)
    elif len(properties) == 1:
        for one in good:
            print_line(format_bare(one.value))
    elif good:
        rows = [(one.name, format_bare(one.value)) for one in good]
        print_table(("property", "value"), rows, flexible=("value",))
    if any(one.value is None and one.address is None for one in good):
        say("note: null means that the device has no such property, or no value for it")
    for one in properties:
        if one.code < 0:
            say("error: " + explain_refusal(one.name, one.code))
    return DONE if len(good) == len(properties) else REFUSED


def read_named(properties: "List[Property]", connection: Connection) -> None:
    """Read properties that have plain names, with get_prop."""
    if not properties:
        return
    try:
        values = connection.client.send("get_prop", [one.name for one in properties])
    except DeviceError as error:
        raise DeviceError(
            error.code,
            "%s; newer devices know properties by number, such as 2.1"
            % (error.message or "get_prop was refused"),
        ) from None
    if not isinstance(values, list) or len(values) != len(properties):
        raise PayloadError(
            "expected %d values as the result of get_prop, but the device answered "
            "otherwise; send shows what" % len(properties)
        )
    for one, value in zip(properties, values):
        one.value = value


def read_numbered(properties: "List[Property]", connection: Connection) -> None:
    """Read MIoT properties, with get_properties."""
    for start in range(0, len(properties), MAX_BATCH):
        batch = properties[start : start + MAX_BATCH]
        params = [connection.name_property(one.address or (0, 0)) for one in batch]
        answer = connection.client.send("get_properties", params)
        items = index_items(answer)
        for one in batch:
            item = items.get(one.address or (0, 0))
            if item is None:
                raise PayloadError(
                    "the device did not answer %s; send shows what it answers"
                    % one.name
                )
            one.code, one.value = read_code(item), item.get("value")
