# SPDX-License-Identifier: MIT
"""--discover: find devices."""

from ..discovery import discover
from ..errors import NoReply
from .arguments import UsageError
from .output import escape, print_line, say, write_json
from .shared import make_trace, open_devices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..devices import Record
    from ..discovery import Found
    from .arguments import Options


# fmt: off
COLUMNS = (
    "address", "device_id", "device_type", "serial", "stamp", "token", "model", "name",
)
HEADINGS = (
    "address", "device id", "type", "serial", "stamp (s)", "token", "model", "name",
)
# fmt: on
TABLE = "%-15s  %-20s  %-5s  %-6s  %-10s  %-6s  %s  %s"


def run(options: "Options") -> None:
    """Print the devices that answer a hello, as they answer."""
    targets = [] if options.discover == ["all"] else options.discover
    if "all" in targets:
        raise UsageError("--discover: all stands alone")
    store = open_devices(options)
    if store and store.warning:
        say("warning: " + store.warning)
    count = 0
    for found in discover(
        *targets,
        timeout=options.timeout,
        bind=options.bindip,
        port=options.port,
        trace=make_trace(options),
    ):
        record = store.record(found.device_id) if store else None
        facts = collect_facts(found, record)
        if options.json:
            print_line(write_json(facts))
        else:
            if not count:
                print_line((TABLE % HEADINGS).rstrip())
            facts["device_type"] = "%04x" % found.device_type
            facts["serial"] = "%04x" % found.serial
            facts["token"] = facts["token"] or "hidden"
            cells = [escape(str(facts[key] or "")) for key in COLUMNS]
            print_line((TABLE % tuple(cells)).rstrip())
        count += 1
    if not count:
        raise NoReply(explain_silence(options, targets))


def explain_silence(options: "Options", targets: "List[str]") -> str:
    """Return what nobody's answer may mean."""
    text = "no device answered within %g s: is it switched on, " % options.timeout
    if targets:
        return text + "is the address right, and is this host in its subnet?"
    return text + (
        "is this host in its subnet (--bindip chooses the network that is searched), "
        "and does a firewall here let its answers in, which come from UDP port %d?"
        % options.port
    )


def collect_facts(found: "Found", record: "Optional[Record]") -> "Dict[str, Any]":
    """Return what a device said in its hello, and what is saved of it."""
    return {
        "address": found.address,
        "port": found.port,
        "device_id": found.device_id,
        "device_type": found.device_type,
        "serial": found.serial,
        "stamp": found.stamp,
        "token": found.token.hex() if found.token else None,
        "model": record and record.model or None,
        "name": record and record.name or None,
    }
