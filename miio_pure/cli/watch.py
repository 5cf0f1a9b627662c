# SPDX-License-Identifier: MIT
"""watch: a line of JSON whenever a property of a device changes.

The devices are read in rounds, one round in each interval. The reads of a round begin
one after the other, spread over half of the interval, so that the devices are not asked
in a burst; each then has the other half to answer, but at least two seconds, as a radio
that sleeps takes its time. So a round with a silent device may last longer than a short
interval, and the next one begins when it is over.

A device that fails gets one line with an error, and one with its values when it is
back. While it is silent, a saved device is searched for, and read where it is found.
"""

import sys
import time

from ..errors import MiioError, NoReply, TokenError
from .get import find_names, read_with
from .group import Group
from .output import format_json, print_json
from .specs import MissingSpec
from .status import Mistake, OutputError, UsageError
from .terminate import Termination
from .values import check_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..miot import Spec
    from ..plans import Plan
    from .arguments import Options
    from .connect import Connection

MIN_EVERY = 0.5  # s
# The share of the interval over which the reads begin.
SPREAD = 0.5
# How long a device may take to answer, even if the interval is shorter.
MIN_ANSWER = 2.0  # s
# How often saved devices that are silent are searched for, and how long.
SEARCH_EVERY = 60.0  # s
SEARCH_TIME = 1.0  # s


def run(options: "Options") -> int:
    """Print changes until the program is told to end, or all devices have failed."""
    _, *names = options.arguments
    for name in names:
        check_property(name)
    if options.every < MIN_EVERY:
        raise UsageError("--every needs %g seconds or more" % MIN_EVERY)
    group = Group(options)
    try:
        with Termination():
            Watch(options, group, names).go_on()
    finally:
        group.close()
    return group.status


class State:
    """What is known of a device: its spec, and what was printed about it last.

    text: its values as JSON; "" before the first ones.
    """

    has_spec = False
    spec: "Optional[Spec]" = None
    text = ""
    has_failed = False


class Watch:
    """The devices that are watched, and the state of each."""

    def __init__(self, options: "Options", group: Group, names: "List[str]") -> None:
        self._options, self._group, self._names = options, group, names
        self._states = {name: State() for name in group.members}
        self._next_search = time.monotonic()

    def go_on(self) -> None:
        """Read the devices again and again, as long as there are any."""
        members = self._group.members
        for connection in members.values():
            if connection.record is None:
                connection.find_host()
        while members:
            following = time.monotonic() + self._options.every
            self._read_all()
            self._search()
            if members:
                wait(following)

    def _read_all(self) -> None:
        """Read each device once, and print what has changed."""
        options, members = self._options, self._group.members
        spread = options.every * SPREAD
        start = time.monotonic()
        begins = {
            connection: start + spread * i / len(members)
            for i, connection in enumerate(members.values())
        }
        states = {one: self._states[name] for name, one in members.items()}

        def make(connection: "Connection") -> "Plan[Dict[str, Any]]":
            return self._read(connection, states[connection], begins[connection])

        timeout = min(options.timeout, max(options.every - spread, MIN_ANSWER))
        for name, outcome in self._group.attempt(make, spread + timeout):
            if isinstance(outcome, MiioError):
                self._take_error(name, outcome)
            else:
                self._take_values(name, outcome)

    def _read(
        self, connection: "Connection", state: State, begin: float
    ) -> "Plan[Dict[str, Any]]":
        """Wait until it is this device's turn, and return its values by name."""
        yield begin
        if not connection.is_open:
            yield from connection.plan_hello()
        if not state.has_spec:
            state.spec = yield from find_names(self._options, connection, self._names)
            state.has_spec = True
        readings = yield from read_with(state.spec, connection, self._names)
        return {one.name: one.value for one in readings if one.is_good()}

    def _take_values(self, name: str, values: "Dict[str, Any]") -> None:
        """Print the values of a device if they have changed, or if it is back."""
        state = self._states[name]
        try:
            # In JSON, true is not 1, and equal values look equal.
            text = format_json(values)
        except MiioError as error:
            self._take_error(name, error)
            return
        if state.has_failed or text != state.text:
            print_json(dict(self._describe(name), values=values))
        state.text, state.has_failed = text, False

    def _take_error(self, name: str, error: MiioError) -> None:
        """Print that a device has failed; leave it out if that cannot change."""
        state, connection = self._states[name], self._group.members[name]
        is_refused = isinstance(error, TokenError) and not state.text
        if is_refused or isinstance(error, (Mistake, MissingSpec)):
            advice = connection.advise(error) if connection.is_open else ""
            self._group.fail(name, error, advice)
            return
        if not state.has_failed:
            print_json(dict(self._describe(name), error=str(error)))
        state.has_failed = True
        if isinstance(error, NoReply):
            # Another device may be at this address when it answers again.
            connection.is_open = False

    def _describe(self, name: str) -> "Dict[str, Any]":
        """Return the members of a line that tell when, where and who."""
        connection = self._group.members[name]
        if connection.record is not None and connection.record.name:
            name = connection.record.name
        now = round(time.time(), 3)
        return {"time": now, "address": connection.client.host, "name": name}

    def _search(self) -> None:
        """Search for saved devices that are silent, but not too often."""
        missing = [
            name
            for name, connection in self._group.members.items()
            if connection.record is not None and not connection.is_open
        ]
        if missing and time.monotonic() >= self._next_search:
            self._group.search(missing, SEARCH_TIME)
            self._next_search = time.monotonic() + SEARCH_EVERY


def wait(until: float) -> None:
    """Wait until a time; OutputError if nobody reads the results any more."""
    left = max(0.0, until - time.monotonic())
    try:
        import select

        poll = select.poll()
        # No event needs to be asked for: a closed pipe is reported in any case.
        poll.register(sys.stdout.fileno(), 0)
    except (ImportError, AttributeError, OSError, ValueError):
        # Some systems have no poll, and some streams no number.
        time.sleep(left)
        return
    if poll.poll(left * 1000):
        raise OutputError("standard output is closed", True)
