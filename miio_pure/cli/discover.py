# SPDX-License-Identifier: MIT
"""discover: find devices on the network."""

import time

from ..discovery import discover, list_subnet
from ..errors import NoReply
from ..link import resolve
from .connect import (
    check_address,
    check_bind,
    check_host,
    decode_name,
    find_record,
    make_trace,
)
from .hints import Hints
from .output import Waiting, print_json, print_table, say
from .status import DONE, FAILED, NO_REPLY, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..devices import Devices
    from ..discovery import Found
    from ..link import Trace
    from .arguments import Options

WAITING = "waiting for devices to answer ..."
HEADINGS = ("address", "device id", "token", "model", "name")
# Looking up names may take this share of the time.
NAMES_SHARE = 0.8
# With 300 hellos a second, the text need not change for each of them.
HELLOS_FOR_TEXT = 30


class Targets:
    """The addresses and subnets to say hello to.

    named: the address of each named target, once look_up() has found it. subnets: the
    addresses in each subnet. is_everybody: the search goes to all networks. is_missing:
    some targets have no address. Raises UsageError for bad targets.
    """

    def __init__(self, options: "Options", devices: "Optional[Devices]") -> None:
        arguments = map(decode_name, options.arguments)
        words = [word for word in arguments if word.lower() != "all"]
        if words and len(words) < len(options.arguments):
            raise UsageError("all means all networks, so give no other target")
        self.is_everybody = not words
        self.is_missing = False
        self.named: "Dict[str, str]" = {}
        self.subnets: "Dict[str, List[str]]" = {}
        self._texts: "Dict[str, str]" = {}
        for word in words:
            record = find_record(devices, word)
            if record is not None:
                self._texts[word] = record.address or word
                continue
            check_address(word)
            if "/" not in word:
                check_host(word)
            try:
                addresses = list_subnet(word)
            except ValueError as error:
                raise UsageError(str(error)) from None
            if addresses:
                self.subnets[word] = addresses
            else:
                self._texts[word] = word

    def look_up(self, deadline: float) -> None:
        """Find the addresses of the named targets; report those that have none."""
        for i, (word, text) in enumerate(self._texts.items()):
            # The time is shared out, so that one silent name server cannot use it all.
            now = time.monotonic()
            try:
                until = now + (deadline - now) / (len(self._texts) - i)
                self.named[word] = resolve(text, until)
            except NoReply as error:
                self.is_missing = True
                say("error: %s" % error)

    def is_search(self) -> bool:
        """Tell whether the search may find devices that the user has not named."""
        return self.is_everybody or bool(self.subnets)

    def list_targets(self) -> "List[str]":
        """Return the arguments for discover()."""
        return list(self.named.values()) + list(self.subnets)

    def list_addresses(self) -> "List[str]":
        """Return the address of each hello; none if all networks are searched."""
        named = list(self.named.values())
        return named + [one for subnet in self.subnets.values() for one in subnet]

    def list_first(self) -> "List[str]":
        """Return one address of each subnet."""
        return [subnet[0] for subnet in self.subnets.values()]


class Progress(Waiting):
    """Shows the progress of a search that takes longer than its timeout.

    Its method count() is a trace for discover(). trace: also called with each event.
    """

    def __init__(self, count: int, trace: "Optional[Trace]") -> None:
        super().__init__(WAITING)
        self._count, self._trace = count, trace
        self._sent = 0

    def count(self, direction: str, datagram: bytes, address: str) -> None:
        """Count the hellos, and show the count now and then."""
        if self._trace is not None:
            self._trace(direction, datagram, address)
        if direction != "sent":
            return
        self._sent += 1
        if self._sent == self._count:
            self.change(WAITING)
        elif self._sent < self._count and self._sent % HELLOS_FOR_TEXT == 0:
            text = "said hello to %d of %d addresses ..."
            self.change(text % (self._sent, self._count))


class Results:
    """The results; each device becomes a line of JSON or a row of a table."""

    def __init__(self, options: "Options", hints: Hints) -> None:
        self.found: "List[Found]" = []
        self._options, self._hints = options, hints
        self._waiting: "List[Found]" = []

    def add(self, found: "Found") -> None:
        """Add a device; with --json, print the devices whose models are known.

        The models of the others may still be announced.
        """
        self.found.append(found)
        self._waiting.append(found)
        if self._options.json:
            self._hints.update()
            self._print_lines(self._hints.is_complete)

    def finish(self, targets: Targets) -> None:
        """Print the devices that are not printed yet, and those that did not answer."""
        self._hints.update()
        silent = self._hints.describe_silent(self.found)
        if not targets.is_everybody:
            asked = set(targets.list_addresses())
            silent = [facts for facts in silent if facts["address"] in asked]
        if self._options.json:
            self._print_lines(True)
            for facts in silent:
                print_json(facts)
            return
        self.found.sort(key=lambda one: [int(byte) for byte in one.address.split(".")])
        rows = [self._hints.describe(found) for found in self.found] + silent
        if rows:
            show(rows)

    def _print_lines(self, is_last: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for found in waiting:
            facts = self._hints.describe(found)
            if is_last or facts["model"]:
                print_json(facts)
            else:
                self._waiting.append(found)


def run(options: "Options") -> int:
    """Print the devices that answer a hello; name the targets that do not."""
    check_bind(options)
    with Hints(options) as hints:
        targets = Targets(options, hints.devices)
        results = Results(options, hints)
        start = time.monotonic()
        targets.look_up(start + options.timeout * NAMES_SHARE)
        failed = targets.is_missing
        if targets.is_everybody or targets.list_targets():
            left = max(0.01, start + options.timeout - time.monotonic())
            if targets.is_search() and not options.no_mdns:
                hints.ask(options, targets.list_first())
            failed |= not search(options, targets, results, left)
        results.finish(targets)
    return judge(options, targets, results.found, failed)


def search(
    options: "Options", targets: Targets, results: Results, timeout: float
) -> bool:
    """Say hello to the targets; return whether that was possible."""
    count = len(targets.list_addresses())
    progress = Progress(count, make_trace(options, None))
    with progress:
        try:
            for found in discover(
                *targets.list_targets(),
                timeout=timeout,
                bind=options.bind,
                port=options.port,
                trace=progress.count,
            ):
                results.add(found)
        except NoReply as error:
            say("error: %s" % error)
            return False
    return True


def show(rows: "List[Dict[str, Any]]") -> None:
    """Print the devices as a table."""
    cells = []
    for facts in rows:
        token = facts["token"] or ("saved" if facts["saved"] else "hidden")
        if not facts["answered"]:
            token = "no answer"
        ident = "" if facts["device_id"] is None else str(facts["device_id"])
        model, name = facts["model"] or "", facts["name"] or ""
        cells.append((facts["address"], ident, token, model, name))
    print_table(HEADINGS, cells, flexible=("model", "name"))


def judge(
    options: "Options", targets: Targets, found: "List[Found]", failed: bool
) -> int:
    """Return the exit status, and report the targets that did not answer."""
    answered = {one.address for one in found}
    named = targets.named.items()
    silent = [word for word, address in named if address not in answered]
    if silent and not (failed and len(named) == 1):
        say(
            "error: no answer within %g s from %s: is it switched on, is the address "
            "right, and is this computer in its subnet?"
            % (options.timeout, ", ".join(silent))
        )
    if silent or failed:
        return NO_REPLY
    if not found:
        say(
            "error: no device answered within %g s: is it switched on, is this "
            "computer in its subnet (--bind chooses the network that is searched), and "
            "does this computer's firewall allow replies from UDP port %d?"
            % (options.timeout, options.port)
        )
        return FAILED
    return DONE
