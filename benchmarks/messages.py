# SPDX-License-Identifier: MIT
"""Whole miIO messages, from JSON to the datagram and back."""

import datetime
import json

from miio_pure import Token, packet, payload

from . import ciphers
from .measure import compare

TOKEN = bytes.fromhex("00112233445566778899aabbccddeeff")
SIZES = (52, 256, 1024, 16384)  # bytes of JSON as python-miio writes it
DEVICE_ID, STAMP = 0x03DB1166, 1526775724


class OpensslToken(Token):
    """Our codec with `cryptography` as its cipher and padding."""

    __slots__ = ("encrypt", "decrypt")

    def __init__(self, value, cipher):
        super().__init__(value)
        self.encrypt, self.decrypt = ciphers.openssl_padded(self.key, self.iv, cipher)


def codec(token):
    """Our functions from JSON to a datagram and back."""
    return (
        lambda value: packet.encode(
            token, payload.dump(value), device_id=DEVICE_ID, stamp=STAMP
        ),
        lambda datagram: payload.load(packet.decode(datagram, token).payload),
    )


def python_miio():
    from miio.protocol import Message

    stamp = datetime.datetime.fromtimestamp(STAMP, datetime.timezone.utc)
    device_id = DEVICE_ID.to_bytes(4, "big")

    def encode(value):
        header = {"length": 0, "unknown": 0, "device_id": device_id, "ts": stamp}
        message = {"data": {"value": value}, "header": {"value": header}, "checksum": 0}
        return Message.build(message, token=TOKEN)

    return encode, lambda datagram: Message.parse(datagram, token=TOKEN).data.value


def command(size):
    value = {"id": 1, "method": "get_prop", "params": ["power"]}
    text = size - len(json.dumps(value))
    if text:
        value["params"].append("x" * (text - len(', ""')))
    return value


def name_of(size):
    ours = len(payload.dump(command(size)))
    return "%d bytes of JSON (%d as we write it)" % (size, ours)


def subjects(settings, missing):
    contestants = [("miio_pure", codec(Token(TOKEN)))]
    if "cryptography" not in missing:
        for name, cipher in (
            ("one Cipher kept", ciphers.openssl),
            ("a Cipher a message", ciphers.openssl_anew),
        ):
            contestants.append(
                (
                    "our codec on cryptography, " + name,
                    codec(OpensslToken(TOKEN, cipher)),
                )
            )
    if "miio" not in missing:
        contestants.append(("python-miio's Message", python_miio()))
    for size in SIZES[:2] if settings.quick else SIZES:
        value = command(size)
        for name, (encode, decode) in contestants:
            ours_encode, ours_decode = contestants[0][1]
            if (
                decode(ours_encode(value)) != value
                or ours_decode(encode(value)) != value
            ):
                raise SystemExit("%s does not understand miio_pure" % name)
        yield compare(
            "message of %s, encode" % name_of(size),
            [
                (name, lambda encode=pair[0]: encode(value))
                for name, pair in contestants
            ],
            settings,
        )
        datagram = contestants[0][1][0](value)
        yield compare(
            "message of %s, decode" % name_of(size),
            [
                (name, lambda decode=pair[1]: decode(datagram))
                for name, pair in contestants
            ],
            settings,
        )
        yield compare(
            "message of %s, encode and decode" % name_of(size),
            [
                (name, lambda pair=pair: pair[1](pair[0](value)))
                for name, pair in contestants
            ],
            settings,
        )
