# SPDX-License-Identifier: MIT
"""Shares exact reads, and the type of a frame, among the readers of all formats."""

from ..errors import MiioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, Optional, Tuple

    FindIP = Callable[[bytes], int]
    # The time in seconds since 1970, or None if the capture has no times; the function
    # that finds IPv4 after the link layer; the bytes; and whether some are missing.
    Frame = Tuple[Optional[float], FindIP, bytes, bool]

MAX_FRAME = 256 << 10  # bytes, as in libpcap
CUT_OFF = (
    "the capture ends in the middle of a packet, so its end is missing; what came "
    "before is whole"
)


def read_up_to(file: "BinaryIO", size: int) -> bytes:
    """Read this many bytes, or fewer if the file ends.

    One read() of a pipe returns the bytes that have arrived, which may be too few.
    """
    data = file.read(size)
    if len(data) == size or not data:
        return data
    pieces = [data]
    left = size - len(data)
    while left and data:
        data = file.read(left)
        pieces.append(data)
        left -= len(data)
    return b"".join(pieces)


def read_exactly(file: "BinaryIO", size: int) -> bytes:
    """Read exactly this many bytes; MiioError if the file ends before that."""
    data = read_up_to(file, size)
    if len(data) < size:
        raise MiioError(CUT_OFF)
    return data


def check_size(size: int) -> None:
    """Raise MiioError for a length that no frame has."""
    if size > MAX_FRAME:
        raise MiioError(
            "the capture is damaged: expected a packet of at most %d bytes, but one of "
            "%d bytes is announced" % (MAX_FRAME, size)
        )
