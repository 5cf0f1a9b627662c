# SPDX-License-Identifier: MIT
"""Opens Android's backups (.ab) and those of MIUI (.bak).

Such a file is a header of text lines, then a tar, which may be deflated and then
encrypted with AES-256. We derive a key from the password and decrypt a blob in the
header with it. The blob holds the master key and a checksum that shows whether the
password was right. Source: BackupManagerService and BackupPasswordManager of Android.
"""

from collections import namedtuple

from ..aes import AES, unpad
from ..errors import MiioError
from .effort import PBKDF2_ROUND, Effort
from .streams import CUT_OFF, decrypt, inflate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, Optional

    # A function that returns the password, or None if there is none.
    Ask = Callable[[], Optional[str]]

MAX_LINE = 1024  # bytes of a line of the header
MAX_ROUNDS = 200000  # of PBKDF2; Android takes 10,000

_MAGIC, _MIUI_MAGIC = b"ANDROID BACKUP", b"MIUI BACKUP"
_VERSIONS = (b"1", b"2", b"3", b"4", b"5")
_SHA1_BLOCK = 64  # bytes
_Secrets = namedtuple("_Secrets", "iv key checksum")


def is_backup(head: bytes) -> bool:
    """Tell whether a file that begins like this is a backup of Android or MIUI."""
    return head.startswith((_MAGIC + b"\n", _MIUI_MAGIC + b"\n"))


def unwrap(file: "BinaryIO", ask: "Ask", effort: Effort) -> "BinaryIO":
    """Return the tar in a backup; MiioError for a wrong password or a bad header."""
    line = _read_line(file)
    if line == _MIUI_MAGIC:
        # Four lines follow (version, package, -1, 0), then Android's own header.
        for _ in range(5):
            line = _read_line(file)
    if line != _MAGIC:
        raise MiioError("the backup's header is damaged: ANDROID BACKUP is missing")
    version, compressed = _read_line(file), _read_line(file)
    encryption = _read_line(file)
    if version not in _VERSIONS:
        raise MiioError("a backup of version %s; 1 to 5 are known" % ascii(version)[1:])
    if encryption == b"AES-256":
        file = _open_encrypted(file, version == b"1", ask, effort)
    elif encryption != b"none":
        raise MiioError("the encryption is unknown: %s" % ascii(encryption)[1:])
    return inflate(file, effort) if compressed == b"1" else file


def _read_line(file: "BinaryIO") -> bytes:
    line = file.readline(MAX_LINE + 1)
    if len(line) > MAX_LINE:
        raise MiioError("a line of the backup's header has over %d bytes" % MAX_LINE)
    if not line.endswith(b"\n"):
        raise MiioError(CUT_OFF)
    return line[:-1]


def _open_encrypted(
    file: "BinaryIO", is_first: bool, ask: "Ask", effort: Effort
) -> "BinaryIO":
    salt, check_salt = _read_hex(file), _read_hex(file)
    rounds = _read_rounds(file)
    iv, blob = _read_hex(file), _read_hex(file)
    if len(iv) != 16 or not blob or len(blob) % 16:
        raise MiioError("the backup's header is damaged")
    password = ask()
    if password is None:
        raise MiioError(
            "the backup is encrypted: give its password by --password-prompt or in "
            "MIIO_PASSWORD"
        )
    # Version 1 was also written with characters that were cut to 8 bits.
    for is_8_bit in (False, True) if is_first else (False,):
        effort.spend(2 * PBKDF2_ROUND * rounds)
        key = pbkdf2(_encode_password(password, is_8_bit), salt, rounds, 32)
        secrets = _read_blob(AES(key).decrypt_cbc(iv, blob))
        if secrets:
            text = secrets.key if is_8_bit else _encode_key(secrets.key)
            if secrets.checksum == pbkdf2(text, check_salt, rounds, 32):
                return decrypt(file, secrets.key, secrets.iv, effort)
    raise MiioError("the password is wrong")


def _read_hex(file: "BinaryIO") -> bytes:
    try:
        return bytes.fromhex(_read_line(file).decode("ascii"))
    except ValueError:
        raise MiioError("the backup's header is damaged: expected hex digits") from None


def _read_rounds(file: "BinaryIO") -> int:
    digits = _read_line(file)
    if len(digits) > 12 or not digits.isdigit() or not 0 < int(digits) <= MAX_ROUNDS:
        raise MiioError(
            "%s rounds of PBKDF2; at most %d are tried"
            % (ascii(digits)[1:], MAX_ROUNDS)
        )
    return int(digits)


def _read_blob(padded: bytes) -> "Optional[_Secrets]":
    """Return the secrets in a decrypted blob, or None if the password was wrong."""
    try:
        blob = unpad(padded)
    except ValueError:
        return None
    fields, at = [], 0
    for size in (16, 32, 32):
        field = blob[at + 1 : at + 1 + size]
        if blob[at : at + 1] != bytes((size,)) or len(field) != size:
            return None
        fields.append(field)
        at += 1 + size
    return _Secrets._make(fields)


def _encode_password(password: str, is_8_bit: bool) -> bytes:
    if is_8_bit:
        return bytes(ord(char) & 0xFF for char in password)
    return password.encode("utf-8", "surrogatepass")


def _encode_key(key: bytes) -> bytes:
    """Encode bytes as Java does, whose chars are signed: 80 is U+FF80 in UTF-8."""
    text = "".join(chr(byte if byte < 0x80 else 0xFF00 | byte) for byte in key)
    return text.encode("utf-8")


def pbkdf2(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """Derive a key by PBKDF2-HMAC-SHA1, RFC 8018 section 5.2."""
    # This function is OpenSSL's. Up to Python 3.11, hashlib also has one of its own,
    # which is slower than ours.
    try:
        from _hashlib import pbkdf2_hmac

        derived: bytes = pbkdf2_hmac("sha1", password, salt, rounds, size)
        return derived
    except (ImportError, ValueError):
        return pbkdf2_by_hand(password, salt, rounds, size)


def pbkdf2_by_hand(password: bytes, salt: bytes, rounds: int, size: int) -> bytes:
    """Derive the same key without OpenSSL, with HMAC as in RFC 2104."""
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
