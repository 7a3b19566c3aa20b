"""Converts local times of a file to UTC, and finds times in the doubtful hours of clock changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows
from iotctl.formats.times.zones import local_offsets, near_changes
from iotctl.model import Ambiguous, Nonexistent


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Times of rows in UTC. Doubtful times are read by the options, or with the offset before the change.

    time: int64 (n,), microseconds since 1970-01-01 UTC. doubled, skipped: int64 (k,), rows in an hour that comes twice,
    or that the clock skips. held: int64 (h,), these rows and their neighbours, if the times depend on one another;
    change: int64 (h,), microseconds UTC of the clock change near each of them.
    """

    time: NDArray[np.int64]
    doubled: NDArray[np.intp]
    skipped: NDArray[np.intp]
    held: NDArray[np.intp]
    change: NDArray[np.int64]


_NONE = np.empty(0, dtype=np.intp)


class Clock:
    """The local clock of a file."""

    def __init__(self, options: ReadOptions) -> None:
        self._timezone = options.timezone
        self._later = options.ambiguous is Ambiguous.LATER
        self._infers = options.ambiguous is Ambiguous.INFER
        self._moves = options.nonexistent is Nonexistent.FORWARD

    def read(self, rows: Rows) -> ReadTimes:
        """UTC of the next rows of the file."""
        naive = np.flatnonzero(rows.naive)
        if not len(naive):
            return ReadTimes(rows.time, _NONE, _NONE, _NONE, _NONE.astype(np.int64))
        time, local = rows.time.copy(), rows.time[naive]
        found = local_offsets(local, self._timezone)
        time[naive] -= found.offset
        doubtful = np.flatnonzero(found.change >= 0)
        step = found.step[found.change[doubtful]]
        doubled, skipped = naive[doubtful[step < 0]], naive[doubtful[step > 0]]
        if self._later:
            time[doubled] -= step[step < 0]
        near = near_changes(local, self._timezone, doubled=self._infers, skipped=self._moves)
        held = np.flatnonzero(near.is_near)
        return ReadTimes(time, doubled, skipped, naive[held], near.change[held])
