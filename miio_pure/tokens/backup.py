# SPDX-License-Identifier: MIT
"""Android's backups (.ab, MIUI's .bak): a header of text, then a tar, perhaps packed by
zlib, perhaps encrypted by AES-256.

Source: BackupManagerService and BackupPasswordManager of Android.
"""

from ..aes import AES, unpad
from ..errors import MiioError
from .streams import CUT_OFF, Budget, decrypted, inflated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, List, Optional

    Ask = Callable[[], Optional[str]]  # gives the password, or None

MAGIC, MIUI_MAGIC = b"ANDROID BACKUP\n", b"MIUI BACKUP\n"
LINE = 1024  # bytes of a line of the header
ROUNDS = 200000  # of PBKDF2; Android takes 10,000
_SHA1_BLOCK = 64  # bytes


def unwrapped(file: "BinaryIO", ask: "Ask", budget: Budget) -> "BinaryIO":
    """The tar in a backup; MiioError for a wrong password, or what is no backup."""
    line = _line(file)
    if line == MIUI_MAGIC[:-1]:  # version, package, -1, 0, then Android's own header
        for _ in range(5):
            line = _line(file)
    if line != MAGIC[:-1]:
        raise MiioError("the backup's header is damaged: ANDROID BACKUP is missing")
    version, compressed, encryption = _line(file), _line(file), _line(file)
    if version not in (b"1", b"2", b"3", b"4", b"5"):
        raise MiioError("a backup of version %s; 1 to 5 are known" % ascii(version)[1:])
    if encryption == b"AES-256":
        file = _decrypted(file, version == b"1", ask)
    elif encryption != b"none":
        raise MiioError("the encryption is unknown: %s" % ascii(encryption)[1:])
    return inflated(file, budget) if compressed == b"1" else file


def _line(file: "BinaryIO") -> bytes:
    line = file.readline(LINE + 1)
    if len(line) > LINE:
        raise MiioError("a line of the backup's header has over %d bytes" % LINE)
    if not line.endswith(b"\n"):
        raise MiioError(CUT_OFF)
    return line[:-1]


def _decrypted(file: "BinaryIO", is_first: bool, ask: "Ask") -> "BinaryIO":
    salt, check_salt = _hex(_line(file)), _hex(_line(file))
    rounds, iv, blob = _line(file), _hex(_line(file)), _hex(_line(file))
    if len(rounds) > 12 or not rounds.isdigit() or not 0 < int(rounds) <= ROUNDS:
        raise MiioError(
            "%s rounds of PBKDF2; at most %d are tried" % (ascii(rounds)[1:], ROUNDS)
        )
    if len(iv) != 16 or not blob or len(blob) % 16:
        raise MiioError("the backup's header is damaged")
    password = ask()
    if password is None:
        raise MiioError(
            "the backup is encrypted: give its password by --password-prompt or in "
            "MIIO_PASSWORD"
        )
    # the first version was also written with characters of 8 bits
    for encode in (_java_utf8, _java_8_bit) if is_first else (_java_utf8,):
        text = password.encode("utf-8", "surrogatepass")
        if encode is _java_8_bit:
            text = bytes(ord(char) & 0xFF for char in password)
        key = pbkdf2(text, salt, int(rounds), 32)
        try:
            fields = _fields(unpad(AES(key).decrypt_cbc(iv, blob)))
        except ValueError:
            continue
        master_iv, master_key, checksum = fields
        if checksum == pbkdf2(encode(master_key), check_salt, int(rounds), 32):
            return decrypted(file, master_key, master_iv)
    raise MiioError("the password is wrong")


def _hex(line: bytes) -> bytes:
    try:
        return bytes.fromhex(line.decode("ascii"))
    except ValueError:
        raise MiioError("the backup's header is damaged: expected hex digits") from None


def _fields(blob: bytes) -> "List[bytes]":
    """The master IV, the master key, its checksum; ValueError for a wrong password."""
    fields, at = [], 0
    for size in (16, 32, 32):
        field = blob[at + 1 : at + 1 + size]
        if blob[at : at + 1] != bytes((size,)) or len(field) != size:
            raise ValueError("not what a right password would give")
        fields.append(field)
        at += 1 + size
    return fields


def _java_utf8(key: bytes) -> bytes:
    """Bytes as Java's signed chars, in UTF-8: 80 becomes U+FF80."""
    text = "".join(chr(byte if byte < 0x80 else 0xFF00 | byte) for byte in key)
    return text.encode("utf-8")


def _java_8_bit(key: bytes) -> bytes:
    return key


def pbkdf2(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """PBKDF2-HMAC-SHA1, RFC 8018 5.2."""
    try:  # OpenSSL's; hashlib has another up to 3.11, which is slower than ours
        from _hashlib import pbkdf2_hmac

        derived: bytes = pbkdf2_hmac("sha1", password, salt, rounds, size)
        return derived
    except (ImportError, ValueError):
        return pbkdf2_by_hand(password, salt, rounds, size)


def pbkdf2_by_hand(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """The same without OpenSSL; HMAC by RFC 2104."""
    from hashlib import sha1

    if len(password) > _SHA1_BLOCK:
        password = sha1(password).digest()
    key = password.ljust(_SHA1_BLOCK, b"\0")
    inner = sha1(bytes(byte ^ 0x36 for byte in key))
    outer = sha1(bytes(byte ^ 0x5C for byte in key))

    def hmac(data: bytes) -> bytes:
        inside, outside = inner.copy(), outer.copy()
        inside.update(data)
        outside.update(inside.digest())
        return outside.digest()

    derived = b""
    for number in range(1, -(-size // 20) + 1):
        block = hmac(salt + number.to_bytes(4, "big"))
        total = int.from_bytes(block, "big")
        for _ in range(rounds - 1):
            block = hmac(block)
            total ^= int.from_bytes(block, "big")
        derived += total.to_bytes(20, "big")
    return derived[:size]
