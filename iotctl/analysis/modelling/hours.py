"""Times of rows as hours: since the first row, and by the local clock, which people and their machines follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import Rows, thin_rows
from iotctl.calendars import holidays_between
from iotctl.timezones import find_zone

Floats = NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3_600_000_000
_DAY_HOURS, _SUNDAY = 24, 6
# 1970-01-01 was a Thursday: hours of the clock are counted from a Monday.
_FROM_MONDAY = 3 * _DAY_HOURS
# At least so much time lies between two changes of the clock.
_BETWEEN_CHANGES = timedelta(days=7)


class Counted(StrEnum):
    """How the hours of a season are counted, and who follows this count."""

    ELAPSED = "elapsed"  # a machine, the sun
    CLOCK = "clock"  # people
    FREE = "free"  # people who have public holidays


@dataclass(frozen=True)
class Hours:
    """Rows in order of time, (n,) hours each. elapsed: since the first row.

    clock: what the local clock shows, counted from the midnight before a Monday; it repeats an hour when it is set
    back. free: the same, with each public holiday as the Sunday of its week; None where there are none. begins: the
    clock at the first row. half_step: half of the usual time between two rows.
    """

    elapsed: Floats
    clock: Floats
    free: Floats | None = None
    begins: float = 0.0
    half_step: float = 0.0

    @classmethod
    def of(cls, time: NDArray[np.int64], timezone: str = "UTC", calendars: Sequence[str] = ()) -> Hours:
        """Hours of times in microseconds since 1970-01-01 UTC, ascending.

        calendars: whose public holidays are free days, such as DE-BW. Raises as holidays_between and find_zone.
        """
        elapsed = (time - time[0]) / _HOUR if len(time) else np.empty(0)
        clock = time / _HOUR + _offsets(time, find_zone(timezone)) + _FROM_MONDAY
        free = _with_holidays(clock, calendars) if calendars and len(time) else None
        half_step = float(np.median(np.diff(elapsed))) / 2 if len(time) > 1 else 0.0
        return cls(elapsed, clock, free, float(clock[0]) if len(time) else 0.0, half_step)

    @property
    def is_changed(self) -> bool:
        """Whether the clock was changed between the first row and the last."""
        away = self.clock - self.elapsed
        return bool(len(away)) and bool(np.ptp(away) > 1e-6)

    def counted(self, by: Counted) -> Floats:
        """The hours of each row, (n,), counted in one way, at the middle of the row's step.

        A row on the border of two parts of a profile would count half for each. All counts begin alike, so that the
        best fit does not depend on where the parts begin.
        """
        if by is Counted.FREE and self.free is not None:
            return self.free + self.half_step
        return (self.elapsed + self.begins if by is Counted.ELAPSED else self.clock) + self.half_step

    def at(self, rows: Rows) -> Hours:
        """The hours of some rows."""
        free = None if self.free is None else self.free[rows]
        return Hours(self.elapsed[rows], self.clock[rows], free, self.begins, self.half_step)

    def thinned(self, rows: int) -> Hours:
        """The hours of evenly spread rows; see robust.thin."""
        return self.at(thin_rows(len(self.elapsed), rows))


def _offsets(time: NDArray[np.int64], zone: tzinfo) -> Floats:
    """How many hours the local clock is ahead of UTC at each time, (n,)."""
    if not len(time):
        return np.empty(0)
    try:
        first, last = (_EPOCH + timedelta(microseconds=int(time[at])) for at in (0, -1))
        starts, offsets = _changes(first, last, zone)
    except OverflowError:  # years outside any calendar
        return np.zeros(len(time))
    at = np.searchsorted(np.array(starts, dtype=np.int64), time, side="right") - 1
    return np.array(offsets)[np.maximum(at, 0)]


def _changes(first: datetime, last: datetime, zone: tzinfo) -> tuple[list[int], list[float]]:
    """The changes of the clock: when (microseconds since 1970, ascending), and the hours ahead of UTC from then on."""
    starts, offsets = [_microseconds(first)], [_ahead(first, zone)]
    before = first
    while before < last:
        after = min(before + _BETWEEN_CHANGES, last)
        if _ahead(after, zone) != offsets[-1]:
            low, high = before, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _ahead(middle, zone) == offsets[-1] else (low, middle)
            # Clocks are changed at whole seconds.
            starts.append(_microseconds(high) // 1_000_000 * 1_000_000)
            offsets.append(_ahead(after, zone))
        before = after
    return starts, offsets


def _ahead(moment: datetime, zone: tzinfo) -> float:
    offset = moment.astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds() / 3600


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _with_holidays(clock: Floats, calendars: Sequence[str]) -> Floats:
    """The hours of the clock, with each holiday moved to the Sunday of its week."""
    day = np.floor(clock / _DAY_HOURS).astype(np.int64)
    first_monday = date(1970, 1, 1) - timedelta(hours=_FROM_MONDAY)
    first, last = (first_monday + timedelta(days=int(day[at])) for at in (0, -1))
    free = [(one - first_monday).days for one in holidays_between(calendars, first.year, last.year)]
    weekday = day % 7
    moved: Floats = clock + np.where(np.isin(day, free), (_SUNDAY - weekday) * _DAY_HOURS, 0)
    return moved
