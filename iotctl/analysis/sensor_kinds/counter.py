"""Counters: energy, volume, pieces. They only rise, except at resets and wraps; they are judged by their rises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin

Floats = NDArray[np.float64]

_FEWEST_ROWS = 50
# Of all steps: the least part that rises, the largest part that falls; and the least that rises where none falls.
_RISING_PART, _FALLING_PART, _FEWEST_RISES = 0.4, 0.02, 100
# A fall by less than so many usual rises is noise, and not a reset.
_RESET_RISES = 5.0


def is_counter(y: Floats) -> bool:
    """Whether a series only rises or stands still, except for a few deep falls."""
    if len(y) < _FEWEST_ROWS:
        return False
    steps = np.diff(y)
    rising = steps > 0
    if np.count_nonzero(rising) >= _FEWEST_RISES and not (steps < 0).any():
        return True
    if rising.mean() < _RISING_PART:
        return False
    falling = steps < 0
    if falling.mean() > _FALLING_PART:
        return False
    return not falling.any() or float(np.median(-steps[falling])) > _RESET_RISES * float(np.median(thin(steps[rising])))


def rises(x: Floats, y: Floats, step_hours: float) -> Floats:
    """A counter as a rate, (n,): its rise to each reading, for a usual step of step_hours.

    x: hours, ascending. Where the counter fell, its rise is not known: it counts as the rise before, or as the usual
    rise if that is less. The same holds for the first reading.
    """
    # In place, to save one array of a long series.
    rise = np.empty(len(y))
    risen = np.subtract(y[1:], y[:-1], out=rise[1:])
    risen /= np.maximum(usual_steps(x, step_hours)[1:], 1e-9)
    fallen = np.flatnonzero(risen < 0)
    if len(fallen):
        usual = float(np.median(risen[risen >= 0], overwrite_input=True))
        # The step before each run of falls; the first rise, where the series begins with one.
        begins = np.concatenate([[True], np.diff(fallen) > 1])
        before = fallen[begins][np.cumsum(begins) - 1] - 1
        risen[fallen] = np.minimum(risen[np.where(before >= 0, before, np.argmax(risen >= 0))], usual)
    rise[0] = rise[1]
    return rise


def usual_steps(x: Floats, step_hours: float) -> Floats:
    """The time to each reading in usual steps, (n,). x: see rises."""
    steps = np.ones(len(x))
    np.subtract(x[1:], x[:-1], out=steps[1:])
    steps[1:] /= step_hours
    return steps
