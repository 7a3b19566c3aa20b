"""Quality of one series of readings: a score, and which readings are missing, late, stuck, invalid or beyond limits.

The usual state of the sensor (its interval, the runs and the range of its values) comes from all given readings. Parts
of them, such as months, are judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.quality.bad_values import invalid_values, stuck_values
from iotctl.analysis.quality.clock import clock_drift
from iotctl.analysis.quality.intervals import longest_usual_step, usual_interval
from iotctl.analysis.quality.resolution import BLOCK_ROWS, find_resolution_changes, resolution
from iotctl.analysis.quality.unit_changes import find_unit_changes
from iotctl.analysis.robust import mad_sigma

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

_SECOND = 1_000_000.0

# A change of the step within so many readings of a change of the unit is the same change.
_WITH_UNIT = 3 * BLOCK_ROWS


@dataclass(frozen=True, slots=True)
class Change:
    """The time from which values are sent in another way. what: "unit" or "resolution". words: from what to what."""

    time: int
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a sensor's readings are.

    readings: their number. first, last: their times, microseconds since 1970-01-01 UTC; None without readings.
    interval: the usual one, in seconds; None where there is none. missing: readings that the interval expects between
    the first and the last one (a fraction where a month ends in a gap); None without an interval. gaps: those that
    begin in this time; longest_gap in seconds. silent: seconds since the last reading if that is a gap, else 0.0; None
    where it is not known or not asked. stuck, invalid: readings. below, above: readings beyond the limits; None without
    that limit. unusable: readings that are any of these. jitter: robust sigma of the steps, in seconds. drift: see
    clock_drift. resolution: the step of the newest values, 0.0 for none, None where it is not known. changes: of unit
    or resolution, by time. score: 0 to 100.
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
        """How often the unit changed."""
        return sum(change.what == "unit" for change in self.changes)

    @property
    def resolution_changes(self) -> int:
        """How often the step of the values changed."""
        return sum(change.what == "resolution" for change in self.changes)

    @property
    def completeness(self) -> float | None:
        """The share of the expected readings that are there; None where it is not known."""
        if self.missing is None:
            return None
        expected = self.readings + self.missing
        return self.readings / expected if expected else None

    @property
    def score(self) -> float:
        """How many of 100 expected readings are there and can be used; half of that while the sensor is silent."""
        expected = self.readings + (self.missing or 0.0)
        if not self.readings:
            return 0.0
        return 100.0 * (self.readings - self.unusable) / expected / (2 if self.silent else 1)


def measure_quality(
    time: Times, value: Floats, limits: tuple[float, float] | None = None, now: int | None = None
) -> Quality:
    """The quality of a series. time: int64 (n,), microseconds since 1970-01-01 UTC, ascending; value: float64 (n,).

    limits: the physical ones, either may be infinite. now: the time up to which silence is counted; None: silence is
    not asked for.
    """
    return _Judged(time, value, limits).whole(now)


def measure_all(
    time: Times, value: Floats, edges: Times, limits: tuple[float, float] | None = None, now: int | None = None
) -> tuple[Quality, list[Quality]]:
    """The quality of a series, and of each part [edges[i], edges[i + 1]), compared with the whole series.

    Arguments are those of measure_quality. Silence is not counted in the parts.
    """
    judged = _Judged(time, value, limits)
    return judged.whole(now), judged.parts(edges)


class _Judged:
    """A series with the faults of each reading and each step."""

    def __init__(self, time: Times, value: Floats, limits: tuple[float, float] | None) -> None:
        self.time, self.value, self.limits = time, value, limits
        self.steps = np.diff(time)
        self.interval = usual_interval(self.steps)
        self.invalid = invalid_values(value)
        self.stuck = np.zeros(len(value), dtype=np.bool_)
        self.stuck[~self.invalid] = stuck_values(value[~self.invalid])
        low, high = limits or (-np.inf, np.inf)
        # An invalid value does not count as beyond a limit.
        self.below = (value < low) & ~self.invalid
        self.above = (value > high) & ~self.invalid
        self.longest_step = longest_usual_step(self.steps, self.interval)
        is_gap = self.steps > self.longest_step
        self.gap_start, self.gap_length = time[:-1][is_gap], self.steps[is_gap]
        # The readings missing up to each reading; between two readings they grow with time.
        absent = np.zeros(len(time))
        if self.interval is not None:
            absent[1:] = np.cumsum(np.maximum(np.round(self.steps / self.interval) - 1, 0))
        self.absent = absent
        self.changes = self._changes()

    def whole(self, now: int | None) -> Quality:
        if not len(self.time):
            return self.part(0, 0)
        quality = self.part(int(self.time[0]), int(self.time[-1]) + 1)
        if now is None or not np.isfinite(self.longest_step):
            return quality
        since = now - int(self.time[-1])
        return replace(quality, silent=since / _SECOND if since > self.longest_step else 0.0)

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
            resolution=resolution(known[-BLOCK_ROWS:]),
            changes=tuple(change for change in self.changes if start <= change.time < end),
        )

    def _jitter(self, steps: Times) -> float | None:
        if self.interval is None:
            return None
        usual = steps[(steps > self.interval / 2) & (steps < self.interval * 1.5)]
        return mad_sigma(usual.astype(np.float64)) / _SECOND if len(usual) else None

    def _rows_between(self, one: int, other: int) -> int:
        first, last = np.searchsorted(self.time, [min(one, other), max(one, other)]).tolist()
        return int(last - first)

    def _changes(self) -> list[Change]:
        """The changes of the unit of the values, or of their step, by time."""
        known = np.flatnonzero(~self.invalid)
        time, value = self.time[known], self.value[known]
        units = [
            Change(int(time[row]), "unit", f"{conversion.formula} ({conversion.name}?)")
            for row, conversion in find_unit_changes(value)
        ]
        steps = [
            change
            for change in (Change(int(time[row]), "resolution", words) for row, words in find_resolution_changes(value))
            # A change of unit changes the step, too.
            if not any(self._rows_between(change.time, unit.time) < _WITH_UNIT for unit in units)
        ]
        return sorted([*units, *steps], key=lambda change: change.time)
