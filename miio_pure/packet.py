# SPDX-License-Identifier: MIT
"""The wire: a header of 32 bytes, then the payload under AES-128-CBC."""

import struct
import sys

from .aes import AES, pad, unpad
from .errors import ChecksumError, MiioError, PacketError, TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Union


def _find_md5() -> "Callable[[bytes], Any]":
    """The MD5 of this Python: `_md5` loads in no time, hashlib brings OpenSSL along."""
    try:
        from _md5 import md5  # type: ignore[import-not-found]

        md5(b"")
        return md5  # type: ignore[no-any-return]
    except (ImportError, ValueError):
        pass
    try:
        if "hashlib" not in sys.modules:  # it logs a traceback where it finds no MD5
            from _hashlib import openssl_md5

            _tried(openssl_md5)
        from hashlib import md5

        return _tried(md5)
    except (ImportError, ValueError):
        return _no_md5


def _tried(md5: "Callable[..., Any]") -> "Callable[[bytes], Any]":
    """It, told that it is not for security, which policy may forbid, from 3.9 on."""
    try:
        md5(b"", usedforsecurity=False)
        return lambda data: md5(data, usedforsecurity=False)
    except (TypeError, ValueError):
        md5(b"")
        return md5


def _no_md5(data: bytes) -> "Any":
    raise MiioError(
        "this Python has no MD5, which miIO is built on: install the full Python "
        "package, or switch off FIPS mode"
    )


_md5 = _find_md5()

# magic, length of the packet, device id, stamp (s), checksum
HEADER = struct.Struct(">HHQI16s")
MAGIC = 0x2131
SIZE_LIMIT = 65507  # bytes: the largest UDP payload over IPv4
HELLO = bytes.fromhex("21310020") + b"\xff" * 28
_REJECTED = b"\xff" * 16


class Token:
    """The secret of a device, with the key and the IV that follow from it.

    value: 32 hex digits, 16 bytes, or a Token; all else raises TokenError. key, iv: 16
    bytes each. bytes(token) and token.hex() give it back; repr() does not.
    """

    __slots__ = ("key", "iv", "_bytes", "_aes")

    def __init__(self, value: "Union[str, bytes, Token]") -> None:
        self._bytes = _token_bytes(value)
        self.key = _md5(self._bytes).digest()
        self.iv = _md5(self.key + self._bytes).digest()
        self._aes = AES(self.key)

    def encrypt(self, plain: bytes) -> bytes:
        """Pad and encrypt a payload."""
        return self._aes.encrypt_cbc(self.iv, pad(plain))

    def decrypt(self, cipher: bytes) -> bytes:
        """Decrypt a payload and take the padding off; PacketError if it is bad."""
        try:
            return unpad(self._aes.decrypt_cbc(self.iv, cipher))
        except ValueError as error:
            raise PacketError("payload: %s" % error) from None

    def hex(self) -> str:
        """The token as 32 hex digits."""
        return self._bytes.hex()

    def __bytes__(self) -> bytes:
        return self._bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return "<Token>"


def _token_bytes(value: "Union[str, bytes, Token]") -> bytes:
    if isinstance(value, Token):
        return bytes(value)
    if isinstance(value, (bytes, bytearray)):
        if len(value) == 16:
            return bytes(value)
        raise TokenError("a token has 16 bytes, not %d" % len(value))
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TokenError("a token is 32 hex digits or 16 bytes, not %s" % kind)
    digits = value.strip()
    wrong = sum(digit not in "0123456789abcdefABCDEF" for digit in digits)
    if wrong or len(digits) != 32:
        also = ", %d of them no hex digits" % wrong if wrong else ""
        raise TokenError(
            "a token has 32 hex digits; this one has %d characters%s"
            % (len(digits), also)
        )
    return bytes.fromhex(digits)


class _Identified:
    """What has a device id, and names for its parts."""

    __slots__ = ("device_id",)
    device_id: int

    @property
    def device_type(self) -> int:
        """Bits 16 to 31 of the device id."""
        return self.device_id >> 16 & 0xFFFF

    @property
    def serial(self) -> int:
        """The low 16 bits of the device id."""
        return self.device_id & 0xFFFF


class Header(_Identified):
    """The header of a packet: device_id (64 bits), stamp (s), checksum (16 bytes)."""

    __slots__ = ("stamp", "checksum")

    def __init__(self, device_id: int, stamp: int, checksum: bytes) -> None:
        self.device_id, self.stamp, self.checksum = device_id, stamp, checksum

    def __repr__(self) -> str:  # the checksum may be a token
        return "<Header device_id=%d stamp=%d>" % (self.device_id, self.stamp)


class Packet:
    """A datagram taken apart.

    header: Header. payload: decrypted bytes; None without any, or without a token.
    token: the Token that a hello reply reveals, or None.
    """

    __slots__ = ("header", "payload", "token")

    def __init__(
        self, header: Header, payload: "Optional[bytes]", token: "Optional[Token]"
    ) -> None:
        self.header, self.payload, self.token = header, payload, token

    def __repr__(self) -> str:
        size = "no payload" if self.payload is None else "%d bytes" % len(self.payload)
        return "<Packet %r, %s>" % (self.header, size)


class Found(_Identified):
    """A device that answered a hello.

    address, port: where. device_id: int; device_type, serial: its low two 16-bit parts.
    stamp: its clock (s). token: Token, or None if hidden. model: str or None.
    """

    __slots__ = ("address", "port", "stamp", "token", "model")

    def __init__(self, address: str, port: int, packet: Packet) -> None:
        self.address, self.port = address, port
        self.device_id, self.stamp = packet.header.device_id, packet.header.stamp
        self.token = packet.token
        self.model: "Optional[str]" = None

    def __repr__(self) -> str:
        return "<Found %s device_id=%d>" % (self.address, self.device_id)


def encode(token: Token, payload: bytes, *, device_id: int, stamp: int) -> bytes:
    """The datagram that carries payload, encrypted and signed; ValueError if too long.

    device_id: 64 bits, as the hello reply gave it. stamp: s, taken modulo 2**32.
    """
    cipher = token.encrypt(payload)
    length = HEADER.size + len(cipher)
    if length > SIZE_LIMIT:
        raise ValueError(
            "a payload of %d bytes does not fit into a datagram of %d"
            % (len(payload), SIZE_LIMIT)
        )
    # The token stands in the checksum's field while the packet is hashed.
    header = HEADER.pack(MAGIC, length, device_id, stamp & 0xFFFFFFFF, bytes(token))
    checksum: bytes = _md5(header + cipher).digest()
    return header[:16] + checksum + cipher


def decode(datagram: bytes, token: "Optional[Token]" = None) -> Packet:
    """Take a datagram apart, verify and decrypt it; without a token, read its header.

    Raises PacketError (no miIO packet), ChecksumError (damaged, or signed with another
    token), TokenError (the packet in which a device rejects the token).
    """
    size = len(datagram)
    if size < 32:
        raise PacketError("a miIO packet has 32 bytes or more, not %d" % size)
    magic, length, device_id, stamp, checksum = HEADER.unpack_from(datagram)
    if magic != MAGIC:
        raise PacketError("a miIO packet starts with 2131, not %04x" % magic)
    if length != size:
        if size == 32 and checksum == _REJECTED:
            raise TokenError(
                "the device rejects the token: it has another one since "
                "it was reset or set up again"
            )
        raise PacketError(
            "the packet says that it has %d bytes, but %d came" % (length, size)
        )
    header = Header(device_id, stamp, checksum)
    if size == 32:
        return Packet(header, None, _revealed(checksum))
    if size % 16:
        text = "%d bytes of payload are not whole blocks of 16"
        raise PacketError(text % (size - 32))
    if token is None:
        return Packet(header, None, None)
    cipher = datagram[32:]
    # Not compared in constant time: a client that skips a packet tells nobody.
    if _md5(datagram[:16] + bytes(token) + cipher).digest() != checksum:
        raise ChecksumError("the checksum does not match: another token, or damaged")
    return Packet(header, token.decrypt(cipher), None)


def decode_hello(datagram: bytes) -> Packet:
    """Take a hello reply apart; PacketError for all else, such as one's own hello."""
    packet = decode(datagram)
    if len(datagram) != 32 or datagram == HELLO:
        raise PacketError("not a hello reply")
    return packet


def _revealed(checksum: bytes) -> "Optional[Token]":
    """The token in a hello reply, if it is one and not an advertisement.

    A hello carries no signature: a field of mostly ff or 00 was hidden, and damaged.
    """
    hidden = max(checksum.count(0xFF), checksum.count(0)) > 8
    advertised = checksum[:4] == b"MSUB" and checksum[8:11] == b"PUB"
    return None if hidden or advertised else Token(checksum)
