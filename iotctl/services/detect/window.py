"""Windows: what is read for a range that someone asks about, so that any range within a year is judged alike.

A week by itself shows no season, no usual spread and no tails. So the calendar years (UTC) that the range lies in are
read, and a context on both sides: by the same readings, whatever part of a year is asked for.
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

# In 18 weeks a regime takes ten days, as in a year; what is rare is remembered. Half a year shows it. Microseconds.
CONTEXT_OF_STREAM, CONTEXT_OF_RANGE = 18 * _WEEK, 26 * _WEEK
_FIRST_YEAR, _LAST_YEAR = 1, 9999


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end): whose events are wanted. [first, last): what is read. Microseconds since 1970 UTC, None: open."""

    start: int | None
    end: int | None
    first: int | None
    last: int | None

    def has(self, event: Event) -> bool:
        """Whether an event reaches into what was asked for; a gap that lies not in what is read is none."""
        if event.kind is Kind.GAP and not (_reaches(self.first, event.start) and _precedes(event.end, self.last)):
            return False  # what lies between a reference period and the readings
        return _reaches(self.start, event.end) and _precedes(event.start, self.end)

    def cut(self, detection: Detection) -> Detection:
        """A detection as it is in the range asked for: without the rows, regimes and changes of its context."""
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
    """What is read for the events in [start, end): its calendar years, and so much more on both sides."""
    return Window(
        start,
        end,
        None if start is None else _moment(_year_of(start), -context),
        None if end is None else _moment(_year_of(end - 1) + 1, context),
    )


def since(watermark: int, start: int | None, end: int | None, context: int) -> Window:
    """What is read behind a watermark: so much before it, and nothing beyond the end, which stands for now."""
    return Window(start, end, watermark - context, end)


def _reaches(bound: int | None, moment: int) -> bool:
    return bound is None or moment >= bound


def _precedes(moment: int, bound: int | None) -> bool:
    return bound is None or moment < bound


def _year_of(moment: int) -> int:
    return (_EPOCH + moment * _MICROSECOND).year


def _moment(year: int, later: int) -> int | None:
    """So much later than the beginning of a year; None, open, where no calendar has it."""
    if not _FIRST_YEAR < year < _LAST_YEAR:
        return None
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND + later


def _cut(regime: Regime, low: int, high: int, detection: Detection) -> Regime:
    """The part of a regime between the moments low and high."""
    start, end = max(regime.start, low), min(regime.end, high)
    rows = np.searchsorted(detection.time, [start, end + 1])
    level = regime.level + regime.slope_per_hour * (start - regime.start) / _HOUR
    return replace(regime, start=start, end=end, rows=int(rows[1] - rows[0]), level=level)
