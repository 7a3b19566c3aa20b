"""Absurd values, which no such sensor can read; they are found before anything is learnt from the readings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Sentinels: what devices and programs write in place of a reading.
SENTINELS: dict[float, str] = {
    2147483647.0: "the largest 32-bit integer",
    -2147483648.0: "the smallest 32-bit integer",
    4294967295.0: "the largest unsigned 32-bit integer",
    32767.0: "the largest 16-bit integer",
    -32768.0: "the smallest 16-bit integer",
    65535.0: "the largest unsigned 16-bit integer",
    **dict.fromkeys(
        (-99.0, -99.9, -999.0, -999.9, -9999.0, -99999.0, 9999.0, 99999.0, 999999.0), "a code for no value"
    ),
    **dict.fromkeys((-88888.0, -7777.0, 9.96920996838687e36), "a code for no value"),
}
# A sentinel counts as one if it lies so many times farther away than all other readings.
_SENTINEL_FACTOR = 3.0
# Any value is absurd if it is so many times farther from the middle than the next nearer one, and so many times larger.
_FAR_FACTOR, _LARGE_FACTOR = 1e4, 1e3
# The range of a series that is always zero.
_LARGE = 1e9
# If they are more than this part of the readings, they are usual for the sensor.
_MOST_ABSURD = 0.3
_FEWEST_ROWS = 8


@dataclass(frozen=True)
class Absurd:
    """rows: bool (n,), whether a reading is absurd. low, high: the range of all other readings."""

    rows: NDArray[np.bool_]
    low: float
    high: float


def find_absurd(value: Floats) -> Absurd:
    """The absurd ones among finite readings, (n,).

    These are sentinels far outside, and any value behind a gap of four decades. Both rules use order and median, so
    that a thousand absurd values are found as well as one.
    """
    n = len(value)
    nothing = Absurd(np.zeros(n, dtype=np.bool_), 0.0, 0.0)
    if n < _FEWEST_ROWS:
        return nothing
    low, middle, high = (float(v) for v in np.partition(value, (0, n // 2, n - 1))[[0, n // 2, n - 1]])
    with np.errstate(over="ignore"):  # 1.7e308 on both sides: the distance overflows to infinity, which is far enough
        away = np.abs(value - middle)
    rows = _sentinels(value, away) if low <= -99.0 or high >= 9999.0 else nothing.rows
    rows |= _behind_a_gap(away, rows, abs(middle))
    if not rows.any() or rows.mean() > _MOST_ABSURD:
        return nothing
    return Absurd(rows, float(value[~rows].min()), float(value[~rows].max()))


def name_of(value: float) -> str | None:
    """What a sentinel is, in words; None for any other value."""
    return SENTINELS.get(value)


def _sentinels(value: Floats, away: Floats) -> NDArray[np.bool_]:
    coded = np.isin(value, list(SENTINELS))
    if not coded.any() or coded.all():
        return np.zeros(len(value), dtype=np.bool_)
    # A few other odd readings may lie anywhere.
    others = float(np.quantile(away[~coded], 0.999))
    far: NDArray[np.bool_] = coded & (away > _SENTINEL_FACTOR * others)
    return far


def _behind_a_gap(away: Floats, known: NDArray[np.bool_], middle: float) -> NDArray[np.bool_]:
    """The rows beyond the first gap of distances, counted from those that most readings have."""
    n = len(away)
    inner = int((1 - _MOST_ABSURD) * n)
    near = float(np.partition(away, inner)[inner])
    outer = np.sort(away[(away > near) & ~known])
    if not len(outer) or outer[-1] <= _reach(np.array([near]), middle)[0]:
        return np.zeros(n, dtype=np.bool_)
    before = np.append(near, outer[:-1])
    gaps = np.flatnonzero(outer > _reach(before, middle))
    if not len(gaps):
        return np.zeros(n, dtype=np.bool_)
    beyond: NDArray[np.bool_] = away >= outer[gaps[0]]
    return beyond


def _reach(away: Floats, middle: float) -> Floats:
    """How far away a reading may be, by the distance of the next nearer one: (k,)."""
    with np.errstate(over="ignore"):
        reach = np.maximum(_FAR_FACTOR * away, _LARGE_FACTOR * (middle + away))
    return np.where(reach > 0, reach, _LARGE)
