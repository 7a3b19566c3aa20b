"""The values that a sensor can read: no humidity above 100, no rain below 0, no valve between two states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import MODEL_ROWS, thin, thin_rows
from iotctl.analysis.sensor_kinds.intermittent import rests_above
from iotctl.analysis.sensor_kinds.states import held_ends, most_common
from iotctl.model import SensorKind

Floats = NDArray[np.float64]

# A state is read at least so often in 16,384 rows: a value that is read once or twice is a fault.
_FEWEST_READINGS, _MOST_STATES = 3, 60
# An estimate so near to a bound (as a part of the usual range) counts as the bound.
_AT_BOUND = 0.02


@dataclass(frozen=True)
class Readable:
    """lowest, highest: the bounds of possible values, infinite where they are not known.

    states: all possible values, ascending; empty for sensors that may read any value between the bounds.
    """

    lowest: float = -np.inf
    highest: float = np.inf
    states: tuple[float, ...] = ()

    def bounded(self, expected: float, low: float, high: float) -> tuple[float, float, float]:
        """The expected value and the usual range, limited to possible values; low <= expected <= high."""
        near = _AT_BOUND * (high - low)
        expected, low, high = (min(max(at, self.lowest), self.highest) for at in (expected, low, high))
        expected = next((end for end in (self.lowest, self.highest) if abs(expected - end) <= near), expected)
        if not self.states:
            return expected, low, high
        nearest = min(self.states, key=lambda state: abs(state - expected))
        within = [state for state in self.states if low <= state <= high] or [nearest]
        return min(max(nearest, within[0]), within[-1]), within[0], within[-1]


def readable(kind: SensorKind, y: Floats, usual: NDArray[np.bool_]) -> Readable:
    """The possible values of a sensor, by its usual readings. y: (n,), the readings. usual: (n,), or None for all."""
    if not len(y):
        return Readable()
    among = usual if usual.any() else None
    least = y.min() if among is None else y.min(where=among, initial=np.inf)
    lowest, highest = (0.0 if least >= 0 else -np.inf), np.inf
    known = y[thin_rows(len(y), MODEL_ROWS, among)]
    states: Sequence[float] = ()
    match kind:
        case SensorKind.ON_OFF | SensorKind.STATES:
            values, counts = np.unique(thin(known), return_counts=True)
            often = values[counts >= _FEWEST_READINGS]
            states = often.tolist() if 0 < len(often) <= _MOST_STATES else ()
        case SensorKind.INTERMITTENT:
            rest = most_common(known)[0]
            lowest, highest = (-np.inf, rest) if rests_above(known, rest) else (rest, np.inf)
        case SensorKind.SATURATING:
            low, high = held_ends(known)
            lowest = max(lowest, low if low is not None else -np.inf)
            highest = high if high is not None else np.inf
    return Readable(lowest, highest, tuple(states))
