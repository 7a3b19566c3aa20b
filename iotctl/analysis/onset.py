"""When an event began, which is before its first odd reading where it began small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The onset is looked for in so many rows before the first odd one; what is calm is learnt from so many before these,
# and what is loud from so many of the event.
_BACK, _CALM, _LOUD = 30, 114, 48
# So many rows before an event are looked at.
LOOKED_AT_BEFORE = _BACK + _CALM
_FEWEST_CALM = 16

_MAD_TO_SIGMA = 1.4826
_CLIP, _WORST, _LEAST_SIGMA, _MOST_ALIKE = 15.0, 100.0, 0.05, 0.95


def onset_row(u: Floats, start: int, end: int) -> int:
    """The row in which the event of rows [start, end) began, at most 30 before its first one; else its first one.

    u: residuals of the series in robust sigma, (n,). It is where the likelihood of "calm before, loud from here on" is
    greatest, of steps that are white before it: a sensor's own slow course (an AR(1), fitted to the calm) tells as
    little of a small drift's beginning as the level that it has reached.
    """
    first = max(0, start - _BACK)
    calm = u[max(0, first - _CALM) : first]
    if len(calm) < _FEWEST_CALM:
        return start
    alike = _alike(calm)
    surprise = np.square(_surprise(np.clip(u[first - 1 : min(end, start + _LOUD)], -_CLIP, _CLIP), alike))
    before = _surprise(calm, alike)
    usual = max(_MAD_TO_SIGMA * float(np.median(np.abs(before - np.median(before)))), _LEAST_SIGMA) ** 2
    # Candidate k: rows [first, first + k) are calm, the others loud.
    candidates = np.arange(start - first + 1)
    quiet = np.concatenate([[0.0], np.cumsum(np.minimum(surprise / usual, _WORST))])[candidates]
    loud_rows = len(surprise) - candidates
    loud = (surprise.sum() - np.concatenate([[0.0], np.cumsum(surprise)])[candidates]) / loud_rows
    loud = np.maximum(loud, usual)
    # Twice the negative logarithm of the likelihood, but for what is the same for all.
    cost = quiet + loud_rows * (np.log(loud / usual) + 1)
    return first + int(candidates[np.argmin(cost)])


def _alike(calm: Floats) -> float:
    """The autocorrelation of neighbours."""
    moved = calm - np.median(calm)
    return float(np.clip(np.sum(moved[1:] * moved[:-1]) / max(float(np.sum(moved * moved)), 1e-9), 0.0, _MOST_ALIKE))


def _surprise(u: Floats, alike: float) -> Floats:
    """What each row but the first adds to what the row before it lets expect."""
    added: Floats = u[1:] - alike * u[:-1]
    return added
