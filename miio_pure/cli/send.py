# SPDX-License-Identifier: MIT
"""send: any method that a device knows, by its name."""

from ..exchange import Request
from .output import print_result, say
from .status import DONE, REFUSED, UsageError
from .talk import talk
from .values import (
    MIOT_METHODS,
    decode_argument,
    explain_refusal,
    find_refusals,
    name_item,
    parse_params,
    read_code,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    from ..plans import Plan
    from .arguments import Options
    from .connect import Connection

EXAMPLE = '\'{"method":"get_prop","params":["power"]}\''


def run(options: "Options") -> int:
    """Print the result; REFUSED if an item of a MIoT answer has a negative code."""
    _, method, *params = options.arguments
    fields = read_request(method, params)
    try:
        Request(fields, None)
    except (TypeError, ValueError) as error:
        raise UsageError("the request cannot be sent: %s" % error) from None

    def call(connection: "Connection") -> "Plan[Any]":
        return (yield Request(fields, None).begin)

    def report(connection: "Connection", result: "Any", label: str) -> int:
        print_result(options, connection.facts(), result, label)
        refusals = find_refusals(result) if fields["method"] in MIOT_METHODS else []
        for item in refusals:
            text = explain_refusal(name_item(item), read_code(item))
            say("error: %s%s" % (label, text))
        return REFUSED if refusals else DONE

    return talk(options, call, report)


def read_request(method: str, params: "List[str]") -> "Dict[str, Any]":
    """Return the members of the request that the user typed."""
    start = method.strip()[:1]
    if start == "'":
        raise UsageError(
            "this shell does not remove single quotes; on Windows, write "
            '"{\\"method\\":\\"get_prop\\",\\"params\\":[\\"power\\"]}"'
        )
    if start == "{":
        return read_json(method, params)
    if start == "[" or not method.strip():
        raise UsageError("expected a method, or a request such as " + EXAMPLE)
    value = parse_params(params[0]) if params else []
    return {"method": decode_argument(method), "params": value}


def read_json(text: str, others: "List[str]") -> "Dict[str, Any]":
    """Return a request that was typed as JSON, mended where that is not ambiguous."""
    if others:
        raise UsageError("put the whole request in single quotes: " + EXAMPLE)
    # Few requests are typed as JSON, and imports are slow on a router.
    from .typed import read_typed

    fields: "Dict[str, Any]" = read_typed("the request", decode_argument(text))
    if "method" not in fields:
        raise UsageError('the request has no "method"; an example: ' + EXAMPLE)
    return fields
