# SPDX-License-Identifier: MIT
"""Puts the fragments of IPv4 packets together again (RFC 791, 3.2).

All fragments of a packet have the same source, destination and identification. They may
come in any order, and a capture may show each of them several times. Some never come,
so we limit the number, size and age of the packets that we keep. A packet that we give
up is not lost: it waits in `given_up` for a caller to report it. Only attackers make
fragments that overlap, and we cannot tell which one counts, so we give up such packets,
too.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple

    # The source with the destination, and the identification.
    Key = Tuple[bytes, int]

MAX_AGE = 5.0  # seconds: on a local network, fragments follow each other at once
MAX_OPEN = 100  # packets
MAX_COST = 128 << 10  # bytes in memory of a packet, which has 65,515 at most
FRAGMENT_COST = 100  # bytes, besides those in it


class Fragments:
    """The packets that are not complete.

    open: the packets that we still add to, by key, with the oldest first. given_up: the
    packets that we no longer add to.
    """

    def __init__(self) -> None:
        self.open: "Dict[Key, Pieces]" = {}
        self.given_up: "List[Pieces]" = []

    def add(
        self, key: "Key", time: "Optional[float]", offset: int, body: bytes
    ) -> "Pieces":
        """Add the fragment at this offset; return all that we have of its packet."""
        pieces = self.open.get(key)
        if pieces is not None and pieces.bodies.get(offset, body) != body:
            # The identification is in use again, or fragments overlap.
            self._give_up(key)
            pieces = None
        if pieces is None:
            if len(self.open) == MAX_OPEN:
                self._give_up(next(iter(self.open)))
            pieces = self.open[key] = Pieces(key, time)
        pieces.add(offset, body)
        if pieces.cost > MAX_COST:
            self._give_up(key)
        return pieces

    def take(self, pieces: "Pieces") -> "Optional[bytes]":
        """Take a packet out if it is complete, and return its body; None if not."""
        if (
            pieces.end is None
            or pieces.size < pieces.end
            or pieces.key not in self.open
        ):
            return None
        body = pieces.join()
        if len(body) != pieces.end:
            pieces.overlaps = True
            self._give_up(pieces.key)
            return None
        del self.open[pieces.key]
        return body

    def give_up_old(self, now: float) -> None:
        """Give up the packets whose first fragment is too old."""
        for key, pieces in list(self.open.items()):
            if pieces.time is None or abs(now - pieces.time) <= MAX_AGE:
                break
            self._give_up(key)

    def give_up_all(self) -> None:
        """Give up all packets, because there are no more frames."""
        for key in list(self.open):
            self._give_up(key)

    def _give_up(self, key: "Key") -> None:
        self.given_up.append(self.open.pop(key))


class Pieces:
    """The pieces of a packet that have come.

    time: when the first piece came. end: the size of the whole body, once the last
    fragment has shown it. size: the sum of the pieces. is_cut: the capture has only the
    beginning of one of the pieces.
    """

    def __init__(self, key: "Key", time: "Optional[float]") -> None:
        self.key, self.time = key, time
        self.bodies: "Dict[int, bytes]" = {}
        self.end: "Optional[int]" = None
        self.size = self.cost = 0
        self.is_cut = self.overlaps = False

    def add(self, offset: int, body: bytes) -> None:
        """Add a fragment, unless it is there already."""
        if offset not in self.bodies:
            self.bodies[offset] = body
            self.size += len(body)
            self.cost += len(body) + FRAGMENT_COST

    def join(self) -> bytes:
        """Return the body from its beginning to the first gap or overlap."""
        bodies, at = [], 0
        for offset in sorted(self.bodies):
            if offset != at:
                break
            bodies.append(self.bodies[offset])
            at += len(bodies[-1])
        return b"".join(bodies)
