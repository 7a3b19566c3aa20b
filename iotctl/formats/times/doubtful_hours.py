"""Decides by the order in the file which of two equal hours the readings of a sensor belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time

# Both hours are in the file if it has at least this share of the readings that the sensor's usual step gives for both.
_PART_THERE = 0.75
# The step between the two hours may be this many times the usual one, if there is nothing else to compare with.
_UNEVEN = 1.25


@dataclass(frozen=True, slots=True)
class Change:
    """A clock change, in microseconds. begin, end: local times between which it doubles or skips.

    step: by how much it moves the clock, negative if local times come twice. before, after: the zone's offsets.
    """

    begin: int
    end: int
    before: int
    after: int

    @property
    def step(self) -> int:
        """By how much the clock is moved."""
        return self.after - self.before

    @property
    def hour(self) -> str:
        """The doubtful times for people: 2016-10-30 02:00 to 03:00."""
        begin, end = (_LOCAL_EPOCH + timedelta(microseconds=edge) for edge in (self.begin, self.end))
        return f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M}"

    @property
    def offset_before(self) -> str:
        """The offset before the change, as +01:00."""
        return _offset_text(self.before)

    @property
    def offset_after(self) -> str:
        """The offset after the change, as +01:00."""
        return _offset_text(self.after)

    def doubts(self, local: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which local times are doubtful."""
        return (local >= self.begin) & (local < self.end)


def runs_through(local: NDArray[np.int64], change: Change) -> bool:
    """Whether a sensor's clock did not skip the hour: moved forward, a time would meet or pass a real one.

    local: int64 (n,), its times in the skipped hour and in the hour after it.
    """
    doubted = change.doubts(local)
    moved, real = local[doubted] + change.step, local[~doubted]
    return len(moved) > 0 and len(real) > 0 and bool(moved.max() >= real.min())


def is_second_pass(local: Sequence[int], value: Sequence[float], change: Change) -> list[bool | None]:
    """For each reading of a sensor around a doubled hour, in file order: whether it is in the second of the two hours.

    None if the order does not show it; False outside of the hour.
    """
    doubted = [row for row, time in enumerate(local) if change.begin <= time < change.end]
    found: list[bool | None] = [False] * len(local)
    if not doubted:
        return found
    begin, end = doubted[0], doubted[-1] + 1
    if end - begin > len(doubted):
        passes: list[bool | None] = [None] * len(doubted)  # interrupted by other times: no order
    else:
        passes = _Run(local[:begin], local[begin:end], local[end:], value[begin:end], change).passes()
    for row, second in zip(doubted, passes, strict=True):
        found[row] = second
    return found


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive times of a sensor within a doubled hour, and the times around them."""

    before: Sequence[int]
    times: Sequence[int]
    after: Sequence[int]
    value: Sequence[float]
    change: Change

    def passes(self) -> list[bool | None]:
        unknown: list[bool | None] = [None] * len(self.times)
        forward = self._two_passes() or self._sorted_by_local_time()
        if forward is not None:
            return forward
        # The file runs backwards. Pairs of equal times do not show which one was first.
        backward = _Run(self.after[::-1], self.times[::-1], self.before[::-1], self.value[::-1], self.change)
        found = backward._two_passes()
        return found[::-1] if found is not None else unknown

    def _two_passes(self) -> list[bool | None] | None:
        """Both hours one after the other, with one step back between them."""
        back = [row + 1 for row, (time, following) in enumerate(pairwise(self.times)) if following < time]
        if len(back) != 1 or not self._fits_around():
            return None
        first, second = self.times[: back[0]], self.times[back[0] :]
        if _repeated(first) - set(second) or _repeated(second) - set(first):
            return None  # a reading of the first hour may be among those of the second
        steps = [*_steps(first), *_steps(second)]
        if not self.before and not self.after:
            same = list(first) == list(second) and list(self.value[: back[0]]) == list(self.value[back[0] :])
            across = second[0] - self.change.step - first[-1]
            if same or not steps or across > _UNEVEN * median(steps):
                return None  # may be one hour twice, or disorder
        usual = self._usual_step([*steps, *_steps(self.before), *_steps(self.after)])
        there = len(set(first)) + len(set(second))
        if usual is None or usual > -self.change.step or there < _PART_THERE * self._count(usual):
            return None
        return [row >= back[0] for row in range(len(self.times))]

    def _sorted_by_local_time(self) -> list[bool | None] | None:
        """Both hours mixed, sorted by local time: each time occurs twice, once for each hour."""
        before, after = self.before, self.after
        if any(following < time for time, following in pairwise(self.times)) or not self._fits_around():
            return None
        if not (before or after) or len(set(before)) < len(before) or len(set(after)) < len(after):
            return None  # nothing to compare with, or every row is doubled
        count = Counter(self.times)
        twice = 2 * sum(times == 2 for times in count.values())
        usual = self._usual_step([*_steps(sorted(count)), *_steps(before), *_steps(after)])
        if usual is None or usual > -self.change.step:
            return None  # with such a long step, a time does not occur twice
        if twice < _PART_THERE * max(self._count(usual), len(self.times)):
            return None
        return [
            (row > 0 and self.times[row - 1] == time) if count[time] == 2 else None
            for row, time in enumerate(self.times)
        ]

    def _fits_around(self) -> bool:
        """Whether times ascend before and after the hour. In disorder, its rows may be anywhere."""
        around = [*self.before, self.change.begin, self.change.end, *self.after]
        return all(time <= following for time, following in pairwise(around))

    def _usual_step(self, steps: Sequence[int]) -> float | None:
        if steps:
            return median(steps)
        before, after = self.before, self.after
        edges = [self.times[0] - before[-1]] if before else []
        edges += [after[0] - self.times[-1]] if after else []
        return min(edges, default=None)

    def _count(self, usual: float) -> float:
        """The number of readings in both hours at the usual step."""
        before, after = self.before, self.after
        begin = before[-1] if before else self.times[0]
        end = (after[0] if after else self.times[-1]) - self.change.step
        return (end - begin) / usual + 1 - bool(before) - bool(after)


def _repeated(times: Sequence[int]) -> set[int]:
    return {time for time, count in Counter(times).items() if count > 1}


def _steps(times: Sequence[int]) -> list[int]:
    return [following - time for time, following in pairwise(times) if following > time]


def _offset_text(microseconds: int) -> str:
    sign, minutes = "-" if microseconds < 0 else "+", abs(microseconds) // 60_000_000
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
