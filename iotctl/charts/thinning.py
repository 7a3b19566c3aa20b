"""Which rows of a long series to draw, so that a screen shows its course and every anomaly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from iotctl.model import Detection

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# A step this many times the usual one is drawn as a hole, not as a line across it.
_HOLE_STEPS = 10


def shown_rows(value: Floats, points: int, always: Sequence[int] = ()) -> Rows:
    """About so many rows that show the course of a series (MinMaxLTTB), and those that must be seen; ascending."""
    if len(value) <= points:
        return np.arange(len(value))
    finite = np.nan_to_num(np.ascontiguousarray(value))
    chosen = MinMaxLTTBDownsampler().downsample(finite, n_out=points)  # type: ignore[no-untyped-call]  # has no types
    return np.union1d(chosen.astype(np.intp), np.array(always, dtype=np.intp))


def extreme_rows(detection: Detection) -> list[int]:
    """The row of each event's extreme reading; of an invalid one, which is left out of the series, the next row.

    None for a series without rows, of a sensor that was silent all the time.
    """
    if not len(detection.time):
        return []
    rows = []
    for event in detection.events:
        start, end = np.searchsorted(detection.time, [event.start, event.end + 1]).tolist()
        if start == end:
            rows.append(min(start, len(detection.time) - 1))
        else:
            rows.append(start + int(np.argmin(np.abs(detection.value[start:end] - event.extreme))))
    return rows


def block_starts(rows: int, blocks: int) -> Rows:
    """The first rows of so many blocks of about equal length, or of one per row."""
    return np.unique(np.linspace(0, rows, min(rows, blocks) + 1).astype(np.intp))[:-1]


def with_holes(time: Times, value: Floats, all_times: Times) -> tuple[Times, Floats]:
    """The thinned series with a NaN, which breaks the line, in each hole of the series that it stands for."""
    steps = np.diff(all_times)
    if not len(steps):
        return time, value
    holes = np.flatnonzero(steps > _HOLE_STEPS * max(float(np.median(steps)), 1.0))
    at = np.searchsorted(time, all_times[holes], side="right")
    return np.insert(time, at, all_times[holes] + 1), np.insert(value, at, np.nan)
