"""Local times to UTC over changes of the clock, for whole arrays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.times.doubtful_hours import Change
from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_YEAR_MICROSECONDS = 31_556_952_000_000
# What a sensor does around a doubled hour is looked at for so long.
_AROUND = 2 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class Offsets:
    """Per local time: microseconds to subtract for UTC, reading doubtful times with the offset before the change.

    offset: int64 (n,). change: int64 (n,), number of the change whose doubled or skipped stretch a time falls into,
    -1 elsewhere; counted within the years asked for. step: int64 (changes,), by how much each change moves the clock:
    negative where an hour comes twice.
    """

    offset: NDArray[np.int64]
    change: NDArray[np.int64]
    step: NDArray[np.int64]


def local_offsets(local: NDArray[np.int64], timezone: str) -> Offsets:
    """The zone's offsets at local times, microseconds since 1970-01-01 00:00 by the zone's own clock."""
    if not len(local):
        none = np.empty(0, dtype=np.int64)
        return Offsets(none, none, none)
    edges = np.array([local.min(), local.max()])
    years = [1970 + int(edge // _YEAR_MICROSECONDS) for edge in edges]
    instant, before, after = _changes(timezone, years[0] - 1, years[1] + 1)
    begins, ends = instant + np.minimum(before, after), instant + np.maximum(before, after)
    offsets = np.concatenate([before[:1], after])
    if np.searchsorted(ends, edges[0], side="right") == (last := np.searchsorted(begins, edges[1], side="right")):
        # No change of the clock in all this time, as for nearly every block of a file.
        every, none = np.full(len(local), offsets[last]), np.full(len(local), -1)
        return Offsets(every, none, after - before)
    over = np.searchsorted(ends, local, side="right")
    begun = np.searchsorted(begins, local, side="right")
    return Offsets(offsets[over], np.where(begun > over, over, -1), after - before)


def utc_offsets(start: int, end: int, timezone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(since, offset): from which moments on the zone's clock differs from UTC by how much, over [start, end).

    start, end, since: microseconds since 1970-01-01 UTC; the first moment is start. offset: microseconds to add to UTC.
    """
    years = [1970 + edge // _YEAR_MICROSECONDS for edge in (start, end)]
    instant, before, after = _changes(timezone, years[0] - 1, years[1] + 1)
    inside = (instant > start) & (instant < end)
    first = np.concatenate([before[:1], after])[np.searchsorted(instant, start, side="right")]
    return np.concatenate([[start], instant[inside]]), np.concatenate([[first], after[inside]])


@dataclass(frozen=True, slots=True)
class NearChanges:
    """Per local time: is_near: bool (n,), whether it is near a change. change: int64 (n,), when that is, in UTC.

    Near a doubled hour are the two hours around it as well, near a skipped one that after it.
    """

    is_near: NDArray[np.bool_]
    change: NDArray[np.int64]


def near_changes(local: NDArray[np.int64], timezone: str, *, doubled: bool, skipped: bool) -> NearChanges:
    """Which local times are near changes that double or skip local times, as asked for."""
    found = NearChanges(np.zeros(len(local), dtype=np.bool_), np.zeros(len(local), dtype=np.int64))
    if not len(local) or not (doubled or skipped):
        return found
    earliest, latest = int(local.min()), int(local.max())
    instant, before, after = _changes(timezone, _year(earliest) - 1, _year(latest) + 1)
    step = after - before
    begins, ends = instant + np.minimum(before, after), instant + np.maximum(before, after)
    begins, ends = np.where(step < 0, begins - _AROUND, begins), np.where(step < 0, ends + _AROUND, ends + step)
    wanted = ((step < 0) & doubled | (step > 0) & skipped) & (ends > earliest) & (begins <= latest)
    for change in np.flatnonzero(wanted):  # few: two a year
        near = (local >= begins[change]) & (local < ends[change])
        found.is_near[near], found.change[near] = True, instant[change]
    return found


def change_at(instant: int, timezone: str) -> Change:
    """The change of the clock at a time, microseconds UTC."""
    year = _year(instant)
    instants, before, after = _changes(timezone, year - 1, year + 1)
    at = int(np.searchsorted(instants, instant))
    edges = instant + int(before[at]), instant + int(after[at])
    return Change(min(edges), max(edges), int(before[at]), int(after[at]))


def _year(microseconds: int) -> int:
    return 1970 + microseconds // _YEAR_MICROSECONDS


@lru_cache(maxsize=64)
def _changes(timezone: str, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
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
