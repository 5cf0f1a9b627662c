# SPDX-License-Identifier: MIT
"""Finds where IPv4 begins in a frame, after the header of its link layer.

A frame begins with the header of its link layer, and there are many kinds of these.
LINKS has a function for each kind, by its number in captures. The function is given a
frame, which may be cut off anywhere, and returns the offset of IPv4, or -1.
"""

from ..errors import MiioError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List

    from .frames import FindIP

ETHERNET_IPV4 = b"\x08\x00"
VLAN_TAGS = (b"\x81\x00", b"\x88\xa8", b"\x91\x00")
# These are flags of IEEE 802.11, and the LLC and SNAP headers in front of IPv4.
WIFI_FOUR_ADDRESSES, WIFI_PROTECTED, WIFI_ORDER = 0x03, 0x40, 0x80
SNAP_IPV4 = b"\xaa\xaa\x03\0\0\0" + ETHERNET_IPV4
PKTAP = 258


def find_link(number: int) -> "FindIP":
    """Return the function for a link type; MiioError if there is none."""
    if number not in LINKS:
        raise MiioError(describe_links([number]))
    return LINKS[number]


def describe_links(numbers: "List[int]") -> str:
    """Say that these link types cannot be read, and what to do."""
    return (
        "packets of link type %s cannot be read: capture on an Ethernet or Wi-Fi "
        "interface, or with tcpdump -i any" % ", ".join(map(str, numbers))
    )


def skip_ethernet(frame: bytes) -> int:
    """Return the offset of IPv4 after an Ethernet header with any VLAN tags."""
    if frame[12:14] == ETHERNET_IPV4:
        return 14
    at = 12
    while frame[at : at + 2] in VLAN_TAGS:
        at += 4
    return at + 2 if frame[at : at + 2] == ETHERNET_IPV4 else -1


def skip_nothing(frame: bytes) -> int:
    """Return 0: raw IP has no link layer."""
    return 0


def skip_family(frame: bytes) -> int:
    """Return the offset of IPv4 in a BSD loopback frame, after the address family."""
    # The family is in the byte order of the host that made the capture.
    return 4 if frame[:4] in (b"\0\0\0\2", b"\2\0\0\0") else -1


def skip_cooked(frame: bytes) -> int:
    """Return the offset of IPv4 in frames that Linux captures on all interfaces."""
    return 16 if frame[14:16] == ETHERNET_IPV4 else -1


def skip_cooked_2(frame: bytes) -> int:
    """Return the same in the second version of this format."""
    return 20 if frame[:2] == ETHERNET_IPV4 else -1


def skip_radiotap(frame: bytes) -> int:
    """Return the offset of IPv4 in an unencrypted Wi-Fi frame after radiotap."""
    start = int.from_bytes(frame[2:4], "little")
    control = frame[start : start + 2]
    if len(control) < 2:
        return -1
    kind, flags = control
    # IEEE 802.11, 9.2.4.1: type 2 is data; bit 0x40 of the subtype means that the frame
    # has no data, and bit 0x80 that two bytes of QoS follow.
    if kind & 0x0C != 0x08 or kind & 0x40 or flags & WIFI_PROTECTED:
        return -1
    size = 24
    if flags & WIFI_FOUR_ADDRESSES == WIFI_FOUR_ADDRESSES:
        size += 6
    if kind & 0x80:
        size += 2
        if flags & WIFI_ORDER:
            size += 4
    at = start + size + len(SNAP_IPV4)
    return at if frame[start + size : at] == SNAP_IPV4 else -1


def skip_pktap(frame: bytes) -> int:
    """Return the offset of IPv4 after macOS's header, which names a link type."""
    start = int.from_bytes(frame[:4], "little")
    link = int.from_bytes(frame[8:12], "little")
    if link == PKTAP or link not in LINKS:
        return -1
    at = LINKS[link](frame[start:])
    return -1 if at < 0 else start + at


# The keys are the numbers in www.tcpdump.org/linktypes.html.
LINKS: "Dict[int, FindIP]" = {
    0: skip_family,
    1: skip_ethernet,
    # These three are raw IP: on BSD, on OpenBSD, and elsewhere.
    12: skip_nothing,
    14: skip_nothing,
    101: skip_nothing,
    228: skip_nothing,
    108: skip_family,
    113: skip_cooked,
    127: skip_radiotap,
    PKTAP: skip_pktap,
    276: skip_cooked_2,
}
