# SPDX-License-Identifier: MIT
"""Packets: a header of 32 bytes, then the payload, encrypted by AES-128-CBC.

    offset  size
         0     2  magic, 2131
         2     2  length of the whole packet
         4     8  device id
        12     4  stamp: the device's clock, in seconds
        16    16  checksum
        32        payload, encrypted; a hello and its reply have none

All numbers are big-endian. The AES key is MD5(token) and the IV is MD5(key + token), so
a device uses the same IV for every packet. The checksum is the MD5 of the header's
first 16 bytes, the token and the encrypted payload: the token stands where the checksum
will be, while the packet is hashed.
"""

from _struct import Struct

from . import host
from .aes import AES, pad, unpad
from .errors import ChecksumError, MiioError, PacketError, TokenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union


def _refuse_md5(data: bytes) -> "Any":
    raise MiioError(
        "this Python has no MD5, and miIO cannot work without it: install the full "
        "Python package, or switch off FIPS mode"
    )


_md5 = host.md5 or _refuse_md5

HEADER = Struct(">HHQI16s")
MAGIC = 0x2131
MAX_DATAGRAM = 65507  # bytes: the largest UDP payload over IPv4
HELLO = bytes.fromhex("21310020") + b"\xff" * 28
REJECTED = b"\xff" * 16
HEX_DIGITS = "0123456789abcdefABCDEF"
# A hidden token is sixteen bytes ff or sixteen bytes 00. Hello replies are not signed,
# so a field with more of these bytes than this is a hidden token damaged on the way.
MAX_BLANKS = 8  # bytes


class Token:
    """The secret of a device, with the key and the IV that follow from it.

    value: 32 hex digits, 16 bytes, or a Token; anything else raises TokenError. key,
    iv: 16 bytes each. bytes(token) and token.hex() return the secret; repr() hides it.
    """

    __slots__ = ("key", "iv", "_bytes", "_aes")

    def __init__(self, value: "Union[str, bytes, Token]") -> None:
        self._bytes = _read_token(value)
        self.key = _md5(self._bytes).digest()
        self.iv = _md5(self.key + self._bytes).digest()
        self._aes = AES(self.key)

    def encrypt(self, plain: bytes) -> bytes:
        """Pad and encrypt a payload."""
        return self._aes.encrypt_cbc(self.iv, pad(plain))

    def decrypt(self, cipher: bytes) -> bytes:
        """Decrypt a payload and remove its padding; bad padding raises PacketError."""
        try:
            return unpad(self._aes.decrypt_cbc(self.iv, cipher))
        except ValueError as error:
            raise PacketError("payload: %s" % error) from None

    def hex(self) -> str:
        """Return the token as 32 hex digits."""
        return self._bytes.hex()

    def __bytes__(self) -> bytes:
        return self._bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return "<Token>"


def _read_token(value: "Union[str, bytes, Token]") -> bytes:
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
    wrong = sum(digit not in HEX_DIGITS for digit in digits)
    if wrong or len(digits) != 32:
        # The digits themselves stay out of the message: most of them may be right.
        also = ", %d of which are not hex digits" % wrong if wrong else ""
        raise TokenError(
            "a token has 32 hex digits; this one has %d characters%s"
            % (len(digits), also)
        )
    return bytes.fromhex(digits)


class Identified:
    """Something with a device id, and php-miio's names for the parts of that id."""

    __slots__ = ("device_id",)
    device_id: int

    @property
    def device_type(self) -> int:
        """Return bits 16 to 31 of the device id."""
        return self.device_id >> 16 & 0xFFFF

    @property
    def serial(self) -> int:
        """Return the low 16 bits of the device id."""
        return self.device_id & 0xFFFF


class Header(Identified):
    """The header of a packet: device_id (64 bits), stamp (s), checksum (16 bytes)."""

    __slots__ = ("stamp", "checksum")

    def __init__(self, device_id: int, stamp: int, checksum: bytes) -> None:
        self.device_id, self.stamp, self.checksum = device_id, stamp, checksum


class Packet:
    """A datagram taken apart.

    header: Header. payload: the decrypted bytes, or None if there are none or no token
    was given. token: the Token that a hello reply reveals, or None.
    """

    __slots__ = ("header", "payload", "token")

    def __init__(
        self, header: Header, payload: "Optional[bytes]", token: "Optional[Token]"
    ) -> None:
        self.header, self.payload, self.token = header, payload, token


def encode(token: Token, payload: bytes, *, device_id: int, stamp: int) -> bytes:
    """Encrypt and sign a payload; return the datagram, or raise ValueError if too long.

    device_id: 64 bits, as the hello reply gave it. stamp: seconds, modulo 2**32.
    """
    cipher = token.encrypt(payload)
    length = HEADER.size + len(cipher)
    if length > MAX_DATAGRAM:
        raise ValueError(
            "a payload of %d bytes does not fit into a datagram of %d"
            % (len(payload), MAX_DATAGRAM)
        )
    # The token stands in the checksum's field while the packet is hashed.
    header = HEADER.pack(MAGIC, length, device_id, stamp & 0xFFFFFFFF, bytes(token))
    checksum: bytes = _md5(header + cipher).digest()
    return header[:16] + checksum + cipher


def decode(datagram: bytes, token: "Optional[Token]" = None) -> Packet:
    """Verify and decrypt a datagram; without a token, only read its header.

    Raises PacketError (not a miIO packet), ChecksumError (damaged, or signed with
    another token), TokenError (the packet in which a device rejects the token).
    """
    size = len(datagram)
    if size < HEADER.size:
        raise PacketError("a miIO packet has 32 bytes or more, not %d" % size)
    magic, length, device_id, stamp, checksum = HEADER.unpack_from(datagram)
    if magic != MAGIC:
        raise PacketError("a miIO packet starts with 2131, not %04x" % magic)
    if length != size:
        # A device that rejects a token repeats the length of the request.
        if size == HEADER.size and checksum == REJECTED:
            raise TokenError("the device rejects the token")
        raise PacketError(
            "the packet says that it has %d bytes, but %d came" % (length, size)
        )
    header = Header(device_id, stamp, checksum)
    if size == HEADER.size:
        return Packet(header, None, _find_token(checksum))
    if size % 16:
        raise PacketError(
            "expected a payload of whole blocks of 16 bytes, but %d bytes came"
            % (size - HEADER.size)
        )
    if token is None:
        return Packet(header, None, None)
    cipher = datagram[HEADER.size :]
    # This comparison need not take constant time: a client that skips a packet sends
    # nothing back that an attacker could measure.
    if _md5(datagram[:16] + bytes(token) + cipher).digest() != checksum:
        raise ChecksumError(
            "the checksum does not match: signed with another token, or damaged"
        )
    return Packet(header, token.decrypt(cipher), None)


def decode_hello(datagram: bytes) -> Packet:
    """Read a hello reply; anything else, even our own hello, raises PacketError."""
    packet = decode(datagram)
    if len(datagram) != HEADER.size or datagram == HELLO:
        raise PacketError("not a hello reply")
    return packet


def _find_token(checksum: bytes) -> "Optional[Token]":
    """Return the token in a hello reply, or None if there is none in it.

    Newer firmware writes "MSUB", four bytes, "PUB" and one byte there: it offers to
    push changes to a subscriber. And Xiaomi's own client writes "MDID", eight bytes of
    its own id and four zeros into its hello, which others see in captures.
    """
    is_hidden = max(checksum.count(0xFF), checksum.count(0)) > MAX_BLANKS
    is_offer = checksum[:4] == b"MSUB" and checksum[8:11] == b"PUB"
    is_hello = checksum[:4] == b"MDID" and checksum[12:] == bytes(4)
    return None if is_hidden or is_offer or is_hello else Token(checksum)
