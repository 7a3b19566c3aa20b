"""The components of the score: each measures one kind of oddness in the residuals, in robust sigma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.blocks import BLOCK_ROWS, blocks
from iotctl.analysis.robust import CENTRE_ROWS, Rows, mad_sigma, thin_rows
from iotctl.analysis.scores.rolling import Column, Local, RollingMean, running_total
from iotctl.analysis.sensor_kinds.dwell import longest_usual
from iotctl.analysis.sensor_kinds.held import SHORTEST_ROWS, Held
from iotctl.analysis.still import run_lengths, stands_still

Floats = NDArray[np.float64]

WINDOWS = (16, 64, 256)
SLOW_WINDOW = 1024  # only for severity
CLIP = 12.0

_FEWEST_WINDOWS = 8  # a window may be an eighth of the series
_SHAPE_ROWS, _SHAPE_POINTS = 4, 32
_SHAPE_SAMPLE = 5_000  # windows for a covariance of 32 by 32
_LEAST_SHAPE = 1e-9
_STUCK_FACTOR = 3.0
STUCK_SCORE = 6.0
# A stuck run is at least so many times as long as the longest usual run of its value.
_BEYOND_HABIT = 2.0
_MOST_HELD = 50
_STEP_PART = 0.5
_NORMAL_Q90, _NORMAL_Q95 = 1.2816, 1.6449
# At most so many times the sigma of the outer 10 %: it is 1.1 for exponential and Student's tails, 1.2 for lognormal.
_HEAVIEST = 1.5


@dataclass(frozen=True)
class Usual:
    """The usual range of a component, in sigma: its median, and its spread above and below."""

    centre: float
    above: float
    below: float


@dataclass(frozen=True)
class Components:
    """By name: point, local, level16, spread16, ..., shape, stuck; (n,) each, in robust sigma.

    usual: the usual range of each component that has one. slow: level1024 and spread1024, where the series is long
    enough; they count only for severity.
    """

    scores: Mapping[str, Column]
    slow: Mapping[str, Column]
    usual: Mapping[str, Usual] = field(default_factory=dict)

    @property
    def every(self) -> dict[str, Column]:
        """All components by name, the slow ones last."""
        return {**self.scores, **self.slow}

    def largest(self, n: int) -> Floats:
        """The largest score of each of n rows; 0 without components."""
        score = np.zeros(n)
        for rows in blocks(n):
            for component in self.scores.values():
                np.maximum(score[rows], component[rows], out=score[rows])
        return score

    def highest(self, name: str, runs: Sequence[tuple[int, int]]) -> Floats:
        """The highest score of a component in each run of rows [start, end), (runs,). No run is empty."""
        column, total = self.scores[name], np.cumsum([0, *(end - start for start, end in runs)])
        found, at = [np.empty(0)], 0
        while at < len(runs):
            # As many runs at a time as fill a block, or a single longer one.
            until = max(at + 1, int(np.searchsorted(total, total[at] + BLOCK_ROWS, side="right")) - 1)
            rows = np.concatenate([np.arange(start, end) for start, end in runs[at:until]])
            found.append(np.maximum.reduceat(column[rows], total[at:until] - total[at]))
            at = until
        return np.concatenate(found)


@dataclass(frozen=True)
class _Scored:
    """A column as a score: how far from its usual middle, on either side."""

    column: Column
    usual: Usual

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, rows: Rows) -> Floats:
        return _score(self.column[rows], self.usual)


@dataclass(frozen=True)
class _PerPoint:
    """A column in which _SHAPE_ROWS rows share one number. score: (windows,). rows: n."""

    score: Floats
    rows: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, rows: Rows) -> Floats:
        at = np.arange(*rows.indices(self.rows)) if isinstance(rows, slice) else rows
        score: Floats = self.score[np.clip(at // _SHAPE_ROWS - _SHAPE_POINTS // 2, 0, len(self.score) - 1)]
        return score


@dataclass(frozen=True)
class _Runs:
    """A column that is 0 except in some runs of rows. start, end, score: (runs,), in order. rows: n."""

    start: NDArray[np.intp]
    end: NDArray[np.intp]
    score: Floats
    rows: int

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, rows: Rows) -> Floats:
        if not len(self.start):
            return np.zeros(len(range(*rows.indices(self.rows))) if isinstance(rows, slice) else len(rows))
        at = np.arange(*rows.indices(self.rows)) if isinstance(rows, slice) else rows
        run = np.maximum(np.searchsorted(self.start, at, side="right") - 1, 0)
        return np.where((self.start[run] <= at) & (at < self.end[run]), self.score[run], 0.0)


def measure_components(
    u: Floats, stuck: Column, known_good: NDArray[np.bool_] | None = None, step: float = 0.0
) -> Components:
    """All components of a series.

    u: (n,) residuals divided by their scale. stuck: see measure_stuck. known_good: the rows from which centre and
    spread are estimated, None for all. step: of a quantised sensor, in sigma; a change by one step is never odd.
    """
    n = len(u)
    least = max(0.3, _STEP_PART * step)
    good = {w: _holding(known_good, w) for w in (1, *WINDOWS, SLOW_WINDOW, _SHAPE_ROWS * _SHAPE_POINTS)}
    # First, so that its memory is free again.
    shape = _shape(u, good[_SHAPE_ROWS * _SHAPE_POINTS])
    level = running_total(n, (np.clip(u[rows], -CLIP, CLIP) for rows in blocks(n)))
    spread = running_total(n, (np.minimum(np.abs(u[rows]), CLIP) for rows in blocks(n)))
    looked_at: dict[str, tuple[Column, float, NDArray[np.bool_] | None]] = {
        "point": (u, least, good[1]),
        "local": (Local(u), least, good[1]),
    }
    for w in (*WINDOWS, SLOW_WINDOW):
        if w * _FEWEST_WINDOWS <= n:
            looked_at[f"level{w}"] = RollingMean(level, w), 0.5 / np.sqrt(w), good[w]
            looked_at[f"spread{w}"] = RollingMean(spread, w), 0.3 / np.sqrt(w), good[w]
    usual = {name: _usual(column, floor, rows) for name, (column, floor, rows) in looked_at.items()}
    scores: dict[str, Column] = {name: _Scored(column, usual[name]) for name, (column, _, _) in looked_at.items()}
    slow = {name: scores.pop(name) for name in list(scores) if name.endswith(str(SLOW_WINDOW))}
    if shape is not None:
        scores["shape"] = shape
    scores["stuck"] = stuck
    return Components(scores, slow, usual)


def _holding(known_good: NDArray[np.bool_] | None, w: int) -> NDArray[np.bool_] | None:
    """The rows known to be good, if they hold enough windows of w rows to show what is usual; else None."""
    enough = known_good is not None and np.count_nonzero(known_good) >= w * _FEWEST_WINDOWS
    return known_good if enough else None


def _usual(a: Column, floor: float, known_good: NDArray[np.bool_] | None) -> Usual:
    """Median, and spread on each side: the MAD, or for a heavy tail the sigma of the outer 5 %."""
    base = a[thin_rows(len(a), CENTRE_ROWS, known_good)]
    centre = float(np.median(base))
    least = max(mad_sigma(base), floor)
    above, below = (max(_outer(side), least) for side in (base - centre, centre - base))
    return Usual(centre, above, below)


def _score(a: Floats, usual: Usual) -> Floats:
    away = a - usual.centre
    score: Floats = np.maximum(away / usual.above, -away / usual.below)
    return score


def _outer(away: Floats) -> float:
    """The sigma by the outer 5 % on one side, limited by the outer 10 %: more anomalies than 5 % must not widen it."""
    near, far = np.quantile(away, [0.9, 0.95])
    return min(float(far) / _NORMAL_Q95, _HEAVIEST * float(near) / _NORMAL_Q90)


def _shape(u: Floats, known_good: NDArray[np.bool_] | None) -> _PerPoint | None:
    """How unusual the shape of each window of 128 rows is: the Mahalanobis norm of its 4-row means."""
    points = len(u) // _SHAPE_ROWS
    if points < 8 * _SHAPE_POINTS:
        return None
    means = np.concatenate(
        [np.clip(u[rows], -CLIP, CLIP).reshape(-1, _SHAPE_ROWS).mean(axis=1) for rows in blocks(points * _SHAPE_ROWS)]
    )
    # The usual shape, without the anomalies: residuals beyond 3 sigma are clipped.
    limit = 3 * mad_sigma(means)
    if limit < _LEAST_SHAPE:  # a sensor that stands still has no shape
        return None
    usual = np.lib.stride_tricks.sliding_window_view(np.clip(means, -limit, limit), _SHAPE_POINTS)
    sample = usual[:: max(1, len(usual) // _SHAPE_SAMPLE)]
    centre = sample.mean(axis=0)
    covariance = _covariance(sample - centre) + 1e-3 * limit**2 * np.eye(_SHAPE_POINTS)
    inverse_root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    # One correlation for each axis: half the time of a product with all windows, without a copy and without threads.
    squares = np.zeros(points - _SHAPE_POINTS + 1)
    for axis in inverse_root.T:
        along = np.correlate(means, axis, "valid")
        along -= centre @ axis
        along *= along
        squares += along
    norm = np.sqrt(squares, out=squares)
    good = None
    if known_good is not None:
        good = known_good[::_SHAPE_ROWS][: len(norm)]
    score = _score(norm, _usual(norm, 0.3, good))
    score[norm <= np.median(norm)] = 0.0
    return _PerPoint(np.maximum(score, 0.0, out=score), len(u))


def _covariance(away: Floats) -> Floats:
    """The covariance of the columns of away, (k, points), each about its mean.

    Sums, not a product of matrices: a product uses threads, and waits for them where all cores are busy (160 ms instead
    of 4).
    """
    columns = np.ascontiguousarray(away.T)
    covariance = np.empty((len(columns), len(columns)))
    for at, column in enumerate(columns):
        covariance[at, at:] = covariance[at:, at] = (column * columns[at:]).sum(axis=1) / (len(away) - 1)
    return covariance


def measure_stuck(y: Floats, known: Held | None = None) -> Column:
    """A score for runs of equal values that are far longer than usual for this sensor; 0 elsewhere.

    y: (n,) readings. known: held values of earlier runs.
    """
    known = known or Held()
    nothing = np.empty(0, dtype=np.intp)
    if stands_still(y):  # no changes to compare with
        return _Runs(nothing, nothing, np.empty(0), len(y))
    starts, length = run_lengths(y)
    usual, rare = np.quantile(length, [0.9, 0.99], method="lower")
    # On a coarse scale runs are long by chance: this is the length in one of a hundred such series (an exponential
    # tail).
    by_chance = rare + (rare - usual) * np.log10(len(length) * known.looks)
    # For a sensor with few states, the usual time in each state counts.
    of_states = longest_usual(y, starts, length, known)
    long = length >= SHORTEST_ROWS  # shorter runs are never stuck
    starts, length, of_states = starts[long], length[long], None if of_states is None else of_states[long]
    limit = np.full(len(length), max(SHORTEST_ROWS, _STUCK_FACTOR * usual + 1, by_chance))
    value = y[starts]
    # A value that is held often (0 at night, 100 in fog, closed) has usual runs of its own.
    for held in np.unique(value[length >= limit])[:_MOST_HELD]:
        same = value == held
        limit[same] = np.maximum(limit[same], _BEYOND_HABIT * known.usual(float(held), length[same]))
    if of_states is not None:
        limit = np.where(np.isfinite(of_states), of_states, limit)
    odd = length >= limit
    return _Runs(starts[odd], (starts + length)[odd], STUCK_SCORE * length[odd] / limit[odd], len(y))
