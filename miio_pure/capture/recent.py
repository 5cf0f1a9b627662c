# SPDX-License-Identifier: MIT
"""A dictionary that stays small because it forgets old values."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Hashable


class Recent:
    """The values that were put in last, up to a limit on their total weight.

    There are two dictionaries. Once the newer one holds half of the limit, it replaces
    the older one, and a new empty one takes its place; so nothing has to be sorted.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._new: "Dict[Hashable, Any]" = {}
        self._old: "Dict[Hashable, Any]" = {}
        self._weight = 0

    def get(self, key: "Hashable") -> "Any":
        """Return the value, or None if there is none or it was forgotten."""
        value = self._new.get(key)
        return self._old.get(key) if value is None else value

    def put(self, key: "Hashable", value: "Any", weight: int = 1) -> None:
        """Keep a value for a while."""
        self._weight += weight
        if self._weight * 2 > self._limit:
            self._old, self._new, self._weight = self._new, {}, weight
        self._new[key] = value
