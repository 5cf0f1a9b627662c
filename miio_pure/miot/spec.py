# SPDX-License-Identifier: MIT
"""Reads a spec file: the services, properties and actions of one model, in JSON.

A spec file is public and describes one model of device. It gives each service a number
(siid), each property within it another one (piid), and each action, too (aiid). Names
come from the URNs, such as urn:miot-spec-v2:property:on:00000006:acme-x1:1, as the
descriptions may be empty, or Chinese. Within a service, a name may occur several times:
a real air conditioner has `on` three times. So a name counts only where it is unique.

Two programs wrap the same JSON: python-miio in its cache does not change it, and Home
Assistant's xiaomi_miot puts it under "data".
"""

from ..errors import MiioError
from ..host import parse
from .values import Values, normalize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import (
        Any,
        Dict,
        List,
        NoReturn,
        Optional,
        Sequence,
        Set,
        Tuple,
        TypeVar,
    )

    from .values import Choice, Range

    Some = TypeVar("Some", bound="Entry")

MAX_FILE = 4 << 20  # bytes
MAX_ENTRIES = 10000  # properties and actions together
MAX_LISTS = 200000  # lists and objects in a file, of which each takes memory
MAX_ARGUMENTS = 100  # of an action
MAX_LENGTH = 400  # digits; up to Python 3.10, millions of them take minutes
MAX_NUMBER = 1e100
MAX_CANDIDATES = 8  # names that a message lists
MAX_COMPARED = 1000  # names, to find the nearest
MAX_NAME = 100  # characters of a name or an id
MAX_DIGITS = 9  # of a siid or iid
ACCESS = ("read", "write", "notify")
# Every tool leaves this service out when it reads everything.
INFORMATION = "device-information"
# A URN is urn:<namespace>:<kind>:<name>:<number>:<vendor>-<model>:<version>.
NAME_FIELD, MODEL_FIELD = 3, 5
_RECURSION = (RecursionError, TypeError)
# Turns every digit into 0.
_ZEROS = bytes(48 if 48 <= byte < 58 else byte for byte in range(256))


class Entry:
    """A property or an action.

    siid, iid: its numbers. number: both, such as "2.1". service, name: the names of its
    service and its own, or "" if they are not known. label: both, such as "fan:on".
    handle: what to call it, which is the label where that is unique, else the number.
    description: the vendor's text, or "".
    """

    def __init__(
        self, siid: int, iid: int, service: str, name: str, description: str
    ) -> None:
        self.siid, self.iid = siid, iid
        self.service, self.name, self.description = service, name, description
        self.handle = self.label if name else self.number

    def __repr__(self) -> str:
        return "<%s %s %s>" % (type(self).__name__, self.number, self.label)

    @property
    def number(self) -> str:
        return "%d.%d" % (self.siid, self.iid)

    @property
    def label(self) -> str:
        return "%s:%s" % (self.service, self.name)


class Property(Entry):
    """A property, or an argument of an action.

    access: some of "read", "write" and "notify"; nothing for what is an argument only.
    values: the Values that it takes.
    """

    access: "Sequence[str]" = ()
    values = Values("")

    @property
    def piid(self) -> int:
        return self.iid

    def check(self, value: "Any") -> "Any":
        """Return the value to send; raise a ValueError that says what it can be."""
        try:
            return self.values.check(value)
        except ValueError as error:
            raise ValueError("%s: %s" % (self.handle, error)) from None

    def require(self, access: str) -> None:
        """Raise ValueError unless it can be read (access "read") or set ("write")."""
        if access in self.access:
            return
        if "read" in self.access:
            why = "set: it can only be read"
        elif "write" in self.access:
            why = "read: it can only be set"
        else:
            verb = "read" if access == "read" else "set"
            why = verb + ": it belongs to an action, or the device sends it by itself"
        raise ValueError("%s cannot be %s" % (self.handle, why))


class Action(Entry):
    """An action. inputs, outputs: the properties that are its arguments and results."""

    def __init__(self, *names: "Any") -> None:
        super().__init__(*names)
        self.inputs: "List[Property]" = []
        self.outputs: "List[Property]" = []

    @property
    def aiid(self) -> int:
        return self.iid

    def check(self, values: "Sequence[Any]") -> "List[Dict[str, Any]]":
        """Return the arguments to send; raise a ValueError that says what they can be.

        values: one for each input, in its order.
        """
        if len(values) != len(self.inputs):
            names = " ".join(one.name for one in self.inputs) or "no value"
            raise ValueError(
                "%s takes %s, but got %d values" % (self.handle, names, len(values))
            )
        return [
            {"piid": one.piid, "value": one.check(value)}
            for one, value in zip(self.inputs, values)
        ]


class Spec:
    """The contents of a spec file.

    urn: of the device. model: the vendor and the last part of the model, such as
    "acme-x1", or "". description: the vendor's text. properties, actions: in the order
    of the file.
    """

    def __init__(self, urn: str, description: str) -> None:
        self.urn, self.description = urn, description
        self.model = "".join(urn.split(":")[MODEL_FIELD : MODEL_FIELD + 1])
        self.properties: "List[Property]" = []
        self.actions: "List[Action]" = []

    def __repr__(self) -> str:
        return "<Spec %s>" % self.urn

    @classmethod
    def load(cls, path: str) -> "Spec":
        """Read a spec file; raise a MiioError that says where it is damaged."""
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_FILE + 1)
        except OSError as error:
            raise MiioError("%s: cannot be read: %s" % (path, error.strerror)) from None
        try:
            return cls.parse(data)
        except MiioError as error:
            raise MiioError("%s: %s" % (path, error)) from None

    @classmethod
    def parse(cls, data: bytes) -> "Spec":
        """Read the bytes of a spec file; errors: as for load()."""
        if not isinstance(data, bytes):
            raise TypeError("a spec is bytes, not %s" % type(data).__name__)
        if len(data) > MAX_FILE:
            raise MiioError("larger than any spec file (%d bytes)" % MAX_FILE)
        if data.count(b"[") + data.count(b"{") > MAX_LISTS:
            raise MiioError("more lists and objects than in any spec file")
        if b"0" * MAX_LENGTH in data.translate(_ZEROS):
            raise MiioError("not a spec file: a number is too long to be right")
        try:
            root = parse(data.decode("utf-8-sig"))
        except _RECURSION:
            raise MiioError("not a spec file: nested too deeply") from None
        except ValueError:
            raise MiioError(
                "not a spec file, or cut off: it is not valid JSON"
            ) from None
        return _Reader().read(root)

    def fits(self, model: str) -> bool:
        """Tell whether this can be the spec of a model, such as acme.fan.x1."""
        return self.model == shorten_model(model)

    def readable(self) -> "List[Property]":
        """Return the properties to read, except those that all devices have."""
        return [
            one
            for one in self.properties
            if "read" in one.access and one.service != INFORMATION
        ]

    def property(self, name: str) -> Property:
        """Return the property of this name or number; ValueError if there is none."""
        return _look_up(self.properties, name, "property")

    def action(self, name: str) -> Action:
        """Return the action of this name or number; ValueError if there is none."""
        return _look_up(self.actions, name, "action")


def shorten_model(model: str) -> str:
    """Return a model as a URN writes it: its first and last parts, with a dash."""
    first, _, rest = model.partition(".")
    return "%s-%s" % (first, rest.rpartition(".")[2])


def parse_number(name: str) -> "Optional[Tuple[int, int]]":
    """Return the numbers in a text such as 2.1 or 2:1; None for any other text."""
    siid, dot, iid = name.strip().replace(":", ".").partition(".")
    for digits in (siid, iid):
        if not 0 < len(digits) <= MAX_DIGITS or digits.strip("0123456789"):
            return None
    return int(siid), int(iid)


def _tell_apart(entries: "Sequence[Entry]") -> None:
    """Use the number as the handle of each entry whose label is not unique."""
    labels: "Dict[str, Entry]" = {}
    for one in entries:
        first = labels.setdefault(normalize(one.label), one)
        if first is not one:
            first.handle, one.handle = first.number, one.number


def _look_up(entries: "Sequence[Some]", name: str, kind: str) -> "Some":
    if not isinstance(name, str):
        raise TypeError("a name is a str, not %s" % type(name).__name__)
    number, wanted = parse_number(name), normalize(name).replace(".", ":")
    found = [
        one
        for one in entries
        if number == (one.siid, one.iid)
        or wanted in (normalize(one.name), normalize(one.label))
    ]
    if len(found) == 1:
        return found[0]
    typed = name[:MAX_NAME]
    if found:
        candidates = ["%s (%s)" % (one.number, one.label) for one in found]
        raise ValueError(
            "%s may be any of %s: use one of these numbers"
            % (typed, _join(candidates, MAX_CANDIDATES))
        )
    nearest = _find_nearest(wanted, entries)
    hint = "did you mean %s?" % " or ".join(nearest)
    if not nearest:
        labels = [one.label for one in entries]
        hint = "it has " + (_join(labels, MAX_CANDIDATES) or "none")
    raise ValueError("the spec has no %s %s; %s" % (kind, typed, hint))


def _find_nearest(wanted: str, entries: "Sequence[Any]") -> "List[str]":
    """Return the labels that are most like a name that does not exist."""
    try:
        from difflib import get_close_matches
    except ImportError:
        # Small hosts may lack a module that difflib needs.
        return []
    labels: "Dict[str, str]" = {}
    for one in entries:
        labels.setdefault(normalize(one.name), one.label)
        labels.setdefault(normalize(one.label), one.label)
    compared = list(labels)[:MAX_COMPARED]
    found = get_close_matches(wanted[:MAX_NAME], compared, MAX_CANDIDATES)
    return list(dict.fromkeys(labels[key] for key in found))


def _join(texts: "List[str]", most: int) -> str:
    return ", ".join(texts[:most]) + (", ..." if len(texts) > most else "")


class _Reader:
    """Turns JSON into a Spec, and knows where it is when something is wrong."""

    def __init__(self) -> None:
        self._place = ""
        self._count = 0
        # The numbers in use, each with the group in which it must be unique.
        self._given: "Set[Tuple[Any, ...]]" = set()

    def read(self, root: "Any") -> Spec:
        if isinstance(root, dict) and isinstance(root.get("data"), dict):
            root = root["data"]
        if not isinstance(root, dict) or "services" not in root:
            raise MiioError('not a spec file: expected an object with "services"')
        spec = Spec(self._text(root, "type"), self._text(root, "description", ""))
        for service in self._walk(root, "services", ""):
            self._read_service(spec, service, self._place)
        _tell_apart(spec.properties)
        _tell_apart(spec.actions)
        return spec

    def _read_service(self, spec: Spec, fields: "Any", place: str) -> None:
        siid, service = self._number(fields, "service"), self._name(fields)
        known: "Dict[int, Property]" = {}
        for one in self._walk(fields, "properties", place):
            entry = Property(*self._names(one, "property", siid, service))
            self._read_property(one, entry)
            known[entry.piid] = entry
        spec.properties += known.values()
        for one in self._walk(fields, "actions", place):
            action = Action(*self._names(one, "action", siid, service))
            action.inputs = self._read_arguments(one, "in", action, known)
            action.outputs = self._read_arguments(one, "out", action, known)
            spec.actions.append(action)

    def _names(
        self, fields: "Any", kind: str, siid: int, service: str
    ) -> "Tuple[Any, ...]":
        self._count_entry()
        iid, name = self._number(fields, kind, siid), self._name(fields)
        return siid, iid, service, name, self._text(fields, "description", "")

    def _count_entry(self) -> None:
        self._count += 1
        if self._count > MAX_ENTRIES:
            self._fail("there are more than %d properties and actions" % MAX_ENTRIES)

    def _read_property(self, fields: "Any", entry: Property) -> None:
        access = self._list(fields, "access")
        entry.access = [word for word in ACCESS if word in access]
        unit = self._text(fields, "unit", "")
        entry.values = Values(
            self._text(fields, "format")[:MAX_NAME],
            "" if unit == "none" else unit[:MAX_NAME],
            self._read_range(self._list(fields, "value-range")),
            [self._read_choice(one) for one in self._list(fields, "value-list")],
        )

    def _read_choice(self, fields: "Any") -> "Choice":
        value = fields.get("value") if isinstance(fields, dict) else None
        is_right = isinstance(value, (bool, int, float, str))
        if not is_right or len(str(value)) > MAX_LENGTH:
            self._fail('expected a number or a text as "value" in "value-list"')
        return value, self._text(fields, "description", "").strip()[:MAX_NAME]

    def _read_range(self, numbers: "List[Any]") -> "Optional[Range]":
        if not numbers:
            return None
        is_right = len(numbers) in (2, 3) and all(
            type(one) in (int, float) and abs(one) < MAX_NUMBER for one in numbers
        )
        if not is_right or numbers[0] > numbers[1]:
            self._fail('expected least, most and step as "value-range"')
        least, most, step = (numbers + [0])[:3]
        return least, most, step

    def _read_arguments(
        self, fields: "Any", key: str, action: Action, known: "Dict[int, Property]"
    ) -> "List[Property]":
        piids = self._list(fields, key)
        if len(piids) > MAX_ARGUMENTS or any(type(piid) is not int for piid in piids):
            self._fail('expected the iids of properties as "%s"' % key)
        for piid in piids:
            if piid not in known:
                # The service does not list this argument, so it stays unknown.
                self._count_entry()
                known[piid] = Property(action.siid, piid, action.service, str(piid), "")
        return [known[piid] for piid in piids]

    def _walk(self, fields: "Any", key: str, place: str) -> "Any":
        """Yield the objects of a list; the place follows."""
        for i, one in enumerate(self._list(fields, key)):
            self._place = "%s%s[%d]" % (place and place + ".", key, i)
            if not isinstance(one, dict):
                self._fail("expected an object")
            yield one

    def _list(self, fields: "Any", key: str) -> "List[Any]":
        value = fields.get(key)
        # Some specs write null for an empty list.
        if value is not None and not isinstance(value, list):
            self._fail('expected a list as "%s"' % key)
        return value or []

    def _number(self, fields: "Any", *group: "Any") -> int:
        value = fields.get("iid")
        if type(value) is not int or not 0 <= value < 10**MAX_DIGITS:
            self._fail('expected a whole number as "iid"')
        if (value,) + group in self._given:
            self._fail("the iid %d is there twice" % value)
        self._given.add((value,) + group)
        return int(value)

    def _name(self, fields: "Any") -> str:
        name = "".join(
            self._text(fields, "type").split(":")[NAME_FIELD : NAME_FIELD + 1]
        )
        if not 0 < len(name) <= MAX_NAME:
            self._fail('expected a URN as "type"')
        return name

    def _text(self, fields: "Any", key: str, default: "Optional[str]" = None) -> str:
        value = fields.get(key, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self._fail('expected a text as "%s"' % key)
        return str(value)

    def _fail(self, reason: str) -> "NoReturn":
        where = " at %s," % self._place if self._place else ""
        raise MiioError("damaged, or not a spec file:%s %s" % (where, reason))
