"""The components of the score: each looks at the residuals for one kind of oddness, in robust sigma."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import CENTRE_ROWS, mad_sigma, rolling_mean, running_median5, thin
from iotctl.analysis.sensor_kinds.dwell import longest_usual
from iotctl.analysis.still import run_lengths, stands_still

Floats = NDArray[np.float64]

WINDOWS = (16, 64, 256)
SLOW_WINDOW = 1024  # for severity alone
CLIP = 12.0

_FEWEST_WINDOWS = 8  # a window may be an eighth of the series
_SHAPE_ROWS, _SHAPE_POINTS = 4, 32
_SHAPE_SAMPLE = 5_000  # windows for a covariance of 32 by 32
_LEAST_SHAPE = 1e-9
_STUCK_ROWS, _STUCK_FACTOR = 8, 3.0
STUCK_SCORE = 6.0
# So many runs of one value may be stuck; where there are more, they are how the sensor is, and a run has to be so many
# times as long as the next of them.
_FEW_RUNS, _BEYOND_HABIT = 4, 2.0
_MOST_HELD = 50
_STEP_PART = 0.5
_NORMAL_Q90, _NORMAL_Q95 = 1.2816, 1.6449
# Of what the 10 % stand for: 1.1 for exponential and Student's tails, 1.2 for a lognormal one.
_HEAVIEST = 1.5


@dataclass(frozen=True)
class Usual:
    """What a component is measured against, in sigma: its median, and its spread above and below."""

    centre: float
    above: float
    below: float


@dataclass(frozen=True)
class Components:
    """By name: point, local, level16, spread16, ..., shape, stuck; (n,) each, in robust sigma.

    usual: of each that has one, what a score of 1 is. slow: level1024 and spread1024 where the series is long enough,
    which count for severity alone.
    """

    scores: dict[str, Floats]
    slow: dict[str, Floats]
    usual: dict[str, Usual] = field(default_factory=dict)


def measure_components(
    u: Floats, y: Floats, known_good: NDArray[np.bool_] | None = None, step: float = 0.0
) -> Components:
    """All components of a series.

    u: (n,) residuals over their scale. y: (n,) the readings. known_good: rows that centre and spread of each
    component are taken from, all where None. step: of a quantised sensor, in sigma; one is never odd.
    """
    clipped = np.clip(u, -CLIP, CLIP)
    size = np.abs(clipped)
    least = max(0.3, _STEP_PART * step)
    good = {w: _holding(known_good, w) for w in (1, *WINDOWS, SLOW_WINDOW, _SHAPE_ROWS * _SHAPE_POINTS)}
    looked_at = {"point": (u, least, good[1]), "local": (u - running_median5(u), least, good[1])}
    for w in (*WINDOWS, SLOW_WINDOW):
        if w * _FEWEST_WINDOWS <= len(u):
            looked_at[f"level{w}"] = rolling_mean(clipped, w), 0.5 / np.sqrt(w), good[w]
            looked_at[f"spread{w}"] = rolling_mean(size, w), 0.3 / np.sqrt(w), good[w]
    usual = {name: _usual(a, floor, rows) for name, (a, floor, rows) in looked_at.items()}
    scores = {name: _score(a, usual[name]) for name, (a, _, _) in looked_at.items()}
    slow = {name: scores.pop(name) for name in list(scores) if name.endswith(str(SLOW_WINDOW))}
    if (shape := _shape(clipped, good[_SHAPE_ROWS * _SHAPE_POINTS])) is not None:
        scores["shape"] = shape
    scores["stuck"] = _stuck(y)
    return Components(scores, slow, usual)


def _holding(known_good: NDArray[np.bool_] | None, w: int) -> NDArray[np.bool_] | None:
    """The rows known to be good, where they hold enough windows of w rows; a few say nothing of what is usual."""
    enough = known_good is not None and np.count_nonzero(known_good) >= w * _FEWEST_WINDOWS
    return known_good if enough else None


def _usual(a: Floats, floor: float, known_good: NDArray[np.bool_] | None) -> Usual:
    """Median and spread on each side: the MAD, or what the outer 5 % stand for where a tail is heavy."""
    base = thin(a if known_good is None else a[known_good], CENTRE_ROWS)
    centre = float(np.median(base))
    least = max(mad_sigma(base), floor)
    above, below = (max(_outer(side), least) for side in (base - centre, centre - base))
    return Usual(centre, above, below)


def _score(a: Floats, usual: Usual) -> Floats:
    away = a - usual.centre
    score: Floats = np.maximum(away / usual.above, -away / usual.below)
    return score


def _outer(away: Floats) -> float:
    """The sigma that the outer 5 % on one side stand for; anomalies that are more are kept out by the 10 %."""
    near, far = np.quantile(away, [0.9, 0.95])
    return min(float(far) / _NORMAL_Q95, _HEAVIEST * float(near) / _NORMAL_Q90)


def _shape(u: Floats, known_good: NDArray[np.bool_] | None) -> Floats | None:
    """How unlike the usual course each stretch of 128 rows is: the Mahalanobis norm of its 4-row means."""
    points = len(u) // _SHAPE_ROWS
    if points < 8 * _SHAPE_POINTS:
        return None
    means = u[: points * _SHAPE_ROWS].reshape(points, _SHAPE_ROWS).mean(axis=1)
    # The usual course, without what is to be found: residuals beyond 3 sigma are drawn in.
    limit = 3 * mad_sigma(means)
    if limit < _LEAST_SHAPE:  # a sensor that stands still has no course to be unlike
        return None
    usual = np.lib.stride_tricks.sliding_window_view(np.clip(means, -limit, limit), _SHAPE_POINTS)
    sample = usual[:: max(1, len(usual) // _SHAPE_SAMPLE)]
    centre = sample.mean(axis=0)
    covariance = np.cov(sample, rowvar=False) + 1e-3 * limit**2 * np.eye(_SHAPE_POINTS)
    inverse_root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    # A correlation per axis: half the time of one product with all windows, no copy of them, and no threads.
    squares = np.zeros(points - _SHAPE_POINTS + 1)
    for axis in inverse_root.T:
        squares += (np.correlate(means, axis, "valid") - centre @ axis) ** 2
    norm = np.sqrt(squares)
    good = None
    if known_good is not None:
        good = known_good[::_SHAPE_ROWS][: len(norm)]
    score = np.maximum(_score(norm, _usual(norm, 0.3, good)) * np.sign(norm - np.median(norm)), 0.0)
    half = _SHAPE_POINTS // 2
    per_point = np.concatenate([np.full(half, score[0]), score, np.full(points - half - len(score), score[-1])])
    per_row = np.repeat(per_point, _SHAPE_ROWS)
    return np.concatenate([per_row, np.full(len(u) - len(per_row), per_row[-1])])


def _stuck(y: Floats) -> Floats:
    """Over the rows of runs of equal values that are far longer than this sensor's usual ones; 0 elsewhere."""
    if stands_still(y):  # nothing to be stuck against
        return np.zeros(len(y))
    starts, length = run_lengths(y)
    usual, long = np.quantile(length, [0.9, 0.99], method="lower")
    # On a coarse scale runs are long by chance: as long as one in a hundred such series has, by an exponential tail.
    by_chance = long + (long - usual) * np.log10(len(length))
    limit = np.full(len(length), max(_STUCK_ROWS, _STUCK_FACTOR * usual + 1, by_chance))
    # A value that is held often (0 at night, 100 in fog, closed) has runs of its own.
    long_runs = np.flatnonzero(length >= limit)
    for held in np.unique(y[starts[long_runs]])[:_MOST_HELD]:
        same = y[starts] == held
        limit[same] = np.maximum(limit[same], _longest_by_habit(length[same]))
    # A sensor of few states is held to how long it stays in each.
    of_states = longest_usual(y, starts, length)
    if of_states is not None:
        limit = np.where(np.isfinite(of_states), of_states, limit)
    score = np.where(length >= limit, STUCK_SCORE * length / limit, 0.0)
    return np.repeat(score, length)


def _longest_by_habit(length: NDArray[np.intp]) -> float:
    """A run of a value longer than this is none of the usual ones of that value; 0 where it has few."""
    long = np.sort(length[length >= _STUCK_ROWS])[::-1]
    if len(long) <= _FEW_RUNS:
        return 0.0
    return _BEYOND_HABIT * float(long[_FEW_RUNS])
