# SPDX-License-Identifier: MIT
"""spec: show what a spec file says, and save it for the devices of its model."""

import os

from ..devices import replace_file
from ..errors import MiioError
from .connect import Connection, find_record, open_devices
from .hint import format_hint
from .output import print_json, print_line, print_table, say
from .secret import check_secret
from .specs import (
    MissingSpec,
    find_file,
    find_folder,
    is_file_name,
    load_spec,
    require_spec,
)
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence, Union

    from ..miot import Action, Property, Spec
    from .arguments import Options

    Entry = Union[Action, Property]

PROPERTY_HEADINGS = ("property", "number", "access", "type", "values", "unit")
ACTION_HEADINGS = ("action", "number", "takes", "returns")
# On a narrow terminal, these columns can be left out or shortened.
SPARE = ("unit", "type")
FLEXIBLE = ("values", "takes", "returns")


def run(options: "Options") -> int:
    """Print the properties or the actions of a spec, or save it."""
    place, *words = options.arguments
    if options.save:
        return save(options, place)
    if options.actions and options.writable:
        raise UsageError(
            "--writable shows properties and --actions shows actions; use one"
        )
    spec = read_spec(options, place)
    entries: "Sequence[Entry]" = spec.actions if options.actions else spec.properties
    if options.writable:
        entries = [one for one in spec.properties if "write" in one.access]
    entries = [one for one in entries if has_words(one, words)]
    if not entries:
        raise MiioError(
            "nothing in the spec matches; try another word or fewer options"
        )
    show(options, entries)
    if spec.actions and not options.actions:
        say("note: to see its actions (%d), add --actions" % len(spec.actions))
    return DONE


def read_spec(options: "Options", place: str) -> "Spec":
    """Return the spec in a file, or that of a device."""
    if os.path.isfile(place):
        return load_spec(place)
    check_secret("the file or device", place)
    if os.sep in place or place.endswith(".json"):
        raise UsageError("there is no such file: %s" % ascii(place))
    record = find_record(open_devices(options), place)
    if record is not None and record.model:
        path = find_file(options, record.model)
        if path is None:
            raise MissingSpec(options, record.model)
        return load_spec(path)
    with Connection(options, place) as connection:
        return connection.carry_out(require_spec(options, connection))


def has_words(one: "Entry", words: "List[str]") -> bool:
    """Tell whether all words occur in the names or the description of an entry."""
    text = " ".join((one.label, one.number, one.description)).lower()
    return all(word.lower() in text for word in words)


def show(options: "Options", entries: "Sequence[Entry]") -> None:
    """Print properties or actions."""
    if options.json:
        for one in entries:
            print_json(list_facts(one))
        return
    rows = [list_cells(one) for one in entries]
    headings = ACTION_HEADINGS if options.actions else PROPERTY_HEADINGS
    print_table(headings, rows, spare=SPARE, flexible=FLEXIBLE)


def list_cells(one: "Any") -> "List[str]":
    """Return the row of a property or an action."""
    if not hasattr(one, "values"):
        takes = "; ".join(
            "%s: %s" % (each.name, each.values.describe()) for each in one.inputs
        )
        returns = " ".join(each.name for each in one.outputs)
        return [one.label, one.number, takes, returns]
    access = " ".join(one.access) or "argument"
    values = one.values
    limits = values.describe() if values.limits or values.choices else ""
    return [one.label, one.number, access, values.format, limits, values.unit]


def list_facts(one: "Any") -> "Dict[str, Any]":
    """Return the members of the line of JSON of a property or an action."""
    if not hasattr(one, "values"):
        facts = {"action": one.handle, "siid": one.siid, "aiid": one.aiid}
        facts["in"] = [list_facts(each) for each in one.inputs]
        facts["out"] = [list_facts(each) for each in one.outputs]
    else:
        facts = {"property": one.handle, "siid": one.siid, "piid": one.piid}
        facts.update(access=list(one.access), type=one.values.format)
        facts.update(unit=one.values.unit, range=one.values.limits)
        facts["values"] = [
            {"value": value, "description": text} for value, text in one.values.choices
        ]
    facts["description"] = one.description
    return facts


def save(options: "Options", path: str) -> int:
    """Copy a spec file to where the commands find it."""
    check_secret("the file", path)
    if not os.path.isfile(path):
        raise UsageError("--save needs a spec file, but this is not a file")
    spec = load_spec(path)
    model = options.model or spec.model
    if options.model and not is_file_name(options.model):
        raise UsageError("--model needs a model, such as zhimi.airpurifier.mb4")
    if not is_file_name(model):
        raise UsageError("the file does not say its model; give it with --model MODEL")
    if options.model and not spec.fits(model):
        say("warning: according to its URN, this is the spec of %s" % spec.model)
    folder = find_folder(options)
    if folder is None:
        raise MiioError("without HOME, a spec cannot be saved; use --spec FILE instead")
    target = os.path.join(folder, model + ".json")
    if not options.model:
        check_other(target, spec)
    with open(path, "rb") as file:
        data = file.read()
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        replace_file(target, data)
    except OSError as error:
        raise MiioError(
            "%s: cannot be written: %s" % (target, error.strerror)
        ) from None
    print_line("saved: " + target)
    hint = format_hint(options, "get", "DEVICE")
    say("note: to read all properties of a device, run: " + hint)
    return DONE


def check_other(target: str, spec: "Spec") -> None:
    """Raise UsageError if the saved spec of this name is that of another device.

    Two models can have the same first and last parts.
    """
    if os.path.exists(target):
        try:
            saved = load_spec(target)
        except MiioError:
            # Nothing is lost when a damaged file is replaced.
            return
        if saved.urn.split(":")[:4] != spec.urn.split(":")[:4]:
            raise UsageError(
                "the spec of another kind of device is already saved as %s; save this "
                "one under its full name with --model MODEL" % spec.model
            )
