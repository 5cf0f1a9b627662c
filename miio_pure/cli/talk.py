# SPDX-License-Identifier: MIT
"""Runs a plan with the device, or the devices, that a command line names."""

from ..errors import MiioError
from .connect import Connection
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ..plans import Plan
    from .arguments import Options

    Make = Callable[[Connection], Plan[Any]]
    Report = Callable[[Connection, Any, str], int]


def talk(
    options: "Options", make: "Make", report: "Report", is_guest: bool = False
) -> int:
    """Run a plan with each device that was named; return the worst exit status.

    make: returns the plan for a Connection; a ValueError in it is wrong usage. report:
    prints what the plan returned, given the Connection and what each line begins with,
    which is "" for a single device; returns the exit status. is_guest: the device need
    not be saved, although others are.
    """
    text = options.arguments[0]
    if is_several(text):
        return talk_to_several(options, make, report, is_guest)
    with Connection(options, text, is_guest) as connection:
        try:
            result = connection.carry_out(make(connection))
        except ValueError as error:
            raise UsageError(str(error)) from None
        return report(connection, result, "")


def is_several(text: str) -> bool:
    """Tell whether a DEVICE is a list of devices, or all of them."""
    return "," in text or text.lower() == "all"


def talk_to_several(
    options: "Options", make: "Make", report: "Report", is_guest: bool
) -> int:
    """Do the same with several devices at once."""
    # Most commands are for one device, and imports are slow on a router.
    from .group import Group

    with Group(options, is_guest) as group:
        for label, connection, result in group.run(make):
            try:
                group.note(report(connection, result, label + ": "))
            except MiioError as error:
                group.fail(label, error)
        return group.status
