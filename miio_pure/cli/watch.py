# SPDX-License-Identifier: MIT
"""watch: print a line of JSON whenever a property of a device changes.

Each device is read once in each interval, at a time of its own, so one that is silent
does not slow down the others. The reads begin one after the other, spread over half of
the interval: that avoids a burst of requests, and the first values still come soon.
While a read takes longer than the interval, no other read of that device begins.

When a device fails, we print one line with an error, and one with its values when it is
back. While a saved device is silent, we search for it, and read it where we find it.
"""

import sys
import time

from ..errors import MiioError, NoReply, TokenError
from ..together import Run
from .get import find_names, read_with
from .group import Group, guard
from .output import format_json, print_json
from .specs import MissingSpec
from .status import Mistake, OutputError, UsageError
from .terminate import Termination
from .values import check_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from ..client import Client
    from ..miot import Spec
    from ..plans import Plan
    from .arguments import Options
    from .connect import Connection

MIN_EVERY = 0.5  # s
# The beginnings of the reads are spread over this share of the interval.
SPREAD = 0.5
# How often we search for saved devices that are silent, and for how long.
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
    watch = Watch(options, group, names)
    try:
        with Termination():
            watch.go_on()
    finally:
        watch.close()
    return group.status


class State:
    """The state of a device: its spec, and what we last printed about it.

    due: when its next read begins. text: its values as JSON; "" before the first read.
    """

    due = 0.0

    has_spec = False
    spec: "Optional[Spec]" = None
    text = ""
    has_failed = False


class Watch:
    """The devices that we watch, and the state of each."""

    def __init__(self, options: "Options", group: Group, names: "List[str]") -> None:
        self._options, self._group, self._names = options, group, names
        self._states = {name: State() for name in group.members}
        self._run = Run(len(group.members), options.timeout)
        # The name of the device that each client is reading right now.
        self._under_way: "Dict[Client, str]" = {}
        self._next_search = time.monotonic()

    def close(self) -> None:
        """End the reads that are under way, and close all clients."""
        self._run.close()
        self._group.close()

    def go_on(self) -> None:
        """Read the devices again and again, as long as any are left."""
        members, states = self._group.members, self._states
        for connection in members.values():
            if connection.record is None:
                connection.find_host()
        start = time.monotonic()
        for i, state in enumerate(states.values()):
            state.due = start + self._options.every * SPREAD * i / len(states)
        while members:
            self._begin_due(time.monotonic())
            following = min(states[name].due for name in members)
            for client, outcome in self._run.go_on(following):
                self._take(client, outcome)
            self._search()
            if members:
                wait(following)

    def _begin_due(self, now: float) -> None:
        """Begin to read the devices whose time has come."""
        for name, connection in self._group.members.items():
            state, client = self._states[name], connection.client
            if state.due > now:
                continue
            # Skip the reads that were missed.
            missed = (now - state.due) // self._options.every
            state.due += self._options.every * (1 + missed)
            if client not in self._under_way:
                self._under_way[client] = name
                self._run.add(client, guard(self._read(connection, state)))

    def _read(
        self, connection: "Connection", state: State
    ) -> "Plan[Tuple[Dict[str, Any], str]]":
        """Return the values of a device by name, and as JSON."""
        if not connection.is_open:
            yield from connection.plan_hello()
        if not state.has_spec:
            state.spec = yield from find_names(self._options, connection, self._names)
            state.has_spec = True
        readings = yield from read_with(state.spec, connection, self._names)
        values = {one.name: one.value for one in readings if one.is_good()}
        # The JSON is for comparing values, because in Python True equals 1.
        return values, format_json(values)

    def _take(self, client: "Client", outcome: "Any") -> None:
        """Print what has changed, now that a read has ended."""
        name = self._under_way.pop(client)
        connection = self._group.members.get(name)
        if connection is None or connection.client is not client:
            # In the meantime, a search has found this device at another address.
            return
        if isinstance(outcome, MiioError):
            self._take_error(name, outcome)
        else:
            self._take_values(name, *outcome)

    def _take_values(self, name: str, values: "Dict[str, Any]", text: str) -> None:
        """Print the values of a device if they have changed, or if it is back."""
        state = self._states[name]
        if state.has_failed or text != state.text:
            print_json(dict(self._describe(name), values=values))
        state.text, state.has_failed = text, False

    def _take_error(self, name: str, error: MiioError) -> None:
        """Print that a device has failed; drop it if it will fail every time."""
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
        """Return the members of a line for the time, the address and the name."""
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
            if connection.record is not None
            and not connection.is_open
            and self._states[name].has_failed
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
        # We need not ask for any event, because poll always reports a closed pipe.
        poll.register(sys.stdout.fileno(), 0)
    except (ImportError, AttributeError, OSError, ValueError):
        # Some systems have no poll, and some streams have no file number.
        time.sleep(left)
        return
    if poll.poll(left * 1000):
        raise OutputError("standard output is closed", True)
