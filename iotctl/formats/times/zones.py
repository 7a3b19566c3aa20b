"""Local times to UTC over clock changes, for whole arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.clock_changes import clock_changes, year_of
from iotctl.formats.times.doubtful_hours import Change

# How much around a doubled hour is used to see what a sensor does.
_AROUND = 2 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class Offsets:
    """Per local time: microseconds to subtract for UTC. Doubtful times get the offset before the change.

    offset: int64 (n,). change: int64 (n,), the clock change with this time in its doubled or skipped stretch, as a
    number within the wanted years; -1 elsewhere. step: int64 (changes,), by how much each change moves the clock:
    negative if an hour comes twice.
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
    years = [year_of(int(edge)) for edge in edges]
    instant, before, after = clock_changes(timezone, years[0] - 1, years[1] + 1)
    begins, ends = instant + np.minimum(before, after), instant + np.maximum(before, after)
    offsets = np.concatenate([before[:1], after])
    if np.searchsorted(ends, edges[0], side="right") == (last := np.searchsorted(begins, edges[1], side="right")):
        # No clock change in this range, the usual case for a block of a file.
        every, none = np.full(len(local), offsets[last]), np.full(len(local), -1)
        return Offsets(every, none, after - before)
    over = np.searchsorted(ends, local, side="right")
    begun = np.searchsorted(begins, local, side="right")
    return Offsets(offsets[over], np.where(begun > over, over, -1), after - before)


@dataclass(frozen=True, slots=True)
class NearChanges:
    """Per local time: is_near: bool (n,), whether it is near a clock change. change: int64 (n,), its time, UTC.

    The hours before and after a doubled hour, and the hour after a skipped hour, also count as near.
    """

    is_near: NDArray[np.bool_]
    change: NDArray[np.int64]


def near_changes(local: NDArray[np.int64], timezone: str, *, doubled: bool, skipped: bool) -> NearChanges:
    """Which local times are near clock changes that double (doubled) or skip (skipped) local times."""
    found = NearChanges(np.zeros(len(local), dtype=np.bool_), np.zeros(len(local), dtype=np.int64))
    if not len(local) or not (doubled or skipped):
        return found
    earliest, latest = int(local.min()), int(local.max())
    instant, before, after = clock_changes(timezone, year_of(earliest) - 1, year_of(latest) + 1)
    step = after - before
    begins, ends = instant + np.minimum(before, after), instant + np.maximum(before, after)
    begins, ends = np.where(step < 0, begins - _AROUND, begins), np.where(step < 0, ends + _AROUND, ends + step)
    wanted = ((step < 0) & doubled | (step > 0) & skipped) & (ends > earliest) & (begins <= latest)
    for change in np.flatnonzero(wanted):  # few: two per year
        near = (local >= begins[change]) & (local < ends[change])
        found.is_near[near], found.change[near] = True, instant[change]
    return found


def change_at(instant: int, timezone: str) -> Change:
    """The clock change at a time, microseconds UTC."""
    year = year_of(instant)
    instants, before, after = clock_changes(timezone, year - 1, year + 1)
    at = int(np.searchsorted(instants, instant))
    edges = instant + int(before[at]), instant + int(after[at])
    return Change(min(edges), max(edges), int(before[at]), int(after[at]))
