# SPDX-License-Identifier: MIT
"""Simulates a device from a spec.

It has each property of the spec, with a plausible first value, and each action. It
judges requests as real devices do, which is stricter than our client is with its user:
a value from a list must be the value itself, not its description, and a whole number
must have no decimal point. The arguments of an action come as objects with piid and
value, in any order.
"""

from .device import FIRMWARE, MAX_TEXT, FakeDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Union

    from ..miot import Action, Property, Spec, Values
    from ..miot.values import Number
    from ..packet import Token

# Rounding to this many digits removes the float error in 16 + 69 * 0.1.
_DIGITS = 9
_SCALARS = (bool, int, float, str)


def from_spec(
    spec: "Spec",
    token: "Union[str, bytes, Token]",
    *,
    model: "Optional[str]" = None,
    **options: "Any",
) -> FakeDevice:
    """Make a device from a spec.

    model: by default, one that fits the URN of the spec. options: as for FakeDevice.
    Given properties, actions and methods are added to those of the spec, or replace
    them.
    """
    return _SpecDevice(spec, token, model=model or guess_model(spec), **options)


class _SpecDevice(FakeDevice):
    def __init__(
        self, spec: "Spec", token: "Union[str, bytes, Token]", **options: "Any"
    ) -> None:
        super().__init__(token, **options)
        self._entries = {(one.siid, one.piid): one for one in spec.properties}
        self._listed = {(one.siid, one.aiid): one for one in spec.actions}
        facts = self._gather_facts()
        for key, one in self._entries.items():
            value = facts.get(one.label)
            if not is_right(one.values, value):
                value = choose_value(one)
            self.properties.setdefault(key, value)
        for key, action in self._listed.items():
            self.actions.setdefault(key, self._make_action(action))

    def _gather_facts(self) -> "Dict[str, str]":
        """Return the values of the service device-information, by label."""
        vendor, _, _ = self.model.partition(".")
        facts = {
            "manufacturer": vendor,
            "model": self.model,
            "serial-number": str(self.device_id),
            "firmware-revision": FIRMWARE,
        }
        return {"device-information:" + name: text for name, text in facts.items()}

    def _make_action(self, action: "Action") -> "Any":
        def act(given: "List[Any]") -> "List[Any]":
            for item in given:
                # This does nothing for an argument that is not a writable property.
                self.write((action.siid, item["piid"]), item["value"])
            if action.name == "toggle":
                self._toggle(action.siid)
            return [self._make_output(one) for one in action.outputs]

        return act

    def _make_output(self, one: "Property") -> "Dict[str, Any]":
        value = self.properties.get((one.siid, one.piid), choose_value(one))
        return {"piid": one.piid, "value": value}

    def _toggle(self, siid: int) -> None:
        """Switch the first `on` of a service on or off."""
        for key, one in self._entries.items():
            if (one.siid, one.name) == (siid, "on"):
                self.write(key, not self.properties[key])
                return

    def judge_read(self, key: "Any") -> int:
        one = self._entries.get(key)
        if one is None:
            return super().judge_read(key)
        return 0 if "read" in one.access else -4001

    def judge_write(self, key: "Any", value: "Any") -> int:
        one = self._entries.get(key)
        if one is None:
            return super().judge_write(key, value)
        if "write" not in one.access:
            return -4002
        return 0 if is_right(one.values, value) else -4005

    def judge_action(self, key: "Any", given: "Any") -> int:
        action = self._listed.get(key)
        if action is None:
            return super().judge_action(key, given)
        values = read_arguments(given)
        if values is None or set(values) != {one.piid for one in action.inputs}:
            return -4006
        is_fine = all(is_right(one.values, values[one.piid]) for one in action.inputs)
        return 0 if is_fine else -4005


def read_arguments(given: "Any") -> "Optional[Dict[int, Any]]":
    """Return the arguments of an action by piid; None unless there is one for each."""
    values = {}
    for item in given if isinstance(given, list) else [None]:
        fields = item if isinstance(item, dict) else {}
        piid = fields.get("piid")
        if type(piid) is not int or piid in values or "value" not in fields:
            return None
        values[piid] = fields["value"]
    return values


def is_right(values: "Values", value: "Any") -> bool:
    """Tell whether a device takes this value for a property."""
    if type(value) not in _SCALARS or len(str(value)) > MAX_TEXT:
        return False
    try:
        checked = values.check(value)
    except ValueError:
        return False
    # The check also accepts a description, or 2.0 for 2; a device does not.
    is_float = type(value) is float and type(checked) is int
    return bool(checked == value) and not is_float


def choose_value(one: "Property") -> "Any":
    """Return a plausible first value."""
    values = one.values
    if values.choices:
        value, _ = values.choices[0]
        return value
    # Whole numbers have limits even where the spec sets none.
    limits = type(values)(values.format).limits
    if values.limits is not None and values.limits != limits:
        return find_middle(values, *values.limits)
    if limits is not None or values.format == "float":
        return 0
    return {"bool": False, "hex": "00"}.get(values.format, one.name)


def find_middle(
    values: "Values", least: "Number", most: "Number", step: "Number"
) -> "Number":
    """Return a value that is on a step, near the middle of the range."""
    steps = (most - least) / step // 2 if step > 0 else 0
    value = round(least + steps * step, _DIGITS)
    # Some specs write the range of whole numbers in floats.
    if values.format != "float" and type(value) is float and value.is_integer():
        value = int(value)
    return value if is_right(values, value) else least


def guess_model(spec: "Spec") -> str:
    """Return a model that fits the URN of a spec, such as zhimi.airpurifier.mb4."""
    kind = "".join(spec.urn.split(":")[3:4]).replace("-", "")
    vendor, _, last = spec.model.partition("-")
    return ".".join((vendor or "simulated", kind or "device", last or "v1"))
