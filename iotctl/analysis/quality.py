"""Quality of one series of readings: what is missing, late, stuck, beyond its limits, or no value at all; and a score.

What is usual for the sensor (its interval, the runs and the range of its values) comes from all readings given; parts
of them, such as months, are judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.clock import clock_drift
from iotctl.analysis.robust import mad_sigma, quantum
from iotctl.analysis.sensor_kinds.dwell import longest_usual
from iotctl.analysis.still import run_lengths, stands_still
from iotctl.analysis.unit_changes import find_unit_changes

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SECOND = 1_000_000.0

# Steps between one length and 1.5 times as much are of one kind. The usual ones are a quarter of all at least (of
# readings that come at random no kind has more than 15 %), and cover a twentieth of the time: readings that come in
# bursts have no interval. The time is that without the longest hundredth of the steps, which are gaps.
_ALIKE, _SHARE, _COVER, _LONGEST = 1.5, 0.25, 0.05, 0.01
_FEWEST_STEPS = 7

# A gap is longer than 10 usual steps. Without an interval: than 10 median steps, and than 3 of the long ones.
_GAP_STEPS, _GAP_QUANTILE, _GAP_FACTOR = 10.0, 0.99, 3.0

# Stuck is a run of at least 8 equal values, longer than 3 times the long runs of this sensor, and longer than chance
# makes in one of a hundred such series, each value being equal to the one before as often as here; but for values at
# which it rested so often that this is how it is (rain at 0, humidity at 100).
_STUCK_ROWS, _STUCK_QUANTILE, _STUCK_FACTOR, _CHANCE, _REST_RUNS = 8, 0.9, 3.0, 0.01, 5

# What devices send in place of a value: ends of integers and floats, rows of nines.
_CODES = np.array(
    [
        *(sign * code for code in (99.99, 999.0, 999.9, 9999.0, 9999.9, 99999.0, 999999.0) for sign in (-1, 1)),
        *(32767.0, -32767.0, -32768.0, 65535.0, 2147483647.0, -2147483647.0, -2147483648.0, 4294967295.0),
        *(9223372036854775807.0, -9223372036854775808.0, 18446744073709551615.0),
    ]
)
# No quantity is so large, in whatever unit: FLT_MAX, DBL_MAX, 1e38.
_HUGE = 1e30
# So many times the usual range away, a value that is rare is none.
_ABSURD_RANGES, _ABSURD_SHARE = 1000.0, 0.001

# The step of the values is looked at in blocks: at most so many, of so many rows at least. Its size has to change by so
# much; fewer different values do not show it.
_BLOCKS, _BLOCK_ROWS, _STEP_FACTOR, _FEWEST_VALUES = 64, 512, 1.5, 8
_ON_GRID, _OFF_GRID_SHARE = 0.1, 0.01

# A change of the step within so many readings of a change of the unit is the same change.
_WITH_UNIT = 3 * _BLOCK_ROWS


@dataclass(frozen=True, slots=True)
class Change:
    """From when on values are sent in another way. what: "unit" or "resolution". words: from what to what."""

    time: int
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a sensor's readings are.

    readings: how many there are. first, last: of them, microseconds since 1970-01-01 UTC; None without readings.
    interval: the usual one, in seconds; None where there is none. missing: readings that the interval asks for between
    the first and the last one, in parts of one where a month ends in a gap; None without an interval. gaps: begun in
    this time; longest_gap in seconds. silent: seconds since the last reading where that is a gap, 0.0 where it is none,
    None where it is not known or not asked. stuck, invalid: readings. below, above: readings beyond the limits; None
    without that limit. unusable: readings that are any of these. jitter: robust sigma of the steps, in seconds.
    drift: see clock_drift. resolution: the step of the newest values, 0.0 for none, None where it is not known.
    changes: of unit or resolution, by time. score: 0 to 100.
    """

    readings: int
    first: int | None
    last: int | None
    interval: float | None
    missing: float | None
    gaps: int
    longest_gap: float
    silent: float | None
    stuck: int
    below: int | None
    above: int | None
    invalid: int
    unusable: int
    jitter: float | None
    drift: float | None
    resolution: float | None
    changes: tuple[Change, ...]

    @property
    def unit_changes(self) -> int:
        """How often the unit became another one."""
        return sum(change.what == "unit" for change in self.changes)

    @property
    def resolution_changes(self) -> int:
        """How often the step of the values became another one."""
        return sum(change.what == "resolution" for change in self.changes)

    @property
    def completeness(self) -> float | None:
        """The share of the readings that should be there which are; None where that is not known."""
        if self.missing is None:
            return None
        expected = self.readings + self.missing
        return self.readings / expected if expected else None

    @property
    def score(self) -> float:
        """Of 100 readings that should be there, how many are and can be used; half of that while it is silent."""
        expected = self.readings + (self.missing or 0.0)
        if not self.readings:
            return 0.0
        return 100.0 * (self.readings - self.unusable) / expected / (2 if self.silent else 1)


def measure_quality(
    time: Times, value: Floats, limits: tuple[float, float] | None = None, now: int | None = None
) -> Quality:
    """The quality of a series. time: int64 (n,), microseconds since 1970-01-01 UTC, ascending; value: float64 (n,).

    limits: the physical ones, either may be infinite. now: silence is counted up to then; None: it is not asked for.
    """
    return _Judged(time, value, limits).whole(now)


def measure_parts(time: Times, value: Floats, edges: Times, limits: tuple[float, float] | None = None) -> list[Quality]:
    """The quality in each [edges[i], edges[i + 1]), by what is usual in all of the series; silence is not asked for."""
    return _Judged(time, value, limits).parts(edges)


def measure_all(
    time: Times, value: Floats, edges: Times, limits: tuple[float, float] | None = None, now: int | None = None
) -> tuple[Quality, list[Quality]]:
    """Both measure_quality and measure_parts, of which the work is shared."""
    judged = _Judged(time, value, limits)
    return judged.whole(now), judged.parts(edges)


def usual_interval(steps: Times) -> float | None:
    """The step that comes most often, in the unit of steps; None for readings that have no interval."""
    if len(steps) < _FEWEST_STEPS:
        return None
    ascending = np.sort(steps).astype(np.float64)
    alike = np.searchsorted(ascending, ascending * _ALIKE, side="left") - np.arange(len(ascending))
    first = int(np.argmax(alike))
    usual = ascending[first : first + int(alike[first])]
    covered = usual.sum() / ascending[: len(ascending) - int(_LONGEST * len(ascending))].sum()
    if len(usual) < _SHARE * len(ascending) or covered < _COVER:
        return None
    return float(np.median(usual))


def invalid_values(value: Floats) -> Mask:
    """Which values are none: not finite, an error code far from the others, or absurd."""
    odd = ~(np.abs(value) < _HUGE)
    codes = np.isin(value, _CODES)
    rest = value[~odd & ~codes]
    if not len(rest):
        return odd
    low, q05, q95, high = np.quantile(rest, [0.001, 0.05, 0.95, 0.999])
    odd |= codes & ((value < low - (high - low)) | (value > high + (high - low)))
    reach = _ABSURD_RANGES * (q95 - q05)
    if reach > 0:
        far = ~odd & ((value < q05 - reach) | (value > q95 + reach))
        if np.count_nonzero(far) <= max(1.0, _ABSURD_SHARE * len(value)):
            odd |= far
    return odd


def stuck_values(value: Floats) -> Mask:
    """Which values belong to runs that are far longer than usual. A sensor that only stands still has none."""
    stuck = np.zeros(len(value), dtype=np.bool_)
    if len(value) < _STUCK_ROWS or stands_still(value):
        return stuck
    starts, lengths = run_lengths(value)
    equal = 1 - len(starts) / len(value)
    by_chance = 1 + np.log(_CHANCE / len(value)) / np.log(equal) if equal else 1.0
    usual = _STUCK_FACTOR * float(np.quantile(lengths, _STUCK_QUANTILE))
    limit = np.full(len(lengths), max(usual, by_chance))
    # A sensor of few states is held to how long it stays in each: a door is closed for days.
    of_states = longest_usual(value, starts, lengths)
    if of_states is not None:
        limit = np.where(np.isfinite(of_states), np.maximum(of_states, limit), np.inf)
    long = np.flatnonzero((lengths >= _STUCK_ROWS) & (lengths > limit))
    _, which, times = np.unique(value[starts[long]], return_inverse=True, return_counts=True)
    for run in long[times[which] < _REST_RUNS].tolist():
        stuck[starts[run] : starts[run] + lengths[run]] = True
    return stuck


def resolution(value: Floats) -> float | None:
    """The step of quantised values, 0.0 where they have none, None where too few different ones are there."""
    if len(np.unique(value)) < _FEWEST_VALUES:
        return None
    step = quantum(value)
    if not step:
        return None
    return step if _lies_on_grid(value, step) else 0.0


def _lies_on_grid(value: Floats, step: float) -> bool:
    steps = (value - value[0]) / step
    off = np.abs(steps - np.round(steps)) > _ON_GRID
    return bool(np.count_nonzero(off) <= _OFF_GRID_SHARE * len(value))


class _Judged:
    """A series with what is known of each reading and each step."""

    def __init__(self, time: Times, value: Floats, limits: tuple[float, float] | None) -> None:
        self.time, self.value, self.limits = time, value, limits
        self.steps = np.diff(time)
        self.interval = usual_interval(self.steps)
        self.invalid = invalid_values(value)
        self.stuck = np.zeros(len(value), dtype=np.bool_)
        self.stuck[~self.invalid] = stuck_values(value[~self.invalid])
        low, high = limits or (-np.inf, np.inf)
        # What is no value is beyond no limit.
        self.below = (value < low) & ~self.invalid
        self.above = (value > high) & ~self.invalid
        self.gap_least = self._gap_least()
        is_gap = self.steps > self.gap_least
        self.gap_start, self.gap_length = time[:-1][is_gap], self.steps[is_gap]
        # Readings missing up to each reading; between two, as many as the time that has passed.
        absent = np.zeros(len(time))
        if self.interval is not None:
            absent[1:] = np.cumsum(np.maximum(np.round(self.steps / self.interval) - 1, 0))
        self.absent = absent
        units = self._unit_changes()
        steps = [
            change
            for change in self._resolution_changes()
            # In another unit values have another step.
            if not any(self._rows_between(change.time, unit.time) < _WITH_UNIT for unit in units)
        ]
        self.changes = sorted([*units, *steps], key=lambda change: change.time)

    def whole(self, now: int | None) -> Quality:
        if not len(self.time):
            return self.part(0, 0)
        quality = self.part(int(self.time[0]), int(self.time[-1]) + 1)
        if now is None or not np.isfinite(self.gap_least):
            return quality
        since = now - int(self.time[-1])
        return replace(quality, silent=since / _SECOND if since > self.gap_least else 0.0)

    def parts(self, edges: Times) -> list[Quality]:
        return [self.part(start, end) for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]

    def part(self, start: int, end: int) -> Quality:
        rows = slice(*np.searchsorted(self.time, [start, end]).tolist())
        time, invalid, stuck = self.time[rows], self.invalid[rows], self.stuck[rows]
        below, above = self.below[rows], self.above[rows]
        begun = slice(*np.searchsorted(self.gap_start, [start, end]).tolist())
        gaps = self.gap_length[begun]
        low, high = self.limits or (-np.inf, np.inf)
        missing = None
        if self.interval is not None:
            missing = float(np.diff(np.interp([start, end], self.time, self.absent))[0])
        known = self.value[rows][~invalid]
        return Quality(
            readings=len(time),
            first=int(time[0]) if len(time) else None,
            last=int(time[-1]) if len(time) else None,
            interval=None if self.interval is None else self.interval / _SECOND,
            missing=missing,
            gaps=len(gaps),
            longest_gap=float(gaps.max()) / _SECOND if len(gaps) else 0.0,
            silent=None,
            stuck=int(np.count_nonzero(stuck)),
            below=int(np.count_nonzero(below)) if np.isfinite(low) else None,
            above=int(np.count_nonzero(above)) if np.isfinite(high) else None,
            invalid=int(np.count_nonzero(invalid)),
            unusable=int(np.count_nonzero(stuck | invalid | below | above)),
            jitter=self._jitter(np.diff(time)),
            drift=None if self.interval is None else clock_drift(np.diff(time), self.interval),
            resolution=resolution(known[-_BLOCK_ROWS:]),
            changes=tuple(change for change in self.changes if start <= change.time < end),
        )

    def _gap_least(self) -> float:
        """A longer step is a gap; infinite where nothing is usual."""
        if self.interval is not None:
            return _GAP_STEPS * self.interval
        if len(self.steps) < _FEWEST_STEPS:
            return float("inf")
        usual, long = np.quantile(self.steps, [0.5, _GAP_QUANTILE])
        return max(_GAP_STEPS * float(usual), _GAP_FACTOR * float(long))

    def _jitter(self, steps: Times) -> float | None:
        if self.interval is None:
            return None
        usual = steps[(steps > self.interval / 2) & (steps < self.interval * 1.5)]
        return mad_sigma(usual.astype(np.float64)) / _SECOND if len(usual) else None

    def _rows_between(self, one: int, other: int) -> int:
        first, last = np.searchsorted(self.time, [min(one, other), max(one, other)]).tolist()
        return int(last - first)

    def _unit_changes(self) -> list[Change]:
        """Where the unit of the values becomes another one."""
        known = np.flatnonzero(~self.invalid)
        return [
            Change(int(self.time[known[row]]), "unit", f"{conversion.formula} ({conversion.name}?)")
            for row, conversion in find_unit_changes(self.value[known])
        ]

    def _resolution_changes(self) -> list[Change]:
        """Where the step of the values becomes another one."""
        known = np.flatnonzero(~self.invalid)
        blocks = max(1, min(_BLOCKS, len(known) // _BLOCK_ROWS))
        before: tuple[float, Floats] | None = None
        changes: list[Change] = []
        changed = -1
        for block, rows in enumerate(np.array_split(known, blocks)):
            value = self.value[rows]
            step = resolution(value) if len(rows) else None
            if step is None:
                continue
            if before is not None and _is_other_step(*before, step, value):
                if changed < 0 or block > changed + 1:  # a change amid a block shows in the next one, too
                    words = f"{_said_step(before[0])} to {_said_step(step)}"
                    changes.append(Change(int(self.time[rows[0]]), "resolution", words))
                changed = block
            elif before is not None:
                step = before[0] or step  # this block may not have met the smallest step
            before = step, value
        return changes


def _is_other_step(old: float, old_value: Floats, new: float, new_value: Floats) -> bool:
    if old and new and 1 / _STEP_FACTOR < new / old < _STEP_FACTOR:
        return False
    if new and (not old or new > old):  # coarser
        return not _lies_on_grid(old_value, new)
    return bool(old) and not _lies_on_grid(new_value, old)


def _said_step(step: float) -> str:
    return f"{step:.4g}" if step else "none"
