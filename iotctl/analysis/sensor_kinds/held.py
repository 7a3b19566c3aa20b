"""How long a sensor has held each of its values within a year; scheduled runs read only a part of the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.still import run_lengths
from iotctl.model import HeldRun, SensorMemory

Floats = NDArray[np.float64]

_HOUR = 3_600_000_000
_YEAR_HOURS = 8760.0
# So many runs of one value may be stuck within a year; the next longest run is usual.
FEW_RUNS = 4
# A run of fewer rows is never stuck.
SHORTEST_ROWS = 8
# Runs are remembered for so many values: those that were held longest.
_MOST_VALUES = 50


@dataclass(frozen=True)
class Held:
    """earlier: value -> lengths, in rows, of the longest runs of a year that ended before the readings at hand.

    few: how many runs of a value may be stuck in the known time. looks: how many times longer a year is than the
    readings at hand, which are judged as a part of it.
    """

    earlier: Mapping[float, list[int]] = field(default_factory=dict)
    few: int = FEW_RUNS
    looks: float = 1.0

    def usual(self, value: float, length: NDArray[np.intp]) -> float:
        """The longest usual run of a value, by the runs at hand, (k,), and earlier ones; 0 where there are few runs."""
        every = np.sort(np.append(length, self.earlier.get(value, [])))
        return float(every[-1 - self.few]) if len(every) > self.few else 0.0


def held_before(memory: SensorMemory | None, time: NDArray[np.int64], step_hours: float) -> Held:
    """The held values of earlier runs. time: (n,), microseconds since 1970-01-01 UTC, ascending."""
    if memory is None or not len(time):
        return Held()
    earlier: dict[float, list[int]] = {}
    for run in memory.held:
        if run.end < time[0]:
            earlier.setdefault(run.value, []).append(run.rows)
    a_year = _YEAR_HOURS / step_hours
    known = min(max(memory.rows, len(time)) / a_year, 1.0)
    return Held(earlier, max(1, round(FEW_RUNS * known)), max(1.0, a_year / len(time)))


def longest_held(memory: SensorMemory | None, y: Floats, time: NDArray[np.int64]) -> tuple[HeldRun, ...]:
    """The longest runs of each value within a year before the last reading, by value; at most five of each.

    y, time: (n,), the readings at hand.
    """
    if not len(y):
        return ()
    starts, length = run_lengths(y)
    long = length >= SHORTEST_ROWS
    starts, length = starts[long], length[long]
    here = zip(y[starts].tolist(), length.tolist(), time[starts + length - 1].tolist(), strict=True)
    since = int(time[-1]) - int(_YEAR_HOURS * _HOUR)
    known = [run for run in (memory.held if memory else ()) if since <= run.end < time[0]]
    by_value: dict[float, list[HeldRun]] = {}
    for run in sorted([*known, *(HeldRun(*one) for one in here)], key=lambda run: -run.rows):
        runs = by_value.setdefault(run.value, [])
        if len(runs) <= FEW_RUNS:
            runs.append(run)
    # They are now in the order of their longest runs.
    return tuple(run for runs in list(by_value.values())[:_MOST_VALUES] for run in runs)
