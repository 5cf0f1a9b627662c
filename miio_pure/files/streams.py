# SPDX-License-Identifier: MIT
"""Makes files whose content is made as they are read: cut, decrypted, inflated.

Each function takes an open file and returns another one, so they can be stacked: a tar
in a deflate stream in AES in a zip is read in pieces of a few hundred kilobytes, and
nothing is unpacked to disk or held in memory as a whole.
"""

import codecs
import io

from ..aes import AES, unpad
from ..errors import MiioError
from .effort import BYTE_DECRYPTED, BYTE_OF_UTF_16, BYTE_READ, BYTE_UNPACKED
from .effort import MEMBER, Effort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Iterator, List

CHUNK = 1 << 16  # bytes
GZIP = b"\x1f\x8b"
CUT_OFF = "the file is cut off: copy it again, whole"


class _Pieces(io.RawIOBase):
    """A raw file that consists of the pieces that an iterator makes."""

    def __init__(self, pieces: "Iterator[bytes]") -> None:
        super().__init__()
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray") -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _make_file(pieces: "Iterator[bytes]") -> "BinaryIO":
    return io.BufferedReader(_Pieces(pieces), CHUNK)  # type: ignore[type-var]


def hold(data: bytes) -> "BinaryIO":
    """Return bytes in memory as a file that can be peeked into."""
    return io.BufferedReader(io.BytesIO(data), CHUNK)


def cut(file: "BinaryIO", size: int, effort: Effort) -> "BinaryIO":
    """Return the next so many bytes of a file; MiioError where it ends before."""

    def pieces() -> "Iterator[bytes]":
        left = size
        while left:
            piece = file.read(min(CHUNK, left))
            if not piece:
                raise MiioError(CUT_OFF)
            effort.spend(BYTE_READ * len(piece))
            left -= len(piece)
            yield piece

    return _make_file(pieces())


def defer(make: "Callable[[], BinaryIO]") -> "BinaryIO":
    """Return a file that is opened, and may fail, only when it is read."""

    def pieces() -> "Iterator[bytes]":
        file = make()
        while True:
            piece = file.read(CHUNK)
            if not piece:
                return
            yield piece

    return _make_file(pieces())


def decrypt(file: "BinaryIO", key: bytes, iv: bytes, effort: Effort) -> "BinaryIO":
    """Undo AES-CBC with PKCS#7 padding; MiioError where the file is cut off."""

    def pieces() -> "Iterator[bytes]":
        cipher, chain, last = AES(key), iv, b""
        while True:
            data = file.read(4 * CHUNK)
            if not data:
                break
            if len(data) % 16:
                raise MiioError(CUT_OFF)
            effort.spend(BYTE_DECRYPTED * len(data))
            # The last block is held back: it is the padding if nothing follows.
            yield last
            plain = cipher.decrypt_cbc(chain, data)
            chain, last = data[-16:], plain[-16:]
            yield plain[:-16]
        try:
            yield unpad(last)
        except ValueError:
            raise MiioError(CUT_OFF) from None

    return _make_file(pieces())


def decode_utf_16(file: "BinaryIO", effort: Effort) -> "BinaryIO":
    """Return a text in UTF-16 as UTF-8; one without a mark begins in ASCII."""
    start = file.peek(2)[:2]  # type: ignore[attr-defined]
    has_mark = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    is_big = start[:1] == b"\0"
    name = "utf-16" if has_mark else "utf-16-be" if is_big else "utf-16-le"
    decoder = codecs.getincrementaldecoder(name)("replace")

    def pieces() -> "Iterator[bytes]":
        while True:
            data = file.read(CHUNK)
            effort.spend(BYTE_OF_UTF_16 * len(data))
            yield decoder.decode(data, not data).encode("utf-8", "replace")
            if not data:
                return

    return _make_file(pieces())


def inflate(file: "BinaryIO", effort: Effort, raw: bool = False) -> "BinaryIO":
    """Undo deflate; MiioError where the file is cut off or damaged.

    raw: there is no zlib header, as in a zip. Needs the module zlib.
    """
    unpacker = _import_zlib().decompressobj(-15 if raw else 15)
    return _make_file(_unpack(unpacker, b"", file, effort))


def gunzip(file: "BinaryIO", effort: Effort) -> "BinaryIO":
    """Undo gzip, RFC 1952; errors: as for inflate().

    There may be several members, one behind the other; other bytes behind them are
    ignored, as gzip does.
    """
    zlib = _import_zlib()

    def pieces() -> "Iterator[bytes]":
        packed = file.read(CHUNK)
        while packed.startswith(GZIP):
            effort.spend(MEMBER)
            unpacker = zlib.decompressobj(31)
            yield from _unpack(unpacker, packed, file, effort)
            packed = unpacker.unused_data
            if len(packed) < len(GZIP):
                packed += file.read(CHUNK)

    return _make_file(pieces())


def _import_zlib() -> "Any":
    try:
        import zlib
    except ImportError:
        raise MiioError(
            "this Python has no zlib, which this file needs: unpack it elsewhere"
        ) from None
    return zlib


def _unpack(
    unpacker: "Any", packed: bytes, file: "BinaryIO", effort: Effort
) -> "Iterator[bytes]":
    """Yield what a zlib object makes of packed and then of the file, up to its end."""
    zlib = _import_zlib()
    while not unpacker.eof:
        packed = packed or file.read(CHUNK)
        try:
            data = unpacker.decompress(packed, 4 * CHUNK)
        except zlib.error as error:
            raise MiioError("the packed data is damaged: %s" % error) from None
        if not packed and not data:
            raise MiioError(CUT_OFF)
        effort.spend(BYTE_UNPACKED * len(data))
        yield data
        packed = unpacker.unconsumed_tail


def read_up_to(file: "BinaryIO", limit: int, what: str) -> bytes:
    """Read all of a file; MiioError if that is more than the limit."""
    size = 0
    # read(limit) may allocate that much at once, so the file is read in pieces.
    pieces: "List[bytes]" = []
    while True:
        piece = file.read(CHUNK)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise MiioError(
                "%s of over %d bytes: too large to be one of Mi Home" % (what, limit)
            )
