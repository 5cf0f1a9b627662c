# SPDX-License-Identifier: MIT
"""devices: list the saved devices, add one, forget one."""

from ..devices import Devices, Record, judge_name
from ..errors import DeviceError, TokenError
from .connect import (
    Connection,
    create_devices,
    decode_name,
    find_record,
    open_devices,
    read_token,
)
from .hint import format_hint, quote
from .output import escape, print_json, print_line, print_table, say
from .secret import check_secret
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from .arguments import Options

COLUMNS = ("name", "model", "address", "device_id")
HEADINGS = ("name", "model", "address", "device id")
MAX_UNNAMED = 5  # devices that a note lists


def run(options: "Options") -> int:
    """Do what the second word of the command says."""
    command = options.command.name if options.command else ""
    if command == "devices add":
        return add(options)
    if command == "devices forget":
        return forget(options)
    return show(options)


def show(options: "Options") -> int:
    """Print the saved devices; with their tokens only if the user asked for them."""
    devices = open_devices(options)
    if devices is None or not devices.records:
        hint = format_hint(options, "devices add", "ADDRESS")
        say("note: no device is saved yet; to save one, run: %s" % hint)
        return DONE
    if options.tokens and devices.warning:
        raise TokenError(devices.warning)
    keys = COLUMNS + ("token",) * options.tokens
    records = sorted(devices.records, key=lambda one: (one.name, int(one.device_id)))
    rows = [[getattr(record, key) for key in keys] for record in records]
    if options.json:
        for row in rows:
            fields: "Dict[str, Any]" = dict(zip(keys, row))
            fields["device_id"] = int(fields["device_id"])
            print_json(fields)
        return DONE
    headings = HEADINGS + ("token",) * options.tokens
    print_table(headings, rows, flexible=("name", "model"))
    return DONE


def add(options: "Options") -> int:
    """Save a device that accepts its token; a saved one gets a new name or token."""
    (device,) = options.arguments
    devices = create_devices(options)
    name = None if options.name is None else decode_name(options.name)
    check_name(name)
    saved = find_record(devices, decode_name(device))
    if saved is not None and name is not None and read_token(options) is None:
        return rename(options, devices, saved, name)
    with Connection(options, device, True, devices) as connection:
        found = connection.found
        check_owner(name, devices, str(found.device_id))
        token, source = connection.choose_token()
        connection.use(token, source)
        info = read_info(connection)
    record = Record(
        "devices add",
        name=name,
        address=found.address,
        device_id=found.device_id,
        token=token.hex(),
        model=info.get("model"),
        mac=info.get("mac"),
    )
    devices.save([record])
    report(options, devices, record)
    return DONE


def rename(options: "Options", devices: Devices, record: Record, name: str) -> int:
    """Give a saved device another name; the device may be switched off."""
    check_owner(name, devices, record.device_id)
    record.name = name
    devices.save([record])
    report(options, devices, record)
    return DONE


def report(options: "Options", devices: Devices, record: Record) -> None:
    """Print what was saved of a device, and how to go on."""
    if options.json:
        facts = {key: getattr(record, key) for key in COLUMNS}
        print_json(dict(facts, device_id=int(record.device_id)))
        return
    name, model = record.name, record.model
    print_line(
        "saved: %sdevice %s%s at %s"
        % (
            name and escape(name) + ", ",
            record.device_id,
            model and " (%s)" % escape(model),
            record.address or "an unknown address",
        )
    )
    say("note: try: " + format_hint(options, "info", name or record.device_id))
    say_unnamed(options, devices)


def say_unnamed(options: "Options", devices: Devices) -> None:
    """Say which devices were saved without their names, and how to name them."""
    refused: "Dict[str, List[str]]" = {}
    for device_id, name in devices.unnamed:
        reason = judge_name(name) or "another saved device has this name"
        refused.setdefault(reason, []).append('%s ("%s")' % (device_id, name))
    for reason, shown in refused.items():
        more = ", ..." * (len(shown) > MAX_UNNAMED)
        listed = ", ".join(shown[:MAX_UNNAMED]) + more
        say("note: saved without a name: %s: %s" % (listed, reason))
    if refused:
        hint = format_hint(options, "devices add", "DEVICE_ID", "--name", "NAME")
        say("note: to name a device, run: " + hint)


def read_info(connection: Connection) -> "Dict[str, Any]":
    """Check the token with a request; return what the device says about itself."""
    try:
        return connection.client.info()
    except DeviceError:
        # It has accepted the token, but does not know miIO.info.
        return {}


def check_name(name: "Optional[str]") -> None:
    """Raise UsageError for a name that could be mistaken for something else."""
    if name is None:
        return
    check_secret("the name", name)
    reason = judge_name(name)
    if reason:
        raise UsageError(reason)


def check_owner(name: "Optional[str]", devices: Devices, device_id: str) -> None:
    """Raise UsageError if another device has this name."""
    for record in devices.records:
        if name and record.name == name and record.device_id != device_id:
            raise UsageError(
                "device %s already has this name; choose another name, or forget that "
                "device" % record.device_id
            )


def forget(options: "Options") -> int:
    """Remove a device from the saved ones."""
    (name,) = map(decode_name, options.arguments)
    devices = open_devices(options)
    record = devices.find(name) if devices else None
    if devices is None or record is None:
        check_secret("the device", name)
        raise UsageError(
            "no saved device has this name, device id or address; to list them: %s"
            % format_hint(options, "devices")
        )
    devices.forget(record)
    print_line("forgotten: " + quote(record.name or record.device_id))
    return DONE
