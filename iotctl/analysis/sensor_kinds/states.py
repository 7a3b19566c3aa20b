"""Sensors with few values, or with one value that holds for long: on/off, valves, setpoints, humidity at 100 %."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin

Floats = NDArray[np.float64]

_SAMPLE = 16_384
# There are few values, and most rows repeat the value before.
_MOST_STATES, _HELD_PART = 60, 0.75
# A coarse scale moves from step to step. A sensor with more states than this skips some of them at times.
_FEW_STATES, _JUMPING_PART = 8, 0.1
_FEWEST_ROWS = 50
_SATURATED_PART, _SATURATED_FACTOR, _FEWEST_LEVELS = 0.01, 4.0, 30


def most_common(y: Floats) -> tuple[float, float]:
    """The value that is read most often, and its part of the rows."""
    values, counts = np.unique(thin(y, _SAMPLE), return_counts=True)
    at = int(np.argmax(counts))
    return float(values[at]), float(counts[at] / counts.sum())


def is_on_off(y: Floats) -> bool:
    """Whether there are only two values, except in one row of a thousand."""
    values, counts = np.unique(thin(y, _SAMPLE), return_counts=True)
    return len(values) >= 2 and np.sort(counts)[-2:].sum() >= 0.999 * counts.sum()


def has_states(y: Floats) -> bool:
    """Whether there are few values, each held for a while."""
    if len(y) < _FEWEST_ROWS:
        return False
    held = float((np.diff(y[:_SAMPLE]) == 0).mean())
    if held < _HELD_PART:
        return False
    values, rank = np.unique(y[:_SAMPLE], return_inverse=True)
    if len(values) > _MOST_STATES or len(np.unique(thin(y, _SAMPLE))) > _MOST_STATES:
        return False
    steps = np.abs(np.diff(rank))
    jumps = steps[steps > 0] > 1
    return len(values) <= _FEW_STATES or bool(len(jumps) and jumps.mean() >= _JUMPING_PART)


def saturates(y: Floats) -> bool:
    """Whether its lowest or its highest value is read far more often than those beside it."""
    if len(y) < _FEWEST_ROWS:
        return False
    values, counts = np.unique(thin(y, _SAMPLE), return_counts=True)
    if len(values) < _FEWEST_LEVELS:
        return False
    beside = max(float(counts[1:-1].max()), 1.0)
    ends = max(int(counts[0]), int(counts[-1]))
    return ends >= _SATURATED_PART * counts.sum() and ends >= _SATURATED_FACTOR * beside


def held_ends(y: Floats) -> tuple[float | None, float | None]:
    """The lowest and the highest value; each is None unless the sensor reads it so often that it is held there."""
    low, high = (
        end if float((y == end).mean()) >= _SATURATED_PART else None for end in (float(y.min()), float(y.max()))
    )
    return low, high
