"""What earlier runs remember of a sensor: its kind, and tails that fade within a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.scores.tails import Tail
from iotctl.analysis.sensor_kinds.held import longest_held
from iotctl.model import SensorKind, SensorMemory

Floats = NDArray[np.float64]

_YEAR_HOURS = 8760.0
# A tail of fewer rows teaches nothing: its 99.9 % quantile is one or two readings.
_FEWEST_ROWS = 1000


def remembered_kind(memory: SensorMemory | None, kind: SensorKind) -> SensorKind:
    """The kind of a sensor; if it stands still now, then its remembered kind."""
    if memory is None or memory.sensor_kind is None or kind is not SensorKind.STILL:
        return kind
    return memory.sensor_kind


def blended(
    memory: SensorMemory | None, own: Mapping[str, Tail], time: NDArray[np.int64], step_hours: float
) -> dict[str, Tail]:
    """The tail of each component: a weighted mean of the remembered quantiles and those at hand.

    time: (n,), microseconds since 1970-01-01 UTC, ascending. step_hours: between two readings. The readings at hand
    weigh by their new rows among the rows of a year, so that a remembered tail fades within a year.
    """
    tails = dict(own)
    if memory is None or memory.rows < _FEWEST_ROWS or not len(time):
        return tails
    new = len(time) - int(np.searchsorted(time, memory.until, side="right"))
    known = min(memory.rows, int(_YEAR_HOURS / step_hours))
    # Old rows at hand are in the memory already; but where the memory is small, all rows at hand count.
    share = max(new, len(time) - memory.rows) / (known + new) if known + new else 0.0
    for name, (body, far, farthest) in memory.tails.items():
        if name in own:
            tail = own[name]
            tails[name] = Tail(
                body + share * (tail.body - body),
                far + share * (tail.far - far),
                farthest + share * (tail.farthest - farthest),
            )
    return tails


def wider(one: Mapping[str, Tail], other: Mapping[str, Tail]) -> dict[str, Tail]:
    """For each component the wider of two tails: what was usual before is usual, and so is what is usual now."""
    return {
        name: Tail(
            max(tail.body, other[name].body), max(tail.far, other[name].far), max(tail.farthest, other[name].farthest)
        )
        for name, tail in one.items()
    }


def learn(
    before: SensorMemory | None,
    tails: Mapping[str, Tail],
    time: NDArray[np.int64],
    kind: SensorKind,
    periods_hours: Sequence[float],
    modelled: Floats,
) -> SensorMemory:
    """The memory of a sensor after a run. tails: see blended. modelled: (n,), its readings or rises."""
    if not len(time):
        return before or SensorMemory()
    new = len(time) if before is None else len(time) - int(np.searchsorted(time, before.until, side="right"))
    return SensorMemory(
        until=int(time[-1]),
        rows=new + (0 if before is None else before.rows),
        sensor_kind=kind,
        tails={name: (tail.body, tail.far, tail.farthest) for name, tail in tails.items()},
        periods_hours=tuple(periods_hours),
        held=() if before is None else longest_held(before, modelled, time),
    )
