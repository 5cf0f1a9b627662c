# SPDX-License-Identifier: MIT
"""Reads the members of tar (ustar, pax, GNU's long names) and zip archives in order.

Links, devices and folders are left out, and nothing is unpacked to disk. Sources: POSIX
"pax Interchange Format", the tar manual of GNU, PKWARE's APPNOTE.TXT 6.3.
"""

import re
import struct
from collections import namedtuple
from functools import partial

from ..errors import MiioError
from .effort import BYTE_READ, MEMBER, Effort
from .streams import CHUNK, CUT_OFF, cut, defer, inflate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Dict, Iterator, Tuple

MAX_EXTENSION = 1 << 16  # bytes of a pax header or of a long name
MAX_NAME = 400  # characters that are kept of a name, from its end
MAX_DIRECTORY = 16 << 20  # bytes of a zip's central directory

# A file in an archive. time: seconds since 1970. The file must be read before the next
# member is asked for.
Member = namedtuple("Member", "name time size file")

_BLOCK = 512  # bytes
_TAR = struct.Struct("100s 8s 8s 8s 12s 12s 8s c 100s 6s 2s 32s 32s 8s 8s 155s 12x")
_TarHeader = namedtuple(
    "_TarHeader",
    "name mode uid gid size time checksum kind link magic version user group major "
    "minor prefix",
)
# The kinds of a tar's members that are files: POSIX, old tars, contiguous files.
_FILES = b"0\0" b"7"
# The kinds that extend headers: pax for one member, pax for all, GNU's long link names
# and long names.
_EXTENSIONS = b"xgKL"
# A record of a pax header, such as "30 path=some/name\n"; the number is its length.
_PAX = re.compile(rb"(?:\A|\n)\d{1,5} (path|size)=([^\n]*)(?=\n)")

_END = struct.Struct("<4s4H2IH")
_ZipEnd = namedtuple(
    "_ZipEnd", "magic disk first_disk here entries size offset comment_size"
)
_END_64_LOCATOR = struct.Struct("<4sIQI")
_ZipLocator = namedtuple("_ZipLocator", "magic disk offset disks")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_ZipEnd64 = namedtuple(
    "_ZipEnd64",
    "magic record_size maker needed disk first_disk here entries size offset",
)
_ENTRY = struct.Struct("<4s6H3I5H2I")
_ZipEntry = namedtuple(
    "_ZipEntry",
    "magic maker needed flags method time date crc packed size name_size extra_size "
    "comment_size disk internal external offset",
)
_LOCAL = struct.Struct("<4s5H3I2H")
_ZipLocal = namedtuple(
    "_ZipLocal",
    "magic needed flags method time date crc packed size name_size extra_size",
)
_IN_ZIP64 = 0xFFFFFFFF
_ZIP64_EXTRA = 1


def is_tar(head: bytes) -> bool:
    """Tell whether a file that begins like this is a tar."""
    if len(head) < _BLOCK:
        return False
    is_named = _TarHeader._make(_TAR.unpack_from(head)).magic.startswith(b"ustar")
    return is_named or _is_sum_right(head[:_BLOCK])


def tar_members(file: "BinaryIO", effort: Effort) -> "Iterator[Member]":
    """Yield the files in a tar."""
    extended: "Dict[str, str]" = {}
    while True:
        block = file.read(_BLOCK)
        if not block or block == bytes(_BLOCK):
            return
        if len(block) < _BLOCK:
            raise MiioError(CUT_OFF)
        if not _is_sum_right(block):
            raise MiioError("the tar is damaged: a header's checksum is wrong")
        effort.spend(MEMBER)
        header = _TarHeader._make(_TAR.unpack(block))
        size = _read_number(header.size)
        if header.kind in _EXTENSIONS:
            extended.update(_read_extension(file, header.kind, size, effort))
            content = cut(file, 0, effort)
        else:
            size = _read_decimal(extended.get("size") or str(size))
            content = cut(file, size, effort)
            if header.kind in _FILES:
                name = extended.get("path") or _join_name(header)
                time = float(_read_number(header.time))
                yield Member(name, time, size, content)
            extended = {}
        while content.read(CHUNK):
            pass
        file.read(-size % _BLOCK)


def _is_sum_right(block: bytes) -> bool:
    """Tell whether the header's checksum is right; its eight bytes count as spaces."""
    digits = block[148:156].strip(b" \0")
    total = sum(block[:148]) + 8 * 0x20 + sum(block[156:])
    return digits.lstrip(b"0") == b"%o" % total


def _read_number(field: bytes) -> int:
    """Read octal digits, or a large number in GNU's form: base 256 after a byte 80."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & (1 << 88) - 1
    digits = field.strip(b" \0") or b"0"
    if digits.strip(b"01234567"):
        raise MiioError("the tar is damaged: a header has no digits for a number")
    return int(digits, 8)


def _read_decimal(text: str) -> int:
    if text.strip("0123456789") or len(text) > 30:
        raise MiioError("the tar is damaged: a header has no digits for a number")
    return int(text)


def _read_extension(
    file: "BinaryIO", kind: bytes, size: int, effort: Effort
) -> "Dict[str, str]":
    """Return what a header that stands before a member says about it: path, size."""
    if size > MAX_EXTENSION:
        raise MiioError(
            "the tar is damaged: a header has over %d bytes" % MAX_EXTENSION
        )
    data = cut(file, size, effort).read()
    if kind == b"L":
        return {"path": _decode(data)}
    if kind == b"x":
        return {_decode(key): _decode(value) for key, value in _PAX.findall(data)}
    return {}


def _join_name(header: _TarHeader) -> str:
    return "/".join(filter(None, (_decode(header.prefix), _decode(header.name))))


def _decode(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace")[-MAX_NAME:]


def is_zip(head: bytes) -> bool:
    """Tell whether a file that begins like this is a zip."""
    return head[:4] in (b"PK\3\4", b"PK\5\6")


def zip_members(file: "BinaryIO", effort: Effort) -> "Iterator[Member]":
    """Yield the files in a zip; the file must be seekable."""
    directory, entries = _read_directory(file, effort)
    at = count = 0
    while at < len(directory):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != b"PK\1\2":
            raise MiioError("the zip's directory is damaged")
        effort.spend(MEMBER)
        entry = _ZipEntry._make(_ENTRY.unpack_from(directory, at))
        at += _ENTRY.size
        name = directory[at : at + entry.name_size].decode("utf-8", "replace")
        at += entry.name_size
        entry = _take_64_bits(entry, directory[at : at + entry.extra_size])
        at += entry.extra_size + entry.comment_size
        count += 1
        if not name.endswith("/"):
            content = defer(partial(_open_member, file, entry, effort))
            time = _from_dos_time(entry.date, entry.time)
            yield Member(name[-MAX_NAME:], time, entry.size, content)
    # Old programs write the number of members modulo 65,536.
    if (count - entries) % 65536:
        raise MiioError(
            "the zip's directory is damaged: it lists %d of %d members"
            % (count, entries)
        )


def _read_directory(file: "BinaryIO", effort: Effort) -> "Tuple[bytes, int]":
    """Return the central directory and how many members it should list."""
    length = file.seek(0, 2)
    # A comment of up to 65,535 bytes may follow the end record.
    tail_start = max(0, length - _END_64_LOCATOR.size - _END.size - 65535)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise MiioError("the zip has no directory: " + CUT_OFF)
    end = _ZipEnd._make(_END.unpack_from(tail, at))
    entries, size, offset = end.entries, end.size, end.offset
    if (
        at >= _END_64_LOCATOR.size
        and tail[at - _END_64_LOCATOR.size :][:4] == b"PK\6\7"
    ):
        start = at - _END_64_LOCATOR.size
        locator = _ZipLocator._make(_END_64_LOCATOR.unpack_from(tail, start))
        file.seek(min(locator.offset, length))
        record = file.read(_END_64.size)
        if len(record) < _END_64.size or record[:4] != b"PK\6\6":
            raise MiioError("the zip's directory is damaged")
        end_64 = _ZipEnd64._make(_END_64.unpack(record))
        entries, size, offset = end_64.entries, end_64.size, end_64.offset
    if size > MAX_DIRECTORY or offset + size > length:
        raise MiioError(
            "the zip's directory is cut off, or has over %d bytes" % MAX_DIRECTORY
        )
    effort.spend(BYTE_READ * (size + len(tail)))
    file.seek(offset)
    return file.read(size), entries


def _take_64_bits(entry: _ZipEntry, extra: bytes) -> _ZipEntry:
    """Replace values too large for 32 bits by those of the zip64 extra field."""
    fields = "size", "packed", "offset"
    wanted = [name for name in fields if getattr(entry, name) == _IN_ZIP64]
    at = 0
    while wanted and at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        data = extra[at + 4 : at + 4 + size]
        if kind == _ZIP64_EXTRA and len(data) >= 8 * len(wanted):
            values = struct.unpack_from("<%dQ" % len(wanted), data)
            return entry._replace(**dict(zip(wanted, values)))
        at += 4 + size
    return entry


def _from_dos_time(date: int, time: int) -> float:
    """Return seconds since 1970, near enough to tell the newer of two files."""
    years, months, days = (date >> 9) + 10, (date >> 5 & 15) - 1, (date & 31) - 1
    return years * 31556952.0 + months * 2629746 + days * 86400 + (time >> 11) * 3600


def _open_member(file: "BinaryIO", entry: _ZipEntry, effort: Effort) -> "BinaryIO":
    file.seek(min(entry.offset, file.seek(0, 2)))
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise MiioError("the zip is damaged: a member is not where it should be")
    if entry.flags & 1:
        raise MiioError("the zip is encrypted: unpack it first")
    local = _ZipLocal._make(_LOCAL.unpack(header))
    file.seek(local.name_size + local.extra_size, 1)
    if entry.method == 0:
        return cut(file, entry.packed, effort)
    if entry.method == 8:
        return inflate(cut(file, entry.packed, effort), effort, raw=True)
    raise MiioError(
        "the zip is packed by the unknown method %d: unpack it first" % entry.method
    )
