"""Lasting changes: from then on the series has another level, slope or noise.

Nothing within a regime is odd, because a regime is a sensor's normal state. But people must hear that it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.modelling.regimes import Line, Trend
from iotctl.analysis.modelling.segmentation import segment
from iotctl.analysis.robust import mad_sigma
from iotctl.model import Kind

Floats = NDArray[np.float64]

# A slope counts by what it adds up to over its regime, but over at most so much time.
_HORIZON_HOURS = 30 * 24.0
# Changes that come more often than this are usual for the sensor. One must then be so many times as large as the usual.
_FEW, _HOURS_A_CHANGE, _BEYOND_USUAL = 5, 1500.0, 3.0
# Three slopes may be the course of a year.
_FEW_SLOPES = 2
# A step must be so many times as large as the level's usual move between two stretches of five days (or 1/30 of all).
_WANDERS, _WANDER_PART, _WANDER_HOURS, _FEWEST_STRETCHES = 3.0, 30, 120.0, 8
# A level wanders if it turns so often, and no slope is so many times another one. In 734 clean series of four to eight
# weeks, of 64 kinds, this removes 6 of 51 slopes; in a year it changes nothing.
_FEWEST_TURNS, _LIKE_RATES = 2, 3.0
# Noise: rows of a block at least, blocks at most, and the smallest change that counts.
_NOISE_ROWS, _NOISE_BLOCKS, _NOISE_FACTOR = 48, 500, 2.0
_NOISE_PART, _NOISE_HOURS = 0.08, 240.0
_LEAST_NOISE = 0.01  # of a logarithm


@dataclass(frozen=True)
class Lasting:
    """A change at row; size in sigma (for noise: of its spread). before, after: level, slope an hour, or sigma.

    until: the row where its regime ends; None where it lasts up to the next change of its kind.
    """

    kind: Kind
    row: int
    size: float
    before: float
    after: float
    until: int | None = None


def find_changes(x: Floats, y: Floats, trend: Trend, step_hours: float, least: float) -> list[Lasting]:
    """Steps and slopes between the regimes of a trend, of at least so many sigma, by row.

    x: (n,) hours. y: (n,), without season. least: 0 gives all changes, however usual they are.
    """
    found = []
    for before, after in pairwise(trend.lines):
        sigma = max(before.scale, after.scale, 1e-300)
        step = _step(x, before, after)
        found.append(step if step.size >= max(least, 1e-9) else _slope(x, before, after, sigma))
    if least <= 0:
        return found
    steps = [change for change in found if change.kind is Kind.STEP]
    wander = _wander(y, step_hours)
    steps = [change for change in steps if abs(change.after - change.before) >= _WANDERS * wander]
    # Compared with all changes of slope, however small: where the level wanders, a slightly larger one does not count.
    slopes = _standing_out([change for change in found if change.kind is Kind.SLOPE], _FEW_SLOPES)
    slopes = [change for change in _not_wandering(slopes) if change.size >= least]
    slopes = [change for change in slopes if change.size * _sigma_at(trend, change.row) >= _WANDERS * wander]
    hours = float(x[-1] - x[0]) if len(x) else 0.0
    few = int(max(_FEW, hours / _HOURS_A_CHANGE))
    return sorted([*_standing_out(steps, few), *slopes], key=lambda change: change.row)


def _step(x: Floats, before: Line, after: Line) -> Lasting:
    """The step from the end of the regime before, or from where its line would have gone on: the smaller of the two.

    An event of days may lie between two regimes, and over days a line leads far away from the readings."""
    ends = [before.level + before.slope * float(x[row] - x[before.start]) for row in (before.end - 1, after.start)]
    reached = min(max(after.level, min(ends)), max(ends))
    sigma = max(before.scale, after.scale, 1e-300)
    return Lasting(Kind.STEP, after.start, abs(after.level - reached) / sigma, reached, after.level)


def _slope(x: Floats, before: Line, after: Line, sigma: float) -> Lasting:
    horizon = min(_HORIZON_HOURS, float(x[after.end - 1] - x[after.start]))
    size = abs(after.slope - before.slope) * horizon / sigma
    return Lasting(Kind.SLOPE, after.start, size, before.slope, after.slope, after.end)


def _sigma_at(trend: Trend, row: int) -> float:
    return float(trend.scale[row])


def _wander(y: Floats, step_hours: float) -> float:
    """How far the level usually moves from one stretch to the next, for any reason."""
    rows = int(max(1, min(len(y) / _WANDER_PART, _WANDER_HOURS / step_hours)))
    stretches = len(y) // rows
    if stretches < _FEWEST_STRETCHES:
        return 0.0
    levels = np.median(y[: stretches * rows].reshape(stretches, rows), axis=1)
    return float(np.quantile(np.abs(np.diff(levels)), 0.75))


def _not_wandering(slopes: Sequence[Lasting]) -> list[Lasting]:
    """The changes without those of a level that rises and falls twice or more at similar rates, as weather does."""
    turns = [
        change
        for change in slopes
        if change.before * change.after < 0
        and _LIKE_RATES * min(abs(change.before), abs(change.after)) >= max(abs(change.before), abs(change.after))
    ]
    return list(slopes) if len(turns) < _FEWEST_TURNS else [change for change in slopes if change not in turns]


def _standing_out(changes: Sequence[Lasting], few: int) -> list[Lasting]:
    if len(changes) <= few:
        return list(changes)
    usual = float(np.median([change.size for change in changes]))
    return [change for change in changes if change.size >= _BEYOND_USUAL * usual]


def find_noise(x: Floats, residual: Floats, step_hours: float, least: float) -> tuple[list[Lasting], Floats | None]:
    """Where the spread of residuals (n,) changes for good; and the spread of each row's piece over that of all, (n,).

    x: hours, ascending. least: the smallest change, in sigma of the spreads of blocks.
    """
    n = len(residual)
    rows = max(_NOISE_ROWS, -(-n // _NOISE_BLOCKS))
    blocks = n // rows
    shortest = min(_NOISE_PART * n, _NOISE_HOURS / step_hours) / rows
    if blocks < _FEWEST_STRETCHES:
        return [], None
    away = residual[: blocks * rows].reshape(blocks, rows)
    spread = np.median(np.abs(away - np.median(away, axis=1)[:, None]), axis=1) * 1.4826
    if not (spread > 0).all():
        return [], None
    log = np.log(spread)
    breaks = segment(x[: blocks * rows : rows], log).tolist()
    # A piece that is too short for a regime belongs to the one before.
    starts = [0]
    for start, end in pairwise([*breaks, blocks]):
        if end - start >= shortest and start - starts[-1] >= shortest:
            starts.append(start)
    levels = [float(np.median(log[start:end])) for start, end in pairwise([*starts, blocks])]
    about = np.concatenate(
        [log[s:e] - level for (s, e), level in zip(pairwise([*starts, blocks]), levels, strict=True)]
    )
    noise = max(mad_sigma(about), _LEAST_NOISE)
    changes = [
        Lasting(
            Kind.NOISE,
            _where(residual, at * rows, rows, before, after),
            abs(after - before) / noise,
            float(np.exp(before)),
            float(np.exp(after)),
        )
        for at, (before, after) in zip(starts[1:], pairwise(levels), strict=True)
    ]
    if len(changes) > max(_FEW, float(x[-1] - x[0]) / _HOURS_A_CHANGE):
        return [], None
    changes = [
        change
        for change in changes
        if change.size >= least and max(change.before, change.after) >= _NOISE_FACTOR * min(change.before, change.after)
    ]
    if not changes:
        return [], None
    factor = np.empty(n)
    whole = max(mad_sigma(residual), 1e-300)
    for start, end in pairwise([0, *(change.row for change in changes), n]):
        factor[start:end] = mad_sigma(residual[start:end]) / whole
    return changes, factor


def _where(residual: Floats, row: int, reach: int, before: float, after: float) -> int:
    """The row, within two blocks, where normal noise changes from one logarithm of sigma to another."""
    first, last = max(row - 2 * reach, 0), min(row + 2 * reach, len(residual))
    away = np.minimum((residual[first:last] - np.median(residual[first:last])) ** 2, np.exp(2 * max(before, after)) * 9)
    cost = [away / (2 * np.exp(2 * log)) + log for log in (before, after)]
    total = np.append(0.0, np.cumsum(cost[0])) - np.append(0.0, np.cumsum(cost[1]))
    return first + int(np.argmin(total))
