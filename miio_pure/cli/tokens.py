# SPDX-License-Identifier: MIT
"""tokens: find tokens in backups, and in the data of other programs."""

import os

from ..errors import MiioError
from .connect import create_devices
from .output import WAIT_BEFORE_TEXT, Notice, print_json, print_table, say
from .secret import check_secret
from .status import DONE, UsageError
from .values import decode_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Union

    from ..devices import Record
    from ..tokens.search import Findings
    from .arguments import Options

KEYS = ("name", "model", "address", "mac", "device_id", "token", "source")
HEADINGS = ("name", "model", "address", "MAC", "device id", "token", "found in")
# Columns that a terminal has no room for; --json and a pipe have it.
SPARE = ("found in", "MAC", "model")
MAX_NOTES = 20
MAX_PATH = 60  # characters that are shown of a path
PAUSE = 0.2  # s between two paths that are shown


def run(options: "Options") -> int:
    """Print the devices and tokens that are found, and save them if asked."""
    find = import_find()
    for path in options.arguments:
        if not os.path.exists(path):
            check_secret("a path that does not exist", path)
    if options.save:
        # A file that cannot be used is told before a long search, not after it.
        create_devices(options)
    with Notice() as notice:
        findings = find(
            *options.arguments,
            password=find_password(options),
            progress=Progress(notice),
        )
    records = findings.records
    if options.json:
        for record in records:
            print_json(record.facts())
    elif records:
        rows = [[getattr(record, key) for key in KEYS] for record in records]
        print_table(HEADINGS, rows, SPARE, flexible=("name", "model", "found in"))
    say_notes(findings)
    if not records:
        raise MiioError(
            "no token found; give the backup, database or folder of an app that "
            "controls the device"
        )
    if options.save:
        save(options, records)
    return DONE


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
        say("note: and %d more of these" % (len(findings.notes) - MAX_NOTES))
    reasons = [record.why for record in findings.without]
    for why in sorted(set(reasons)):
        names = [
            one.name or one.device_id for one in findings.without if one.why == why
        ]
        say(
            "note: %d without a token (%s): %s"
            % (len(names), ", ".join(names[:5]) + ", ..." * (len(names) > 5), why)
        )


def save(options: "Options", records: "List[Record]") -> None:
    """Save devices, and say how many are in the file now."""
    devices = create_devices(options)
    saved = devices.save(records)
    rest = (
        "tokens of other than Wi-Fi devices, older ones, and those without a device id "
        "(for these there is devices add ADDRESS --token HEX)"
    )
    if not saved:
        raise MiioError("nothing was saved: left out are %s" % rest)
    count = len(devices.records)
    say("saved: %d; %s now holds %d" % (saved, devices.source, count))
    if saved < len(records):
        say("note: not saved: %s" % rest)


def find_password(
    options: "Options",
) -> "Union[str, Callable[[], Optional[str]], None]":
    """Return the password of encrypted backups, or what asks for it."""
    if not options.password_prompt:
        given = os.environ.get("MIIO_PASSWORD") or None
        return given and decode_argument(given)

    from .password import ask_password

    return lambda: ask_password("password of the backup: ", "MIIO_PASSWORD")


def import_find() -> "Any":
    """Return find of the folder tokens, which may be left out."""
    try:
        from ..tokens import find
    except ImportError:
        raise UsageError(
            "this copy of miio_pure came without its folder tokens"
        ) from None
    return find
