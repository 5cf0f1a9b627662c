# SPDX-License-Identifier: MIT
"""decode: show what is in a packet, or in a capture.

The argument is a file if there is one of this name, standard input if it is -, and hex
digits otherwise.
"""

import os
import sys

from ..errors import ChecksumError, MiioError, PacketError, TokenError
from ..packet import MAGIC, Token, decode
from ..payload import load
from .arguments import find_program
from .connect import look_up, read_token
from .hints import read_devices
from .output import is_terminal, print_json, say
from .status import DONE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

    from ..capture import Message
    from ..devices import Devices
    from ..packet import Packet
    from .arguments import Options

HELLO_SIZE = 32  # bytes
BUFFER = 1 << 16  # bytes
STDIN = "-"


def run(options: "Options") -> int:
    """Print the JSON in a packet, or a line for each message in a capture."""
    (text,) = options.arguments
    if text == STDIN:
        return show_capture(options, find_stdin(), "standard input")
    if os.path.exists(text):
        try:
            with open(text, "rb", BUFFER) as file:
                return show_capture(options, file, text)
        except OSError as error:
            reason = error.strerror or error
            raise MiioError("%s: cannot be read: %s" % (text, reason)) from None
    data = read_hex(text)
    if options.json or options.raw:
        return show_facts(options, data)
    return show_packet(options, strip_headers(data))


def read_hex(text: str) -> bytes:
    """Return the bytes; spaces, colons, 0x and tcpdump's offsets are ignored."""
    digits = ""
    for word in text.replace(",", " ").split():
        is_hex = word[:2].lower() == "0x"
        if is_hex and word[-1:] == ":":
            # The offset at the beginning of a line of tcpdump -x.
            continue
        digits += word[2 * is_hex :].replace(":", "")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise UsageError(
            "there is no file with this name, and the argument is not a packet in hex "
            "digits either: those are 0-9 and a-f, two for each byte"
        ) from None


def strip_headers(data: bytes) -> bytes:
    """Return the datagram after any IP headers; PacketError if it is incomplete."""
    if int.from_bytes(data[:2], "big") == MAGIC:
        return data
    try:
        from ..capture import find_datagram
    except ImportError:
        # This copy lacks the folder capture, so it reads only bare packets.
        return data
    datagram = find_datagram(data)
    if datagram.lack:
        raise PacketError(datagram.lack)
    return datagram.data


def find_stdin() -> "BinaryIO":
    """Return standard input; UsageError if no capture can come from there."""
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError(
            "decode - reads a capture from standard input, as in: "
            "tcpdump -i any -U -w - host ADDRESS | %s decode -" % find_program()
        )
    return sys.stdin.buffer


def read_tokens(options: "Options") -> "List[Token]":
    """Return all tokens of --token, or that of MIIO_TOKEN."""
    given = read_token(options)
    tokens = [given.token(0)] if given else []
    try:
        return tokens + [Token(text) for text in options.more_tokens]
    except TokenError as error:
        raise UsageError("--token: %s" % error) from None


def open_saved(options: "Options") -> "Tuple[Optional[Devices], Dict[int, str]]":
    """Return the saved devices, and their names by device id.

    None stands for the devices if their tokens must not be used.
    """
    devices = read_devices(options)
    if devices is None:
        return None, {}
    names = {
        int(record.device_id): record.name
        for record in devices.records
        if record.device_id.isdecimal()
    }
    return None if devices.warning else devices, names


# Packets


def show_packet(options: "Options", datagram: bytes) -> int:
    """Print the JSON in a packet, or what a hello reply says."""
    packet = open_packet(options, datagram)
    if len(datagram) == HELLO_SIZE:
        token = packet.token.hex() if packet.token else None
        header = packet.header
        print_json(
            {"device_id": header.device_id, "stamp": header.stamp, "token": token}
        )
        return DONE
    if packet.payload is None:
        raise miss_token(packet.header.device_id)
    repairs: "List[str]" = []
    value = load(packet.payload, repairs)
    if repairs:
        say("warning: the payload is not valid JSON; mended: %s" % ", ".join(repairs))
    print_json(value)
    return DONE


def open_packet(options: "Options", datagram: bytes) -> "Packet":
    """Decode a packet with one of the tokens given, or with the saved one."""
    packet = decode(datagram)
    tokens = read_tokens(options)
    if not tokens and len(datagram) > HELLO_SIZE:
        saved, _ = open_saved(options)
        found = look_up(saved, packet.header.device_id)
        tokens = [found] if found else []
    for token in tokens:
        try:
            return decode(datagram, token)
        except ChecksumError as error:
            if token is tokens[-1]:
                raise TokenError(str(error)) from None
    return packet


def miss_token(device_id: "Optional[int]") -> TokenError:
    """Return the error that there is no token for a packet."""
    return TokenError(
        "this packet is encrypted: give the token of device %s with --token" % device_id
    )


def show_facts(options: "Options", data: bytes) -> int:
    """Print all that is known of a packet as JSON."""
    _, read_packet = import_capture()
    from .messages import collect_facts

    tokens = read_tokens(options)
    saved, names = open_saved(options)
    message = read_packet(data, tokens, saved=saved)
    if isinstance(message.error, TokenError):
        raise miss_token(message.device_id)
    if isinstance(message.error, ChecksumError):
        raise TokenError(str(message.error))
    if message.error is not None:
        raise message.error
    print_json(collect_facts(message, names, options.raw))
    return DONE


# Captures


def show_capture(options: "Options", file: "BinaryIO", name: str) -> int:
    """Print a line for each message in a capture; name: of the file, for messages."""
    read, _ = import_capture()
    from .messages import Printer

    tokens = read_tokens(options)
    saved, names = open_saved(options)
    printer = Printer(options, names)
    for message in add_name(read(file, tokens, saved=saved), name):
        printer.show(message)
    printer.finish()
    return DONE


def add_name(messages: "Iterator[Message]", name: str) -> "Iterator[Message]":
    """Yield the same messages; put the name in front of an error."""
    try:
        yield from messages
    except MiioError as error:
        raise MiioError("%s: %s" % (name, error)) from None


def import_capture() -> "Any":
    """Return read and read_packet of the folder capture, which a copy may lack."""
    try:
        from ..capture import read, read_packet
    except ImportError:
        raise UsageError(
            "this copy of miio_pure lacks the folder capture, which this needs"
        ) from None
    return read, read_packet
