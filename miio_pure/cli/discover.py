# SPDX-License-Identifier: MIT
"""discover: find devices on the network."""

import time

from ..discovery import discover
from ..errors import MiioError, NoReply
from ..link import resolve
from .connect import (
    check_address,
    check_bind,
    check_host,
    decode_name,
    find_record,
    make_trace,
    open_devices,
)
from .output import Waiting, print_json, print_table, say
from .status import DONE, FAILED, NO_REPLY, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional

    from ..devices import Devices, Record
    from ..discovery import Found
    from .arguments import Options

HEADINGS = ("address", "device id", "token", "model", "name")
# The share of the time in which names are looked up.
NAMES_SHARE = 0.8


def run(options: "Options") -> int:
    """Print the devices that answer a hello; name the targets that do not."""
    check_bind(options)
    devices = read_devices(options)
    words = map(decode_name, options.arguments)
    targets = [target for target in words if target.lower() != "all"]
    if targets and len(targets) < len(options.arguments):
        raise UsageError("all stands alone: it means all networks")
    records = {target: find_record(devices, target) for target in targets}
    for target in targets:
        if records[target] is None:
            check_address(target)
            check_host(target)
    start = time.monotonic()
    addresses = look_up(records, start + options.timeout * NAMES_SHARE)
    rows: "List[Dict[str, Any]]" = []
    failed = len(addresses) < len(records)
    if addresses or not targets:
        left = max(0.01, start + options.timeout - time.monotonic())
        with Waiting("waiting for devices to answer ..."):
            try:
                for found in search(options, list(addresses.values()), left):
                    rows.append(collect_facts(found, devices))
                    if options.json:
                        print_json(rows[-1])
            except NoReply as error:
                failed = True
                say("error: %s" % error)
    if rows and not options.json:
        show(rows)
    return judge(options, addresses, rows, failed)


def read_devices(options: "Options") -> "Optional[Devices]":
    """Return the saved devices for their names; a bad file is only worth a warning."""
    try:
        devices = open_devices(options)
    except MiioError as error:
        say("warning: %s" % error)
        return None
    if devices is not None and devices.warning:
        say("warning: %s" % devices.warning)
    return devices


def look_up(
    records: "Dict[str, Optional[Record]]", deadline: float
) -> "Dict[str, str]":
    """Return the address of each target; say which of them cannot be found."""
    addresses: "Dict[str, str]" = {}
    for i, (target, record) in enumerate(records.items()):
        # Share the time out: one silent name server must not use it all.
        now = time.monotonic()
        until = now + (deadline - now) / (len(records) - i)
        try:
            address = record.address if record else ""
            addresses[target] = resolve(address or target, until)
        except NoReply as error:
            say("error: %s" % error)
    return addresses


def search(
    options: "Options", addresses: "List[str]", timeout: float
) -> "Iterator[Found]":
    """Yield the devices that answer."""
    return discover(
        *addresses,
        timeout=timeout,
        bind=options.bind,
        port=options.port,
        trace=make_trace(options, None),
    )


def collect_facts(found: "Found", devices: "Optional[Devices]") -> "Dict[str, Any]":
    """Return what a device said in its hello, and what is saved of it."""
    record = devices.record(found.device_id) if devices else None
    return {
        "address": found.address,
        "port": found.port,
        "device_id": found.device_id,
        "device_type": found.device_type,
        "serial": found.serial,
        "stamp": found.stamp,
        "token": found.token.hex() if found.token else None,
        "saved": record is not None,
        "model": record.model or None if record else None,
        "name": record.name or None if record else None,
    }


def show(rows: "List[Dict[str, Any]]") -> None:
    """Print the devices as a table."""
    cells = []
    for facts in rows:
        token = facts["token"] or ("saved" if facts["saved"] else "hidden")
        model, name = facts["model"] or "", facts["name"] or ""
        cells.append((facts["address"], str(facts["device_id"]), token, model, name))
    print_table(HEADINGS, cells, flexible=("model", "name"))


def judge(
    options: "Options",
    addresses: "Dict[str, str]",
    rows: "List[Dict[str, Any]]",
    failed: bool,
) -> int:
    """Return the exit status, and say who did not answer."""
    answered = {facts["address"] for facts in rows}
    silent = [name for name, address in addresses.items() if address not in answered]
    if silent and not (failed and len(addresses) == 1):
        say(
            "error: no answer within %g s from %s: is it switched on, is the address "
            "right, and is this computer in its subnet?"
            % (options.timeout, ", ".join(silent))
        )
    if silent or failed:
        return NO_REPLY
    if not rows:
        say(
            "error: no device answered within %g s: is it switched on, is this "
            "computer in its subnet (--bind chooses the network that is searched), and "
            "does this computer's firewall allow replies from UDP port %d?"
            % (options.timeout, options.port)
        )
        return FAILED
    return DONE
