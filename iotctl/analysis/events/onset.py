"""When an event began: before its first odd reading, if it began small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The onset is searched in so many rows before the first odd one. The calm state is learnt from so many rows before
# these, and the loud state from so many rows of the event.
_BACK, _CALM, _LOUD = 30, 114, 16
# So many rows before an event are read.
LOOKED_AT_BEFORE = _BACK + _CALM
_FEWEST_CALM = 16
# Most events are odd from their first row on: a beginning so many rows earlier is e times less likely. Without this, an
# event that is hardly louder than the calm would begin hours too early.
_USUALLY_BACK = 2.0
# A step or a ramp has one parameter more than noise (its height), so it must be likelier by this: twice the logarithm.
_A_HEIGHT = 4.0

_MAD_TO_SIGMA = 1.4826
_CLIP, _WORST, _LEAST_SIGMA, _MOST_ALIKE = 15.0, 100.0, 0.05, 0.95


def onset_row(u: Floats, start: int, end: int) -> int:
    """The row in which the event of rows [start, end) began: at most 30 rows before its first row, or the first row.

    u: residuals of the series in robust sigma, (n,). The onset is where "calm before; a step, a ramp or noise from here
    on" is most probable. First an AR(1), fitted to the calm rows, is removed, so that the rows before are white: a
    sensor's own slow movement would hide where a small drift begins.
    """
    first = max(0, start - _BACK)
    calm = u[max(0, first - _CALM) : first]
    if len(calm) < _FEWEST_CALM:
        return start
    alike = _alike(calm)
    added = _surprise(np.clip(u[first - 1 : min(end, start + _LOUD)], -_CLIP, _CLIP), alike)
    before = _surprise(calm, alike)
    usual = max(_MAD_TO_SIGMA * float(np.median(np.abs(before - np.median(before)))), _LEAST_SIGMA) ** 2
    # Candidate k: rows [first, first + k) are calm, the others loud.
    candidates = np.arange(start - first + 1)
    quiet = np.concatenate([[0.0], np.cumsum(np.minimum(np.square(added) / usual, _WORST))])[candidates]
    loud_rows = len(added) - candidates
    # Twice the negative logarithm of the probability, without the parts that are the same for all.
    loud = [
        loud_rows * (np.log(np.maximum(left / loud_rows, usual) / usual) + 1) + heights * _A_HEIGHT
        for left, heights in zip(_left(added, candidates, alike), (0, 1, 1), strict=True)
    ]
    cost = quiet + np.minimum.reduce(loud) + 2 * candidates[::-1] / _USUALLY_BACK
    return first + int(candidates[np.argmin(cost)])


def _left(added: Floats, candidates: NDArray[np.int64], alike: float) -> tuple[Floats, Floats, Floats]:
    """The sums of squares from each candidate on, after noise, a step and a ramp are removed, (candidates,) each.

    A step of height 1 adds 1 in its first row, and 1 - alike in each later one; a ramp adds 1 + (1 - alike) j in
    row j. Their heights are fitted by least squares.
    """
    rows = len(added) - candidates
    squares, total, moment = (
        values.sum() - np.concatenate([[0.0], np.cumsum(values)])[candidates]
        for values in (np.square(added), added, added * np.arange(len(added)))
    )
    later = 1 - alike
    step = np.square(added[candidates] + later * (total - added[candidates])) / (1 + (rows - 1) * later**2)
    last = rows - 1
    ramp_squares = rows + later * last * rows + later**2 * last * rows * (2 * last + 1) / 6
    ramp = np.square(total + later * (moment - candidates * total)) / ramp_squares
    return squares, squares - step, squares - ramp


def _alike(calm: Floats) -> float:
    """The autocorrelation of neighbouring rows."""
    moved = calm - np.median(calm)
    return float(np.clip(np.sum(moved[1:] * moved[:-1]) / max(float(np.sum(moved * moved)), 1e-9), 0.0, _MOST_ALIKE))


def _surprise(u: Floats, alike: float) -> Floats:
    """How far each row except the first is from its prediction by the row before."""
    added: Floats = u[1:] - alike * u[:-1]
    return added
