"""Windows: which readings are read for a given range, so that any range within a year is judged in the same way.

A single week shows no season, no usual spread and no tails. So the calendar years (UTC) of the range are read, with a
context on both sides. These readings are the same for any part of a year.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from iotctl.model import Detection, Event, Kind, Regime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000
_WEEK = 168 * _HOUR

# Microseconds. In 18 weeks a regime takes ten days, as in a year, and rare values are remembered; and half a year.
CONTEXT_OF_STREAM, CONTEXT_OF_RANGE = 18 * _WEEK, 26 * _WEEK
_FIRST_YEAR, _LAST_YEAR = 1, 9999


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end): the range of the events. [first, last): the range to read.

    Microseconds since 1970 UTC, None: open.
    """

    start: int | None
    end: int | None
    first: int | None
    last: int | None

    def has(self, event: Event) -> bool:
        """Whether an event reaches into the range; a gap outside the read range does not count."""
        if event.kind is Kind.GAP and not (_reaches(self.first, event.start) and _precedes(event.end, self.last)):
            return False  # a gap between a reference period and the readings
        return _reaches(self.start, event.end) and _precedes(event.start, self.end)

    def cut(self, detection: Detection) -> Detection:
        """The detection without the rows, regimes and changes of its context."""
        time = detection.time
        first = 0 if self.start is None else int(np.searchsorted(time, self.start))
        last = len(time) if self.end is None else int(np.searchsorted(time, self.end))
        if (first, last) == (0, len(time)):
            return detection
        rows = slice(first, last)
        low, high = (int(time[first]), int(time[last - 1])) if first < last else (0, -1)
        return replace(
            detection,
            row=detection.row[rows],
            time=time[rows],
            value=detection.value[rows],
            expected=detection.expected[rows],
            scale=detection.scale[rows],
            score=detection.score[rows],
            severity=detection.severity[rows],
            regimes=tuple(
                _cut(regime, low, high, detection)
                for regime in detection.regimes
                if low <= regime.end and regime.start <= high
            ),
            change_points=tuple(moment for moment in detection.change_points if low <= moment <= high),
            events=tuple(event for event in detection.events if self.has(event)),
        )


def asked_for(start: int | None, end: int | None, context: int) -> Window:
    """The window for events in [start, end): its calendar years, and so much more on both sides."""
    return Window(
        start,
        end,
        None if start is None else _moment(_year_of(start), -context),
        None if end is None else _moment(_year_of(end - 1) + 1, context),
    )


def since(watermark: int, start: int | None, end: int | None, context: int) -> Window:
    """The window after a watermark: from so much before it up to end, which is now."""
    return Window(start, end, watermark - context, end)


def _reaches(bound: int | None, moment: int) -> bool:
    return bound is None or moment >= bound


def _precedes(moment: int, bound: int | None) -> bool:
    return bound is None or moment < bound


def _year_of(moment: int) -> int:
    return (_EPOCH + moment * _MICROSECOND).year


def _moment(year: int, later: int) -> int | None:
    """So much later than the beginning of a year; None (open) outside any calendar."""
    if not _FIRST_YEAR < year < _LAST_YEAR:
        return None
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND + later


def _cut(regime: Regime, low: int, high: int, detection: Detection) -> Regime:
    """The part of a regime between the moments low and high."""
    start, end = max(regime.start, low), min(regime.end, high)
    rows = np.searchsorted(detection.time, [start, end + 1])
    level = regime.level + regime.slope_per_hour * (start - regime.start) / _HOUR
    return replace(regime, start=start, end=end, rows=int(rows[1] - rows[0]), level=level)
