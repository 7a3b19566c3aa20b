"""The rows of a long series to draw, so that a screen shows its course and every anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Course, Detection, Event

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# A step this many times the usual one is drawn as a hole, without a line.
_HOLE_STEPS = 10

# Numbers are rounded to such parts of a sigma, or of a severity of 1.
_PARTS = 64

# So many rows before and after an event are shown, or as many as the event has.
_FEWEST_AROUND = 48


def shown_rows(value: Floats, points: int, always: Sequence[int] = ()) -> Rows:
    """About so many rows that show the course of a series, and the rows that must be shown; ascending.

    It takes the lowest and the highest row of each block: more cannot be seen where a block is narrower than a pixel.
    The first and the last row are always included.
    """
    rows = len(value)
    if rows <= points:
        return np.arange(rows)
    size = -(-rows // max(points // 2, 1))
    padded = np.full(-(-rows // size) * size, np.nan)
    padded[:rows] = np.nan_to_num(value)
    blocks = padded.reshape(-1, size)
    first = np.arange(len(blocks)) * size
    ends = [0, rows - 1, *always]
    return np.unique(np.concatenate([first + np.nanargmin(blocks, 1), first + np.nanargmax(blocks, 1), ends]))


def judged_rows(detection: Detection, points: int, near: int) -> Rows:
    """All rows of a short series; of one longer than `points`, rows that show its course, and every row around events.

    near: the most rows around one event; if there are more, so many that show their course.
    """
    always = extreme_rows(detection)
    if len(detection.value) <= points:
        return np.arange(len(detection.value))
    parts = [shown_rows(detection.value, points, always)]
    for event in detection.events:
        start, end = around(detection.time, event)
        parts.append(start + shown_rows(detection.value[start:end], near))
    return np.unique(np.concatenate(parts))


def around(time: Times, event: Event) -> tuple[int, int]:
    """[first, last) of the rows that show an event: its rows, and as many before and after it."""
    start, end = np.searchsorted(time, [event.start, event.end + 1]).tolist()
    reach = max(_FEWEST_AROUND, end - start)
    return max(start - reach, 0), min(end + reach, len(time))


def course_of(detection: Detection, points: int, near: int) -> Course:
    """The detection with only the rows of a chart; see judged_rows. Holes among the readings break the lines."""
    rows = judged_rows(detection, points, near)
    columns = [detection.value, detection.expected, detection.scale, detection.severity]
    time, shown = with_holes(detection.time[rows], [column[rows] for column in columns], detection.time)
    return Course(time, *shown)


def rounded(course: Course) -> Course:
    """The same, rounded to a part of sigma that nobody can see, so that it takes half of the space in a page."""
    known = course.scale[np.isfinite(course.scale) & (course.scale > 0)]
    if not len(known):
        return course
    # A power of two: its multiples have short fractions.
    step = 2.0 ** np.floor(np.log2(float(known.min()) / _PARTS))
    fraction, power = np.frexp(course.scale)
    return replace(
        course,
        value=np.round(course.value / step) * step,
        expected=np.round(course.expected / step) * step,
        scale=np.ldexp(np.round(fraction * _PARTS) / _PARTS, power),
        severity=np.round(course.severity * _PARTS) / _PARTS,
    )


def extreme_rows(detection: Detection) -> list[int]:
    """The row of each event's extreme reading; for an invalid reading, which is not in the series, the next row.

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
    """The first rows of so many blocks of about equal length; with fewer rows, one block for each row."""
    return np.unique(np.linspace(0, rows, min(rows, blocks) + 1).astype(np.intp))[:-1]


def with_holes(time: Times, columns: Sequence[Floats], all_times: Times) -> tuple[Times, list[Floats]]:
    """The thinned series with a row of NaN, which breaks the line, in each hole of the full series."""
    steps = np.diff(all_times)
    if not len(steps):
        return time, list(columns)
    holes = np.flatnonzero(steps > _HOLE_STEPS * max(float(np.median(steps)), 1.0))
    at = np.searchsorted(time, all_times[holes], side="right")
    return np.insert(time, at, all_times[holes] + 1), [np.insert(column, at, np.nan) for column in columns]
