# SPDX-License-Identifier: MIT
"""--tokens: find tokens in files."""

import os

from ..errors import MiioError
from .arguments import UsageError
from .output import Progress, print_line, print_table, say, write_json
from .shared import encode_argument, find_token_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Union

    from ..devices import Record
    from ..tokens.search import Findings

    from .arguments import Options


MAX_NOTES = 20


def run(options: "Options") -> None:
    """Print the devices and tokens that are found, and save them if asked."""
    find = import_find()
    try:
        from ..tokens import search  # noqa: F401
    except ImportError as error:
        raise UsageError("this copy of miio_pure is not whole: %s" % error) from None
    progress = Progress()
    try:
        findings = find(
            *options.tokens, password=find_password(options), progress=progress
        )
    finally:
        progress.clear()
    if options.json:
        for record in findings.records:
            print_line(write_json(record.facts()))
    elif findings.records:
        print_table([record.facts() for record in findings.records])
    say_notes(findings)
    if not findings.records:
        raise MiioError("no token found: see README.rst, where do I get the token?")
    if options.save:
        save(options, findings.records)


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
    """Save devices, and say how many."""
    path = find_token_file(options)
    if path is None:
        raise UsageError("--save: there is no HOME, so name the file: --token-file")
    from ..devices import Devices

    saved = Devices(path).save(records)
    rest = (
        "tokens of no Wi-Fi device, older ones, and those of an unknown device id (for "
        "these there is --token)"
    )
    if not saved:
        raise MiioError("nothing was saved: not kept are %s" % rest)
    say("saved in %s: %d" % (path, saved))
    if saved < len(records):
        say("note: not saved: %s" % rest)


def find_password(
    options: "Options",
) -> "Union[str, Callable[[], Optional[str]], None]":
    """Return the password of encrypted backups, or what asks for it."""
    if not options.password_prompt:
        given = os.environ.get("MIIO_PASSWORD") or None
        return given and encode_argument(given).decode("utf-8", "replace")

    def ask() -> "Optional[str]":
        import warnings
        from getpass import GetPassWarning, getpass

        with warnings.catch_warnings():
            # Raise instead of echoing the password.
            warnings.simplefilter("error", GetPassWarning)
            try:
                return getpass("password of the backup: ")
            except EOFError:
                raise MiioError("no password was typed") from None
            except UnicodeError:
                raise MiioError(
                    "this locale cannot read the password: give it as MIIO_PASSWORD"
                ) from None
            except (AttributeError, GetPassWarning, OSError, ValueError):
                raise MiioError("there is no terminal to type a password at") from None

    return ask


def import_find() -> "Any":
    """Return find of the folder tokens, which may be left out."""
    try:
        from ..tokens import find
    except ImportError:
        raise UsageError(
            "this copy of miio_pure came without its folder tokens"
        ) from None
    return find
