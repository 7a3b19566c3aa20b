"""Stretches of time: where a summary of the readings is fresh, and what is left for the readings themselves."""

from __future__ import annotations

from collections.abc import Sequence

# A half-open stretch [from, to), microseconds since 1970-01-01 UTC.
Stretch = tuple[int, int]

# A query has an arm per stretch; with more gaps than this, all from the first to the last gap counts as one.
_MOST_GAPS = 16


def fresh_stretches(start: int, end: int, width: int, stale: Sequence[Stretch]) -> list[Stretch]:
    """What of [start, end) whole buckets of a width cover that no stale stretch touches, in order of time."""
    first, last = -(-start // width) * width, end // width * width
    gaps = sorted((low // width * width, -(-high // width) * width) for low, high in stale)
    gaps = [(low, high) for low, high in gaps if high > first and low < last]
    if len(gaps) > _MOST_GAPS:
        gaps = [(gaps[0][0], max(high for _, high in gaps))]
    return remaining(first, last, gaps)


def remaining(start: int, end: int, taken: Sequence[Stretch]) -> list[Stretch]:
    """What of [start, end) is in none of the stretches, which are in order of their starts."""
    left, reached = [], start
    for low, high in taken:
        if low > reached:
            left.append((reached, min(low, end)))
        reached = max(reached, high)
    if reached < end:
        left.append((reached, end))
    return left
