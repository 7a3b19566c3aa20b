"""Events that no score finds: missing data, and readings outside the physical limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.described import HOUR, Modelled, Stretch, describe, runs_of
from iotctl.model import Event, Kind
from iotctl.words import counted, reading, span

# A step is missing data if it is this many times the usual one, and longer than nearly all others.
_GAP_STEPS, _GAP_QUANTILE, _GAP_FACTOR = 10.0, 0.99, 3.0


def least_gap(steps: NDArray[np.int64]) -> float:
    """The length from which a step between two readings is a gap, in the unit of steps, (k,), k at least 1.

    Changes the order of steps: a copy would be 80 MB for a long series.
    """
    usual = float(np.median(steps, overwrite_input=True))
    return max(_GAP_STEPS * usual, _GAP_FACTOR * float(np.quantile(steps, _GAP_QUANTILE, overwrite_input=True)))


def find_gaps(series: Modelled, threshold: float) -> list[Event]:
    """Events of missing data, by start: steps far longer than this sensor's usual ones."""
    if len(series.time) < 3:
        return []
    steps = np.diff(series.time)
    usual = float(np.median(steps, overwrite_input=True))
    least = least_gap(steps)
    events = []
    for row in np.flatnonzero(np.subtract(series.time[1:], series.time[:-1], out=steps) > least).tolist():
        event = describe(series, Stretch(row, row + 2, Kind.GAP), threshold)
        missing = round(steps[row] / usual) - 1
        events.append(
            replace(
                event,
                severity=float(np.log10(steps[row] / usual)),
                score=0.0,
                explanation=f"no reading for {span(steps[row] / HOUR)}, about {counted(missing, 'reading')} missing",
            )
        )
    return events


def find_beyond_limits(series: Modelled, limits: tuple[float, float], threshold: float) -> list[Event]:
    """Events of readings outside the physical limits (low, high), by start."""
    excess = np.maximum(limits[0] - series.value, series.value - limits[1])
    beyond = excess > 0
    events = []
    for start, end in runs_of(beyond):
        event = describe(series, Stretch(start, end, Kind.LIMIT), threshold, start + int(np.argmax(excess[start:end])))
        rows = int(np.count_nonzero(beyond[start:end]))
        side, limit = ("below", limits[0]) if event.extreme < limits[0] else ("above", limits[1])
        farthest = reading(event.extreme, event.high - event.expected, series.unit)
        beyond_limit = f"{side} the limit of {limit:.6g}{f' {series.unit}' if series.unit else ''}"
        if rows == 1:
            explanation = f"one reading of {farthest}, {beyond_limit}"
        else:
            explanation = f"{counted(rows, 'reading')} {beyond_limit}, farthest at {farthest}"
        events.append(replace(event, explanation=explanation))
    return events
