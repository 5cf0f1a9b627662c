# SPDX-License-Identifier: MIT
"""Collects what we can know without asking devices: leases, announcements, saved names.

Nothing is read or sent before a command asks for it, and a copy without neighbours.py
knows only the saved devices.
"""

from ..errors import MiioError
from .connect import LOW_WORD, open_devices
from .output import say
from .status import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Sequence, Union

    from ..devices import Devices
    from ..discovery import Found
    from ..neighbours import Neighbour, Question
    from .arguments import Options


class Hints:
    """The facts from leases, announcements and saved devices; a context manager.

    is_complete: whether no more announcements will come.
    """

    def __init__(self, options: "Options") -> None:
        self.devices = read_devices(options)
        self.is_complete = True
        self._question: "Optional[Question]" = None
        # Devices by their ids, and other hosts by their addresses.
        self._neighbours: "Dict[Union[int, str], Neighbour]" = {}
        self._add(open_leases(options))

    def __enter__(self) -> "Hints":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._question is not None:
            self._question.close()

    def ask(self, options: "Options", addresses: "Sequence[str]") -> None:
        """Ask by multicast DNS in the networks of these addresses, or else in all."""
        try:
            from ..neighbours import Question, find_sources
        except ImportError:
            return
        self._question = Question(find_sources(options.bind, addresses))
        self.is_complete = False

    def update(self) -> None:
        """Take in the announcements that have come by now."""
        if self._question is not None:
            self._add(self._question.collect())

    def _add(self, neighbours: "Iterable[Neighbour]") -> None:
        for new in neighbours:
            key = new.address if new.device_id is None else new.device_id
            old = self._neighbours.setdefault(key, new)
            # An announcement is newer than a lease, and so is its address.
            old.address = new.address
            old.mac = old.mac or new.mac

    def describe(self, found: "Found") -> "Dict[str, Any]":
        """Return the facts in a device's hello reply, and what else we know of it."""
        neighbour = (
            self._neighbours.get(found.device_id)
            or self._neighbours.get(found.device_id & LOW_WORD)
            or self._neighbours.get(found.address)
        )
        facts = {
            "address": found.address,
            "port": found.port,
            "device_id": found.device_id,
            "device_type": found.device_type,
            "serial": found.serial,
            "stamp": found.stamp,
            "token": found.token.hex() if found.token else None,
            "answered": True,
        }
        facts.update(self._name(found.device_id, neighbour))
        return facts

    def describe_silent(self, answered: "Sequence[Found]") -> "List[Dict[str, Any]]":
        """Return the known facts about all devices but these."""
        ids = {found.device_id for found in answered}
        ids |= {found.device_id & LOW_WORD for found in answered}
        addresses = {found.address for found in answered}
        rows = []
        for neighbour in self._neighbours.values():
            is_here = neighbour.device_id in ids or neighbour.address in addresses
            if neighbour.model and not is_here:
                rows.append(self._describe_neighbour(neighbour))
        return rows

    def _describe_neighbour(self, neighbour: "Neighbour") -> "Dict[str, Any]":
        facts = {
            "address": neighbour.address,
            "device_id": neighbour.device_id,
            "token": None,
            "answered": False,
        }
        facts.update(self._name(neighbour.device_id, neighbour))
        return facts

    def _name(
        self, device_id: "Optional[int]", neighbour: "Optional[Neighbour]"
    ) -> "Dict[str, Any]":
        """Return what we know about a device; saved facts precede announced ones."""
        record = None
        if self.devices and device_id is not None:
            record = self.devices.record(device_id)
        model, name, mac = "", "", ""
        if neighbour is not None:
            model, name, mac = neighbour.model, neighbour.name, neighbour.mac
        if record is not None:
            model, name = record.model or model, record.name or name
        return {
            "saved": record is not None,
            "model": model or None,
            "name": name or None,
            "mac": mac or None,
        }


def read_devices(options: "Options") -> "Optional[Devices]":
    """Return the saved devices for their names; only warn about a bad file."""
    try:
        devices = open_devices(options)
    except MiioError as error:
        say("warning: %s" % error)
        return None
    if devices is not None and devices.warning:
        say("warning: %s" % devices.warning)
    return devices


def open_leases(options: "Options") -> "List[Neighbour]":
    """Return the hosts in the file of --leases, or in the usual lease files."""
    try:
        from ..neighbours import find_leases, read_leases
    except ImportError:
        if options.leases is not None:
            raise UsageError("this copy of miio_pure lacks neighbours.py") from None
        return []
    if options.leases is None:
        return find_leases()
    return read_leases(options.leases)
