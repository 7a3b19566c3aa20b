"""Counters: energy, volume, pieces. They only rise, but for resets and wraps; what is usual is by how much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin

Floats = NDArray[np.float64]

_FEWEST_ROWS = 50
# Of all steps: so many rise at least, and so few fall. Where none falls, a rise now and then is enough.
_RISING_PART, _FALLING_PART, _FEWEST_RISES = 0.4, 0.02, 100
# A fall by less than so many usual rises is noise, not a reset.
_RESET_RISES = 5.0


def is_counter(y: Floats) -> bool:
    """Whether a series rises, or stands, but for a few deep falls."""
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


def rises(x: Floats, y: Floats, step_hours: float) -> tuple[Floats, Floats]:
    """A counter as a rate: (rise, steps), (n,) each.

    x: hours, ascending. rise: by how much it rose to each reading in a usual step of step_hours; steps: how many usual
    steps that took. Where it fell its rise is not known: it is taken for as much as before, but for no more than usual;
    and so is that to the first reading.
    """
    steps = np.diff(x) / step_hours
    rise = np.diff(y) / np.maximum(steps, 1e-9)
    known = np.flatnonzero(rise >= 0)
    last = known[np.maximum(np.searchsorted(known, np.arange(len(rise)), side="right") - 1, 0)]
    taken = np.where(rise < 0, np.minimum(rise[last], float(np.median(rise[known]))), rise)
    return np.append(taken[:1], taken), np.append(1.0, steps)
