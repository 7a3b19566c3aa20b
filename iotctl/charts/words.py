"""Words of charts: titles of axes, limits, spans of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Event, Kind
from iotctl.moments import local_time

# The axis of the lowest chart has room for so many letters.
_LONGEST_TITLE = 36

# Silence after the readings is shown up to this part of their length.
_SILENCE_PART = 20


def span(time: NDArray[np.int64], timezone: str) -> str:
    """From when to when a series is, in timezone; empty for none."""
    if not len(time):
        return ""
    first, last = (local_time(int(time[row]), timezone).strftime("%Y-%m-%d %H:%M") for row in (0, -1))
    return f", {first} to {last}" if len(time) > 1 else f", {first}"


def value_title(name: str, unit: str | None) -> str:
    """The title of the y axis: the sensor's name, unless it is long, and the unit of its values, if it is known."""
    what = name if len(name) <= _LONGEST_TITLE else "sensor value"
    return f"{what} [{unit}]" if unit else what


def said_limits(limits: tuple[float, float], unit: str | None) -> str:
    """Physical limits in words; either may be infinite."""
    low, high = limits
    behind = f" {unit}" if unit else ""
    if low == float("-inf"):
        return f"up to {high:g}{behind}"
    return f"from {low:g}{behind}" if high == float("inf") else f"{low:g} to {high:g}{behind}"


def shown_end(event: Event, first: int, last: int) -> int:
    """Where an event ends on a chart of readings from first to last, microseconds since 1970-01-01 UTC.

    Silence goes on after the readings: a year of it must not shrink them to a line.
    """
    return event.end if event.kind is not Kind.SILENT else min(event.end, last + (last - first) // _SILENCE_PART)
