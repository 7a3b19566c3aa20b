"""Readings of a sensor with its name, for charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.charts.words import span
from iotctl.words import counted


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """time: int64 (n,), microseconds since 1970-01-01 UTC, ascending; value: float64 (n,). unit: if it is known."""

    name: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    unit: str | None = None


def said(series: NamedSeries, timezone: str, of: int = 1) -> str:
    """The number of readings, and from when to when; with the name if there are several series."""
    much = f"{counted(len(series.time), 'reading')}{span(series.time, timezone)} ({timezone})"
    return f"{series.name}: {much}" if of > 1 else much
