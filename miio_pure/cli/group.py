# SPDX-License-Identifier: MIT
"""Several devices at once: lamp1,lamp2,192.168.1.9, or all of the saved ones.

All start at the same time, and each has its own outcome, so a device that is switched
off does not delay the others.
"""

from time import monotonic

from ..errors import MiioError, NoReply
from ..together import run_all
from .connect import (
    Connection,
    explain_saving,
    is_same,
    make_trace,
    open_devices,
    read_token,
)
from .output import Waiting, say
from .status import DONE, Mistake, UsageError, find_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Tuple

    from ..devices import Devices
    from ..plans import Plan
    from .arguments import Options
    from .talk import Make

# The share of the time in which saved devices have to answer at their saved addresses.
ADDRESS_SHARE = 0.4


def list_names(text: str, devices: "Optional[Devices]") -> "List[str]":
    """Return what each of the devices is called; all means the saved ones."""
    if text.lower() != "all":
        names = [name.strip() for name in text.split(",")]
        if not all(names):
            raise UsageError("there is one comma too many in the list of devices")
        return names
    if devices is None or not devices.records:
        raise UsageError("all means all saved devices, but no device is saved yet")
    return [record.name or record.device_id for record in devices.records]


class Group:
    """Connections to several devices, by what each device is called.

    A context manager. members: those that have not failed. status: the worst exit
    status so far.
    """

    def __init__(self, options: "Options", is_guest: bool = False) -> None:
        self._options = options
        self.status = DONE
        self.members: "Dict[str, Connection]" = {}
        devices = open_devices(options)
        names, given = list_names(options.arguments[0], devices), read_token(options)
        if len(names) > 1 and given is not None:
            raise UsageError(
                "%s is the token of one device; %s saves that of each"
                % (given.source, explain_saving(options, "ADDRESS", "--token", "HEX"))
            )
        for name in names:
            self.members[name] = Connection(options, name, is_guest, devices)
        self._waiting = Waiting("waiting for %d devices ..." % len(self.members))

    def __enter__(self) -> "Group":
        self._waiting.__enter__()
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._waiting.__exit__()
        self.close()

    def close(self) -> None:
        """Close the clients of all members."""
        for connection in self.members.values():
            connection.client.close()

    def run(self, make: "Make") -> "Iterator[Tuple[str, Connection, Any]]":
        """Run a plan with each device; yield its name, Connection and result.

        make: as for talk(). A device that fails is reported, and left out from then on.
        """
        for name, outcome in self.attempt(make, self._options.timeout):
            if isinstance(outcome, MiioError):
                self.fail(name, outcome, self.members[name].advise(outcome))
            else:
                yield name, self.members[name], outcome

    def attempt(self, make: "Make", timeout: float) -> "Iterator[Tuple[str, Any]]":
        """Run a plan with each device; yield its name and its result or MiioError."""
        names = {one.client: name for name, one in self.members.items()}
        plans = [(one.client, guard(make(one))) for one in self.members.values()]
        for client, outcome in run_all(plans, timeout):
            yield names[client], outcome

    def note(self, status: int) -> None:
        """Take note of the exit status of one device."""
        self.status = max(self.status, status)

    def fail(self, name: str, error: MiioError, advice: str = "") -> None:
        """Say why a device failed, and leave it out from now on."""
        connection = self.members.pop(name)
        connection.client.close()
        text = str(error)
        # Many errors begin with the address.
        label = "" if text.startswith(name + " port ") else name + ": "
        say("error: %s%s%s" % (label, text, advice))
        for line in getattr(error, "excerpt", ()):
            say("  " + line)
        self.note(find_status(error))

    def _open(self) -> None:
        """Say hello to all of them, and search for saved ones that have moved."""
        timeout = self._options.timeout
        deadline = monotonic() + timeout
        are_saved = any(one.record for one in self.members.values())
        share = timeout * ADDRESS_SHARE if are_saved else timeout
        missing: "Dict[str, MiioError]" = {}
        for name, outcome in self.attempt(Connection.plan_hello, share):
            if isinstance(outcome, NoReply) and self.members[name].record is not None:
                missing[name] = outcome
            elif isinstance(outcome, MiioError):
                self.fail(name, outcome)
        if missing:
            for name in self.search(list(missing), deadline - monotonic()):
                self.fail(name, missing[name])
        self._drop_doubles()

    def search(self, names: "List[str]", timeout: float) -> "List[str]":
        """Search for saved devices with a broadcast; return those not found."""
        from ..discovery import discover

        options, missing = self._options, list(names)
        try:
            for found in discover(
                timeout=max(timeout, 0.1),
                bind=options.bind,
                port=options.port,
                trace=make_trace(options, None),
            ):
                for name in missing[:]:
                    if is_same(found, self.members[name].record):
                        self.members[name].move(found)
                        missing.remove(name)
                if not missing:
                    break
        except NoReply:
            # The error of each device says more than this one.
            pass
        return missing

    def _drop_doubles(self) -> None:
        """Keep one connection to each device, so that none of them acts twice."""
        first: "Dict[int, str]" = {}
        for name, connection in list(self.members.items()):
            known = first.setdefault(connection.found.device_id, name)
            if known != name:
                say("note: %s is the same device as %s" % (name, known))
                self.members.pop(name).client.close()


def guard(plan: "Plan[Any]") -> "Plan[Any]":
    """Carry out a plan; make a usage error in it an error of this device only."""
    try:
        return (yield from plan)
    except (UsageError, ValueError) as error:
        raise Mistake(str(error)) from None
