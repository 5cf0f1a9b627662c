# SPDX-License-Identifier: MIT
"""run: run an action of a device."""

from .connect import Connection
from .output import format_bare, print_json, print_line, say
from .status import DONE, REFUSED
from .values import (
    DIGITS,
    MAX_DIGITS,
    explain_refusal,
    find_refusals,
    parse_address,
    parse_value,
    read_code,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from .arguments import Options


def run(options: "Options") -> int:
    """Run a MIoT action by its number, or a method by its name; print the result."""
    device, action, *texts = options.arguments
    address = parse_address(action)
    if address is None:
        values = [parse_value(text) for text in texts]
        with Connection(options, device) as connection:
            result = connection.client.send(action, values)
        return show(options, connection, action, result)
    siid, aiid = address
    given = read_inputs(texts)
    with Connection(options, device) as connection:
        params = {"did": connection.did(), "siid": siid, "aiid": aiid, "in": given}
        answer = connection.client.send("action", params)
    for item in find_refusals(answer):
        say("error: " + explain_refusal(action, read_code(item)))
        return REFUSED
    outputs = answer.get("out") if isinstance(answer, dict) else answer
    return show(options, connection, action, outputs)


def read_inputs(texts: "List[str]") -> "List[Any]":
    """Return the values for a MIoT action: PIID=VALUE names the argument's number."""
    inputs: "List[Any]" = []
    for text in texts:
        piid, equals, value = text.partition("=")
        if equals and piid and len(piid) <= MAX_DIGITS and not piid.strip(DIGITS):
            inputs.append({"piid": int(piid), "value": parse_value(value)})
        else:
            inputs.append(parse_value(text))
    return inputs


def show(options: "Options", connection: Connection, action: str, result: "Any") -> int:
    """Print what an action returned: nothing is ok, one value stands alone."""
    if options.json:
        fields = connection.facts()
        fields.update(action=action, result=result)
        print_json(fields)
        return DONE
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    print_line("ok" if result in (None, []) else format_bare(result))
    return DONE
