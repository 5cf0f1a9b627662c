# SPDX-License-Identifier: MIT
"""Asks devices who they are, and whether they accept the tokens found in files.

We ask all devices at the same time. A file can name any address, so we say hello only
to addresses of private networks, and only once to each.
"""

from ..client import Client
from ..discovery import discover
from ..errors import DeviceError, MiioError, NoReply, PayloadError
from ..link import MAX_TIMEOUT
from ..packet import Token
from ..together import MAX_UNDER_WAY, send_to_all
from ..tokens.fields import is_private, is_token
from .connect import Given, is_same, make_trace
from .hint import format_hint
from .output import Waiting, list_some, say
from .status import DONE, FAILED, NO_REPLY, TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence

    from ..devices import Record
    from ..discovery import Found
    from .arguments import Options

MAX_ASKED = 256  # addresses

# The possible results for a token.
ACCEPTED = "accepted"
REJECTED = "rejected"
SILENT = "no reply"
# Another device is at the address now.
MOVED = "moved"
# The address is unknown, or not in a private network.
UNASKED = "not asked"
# The exit status for each of these results; the highest counts.
STATUSES = {ACCEPTED: DONE, UNASKED: DONE, SILENT: NO_REPLY, MOVED: NO_REPLY}
STATUSES[REJECTED] = TOKEN


class Verdict:
    """The result of asking a device about its token.

    address, device_id: from its hello reply; "" if none came. info: the device's facts
    about itself.
    """

    def __init__(self, record: "Record") -> None:
        self.record = record
        self.status = UNASKED
        self.address = self.device_id = ""
        self.info: "Dict[str, Any]" = {}


def ask_devices(options: "Options", records: "Sequence[Record]") -> "List[Verdict]":
    """Return a Verdict for each record; add the devices' own facts to the records."""
    verdicts = [Verdict(record) for record in records]
    asked = [one for one in verdicts if is_token(one.record.token)]
    addresses = choose_addresses([one.record for one in asked])
    if addresses:
        with Waiting("waiting for %d devices to answer ..." % len(addresses)):
            answers = greet(options, addresses)
            for verdict in asked:
                judge_hello(verdict, addresses, answers)
            check_all(options, [one for one in asked if one.address])
    for verdict in verdicts:
        if verdict.status == ACCEPTED:
            learn(verdict)
    return verdicts


def choose_addresses(records: "Sequence[Record]") -> "List[str]":
    """Return the addresses of the records that may get a hello, without repeats."""
    addresses = [one.address for one in records if is_private(one.address)]
    chosen = sorted(set(addresses), key=addresses.index)
    if len(chosen) > MAX_ASKED:
        say("note: only the first %d addresses are asked" % MAX_ASKED)
    return chosen[:MAX_ASKED]


def greet(options: "Options", addresses: "Sequence[str]") -> "Dict[str, Found]":
    """Say hello to all addresses at once; return the answers by address."""
    answers = {}
    try:
        for found in discover(
            *addresses,
            timeout=options.timeout,
            bind=options.bind,
            port=options.port,
            trace=make_trace(options, None),
        ):
            answers[found.address] = found
    except NoReply:
        # We could not send to some address, but silent devices are reported anyway.
        pass
    return answers


def judge_hello(
    verdict: Verdict, addresses: "Sequence[str]", answers: "Dict[str, Found]"
) -> None:
    """Find the device of a record among the answers."""
    record = verdict.record
    there = answers.get(record.address)
    known = [there] if there else []
    if record.device_id:
        known = [one for one in answers.values() if is_same(one, record)]
    for found in known[:1]:
        verdict.address, verdict.device_id = found.address, str(found.device_id)
    if not known and record.address in addresses:
        verdict.status = MOVED if there else SILENT


def check_all(options: "Options", verdicts: "Sequence[Verdict]") -> None:
    """Send a request to each device, signed with the token of its record."""
    if not verdicts:
        return
    asked = {make_client(options, one): one for one in verdicts}
    # A device that ignores a wrong token uses up all of its time.
    needed = options.timeout * -(-len(asked) // MAX_UNDER_WAY)
    timeout = min(needed, MAX_TIMEOUT)
    for client, outcome in send_to_all(asked, "miIO.info", timeout=timeout):
        client.close()
        verdict = asked[client]
        verdict.info = outcome if isinstance(outcome, dict) else {}
        # Most devices ignore a wrong token, and this one has answered the hello. If it
        # answers with an error, it has accepted the token, and lacks only miIO.info.
        is_answer = not isinstance(outcome, MiioError)
        if is_answer or isinstance(outcome, (DeviceError, PayloadError)):
            verdict.status = ACCEPTED
        else:
            verdict.status = REJECTED


def make_client(options: "Options", verdict: Verdict) -> Client:
    """Return a client for the device of a record that has answered a hello."""
    given = Given(Token(verdict.record.token), verdict.record.source)
    return Client(
        verdict.address,
        tokens=given,
        port=options.port,
        timeout=options.timeout,
        bind=options.bind,
        trace=make_trace(options, given),
    )


def learn(verdict: Verdict) -> None:
    """Add the facts from a device to its record."""
    record = verdict.record
    record.address = verdict.address
    record.device_id = record.device_id or verdict.device_id
    for field in ("model", "mac"):
        value = verdict.info.get(field)
        if isinstance(value, str) and not getattr(record, field):
            setattr(record, field, value)


def judge(options: "Options", verdicts: "Sequence[Verdict]") -> int:
    """Return the exit status for all verdicts, and say which tokens failed."""
    if all(one.status == UNASKED for one in verdicts):
        say(
            "error: no token could be checked, because no file tells the private "
            "address of a Wi-Fi device; if you know the address, try: "
            + format_hint(options, "devices add", "ADDRESS", "--token", "HEX")
        )
        return FAILED
    for status, text in (
        (
            REJECTED,
            "these devices do not accept the token: %s. A device gets a new token "
            "when it is reset or set up again",
        ),
        (
            SILENT,
            "no answer within %g s from these devices: %%s. Are they switched on, "
            "are the addresses right, and is this computer in their subnet?"
            % options.timeout,
        ),
        (
            MOVED,
            "other devices now answer at the addresses of these: %s; to see where "
            "they are now, use discover",
        ),
    ):
        failed = [one.record for one in verdicts if one.status == status]
        if failed:
            say("error: " + text % list_some([name_place(one) for one in failed]))
    return max(STATUSES[one.status] for one in verdicts)


def name_place(record: "Record") -> str:
    """Return the address of a device and, if there is one, its name."""
    return " ".join([record.address, record.name]).strip()
