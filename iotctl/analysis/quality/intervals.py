"""The usual interval between the readings of a sensor, and the length from which a step is a gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]

# Steps between one length and 1.5 times this length are of one kind. The usual kind has at least a quarter of all steps
# (in readings that come at random no kind has more than 15 %). It covers a twentieth of the time, so that readings in
# bursts have no interval. The time does not include the longest hundredth of the steps, which are gaps.
_ALIKE, _SHARE, _COVER, _LONGEST = 1.5, 0.25, 0.05, 0.01
_FEWEST_STEPS = 7

# A gap is longer than 10 usual steps; without an interval, longer than 10 median steps and than 3 long ones.
_GAP_STEPS, _GAP_QUANTILE, _GAP_FACTOR = 10.0, 0.99, 3.0


def usual_interval(steps: Times) -> float | None:
    """The step that comes most often, in the unit of steps; None for readings that have no interval."""
    if len(steps) < _FEWEST_STEPS:
        return None
    ascending = np.sort(steps).astype(np.float64)
    alike = np.searchsorted(ascending, ascending * _ALIKE, side="left") - np.arange(len(ascending))
    first = int(np.argmax(alike))
    usual = ascending[first : first + int(alike[first])]
    covered = usual.sum() / ascending[: len(ascending) - int(_LONGEST * len(ascending))].sum()
    if len(usual) < _SHARE * len(ascending) or covered < _COVER:
        return None
    return float(np.median(usual))


def longest_usual_step(steps: Times, interval: float | None) -> float:
    """The length above which a step is a gap, in the unit of steps; infinite where it is not known.

    interval: the usual one, None for readings without one.
    """
    if interval is not None:
        return _GAP_STEPS * interval
    if len(steps) < _FEWEST_STEPS:
        return float("inf")
    usual, long = np.quantile(steps, [0.5, _GAP_QUANTILE])
    return max(_GAP_STEPS * float(usual), _GAP_FACTOR * float(long))
