# SPDX-License-Identifier: MIT
"""Reads and sets properties, and runs actions, in the form that MIoT devices take.

Properties are read in batches (see `batches`). Properties that are set in one call go
out in one request, because their order may matter, and that they arrive together.

The calls are written as plans (see `plans`), so one client can run them for its device,
or you can run them for many devices at once:

    plans = [(lamp.client, lamp.plan_status()) for lamp in lamps]
    for client, outcome in together.run_all(plans):
        if isinstance(outcome, MiioError):
            print(client.host, outcome)
        else:
            print(client.host, {one.name: one.value for one in outcome})
"""

from ..errors import DeviceError, MiioError, NoReply, PayloadError, meaning
from ..exchange import BUSY, Request, greet
from ..payload import dump
from ..plans import Part, carry_out
from .batches import Sizes, list_missing
from .spec import Action, Property, parse_number
from .values import same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

    from ..client import Client
    from ..plans import Plan
    from .batches import Address, Answers
    from .spec import Spec

    Name = Union[str, Property]

MAX_BATCH = 15  # properties
MAX_PARAMS = 1000  # bytes of JSON
# At least one model puts 16 into the high word of its device id, although that is not
# part of the id.
MAX_FILLING = 1 << 16
LOW_WORD = 0xFFFFFFFF


class Outcome:
    """The outcome for one property.

    name: the property's label, such as "fan:on", or its number. siid, piid: its
    numbers. code: 0 or more if all is well, negative if the device refused it, None if
    the device did not mention it. value: the value that was read or set, or None.
    meaning: what a negative code means, or "". description: the spec's name for the
    value, or "".
    """

    def __init__(self, one: Property) -> None:
        self.property = one
        self.name, self.siid, self.piid = one.handle, one.siid, one.piid
        self.code: "Optional[int]" = None
        self.value: "Any" = None

    def __repr__(self) -> str:
        return "<Outcome %s code=%s value=%r>" % (self.name, self.code, self.value)

    @property
    def is_done(self) -> bool:
        return self.code is not None and self.code >= 0

    @property
    def meaning(self) -> str:
        return meaning(self.code)

    @property
    def description(self) -> str:
        return self.property.values.name(self.value)

    def error(self) -> MiioError:
        """Return the error that says why this property failed."""
        if self.code is None:
            return PayloadError("%s: the device did not answer for it" % self.name)
        return DeviceError(self.code, "for " + self.name)


class Miot:
    """The properties and actions of a device.

    client: a Client. spec: the Spec of its model; without one, names are numbers, such
    as "2.1". did: the name of the device in requests; by default, its device id, which
    we ask for once. max_batch: how many properties to read at once; it becomes smaller
    if the device turns out to take fewer.

    A name is "2.1", "fan:on" or "on", where it is unique, or a Property. Mistakes raise
    ValueError before anything is sent.
    """

    def __init__(
        self,
        client: "Client",
        spec: "Optional[Spec]" = None,
        *,
        did: "Optional[str]" = None,
        max_batch: int = MAX_BATCH,
    ) -> None:
        if max_batch < 1:
            raise ValueError("a batch has at least one property, not %d" % max_batch)
        self.client, self.spec = client, spec
        self.did, self.max_batch = did, max_batch

    def __repr__(self) -> str:
        return "<Miot of %r>" % self.client

    def get(self, *names: "Name") -> "Dict[str, Any]":
        """Return the values of properties, by the names that were asked for.

        Raises DeviceError if the device refuses one.
        """
        outcomes = self.read(*names)
        _require_all(outcomes)
        return {
            name if isinstance(name, str) else name.handle: outcome.value
            for name, outcome in zip(names, outcomes)
        }

    def set(self, values: "Dict[Any, Any]") -> None:
        """Set properties, in one request; values by name.

        Raises DeviceError if the device refuses one; write() reports on each of them.
        """
        _require_all(self.write(values))

    def read(self, *names: "Name") -> "List[Outcome]":
        """Return an Outcome for each property, in the order of the names."""
        return carry_out(self.client, self.plan_read(*names))

    def write(self, values: "Dict[Any, Any]") -> "List[Outcome]":
        """Set properties, in one request, and return an Outcome for each."""
        return carry_out(self.client, self.plan_write(values))

    def status(self) -> "List[Outcome]":
        """Return an Outcome for each property that can be read; this takes a spec."""
        return carry_out(self.client, self.plan_status())

    def run(self, action: "Union[str, Action]", *values: "Any") -> "List[Any]":
        """Run an action and return the values that it gives back.

        values: one for each of its inputs. Without a spec they are sent as they are,
        and the device expects objects such as {"piid": 1, "value": 33}. Raises
        DeviceError if the device refuses the action.
        """
        return carry_out(self.client, self.plan_run(action, *values))

    def plan_read(self, *names: "Name") -> "Plan[List[Outcome]]":
        """Return the plan of read()."""
        outcomes = [Outcome(self._find(name, "read")) for name in names]
        return self._read(outcomes)

    def plan_status(self) -> "Plan[List[Outcome]]":
        """Return the plan of status()."""
        if self.spec is None:
            raise ValueError("status needs a spec, which lists the properties")
        return self.plan_read(*self.spec.readable())

    def plan_write(self, values: "Dict[Any, Any]") -> "Plan[List[Outcome]]":
        """Return the plan of write()."""
        outcomes = []
        for name, value in values.items():
            outcome = Outcome(self._find(name, "write"))
            outcome.value = outcome.property.check(value)
            outcomes.append(outcome)
        if len({(one.siid, one.piid) for one in outcomes}) < len(outcomes):
            raise ValueError("a property is given twice, under two names")
        return self._write(outcomes)

    def plan_run(
        self, action: "Union[str, Action]", *values: "Any"
    ) -> "Plan[List[Any]]":
        """Return the plan of run()."""
        if isinstance(action, str) and self.spec is not None:
            action = self.spec.action(action)
        if isinstance(action, Action):
            return self._run(action, action.check(values))
        return self._run(Action(*_read_number(action), "", "", ""), list(values))

    def _find(self, name: "Name", access: str) -> Property:
        if not isinstance(name, Property):
            if self.spec is None:
                return Property(*_read_number(name), "", "", "")
            name = self.spec.property(name)
        name.require(access)
        return name

    def _name_device(self) -> "Plan[None]":
        """Find out what to call the device; some insist on it (python-miio #1896)."""
        if self.did is None:
            greeting = yield greet
            self.did = name_device(greeting.header.device_id)

    def _read(self, outcomes: "List[Outcome]") -> "Plan[List[Outcome]]":
        if not outcomes:
            return outcomes
        yield from self._name_device()
        # Two names may mean the same property.
        wanted: "Dict[Address, List[Outcome]]" = {}
        for one in outcomes:
            wanted.setdefault((one.siid, one.piid), []).append(one)
        waiting, sizes = list(wanted), Sizes(self.max_batch)
        try:
            while waiting:
                batch = self._take_batch(waiting, sizes.size)
                answers = yield from self._read_batch(batch)
                for address in batch:
                    for one in wanted[address]:
                        one.code, one.value = (answers or {}).get(address, (None, None))
                missing = list_missing(batch, answers)
                waiting = waiting[len(batch) :]
                if len(batch) > 1 and missing:
                    sizes.refuse(batch, missing, is_busy=answers is None)
                    waiting = missing + waiting
                elif missing or (len(batch) == 1 and wanted[batch[0]][0].code in BUSY):
                    sizes.excuse(batch[0])
                else:
                    sizes.take(batch)
                yield from self._settle(sizes, waiting)
        finally:
            # Even a read that fails has found out how large batches can be.
            self.max_batch = sizes.find_limit()
        return outcomes

    def _settle(self, sizes: Sizes, waiting: "List[Address]") -> "Plan[None]":
        """Find out whether batches were too large, where that is in doubt.

        waiting: the properties that have not been read yet.
        """
        batch = sizes.find_doubtful(waiting)
        while batch:
            try:
                answers = yield from self._read_batch(batch)
            except MiioError:
                # All of these have already been read, so there is no failure to report.
                answers = None
            sizes.settle(batch, is_too_large=bool(list_missing(batch, answers)))
            batch = sizes.find_doubtful(waiting)

    def _take_batch(self, waiting: "List[Address]", size: int) -> "List[Address]":
        batch = waiting[:size]
        while len(batch) > 1 and len(dump(self._make_items(batch))) > MAX_PARAMS:
            del batch[-1]
        return batch

    def _make_items(self, batch: "Sequence[Address]") -> "List[Dict[str, Any]]":
        return [{"did": self.did, "siid": siid, "piid": piid} for siid, piid in batch]

    def _read_batch(self, batch: "List[Address]") -> "Plan[Optional[Answers]]":
        """Return the device's answers as {address: (code, value)}.

        Returns None if the device is busy or the batch is too large, because both have
        the same code.
        """
        params = self._make_items(batch)
        request = Request({"method": "get_properties", "params": params}, None)
        is_alone = len(batch) == 1
        # If the device answers -9999 to one property, it is busy, and we ask again. To
        # a batch, the same answer may mean that the batch is too large.
        request.waits_if_busy = is_alone
        try:
            result = yield request.begin if is_alone else Part(request.begin)
        except DeviceError as error:
            if error.code not in BUSY:
                raise
            # If it was the only property, the device refused it.
            return {batch[0]: (error.code, None)} if is_alone else None
        except PayloadError:
            if is_alone:
                raise
            return {}
        except NoReply as error:
            if is_alone or not error.sent:
                raise
            yield from _require_hello(error)
            return {}
        return _index(result, "value")

    def _write(self, outcomes: "List[Outcome]") -> "Plan[List[Outcome]]":
        if not outcomes:
            return outcomes
        yield from self._name_device()
        params = self._make_items([(one.siid, one.piid) for one in outcomes])
        for item, one in zip(params, outcomes):
            item["value"] = one.value
        request = Request({"method": "set_properties", "params": params}, None)
        result = yield request.begin
        answers = _index(result)
        for one in outcomes:
            code, _ = answers.get((one.siid, one.piid), (None, None))
            one.code = 0 if _is_ok(result) else code
        return outcomes

    def _run(self, action: Action, given: "List[Any]") -> "Plan[List[Any]]":
        yield from self._name_device()
        params: "Dict[str, Any]" = {"did": self.did, "in": given}
        params.update(siid=action.siid, aiid=action.aiid)
        request = Request({"method": "action", "params": params}, None)
        result = yield request.begin
        if _is_ok(result):
            return []
        # Some devices put the object into a list.
        item = result[0] if isinstance(result, list) and len(result) == 1 else result
        code = _read_code(item, "out") if isinstance(item, dict) else None
        if code is None:
            raise PayloadError(
                "%s: the device did not say whether it ran this action" % action.handle
            )
        if code < 0:
            raise DeviceError(code, "for " + action.handle)
        return _read_outputs(item.get("out"))


def name_device(device_id: int) -> str:
    """Return the did of a device: its device id in decimal digits."""
    is_filled = device_id >> 32 < MAX_FILLING
    return str(device_id & LOW_WORD if is_filled else device_id)


def _read_number(name: "Any") -> "Address":
    if not isinstance(name, str):
        raise TypeError("a name is a str, not %s" % type(name).__name__)
    number = parse_number(name)
    if number is None:
        raise ValueError("without a spec, a name is a number such as 2.1")
    return number


def _require_hello(silence: NoReply) -> "Plan[None]":
    """Raise a batch's silence again, unless the device still answers a hello.

    If it has been switched off, the batch was not too large.
    """
    try:
        yield greet
    except NoReply:
        raise silence from None


def _require_all(outcomes: "List[Outcome]") -> None:
    for one in outcomes:
        if not one.is_done:
            raise one.error()


def _is_ok(result: "Any") -> bool:
    """Tell whether a result means "all is done"; one simulator answers like this."""
    return result in ("ok", ["ok"]) or (type(result) is int and result == 0)


def _index(
    result: "Any", proof: str = ""
) -> "Dict[Address, Tuple[Optional[int], Any]]":
    """Return the answers as {address: (code, value)}; their order and did may differ.

    proof: the member that an answer must have to count, unless it is a refusal. If two
    answers for one address differ, neither counts, as we cannot know which is right.
    """
    found: "Dict[Address, Tuple[Optional[int], Any]]" = {}
    doubtful = set()
    for item in result if isinstance(result, list) else [result]:
        fields = item if isinstance(item, dict) else {}
        siid, piid = fields.get("siid"), fields.get("piid")
        code = _read_code(fields, proof)
        if type(siid) is not int or type(piid) is not int or code is None:
            continue
        if code >= 0 and proof and proof not in fields:
            continue
        value = fields.get("value") if code >= 0 else None
        known, before = found.setdefault((siid, piid), (code, value))
        if known != code or not same(before, value):
            doubtful.add((siid, piid))
    return {address: found[address] for address in found if address not in doubtful}


def _read_code(fields: "Dict[str, Any]", proof: str) -> "Optional[int]":
    """Return an answer's code; 0 if it has only the proof; None if it has neither."""
    code = fields.get("code", 0 if proof in fields else None)
    return code if type(code) is int else None


def _read_outputs(out: "Any") -> "List[Any]":
    """Return the values that an action gave back, each with or without a piid."""
    return [
        one["value"] if isinstance(one, dict) and "value" in one else one
        for one in (out if isinstance(out, list) else [])
    ]
