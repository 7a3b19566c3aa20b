"""Stretches of time: where an aggregate is fresh, and the remaining stretches, which need the readings."""

from __future__ import annotations

from collections.abc import Sequence

# A half-open stretch [from, to), microseconds since 1970-01-01 UTC.
Stretch = tuple[int, int]

# A query has a part for each stretch; with more gaps than this, all from the first to the last gap counts as one.
_MOST_GAPS = 16


def fresh_stretches(start: int, end: int, width: int, stale: Sequence[Stretch]) -> list[Stretch]:
    """The stretches of [start, end) with whole buckets of a width that are not stale, in order of time."""
    first, last = -(-start // width) * width, end // width * width
    gaps = sorted((low // width * width, -(-high // width) * width) for low, high in stale)
    gaps = [(low, high) for low, high in gaps if high > first and low < last]
    if len(gaps) > _MOST_GAPS:
        gaps = [(gaps[0][0], max(high for _, high in gaps))]
    return remaining(first, last, gaps)


def remaining(start: int, end: int, taken: Sequence[Stretch]) -> list[Stretch]:
    """The parts of [start, end) outside the stretches, which are in order of their starts."""
    left, reached = [], start
    for low, high in taken:
        if low > reached:
            left.append((reached, min(low, end)))
        reached = max(reached, high)
    if reached < end:
        left.append((reached, end))
    return left
