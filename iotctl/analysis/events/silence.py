"""A sensor that is silent now: for how long, and how long is usual for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.described import HOUR, event_id
from iotctl.analysis.events.gaps_and_limits import least_gap
from iotctl.analysis.quality.intervals import usual_interval
from iotctl.analysis.robust import mad_sigma
from iotctl.model import Event, Kind
from iotctl.words import counted, reading, span

_FEWEST_READINGS = 8

# Sums of two such values do not overflow.
_LARGEST = 1e300


def find_silence(time: NDArray[np.int64], value: NDArray[np.float64], until: int, unit: str = "") -> Event | None:
    """The event of a sensor that has been silent for longer than its usual gap; None where it is not silent.

    time: int64 (n,), microseconds since 1970-01-01 UTC, in order; value: float64 (n,). until: readings are known up to
    this time, and the event ends there, because it goes on. A sensor without a usual interval (it sends on change, for
    example) is silent where its pause is longer than every earlier one.
    """
    steps = np.diff(time)
    steps = steps[steps > 0]
    if len(steps) < _FEWEST_READINGS - 1:
        return None
    last, silent = int(time[-1]), until - int(time[-1])
    usual = float(np.median(steps))
    least = least_gap(steps)
    if usual_interval(steps) is None:
        least = max(least, float(steps.max()))
    if silent <= least:
        return None
    known = np.clip(value[np.isfinite(value)], -_LARGEST, _LARGEST)
    extreme = float(known[-1]) if len(known) else 0.0
    band = mad_sigma(known) if len(known) else 0.0
    return Event(
        event_id=event_id(Kind.SILENT, last, until),
        kind=Kind.SILENT,
        start=last,
        end=until,
        rows=1,
        severity=float(np.log10(silent / usual)),
        score=0.0,
        extreme=extreme,
        expected=extreme,
        low=extreme,
        high=extreme,
        explanation=f"silent for {span(silent / HOUR)}, last reading {reading(extreme, band, unit)};"
        f" about {counted(round(silent / usual), 'reading')} missing so far",
    )
