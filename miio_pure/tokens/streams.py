# SPDX-License-Identifier: MIT
"""Files that are made as they are read: decrypted, inflated, cut out of another."""

import io

from ..aes import AES, unpad
from ..errors import MiioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, Iterator, List

CHUNK = 1 << 16  # bytes
UNPACKED = 2 << 30  # bytes that one file may grow to
CUT_OFF = "the file is cut off: copy it again, whole"


class Budget:
    """What a file may still unpack to, in bytes; MiioError when it is used up."""

    def __init__(self, size: int = UNPACKED) -> None:
        self._size = self._left = size
        self.effort = 2000000  # what broken JSON may cost: see text.py

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise MiioError(
                "it unpacks to over %d bytes: a bomb, or too large" % self._size
            )


class _Pieces(io.RawIOBase):
    """A file that consists of pieces, which are made as they are read."""

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


def _file(pieces: "Iterator[bytes]") -> "BinaryIO":
    return io.BufferedReader(_Pieces(pieces), CHUNK)  # type: ignore[type-var]


def part(file: "BinaryIO", size: int) -> "BinaryIO":
    """The next so many bytes of a file; MiioError where it ends before."""

    def pieces() -> "Iterator[bytes]":
        left = size
        while left:
            piece = file.read(min(CHUNK, left))
            if not piece:
                raise MiioError(CUT_OFF)
            left -= len(piece)
            yield piece

    return _file(pieces())


def deferred(make: "Callable[[], BinaryIO]") -> "BinaryIO":
    """A file that is opened, and may fail, when it is read."""

    def pieces() -> "Iterator[bytes]":
        file = make()
        while True:
            piece = file.read(CHUNK)
            if not piece:
                return
            yield piece

    return _file(pieces())


def decrypted(file: "BinaryIO", key: bytes, iv: bytes) -> "BinaryIO":
    """What AES-CBC with PKCS#7 padding hides; MiioError where it is cut off."""

    def pieces() -> "Iterator[bytes]":
        cipher, chain, last = AES(key), iv, b""
        while True:
            data = file.read(4 * CHUNK)
            if not data:
                break
            if len(data) % 16:
                raise MiioError(CUT_OFF)
            yield last
            plain = cipher.decrypt_cbc(chain, data)
            chain, last = data[-16:], plain[-16:]
            yield plain[:-16]
        try:
            yield unpad(last)
        except ValueError:
            raise MiioError(CUT_OFF) from None

    return _file(pieces())


def inflated(file: "BinaryIO", budget: Budget, raw: bool = False) -> "BinaryIO":
    """What deflate packed; MiioError where it is cut off, damaged or a bomb.

    raw: without the header of zlib, as in a zip. Needs the module zlib.
    """
    try:
        import zlib
    except ImportError:
        raise MiioError(
            "this Python has no zlib, which this file needs: unpack it elsewhere"
        ) from None

    def pieces() -> "Iterator[bytes]":
        unpacker = zlib.decompressobj(-15 if raw else 15)
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or file.read(CHUNK)
            try:
                data = unpacker.decompress(packed, 4 * CHUNK)
            except zlib.error as error:
                raise MiioError("what is packed is damaged: %s" % error) from None
            if not packed and not data:
                raise MiioError(CUT_OFF)
            budget.spend(len(data))
            yield data

    return _file(pieces())


def read_up_to(file: "BinaryIO", limit: int, what: str) -> bytes:
    """All of a file; MiioError if that is more than the limit."""
    size = 0
    pieces: "List[bytes]" = []  # read(limit) may take as much memory at once
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
