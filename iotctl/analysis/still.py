"""Series that stand still except for a few changes: setpoints, valves, states. They have no noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.blocks import blocks

Floats = NDArray[np.float64]

# A run of this many equal values is a level; between two levels there are one or a few odd readings.
_HELD_ROWS = 5
# At most so many changes (or one in 500 rows), and so many among levels: a sensor with more changes is described by its
# variation.
_CHANGES, _ROWS_PER_CHANGE, _LEVEL_CHANGES = 40, 500, 10
_FEWEST_ROWS = 8
# Differences in the last bits are not a change.
_ROUNDING = 1e-12
# A few rows of a slow drift on a coarse scale look like levels, too, but they move in one direction, one step each.
_STAIRS = 3


def run_lengths(y: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Start and length of each run of equal values."""
    begins = np.ones(max(len(y), 1), dtype=np.bool_)
    np.not_equal(y[1:], y[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    length = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=length[:-1])
    length[-1] = len(y) - starts[-1]
    return starts, length


def changes(y: Floats) -> NDArray[np.intp]:
    """The rows with a value that differs from the one before by more than rounding, ascending."""
    found = [np.empty(0, dtype=np.intp)]
    for rows in blocks(len(y) - 1):
        before, after = y[rows], y[rows.start + 1 : rows.stop + 1]
        differ = np.abs(after - before) > _ROUNDING * np.maximum(np.abs(after), np.abs(before))
        found.append(rows.start + 1 + np.flatnonzero(differ))
    return np.concatenate(found)


def stands_still(y: Floats) -> bool:
    """Whether y, (n,), is one constant or a few, except for a few odd readings.

    Its usual step is then 0: the size of a change is that of an event, and not the resolution of a scale.
    """
    n = len(y)
    if n < _FEWEST_ROWS:
        return False
    most = max(2, min(n // 10, _CHANGES), n // _ROWS_PER_CHANGE)
    # Most series have changed more often within their first rows.
    if len(changes(y[: 4 * most])) > most:
        return False
    at = changes(y)
    if len(at) > most or _is_staircase(y, at):
        return False
    return len(changes(held(y))) <= _LEVEL_CHANGES


def held(y: Floats) -> Floats:
    """y with only its levels (runs of 5 rows or more): rows between two levels get the level before.

    Rows before the first level get the first level. Without any level y is returned unchanged.
    """
    starts = np.concatenate([[0], changes(y)])
    level = np.flatnonzero(np.diff(np.append(starts, len(y))) >= _HELD_ROWS)
    if not len(level):
        return y
    first = starts[level]
    return np.repeat(y[first], np.diff([0, *first[1:], len(y)]))


def _is_staircase(y: Floats, at: NDArray[np.intp]) -> bool:
    if len(at) < _STAIRS:
        return False
    steps = y[at] - y[at - 1]
    return bool(np.abs(steps - steps[0]).max() <= 1e-6 * abs(steps[0]))
