# SPDX-License-Identifier: MIT
"""Tells how wide characters are on a terminal.

Python's `unicodedata` knows this, but small hosts lack that module. These ranges are
from Unicode 15.1; ranges with only unassigned code points between them are joined.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

# These characters take two columns: East Asian ones, and emoji (UAX #11: W and F).
WIDE = (
    "1100-115F 231A-231B 2329-232A 23E9-23EC 23F0 23F3 25FD-25FE 2614-2615 "
    "2648-2653 267F 2693 26A1 26AA-26AB 26BD-26BE 26C4-26C5 26CE 26D4 26EA "
    "26F2-26F3 26F5 26FA 26FD 2705 270A-270B 2728 274C 274E 2753-2755 2757 "
    "2795-2797 27B0 27BF 2B1B-2B1C 2B50 2B55 2E80-303E 3041-3247 3250-4DBF "
    "4E00-A4C6 A960-A97C AC00-D7A3 F900-FAD9 FE10-FE19 FE30-FE6B FF01-FF60 "
    "FFE0-FFE6 16FE0-1B2FB 1F004 1F0CF 1F18E 1F191-1F19A 1F200-1F320 1F32D-1F335 "
    "1F337-1F37C 1F37E-1F393 1F3A0-1F3CA 1F3CF-1F3D3 1F3E0-1F3F0 1F3F4 "
    "1F3F8-1F43E 1F440 1F442-1F4FC 1F4FF-1F53D 1F54B-1F54E 1F550-1F567 1F57A "
    "1F595-1F596 1F5A4 1F5FB-1F64F 1F680-1F6C5 1F6CC 1F6D0-1F6D2 1F6D5-1F6DF "
    "1F6EB-1F6EC 1F6F4-1F6FC 1F7E0-1F7F0 1F90C-1F93A 1F93C-1F945 1F947-1F9FF "
    "1FA70-1FAF8 20000-323AF"
)
# These characters take no column: marks on the previous character, and invisible ones.
# Marks of scripts that device names rarely use are left out.
EMPTY = (
    "300-36F 483-489 591-5BD 5BF 5C1-5C2 5C4-5C5 5C7 600-605 610-61A 61C 64B-65F "
    "670 6D6-6DD 6DF-6E4 6E7-6E8 6EA-6ED 70F 711 730-74A 7A6-7B0 7EB-7F3 7FD "
    "816-819 81B-823 825-827 829-82D 859-85B 890-89F 8CA-902 93A 93C 941-948 94D "
    "951-957 962-963 981 9BC 9C1-9C4 9CD 9E2-9E3 9FE-A02 A3C A41-A51 A70-A71 A75 "
    "A81-A82 ABC AC1-AC8 ACD AE2-AE3 AFA-B01 B3C B3F B41-B44 B4D-B56 B62-B63 B82 "
    "BC0 BCD C00 C04 C3C C3E-C40 C46-C56 C62-C63 C81 CBC CBF CC6 CCC-CCD CE2-CE3 "
    "D00-D01 D3B-D3C D41-D44 D4D D62-D63 D81 DCA DD2-DD6 E31 E34-E3A E47-E4E "
    "200B-200F 202A-202E 2060-206F 20D0-20F0 2CEF-2CF1 2D7F 2DE0-2DFF 302A-302D "
    "3099-309A FE00-FE0F FE20-FE2F FEFF"
)


def read_ranges(text: str) -> "List[range]":
    """Return the ranges of code points in a text such as "300-36F 3164"."""
    ranges = []
    for word in text.split():
        first, _, last = word.partition("-")
        ranges.append(range(int(first, 16), int(last or first, 16) + 1))
    return ranges


WIDE_RANGES, EMPTY_RANGES = read_ranges(WIDE), read_ranges(EMPTY)


def measure_character(char: str) -> int:
    """Return how many columns of a terminal a character takes: 0, 1 or 2."""
    code = ord(char)
    if any(code in one for one in EMPTY_RANGES):
        return 0
    return 2 if any(code in one for one in WIDE_RANGES) else 1
