# SPDX-License-Identifier: MIT
"""Finds the name that somebody may have meant."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

MAX_WORD = 40  # letters; no name of ours is that long


def find_nearest(word: str, names: "Iterable[str]") -> str:
    """Return the name that differs least from a mistyped word, or ""."""
    distance, nearest = min((measure_distance(word, name), name) for name in names)
    return nearest if distance <= (len(nearest) + 2) // 3 else ""


def measure_distance(one: str, other: str) -> int:
    """Return how many letters must be inserted, removed or replaced (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, char in enumerate(one[:MAX_WORD], 1):
        above, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            replaced = above + (char != wanted)
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, replaced)
    return row[-1]
