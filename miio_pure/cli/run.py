# SPDX-License-Identifier: MIT
"""run: run an action of a device."""

from ..exchange import Request
from .output import format_bare, print_json, print_line
from .specs import find_spec, open_miot, require_spec
from .status import DONE
from .talk import talk
from .values import (
    DIGITS,
    MAX_DIGITS,
    check_property,
    is_plain,
    needs_spec,
    parse_typed,
    parse_value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

    from ..plans import Plan
    from ..miot import Action
    from .arguments import Options
    from .connect import Connection


def run(options: "Options") -> int:
    """Run a MIoT action, or a method of an older device; print the result."""
    _, action, *texts = options.arguments
    check_property(action)

    def make(connection: "Connection") -> "Plan[Any]":
        return call(options, connection, action, texts)

    def report(connection: "Connection", result: "Any", label: str) -> int:
        show(options, connection, action, result, label)
        return DONE

    return talk(options, make, report)


def call(
    options: "Options", connection: "Connection", action: str, texts: "List[str]"
) -> "Plan[Any]":
    """Run an action of a spec or by its number, or a method by its name."""
    find = require_spec if needs_spec([action]) else find_spec
    spec = yield from find(options, connection)
    if spec is not None:
        known = spec.action(action)
        values = read_values(known, texts)
        return (yield from open_miot(connection).plan_run(known, *values))
    if is_plain(action):
        params = [parse_value(text) for text in texts]
        return (yield Request({"method": action, "params": params}, None).begin)
    return (yield from open_miot(connection).plan_run(action, *read_inputs(texts)))


def read_values(action: "Action", texts: "List[str]") -> "List[Any]":
    """Return the values for an action that is known from a spec."""
    if len(texts) != len(action.inputs):
        # The action will raise an error that says how many it takes.
        return list(texts)
    return [parse_typed(text, one.values) for text, one in zip(texts, action.inputs)]


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


def show(
    options: "Options",
    connection: "Connection",
    action: str,
    result: "Any",
    label: str,
) -> None:
    """Print what an action returned: ok for nothing, the bare value for one."""
    if options.json:
        fields = connection.facts()
        fields.update(action=action, result=result)
        print_json(fields)
        return
    if isinstance(result, list) and len(result) == 1:
        result = result[0]
    print_line(label + ("ok" if result in (None, []) else format_bare(result)))
