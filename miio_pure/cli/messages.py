# SPDX-License-Identifier: MIT
"""Prints the messages of a capture for decode, and sums up what is missing.

Lines of text hide tokens and passwords, as --debug does, so a user can paste them into
a bug report. --json is for programs, and for users who look for a token: it shows
everything.
"""

import time

from ..capture.messages import HELLO_KIND, HELLO_REPLY, REJECTION
from ..errors import ChecksumError, MiioError, PayloadError, TokenError, meaning
from ..host import write
from ..link import PORT
from ..packet import HELLO
from .connect import LOW_WORD
from .debug import HEADER_SIZE, hide_values, mask
from .output import escape, print_json, print_line, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional

    from ..capture import Message
    from .arguments import Options

    # The names of saved devices by device id.
    Names = Dict[int, str]

# A line shows these members of an object, besides id, method and error.
SHOWN = ("params", "result")
MAX_IDS = 5  # device ids that are named in a message
NOTHING = (
    "there is no miIO packet in this capture. Capture on the router while you use the "
    "app, with the address of the device: tcpdump -i any -w mi.pcap host ADDRESS"
)
ONLY_HELLOS = (
    "note: there are only hellos in this capture, so the app talked to the device "
    "through the cloud. Disconnect the router from the Internet, but leave the Wi-Fi "
    "on; then restart the app, and capture again"
)


class Printer:
    """Prints each message, and counts them. names: the names of saved devices."""

    def __init__(self, options: "Options", names: "Names") -> None:
        self._options, self._names = options, names
        self._clock = Clock()
        self._hellos = self._others = self._readable = 0
        # The ids of devices whose packets could not be decrypted.
        self._locked: "List[int]" = []

    def show(self, message: "Message") -> None:
        """Print a message."""
        self._count(message)
        if self._options.json:
            self._print_facts(message)
            return
        print_line(format_line(message, self._names, self._clock))
        if self._options.raw:
            print_line("    " + format_raw(message))

    def _print_facts(self, message: "Message") -> None:
        facts = collect_facts(message, self._names, self._options.raw)
        try:
            print_json(facts)
        except PayloadError as error:
            # JSON that could just be parsed may be nested too deeply to be printed.
            print_json(dict(facts, json=None, id=None, method=None, error=str(error)))

    def finish(self) -> None:
        """Report what is missing from the capture as a whole.

        MiioError if it has no messages; TokenError if nothing could be decrypted.
        """
        if not self._hellos and not self._others:
            raise MiioError(NOTHING)
        if not self._others:
            say(ONLY_HELLOS)
        if self._locked and not self._readable:
            raise TokenError(
                "nothing could be decrypted: give the token of device %s with --token, "
                "or save the device. The tokens command finds tokens in backups and "
                "in other programs' data" % ", ".join(map(str, self._locked))
            )

    def _count(self, message: "Message") -> None:
        if message.kind in (HELLO_KIND, HELLO_REPLY):
            self._hellos += 1
            return
        self._others += 1
        self._readable += message.json is not None
        device_id = message.device_id
        if isinstance(message.error, (ChecksumError, TokenError)):
            if device_id not in self._locked and len(self._locked) < MAX_IDS:
                self._locked.append(device_id or 0)


class Clock:
    """Formats times in this computer's time zone."""

    def __init__(self) -> None:
        # Most packets come in the same second as the previous one.
        self._second: "Optional[int]" = None
        self._text = ""

    def format(self, seconds: "Optional[float]") -> str:
        """Return date and time, to the millisecond."""
        if seconds is None:
            return "(no time)"
        second, thousandths = divmod(int(seconds * 1000), 1000)
        if second != self._second:
            self._second, self._text = second, format_second(second)
        return "%s.%03d" % (self._text, thousandths)


def format_second(second: int) -> str:
    """Return the local time; the seconds since 1970 if that is not possible."""
    try:
        year, month, day, hour, minute, seconds = time.localtime(second)[:6]
    except (OverflowError, OSError, ValueError):
        # A capture can hold any number, and some 32-bit hosts have no times after 2038.
        return str(second)
    return "%04d-%02d-%02d %02d:%02d:%02d" % (year, month, day, hour, minute, seconds)


def find_name(names: "Names", device_id: "Optional[int]") -> str:
    """Return the name of a saved device; some ids are saved without a high word."""
    if not names or device_id is None:
        return ""
    return names.get(device_id) or names.get(device_id & LOW_WORD, "")


def collect_facts(message: "Message", names: "Names", raw: bool) -> "Dict[str, Any]":
    """Return all that we know about a message, including secrets."""
    packet, json = message.packet, message.json or {}
    token = packet.token if packet is not None else None
    facts = {
        "time": message.time,
        "source": message.source or None,
        "source_port": message.source_port or None,
        "destination": message.destination or None,
        "destination_port": message.destination_port or None,
        "device_id": message.device_id,
        "name": find_name(names, message.device_id) or None,
        "kind": message.kind,
        "stamp": packet.header.stamp if packet is not None else None,
        "token": token.hex() if token is not None else None,
        "id": json.get("id"),
        "method": json.get("method"),
        "took": message.took,
        "json": message.json,
        "repairs": message.repairs,
        "error": None if message.error is None else str(message.error),
    }
    if raw:
        payload = packet.payload if packet is not None else None
        facts["raw"] = message.data.hex()
        facts["payload"] = None if payload is None else payload.hex()
    return facts


def format_line(message: "Message", names: "Names", clock: Clock) -> str:
    """Return a message as a line of text, without secrets."""
    name = find_name(names, message.device_id)
    device = ""
    if message.device_id is not None:
        device = "device %d " % message.device_id
        if name:
            device += "(%s) " % escape(name)
    return "%s %s > %s %s%s%s" % (
        clock.format(message.time),
        format_end(message.source, message.source_port),
        format_end(message.destination, message.destination_port),
        device,
        describe(message),
        format_duration(message.took),
    )


def format_end(address: str, port: int) -> str:
    """Return an address, and the port unless it is that of miIO."""
    return address if port == PORT else "%s:%d" % (address, port)


def format_duration(seconds: "Optional[float]") -> str:
    """Return how long a reply took."""
    return "" if seconds is None else " (%.0f ms)" % (seconds * 1000)


def format_raw(message: "Message") -> str:
    """Return a message's bytes in hex, without a token that a hello reply may hold."""
    data = message.data
    # A hello reply that was damaged or cut off may still contain the token.
    size = int.from_bytes(data[2:4], "big")
    has_payload = size > HEADER_SIZE and size % 16 == 0 and len(data) > HEADER_SIZE
    return data.hex() if has_payload or data == HELLO else mask(data)


def describe(message: "Message") -> str:
    """Return a text that says what a message is, and what it contains."""
    packet = message.packet
    if message.error is not None:
        return "%s: %s" % (message.kind, escape(str(message.error)))
    if message.kind == REJECTION:
        return "rejection: a request was signed with a wrong token"
    if message.json is None or packet is None:
        if message.kind != HELLO_REPLY or packet is None:
            return message.kind
        shows = "hides" if packet.token is None else "reveals"
        return "hello reply, stamp %d, %s its token" % (packet.header.stamp, shows)
    mended = ""
    if message.repairs:
        mended = " (mended: %s)" % ", ".join(message.repairs)
    return "%s %s%s" % (message.kind, describe_json(message.json), mended)


def describe_json(json: "Dict[str, Any]") -> str:
    """Return the id, and either method and params or the result, without secrets."""
    try:
        fields = hide_values(json)
        ident = fields.pop("id", None)
        words = ["without id" if ident is None else write(ident)]
        if "method" in fields:
            method = fields["method"]
            words.append(method if is_word(method) else write(method))
        words += [write(fields[name]) for name in SHOWN if name in fields]
        if fields.get("error"):
            words += ["error", write(fields["error"])]
            words += explain_error(fields["error"])
        if len(words) == 1:
            words.append(write(fields))
    except (RecursionError, ValueError):
        return "JSON that is nested too deeply to be shown"
    return " ".join(words)


def explain_error(error: "Any") -> "List[str]":
    """Return the meaning of a device's error code in brackets, if we know it."""
    code = error.get("code") if isinstance(error, dict) else error
    text = meaning(code) if type(code) is int else ""
    return ["(%s)" % text] if text else []


def is_word(value: "Any") -> bool:
    """Tell whether a method can be shown without quotes."""
    return isinstance(value, str) and value.isprintable() and " " not in value
