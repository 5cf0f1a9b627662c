# SPDX-License-Identifier: MIT
"""set: set properties of a device, in the order in which they were typed."""

from time import monotonic

from ..errors import DeviceError, MiioError
from ..exchange import Request
from .output import format_bare, print_json, say
from .specs import find_spec, open_miot, require_spec
from .status import DONE, REFUSED, UsageError
from .talk import talk
from .values import (
    check_property,
    explain_refusal,
    is_plain,
    needs_spec,
    parse_typed,
    parse_value,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Optional

    from ..plans import Plan
    from ..miot import Spec
    from .arguments import Options
    from .connect import Connection

# A device may need a moment until it reports what was set.
MAX_READINGS = 3
READING_PAUSE = 0.5  # s
# Devices round numbers.
MAX_DIFFERENCE = 1e-4


class Setting:
    """A property and the value to set.

    text: the value as it was typed. property: the Property of a spec, or its number, or
    its plain name. is_older: whether it is set with set_NAME.
    """

    value: "Any" = None
    is_older = False

    def __init__(self, typed: str) -> None:
        self.name, equals, self.text = typed.partition("=")
        if not equals:
            raise UsageError(
                "expected PROPERTY=VALUE, such as power=on or 2.1=true, without spaces"
            )
        check_property(self.name)
        self.property: "Any" = self.name

    def prepare(self, spec: "Optional[Spec]") -> None:
        """Read the value; ValueError if the spec does not allow it."""
        if spec is None:
            self.value, self.is_older = parse_value(self.text), is_plain(self.name)
            return
        self.property = one = spec.property(self.name)
        one.require("write")
        self.value = one.check(parse_typed(self.text, one.values))


class Report:
    """What became of the settings of one device.

    done: those that were set. failures: why others were refused. error: the MiioError
    that ended it early, or None. doubts: what --verify found to be different.
    """

    def __init__(self) -> None:
        self.done: "List[Setting]" = []
        self.failures: "List[str]" = []
        self.error: "Optional[MiioError]" = None
        self.doubts: "List[str]" = []


def run(options: "Options") -> int:
    """Set the properties; say which of them were refused."""
    _, *texts = options.arguments
    for text in texts:
        Setting(text)

    def make(connection: "Connection") -> "Plan[Report]":
        # What a value means depends on the device.
        return set_all(options, connection, [Setting(text) for text in texts])

    def report(connection: "Connection", outcome: Report, label: str) -> int:
        return show(options, connection, outcome, label)

    return talk(options, make, report)


def show(
    options: "Options", connection: "Connection", report: Report, label: str
) -> int:
    """Print a line of JSON for each property that was set; say what failed."""
    if options.json:
        for one in report.done:
            fields = connection.facts()
            fields.update(property=one.name, value=one.value)
            print_json(fields)
    done = "these were set: " + " ".join(one.name for one in report.done)
    for message in report.failures:
        say("error: %s%s%s" % (label, message, "; " + done if report.done else ""))
    for message in report.doubts:
        say("error: %s%s" % (label, message))
    if report.error is not None:
        if report.done:
            say("note: %s%s" % (label, done))
        raise report.error
    return REFUSED if report.failures or report.doubts else DONE


def set_all(
    options: "Options", connection: "Connection", settings: "List[Setting]"
) -> "Plan[Report]":
    """Set properties, neighbours together, until one fails."""
    find = require_spec if needs_spec([one.name for one in settings]) else find_spec
    spec = yield from find(options, connection)
    for one in settings:
        one.prepare(spec)
    report = Report()
    try:
        for group in divide(settings):
            apply = apply_older if group[0].is_older else apply_miot
            yield from apply(group, connection, report)
            if report.failures:
                return report
        if options.verify:
            report.doubts = yield from verify(connection, settings)
    except MiioError as error:
        report.error = error
    return report


def divide(settings: "List[Setting]") -> "List[List[Setting]]":
    """Put neighbouring MIoT properties together: they are set with one request."""
    groups: "List[List[Setting]]" = []
    for i, one in enumerate(settings):
        if any(one.property == other.property for other in settings[:i]):
            raise UsageError("%s is given twice" % one.name)
        if one.is_older or not groups or groups[-1][0].is_older:
            groups.append([])
        groups[-1].append(one)
    return groups


def apply_older(
    group: "List[Setting]", connection: "Connection", report: Report
) -> "Plan[None]":
    """Set a property of an older device."""
    (one,) = group
    params = one.value if isinstance(one.value, list) else [one.value]
    try:
        yield Request({"method": "set_" + one.name, "params": params}, None).begin
        report.done.append(one)
    except DeviceError as error:
        report.failures.append("%s: %s" % (one.name, error))


def apply_miot(
    group: "List[Setting]", connection: "Connection", report: Report
) -> "Plan[None]":
    """Set MIoT properties, with one request."""
    values = {one.property: one.value for one in group}
    outcomes = yield from open_miot(connection).plan_write(values)
    for one, outcome in zip(group, outcomes):
        if outcome.is_done:
            report.done.append(one)
        else:
            report.failures.append(explain_refusal(one.name, outcome.code))


def verify(connection: "Connection", settings: "List[Setting]") -> "Plan[List[str]]":
    """Read the properties back; return how some of them differ from what was set."""
    waiting = [one for one in settings if can_be_verified(one)]
    doubts: "List[str]" = []
    for turn in range(MAX_READINGS):
        if not waiting:
            break
        if turn:
            yield monotonic() + READING_PAUSE
        doubts = yield from compare(connection, waiting)
        waiting = [one for one, text in zip(waiting, doubts) if text]
        doubts = [text for text in doubts if text]
    return doubts


def can_be_verified(one: Setting) -> bool:
    """Tell whether a property can be read back; say so if it cannot."""
    if one.is_older:
        is_readable = not isinstance(one.value, list)
    else:
        is_readable = isinstance(one.property, str) or "read" in one.property.access
    if not is_readable:
        say("note: %s was set, but cannot be read back" % one.name)
    return is_readable


def compare(connection: "Connection", settings: "List[Setting]") -> "Plan[List[str]]":
    """Read properties; return what is wrong with each, or ""."""
    # Few commands need this module, and imports are slow on a router.
    from .get import Reading, read_miot, read_older

    readings = [Reading(one.name) for one in settings]
    pairs = list(zip(settings, readings))
    yield from read_older([reading for one, reading in pairs if one.is_older])
    newer = [(one.property, reading) for one, reading in pairs if not one.is_older]
    yield from read_miot(connection, newer)
    return [
        (
            explain_difference(one, reading.value)
            if reading.is_good()
            else explain_refusal(reading.name, reading.code)
        )
        for one, reading in pairs
    ]


def explain_difference(one: Setting, reported: "Any") -> str:
    """Return how the value that a device reports differs from the one set, or ""."""
    wanted, shown = format_bare(one.value), format_bare(reported)
    # An older device may report a number as text.
    if wanted == shown or is_near(one.value, reported):
        return ""
    return "%s: set to %s, but the device reports %s" % (one.name, wanted, shown)


def is_near(one: "Any", other: "Any") -> bool:
    """Tell whether two values are numbers that differ only by rounding."""
    are_numbers = {type(one), type(other)} <= {int, float}
    return are_numbers and abs(one - other) <= MAX_DIFFERENCE
