# SPDX-License-Identifier: MIT
"""Members of tar (ustar, pax, GNU's long names) and zip archives, one after the other;
links, devices and folders are left out, and nothing is ever unpacked to disk."""

import re
import struct
from functools import partial

from ..errors import MiioError
from .streams import CUT_OFF, Budget, deferred, inflated, part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Dict, Iterator, Tuple

    Member = Tuple[str, float, BinaryIO]  # name, modification time, content

BLOCK = 512
MEMBERS = 100000
EXTENSION = 1 << 16  # bytes of a pax header or a long name
NAME = 4096  # characters of a name
_FILES = b"0\0" b"7"  # types of a tar's members that are files
_DIRECTORY = 16 << 20  # bytes of a zip's central directory
_END = struct.Struct("<4s4H2IH")  # of a zip: its signature, ... entries, size, offset
_ENTRY = struct.Struct("<4s6H3I5H2I")
# a record of a pax header, such as "30 path=some/name\n", the number being its length
_PAX = re.compile(rb"(?:\A|\n)\d{1,5} (path|size)=([^\n]*)(?=\n)")
_LOCAL = struct.Struct("<4s5H3I2H")


def is_tar(head: bytes) -> bool:
    is_named = head[257:262] == b"ustar"
    return len(head) >= BLOCK and (is_named or _sum_is_right(head[:BLOCK]))


def tar_members(file: "BinaryIO") -> "Iterator[Member]":
    """The files in a tar, in order; each must be read before the next is asked for."""
    extended: "Dict[str, str]" = {}
    for _ in range(MEMBERS):
        header = file.read(BLOCK)
        if not header or header == bytes(BLOCK):
            return
        if len(header) < BLOCK:
            raise MiioError(CUT_OFF)
        if not _sum_is_right(header):
            raise MiioError("the tar is damaged: a header's checksum is wrong")
        kind = header[156:157]
        size = _number(header[124:136])
        content = part(file, size)
        if kind in b"xgLK":
            if size > EXTENSION:
                raise MiioError("a tar header of over %d bytes" % EXTENSION)
            data = content.read()
            if kind == b"x":
                extended.update(_pax(data))
            elif kind == b"L":
                extended["path"] = _text(data)
        else:
            name = extended.get("path")
            if name is None:
                name = "/".join(
                    filter(None, (_text(header[345:500]), _text(header[:100])))
                )
            if "size" in extended:
                size = _decimal(extended["size"])
                content = part(file, size)
            extended = {}
            if kind in _FILES:
                yield name, float(_number(header[136:148])), content
            while content.read(1 << 16):
                pass
        file.read(-size % BLOCK)
    raise MiioError("a tar with over %d members" % MEMBERS)


def _sum_is_right(header: bytes) -> bool:
    digits = header[148:156].strip(b" \0")
    total = sum(header[:148]) + 8 * 32 + sum(header[156:])  # itself as spaces
    return digits.lstrip(b"0") == b"%o" % total


def _number(field: bytes) -> int:
    """Octal digits, or as GNU writes large numbers: base 256 after a byte 80."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & (1 << 88) - 1
    digits = field.strip(b" \0") or b"0"
    if digits.strip(b"01234567"):
        raise MiioError("the tar is damaged: a header's number is none")
    return int(digits, 8)


def _decimal(text: str) -> int:
    if not text or text.strip("0123456789") or len(text) > 18:
        raise MiioError("the tar is damaged: a header's number is none")
    return int(text)


def _text(field: bytes) -> str:
    return field[:NAME].split(b"\0")[0].decode("utf-8", "replace")


def _pax(data: bytes) -> "Dict[str, str]":
    return {_text(key): _text(value) for key, value in _PAX.findall(data)}


def is_zip(head: bytes) -> bool:
    return head[:4] in (b"PK\3\4", b"PK\5\6")


def zip_members(file: "BinaryIO", budget: Budget) -> "Iterator[Member]":
    """The files in a zip; it must be a file that can be sought."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END.size - 65535))  # a comment may follow the end record
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise MiioError("the zip has no directory: " + CUT_OFF)
    _, _, _, _, entries, size, offset, _ = _END.unpack_from(tail, at)
    if size > _DIRECTORY or offset + size > length:
        raise MiioError("a zip's directory of over %d bytes, or cut off" % _DIRECTORY)
    file.seek(offset)
    directory, at = file.read(size), 0
    for _ in range(entries):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != b"PK\1\2":
            raise MiioError("the zip's directory is damaged")
        fields = _ENTRY.unpack_from(directory, at)
        name_size, extra, comment = fields[10:13]
        name = directory[at + 46 : at + 46 + name_size].decode("utf-8", "replace")
        at += 46 + name_size + extra + comment
        if not name.endswith("/"):
            flags, method, time, date, _, packed = fields[3:9]
            found = budget, flags, method, packed, fields[16]
            content = deferred(partial(_zipped, file, *found))
            yield name[:NAME], _dos_time(date, time), content


def _dos_time(date: int, time: int) -> float:
    """Seconds since 1970, near enough to tell the newer of two files."""
    years, months, days = (date >> 9) + 10, (date >> 5 & 15) - 1, (date & 31) - 1
    return years * 31556952.0 + months * 2629746 + days * 86400 + (time >> 11) * 3600


def _zipped(
    file: "BinaryIO", budget: Budget, flags: int, method: int, packed: int, start: int
) -> "BinaryIO":
    file.seek(start)
    local = file.read(_LOCAL.size)
    if len(local) < _LOCAL.size or local[:4] != b"PK\3\4":
        raise MiioError("the zip is damaged: a member is not where it should be")
    if flags & 1:
        raise MiioError("the zip is encrypted: unpack it first")
    budget.spend(packed)  # members may overlap
    file.seek(sum(_LOCAL.unpack(local)[9:]), 1)  # a name and an extra field
    if method == 0:
        return part(file, packed)
    if method == 8:
        return inflated(part(file, packed), budget, raw=True)
    raise MiioError("the zip packs by method %d: unpack it first" % method)
