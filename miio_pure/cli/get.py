# SPDX-License-Identifier: MIT
"""get: read properties of a device."""

from ..errors import DeviceError, PayloadError
from ..exchange import Request
from .arguments import find_program
from .output import format_bare, print_json, print_line, print_table, say
from .specs import find_spec, keep_batch, open_miot, require_spec
from .status import DONE, FAILED, REFUSED
from .talk import talk
from .values import check_property, explain_refusal, is_plain, needs_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

    from ..plans import Plan
    from ..miot import Outcome, Property, Spec
    from .arguments import Options
    from .connect import Connection

HEADINGS = ("property", "value", "unit", "meaning")


class Reading:
    """A property that was asked for, and what the device answered.

    code: 0 or more if all is well, None if the answer left this property out. unit,
    meaning: of the value, from the spec. is_older: whether get_prop answered.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.value: "Any" = None
        self.code: "Optional[int]" = None
        self.unit = self.meaning = ""
        self.is_older = False

    def is_good(self) -> bool:
        """Tell whether there is a value."""
        return self.code is not None and self.code >= 0

    def take(self, outcome: "Outcome") -> None:
        """Store the outcome of reading a MIoT property."""
        self.code, self.value = outcome.code, outcome.value
        self.unit, self.meaning = outcome.property.values.unit, outcome.description

    def facts(self) -> "Dict[str, Any]":
        """Return the members of its line of JSON."""
        facts = {"property": self.name, "value": self.value}
        for key, text in (("unit", self.unit), ("meaning", self.meaning)):
            if text:
                facts[key] = text
        return facts

    def cells(self) -> "List[str]":
        """Return its row of the table."""
        return [self.name, format_bare(self.value), self.unit, self.meaning]


def run(options: "Options") -> int:
    """Print the value of one property, or a table of several."""
    _, *names = options.arguments
    for name in names:
        check_property(name)

    def make(connection: "Connection") -> "Plan[List[Reading]]":
        return read(options, connection, names)

    def report(connection: "Connection", readings: "List[Reading]", label: str) -> int:
        good = [one for one in readings if one.is_good()]
        if options.json:
            for one in good:
                print_json(dict(connection.facts(), **one.facts()))
        elif good:
            show(good, len(names) == 1, label)
        return judge(readings, label)

    return talk(options, make, report)


def show(readings: "List[Reading]", is_single: bool, label: str) -> None:
    """Print the bare value of a single property, a table, or a line with a label."""
    if is_single:
        print_line(label + format_bare(readings[0].value))
    elif label:
        texts = ["%s=%s" % (one.name, format_bare(one.value)) for one in readings]
        print_line(label + " ".join(texts))
    else:
        columns = zip(HEADINGS, *(one.cells() for one in readings))
        # Empty columns are left out.
        filled = [column for column in columns if any(column[1:])]
        headings, *rows = zip(*filled)
        print_table(headings, rows, flexible=("value", "meaning"))


def judge(readings: "List[Reading]", label: str) -> int:
    """Say which properties failed; return the exit status."""
    status = DONE
    for one in readings:
        if not one.is_good():
            say("error: %s%s" % (label, explain_refusal(one.name, one.code)))
            status = max(status, FAILED if one.code is None else REFUSED)
    if any(one.value is None and one.is_older for one in readings):
        say("note: null means that the device has no such property, or no value for it")
    return status


def read(
    options: "Options", connection: "Connection", names: "List[str]"
) -> "Plan[List[Reading]]":
    """Read properties, or all of them if there are no names."""
    spec = yield from find_names(options, connection, names)
    return (yield from read_with(spec, connection, names))


def find_names(
    options: "Options", connection: "Connection", names: "List[str]"
) -> "Plan[Optional[Spec]]":
    """Find the spec that tells what names mean; None if they do not need one."""
    find = require_spec if needs_spec(names) else find_spec
    return (yield from find(options, connection))


def read_with(
    spec: "Optional[Spec]", connection: "Connection", names: "List[str]"
) -> "Plan[List[Reading]]":
    """Read properties whose names mean what the spec says, or all of the spec."""
    readings = [Reading(name) for name in names]
    if spec is None:
        yield from read_older([one for one in readings if is_plain(one.name)])
        newer = [(one.name, one) for one in readings if not is_plain(one.name)]
        yield from read_miot(connection, newer)
        return readings
    properties = [spec.property(name) for name in names] or spec.readable()
    readings = readings or [Reading(one.handle) for one in properties]
    yield from read_miot(connection, list(zip(properties, readings)))
    return readings


def read_older(readings: "List[Reading]") -> "Plan[None]":
    """Read properties with get_prop."""
    if not readings:
        return
    names = [one.name for one in readings]
    try:
        values = yield Request({"method": "get_prop", "params": names}, None).begin
    except DeviceError as error:
        raise DeviceError(
            error.code,
            "%s; on newer devices, use a number such as 2.1, or save the spec file and "
            "use its names (see: %s help spec)"
            % (error.message or "get_prop was refused", find_program()),
        ) from None
    if not isinstance(values, list) or len(values) != len(readings):
        raise PayloadError(
            "expected %d values as the result of get_prop, but the device answered "
            "something else; to see its answer, use send" % len(readings)
        )
    for one, value in zip(readings, values):
        one.code, one.value, one.is_older = 0, value, True


def read_miot(
    connection: "Connection", pairs: "Sequence[Tuple[Union[str, Property], Reading]]"
) -> "Plan[None]":
    """Read MIoT properties, each with what a spec calls it or with its number."""
    if not pairs:
        return
    miot = open_miot(connection)
    outcomes = yield from miot.plan_read(*(name for name, _ in pairs))
    for (_, reading), outcome in zip(pairs, outcomes):
        reading.take(outcome)
    keep_batch(connection, miot)
