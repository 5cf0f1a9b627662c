# SPDX-License-Identifier: MIT
"""Finds out how many properties a device answers at once.

That differs from model to model: most models answer 15, some only 7, 4 or 1. A device
that is asked for too many reports -9999, keeps silent, cuts its answer off, or leaves
some out. So we begin with 15, and if any of this happens, we read the batch in halves.
But its size need not be to blame, and then the next batches are as large as before:

- A property may fail even alone. If the device answered for all others of the batch,
  that explains the failure.
- A device that is busy reports -9999, too.

If there is such a doubt, we first read the whole batch in parts. Then we ask for it
once more, without the properties that failed alone. If the device refuses it again, the
batch was too large. This takes one to three requests when we first meet a device. (A
silence alone leaves no doubt, because by then the device has been asked three times.)
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Set, Tuple

    Address = Tuple[int, int]
    # The code and the value of each property.
    Answers = Dict[Address, Tuple[Optional[int], Any]]


class Sizes:
    """The batch sizes that a device can take, judging by its answers so far.

    size: how many properties to ask for next.
    """

    def __init__(self, most: int) -> None:
        self.size = self._most = most
        # The size of the largest batch that the device answered for as a whole.
        self._taken = 0
        # The size of each batch that was too large, and the properties it lacked.
        self._refused: "List[Tuple[int, Set[Address]]]" = []
        # Other batches that were refused, without the properties that failed alone.
        self._doubtful: "List[List[Address]]" = []

    def find_limit(self) -> int:
        """Return how many properties the device takes, ignoring doubtful batches."""
        limit = min([self._most] + [size // 2 for size, _ in self._refused])
        return max(limit, self._taken)

    def take(self, batch: "List[Address]") -> None:
        """Record that the device answered for every property of a batch."""
        self._taken = max(self._taken, len(batch))

    def refuse(
        self, batch: "List[Address]", missing: "List[Address]", is_busy: bool
    ) -> None:
        """Note that some are missing; is_busy: the device may just have been busy."""
        self.size = len(batch) // 2
        if is_busy:
            self._doubtful.append(batch)
        else:
            self._refused.append((len(batch), set(missing)))

    def excuse(self, address: "Address") -> None:
        """Note that a property fails alone, too."""
        refused, self._refused = self._refused, []
        for size, missing in refused:
            is_silence = len(missing) == size
            if address in missing and is_silence:
                self._doubtful.append(sorted(missing))
            elif missing - {address}:
                self._refused.append((size, missing - {address}))
        rests = [[one for one in batch if one != address] for batch in self._doubtful]
        self._doubtful = [batch for batch in rests if len(batch) > 1]
        self.size = self.find_limit()
        if self._doubtful and self._taken:
            self.size = self._taken

    def find_doubtful(self, waiting: "List[Address]") -> "List[Address]":
        """Return the largest doubtful batch, once no part of any is left to read."""
        is_open = any(set(batch) & set(waiting) for batch in self._doubtful)
        return [] if is_open else max(self._doubtful, key=len, default=[])

    def settle(self, batch: "List[Address]", is_too_large: bool) -> None:
        """Note whether a doubtful batch was refused again."""
        self._doubtful.remove(batch)
        if is_too_large:
            self._refused.append((len(batch), set(batch)))
        else:
            # The other doubtful batches are not larger than this one.
            self._doubtful.clear()
        self.size = self.find_limit()


def list_missing(
    batch: "List[Address]", answers: "Optional[Answers]"
) -> "List[Address]":
    """Return the properties of a batch that the device did not answer for."""
    return [address for address in batch if address not in (answers or {})]
