"""When the clock of a zone changes, and by how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_YEAR_MICROSECONDS = 31_556_952_000_000


def utc_offsets(start: int, end: int, timezone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(since, offset): from which moments on the zone's clock differs from UTC by how much, over [start, end).

    start, end, since: microseconds since 1970-01-01 UTC; the first moment is start. offset: microseconds to add to UTC.
    """
    instant, before, after = clock_changes(timezone, year_of(start) - 1, year_of(end) + 1)
    inside = (instant > start) & (instant < end)
    first = np.concatenate([before[:1], after])[np.searchsorted(instant, start, side="right")]
    return np.concatenate([[start], instant[inside]]), np.concatenate([[first], after[inside]])


def year_of(microseconds: int) -> int:
    """The year of a moment since 1970-01-01 UTC, give or take one."""
    return 1970 + microseconds // _YEAR_MICROSECONDS


@lru_cache(maxsize=64)
def clock_changes(
    timezone: str, first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Changes of the clock in the years first..last: instant (microseconds UTC), offset before and after."""
    found = [
        change for year in range(max(first, 1890), min(last, 2210) + 1) for change in _year_changes(timezone, year)
    ]
    if not found:
        # One change of nothing, long before any time, carries the offset of a zone that never changes.
        offset = _offset(timezone, _day_start(min(max(first, 1890), 2210)))
        found = [(-(2**61), offset, offset)]
    instant, before, after = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
    return instant, before, after


@lru_cache(maxsize=1024)
def _year_changes(timezone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    days = range(_day_start(year), _day_start(year + 1) + 1, _DAY)
    offsets = [_offset(timezone, day) for day in days]
    changes = []
    for day, before, after in zip(days, offsets, offsets[1:], strict=False):
        if before != after:
            low, high = day, day + _DAY  # to the second, by halves
            while high - low > 1_000_000:
                middle = (low + high) // 2_000_000 * 1_000_000
                low, high = (middle, high) if _offset(timezone, middle) == before else (low, middle)
            changes.append((high, before, after))
    return tuple(changes)


def _day_start(year: int) -> int:
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def _offset(timezone: str, instant: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=instant)).astimezone(find_zone(timezone)).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)
