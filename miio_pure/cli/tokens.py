# SPDX-License-Identifier: MIT
"""tokens: find tokens in backups, and in the data of other programs.

On a terminal they are one table, grouped by file. Devices are asked only with --check;
with --save, only those are asked whose device ids are in no file.
"""

import os
import sys

from ..errors import MiioError
from .connect import create_devices
from .devices import say_unnamed
from .output import (
    ELLIPSIS,
    MAX_WIDTH,
    WAIT_BEFORE_TEXT,
    Notice,
    escape,
    format_table,
    is_terminal,
    list_some,
    measure,
    print_json,
    print_line,
    print_table,
    say,
)
from .secret import check_secret
from .status import DONE
from .values import decode_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Sequence, Union

    from ..devices import Record
    from ..tokens.search import Findings
    from .arguments import Options
    from .ask import Verdict

KEYS = ("name", "model", "address", "mac", "device_id", "token", "source")
HEADINGS = ("name", "model", "address", "MAC", "device id", "token", "found in")
# Columns that may not fit on a terminal; --json and pipes show all columns.
SPARE = ("MAC", "model")
FLEXIBLE = ("name", "model", "found in")
MAX_NOTES = 20
MAX_PATH = 60  # characters that are shown of a path
PAUSE = 0.2  # s between two paths that are shown


def run(options: "Options") -> int:
    """Print the devices and tokens that are found, and save them if asked."""
    from ..tokens import find

    for path in options.arguments:
        if not os.path.exists(path):
            check_secret("a path that does not exist", path)
    if options.save:
        # If this file cannot be used, the user hears of it before a long search.
        create_devices(options)
    with Notice() as notice:
        findings = find(
            *options.arguments,
            password=find_password(options),
            progress=Progress(notice),
        )
    records = findings.records
    verdicts = ask(options, records)
    statuses = {id(one.record): one.status for one in verdicts if options.check}
    if options.json:
        for record in records:
            print_json(collect_facts(record, statuses))
    elif records:
        show(records, statuses)
    say_notes(findings)
    if not records:
        raise MiioError(
            "no token found; try the output of a tool that reads Xiaomi's cloud, such "
            "as Xiaomi-cloud-tokens-extractor, the settings of a program that controls "
            "the device, or a backup of the app"
        )
    if options.save:
        save(options, records, verdicts)
    if not options.check:
        return DONE
    from .ask import judge

    return judge(options, verdicts)


def ask(options: "Options", records: "Sequence[Record]") -> "List[Verdict]":
    """Ask the devices whose tokens are to be checked."""
    if not options.check:
        records = [one for one in records if options.save and not one.device_id]
    if not records:
        return []
    # Only those who ask the network need this module.
    from .ask import ask_devices

    return ask_devices(options, records)


def collect_facts(record: "Record", statuses: "Dict[int, str]") -> "Dict[str, Any]":
    """Return what a line of JSON tells of a device."""
    facts: "Dict[str, Any]" = dict(record.facts())
    if record.device_id and not record.device_id.strip("0123456789"):
        # Those of Bluetooth devices have letters and dots.
        facts["device_id"] = int(record.device_id)
    if statuses:
        facts["status"] = statuses[id(record)]
    return facts


def show(records: "Sequence[Record]", statuses: "Dict[int, str]") -> None:
    """Print the devices as a table; on a terminal, those of each file together."""
    headings, rows = list(HEADINGS), []
    for record in records:
        rows.append([getattr(record, key) for key in KEYS])
        if statuses:
            rows[-1].insert(-1, statuses[id(record)])
    if statuses:
        headings.insert(-1, "status")
    if not is_terminal(sys.stdout):
        print_table(headings, rows)
        return
    lines = format_table(headings[:-1], [row[:-1] for row in rows], SPARE, FLEXIBLE)
    print_line(lines[0])
    groups: "Dict[str, List[str]]" = {}
    for record, line in zip(records, lines[1:]):
        groups.setdefault(record.source, []).append(line)
    for source, group in groups.items():
        print_line("\n" + shorten_path(source, MAX_WIDTH - 1) + ":")
        for line in group:
            print_line(line)


def shorten_path(path: str, width: int) -> str:
    """Return a path that takes at most this width, without its start if need be."""
    path = escape(path)
    if measure(path) <= width:
        return path
    while measure(path) > width - 1:
        path = path[1:]
    return ELLIPSIS + path


class Progress:
    """Called with the path of each file; shows it while the search goes on."""

    def __init__(self, notice: Notice) -> None:
        import time

        self._now, self._notice = time.monotonic, notice
        self._next = self._now() + WAIT_BEFORE_TEXT

    def __call__(self, path: str) -> None:
        if self._now() > self._next:
            self._notice.show("searching ... " + path[-MAX_PATH:])
            self._next = self._now() + PAUSE


def say_notes(findings: "Findings") -> None:
    """Tell what is worth telling about the search, in a few lines."""
    for source, note in findings.notes[:MAX_NOTES]:
        say("note: %s: %s" % (source, note))
    if len(findings.notes) > MAX_NOTES:
        say(
            "note: there are %d more notes of this kind"
            % (len(findings.notes) - MAX_NOTES)
        )
    reasons = [record.why for record in findings.without]
    for why in sorted(set(reasons)):
        records = [one for one in findings.without if one.why == why]
        say("note: %d without a token (%s): %s" % (len(records), name(records), why))


def name(records: "Sequence[Record]") -> str:
    """Return what to call these devices in a note."""
    return list_some([one.name or one.device_id for one in records])


def save(
    options: "Options", records: "List[Record]", verdicts: "List[Verdict]"
) -> None:
    """Save devices, and say how many are in the file now and which are not."""
    from .ask import ACCEPTED, REJECTED

    devices = create_devices(options)
    # A token that a device has accepted comes before one that only a file knows.
    asked = [one.record for one in verdicts if one.status == ACCEPTED]
    refused = [one.record for one in verdicts if one.status == REJECTED]
    others = [one for one in records if one not in asked and one not in refused]
    saved = devices.save(asked + others)
    told = say_unsaved(verdicts)
    say_unnamed(options, devices)
    rest = (
        "tokens of devices without Wi-Fi, outdated ones, and those without a device id "
        "(to save one of these, use: devices add ADDRESS --token HEX)"
    )
    if not saved and told == len(records):
        raise MiioError("nothing was saved")
    if not saved:
        raise MiioError("nothing was saved, because these are left out: %s" % rest)
    count = len(devices.records)
    say("saved: %d; %s now holds %d" % (saved, devices.source, count))
    if saved + told < len(records):
        say("note: not saved: %s" % rest)


def say_unsaved(verdicts: "Sequence[Verdict]") -> int:
    """Say which tokens were not saved for what their devices said; return how many."""
    from .ask import REJECTED, SILENT, name_place

    count = 0
    for status, why in (
        (SILENT, "they did not answer, and their device ids are in no file"),
        (REJECTED, "they do not accept these tokens"),
    ):
        records = [one.record for one in verdicts if one.status == status]
        if status == SILENT:
            records = [one for one in records if not one.device_id]
        if records:
            places = list_some([name_place(one) for one in records])
            say("note: not saved, because %s: %s" % (why, places))
        count += len(records)
    return count


def find_password(
    options: "Options",
) -> "Union[str, Callable[[], Optional[str]], None]":
    """Return the password of encrypted backups, or a function that asks for it."""
    if not options.password_prompt:
        given = os.environ.get("MIIO_PASSWORD") or None
        return given and decode_argument(given)

    from .password import ask_password

    return lambda: ask_password("password of the backup: ", "MIIO_PASSWORD")
