"""Absurd readings as events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.described import HOUR, Floats, event_id
from iotctl.analysis.invalid import Absurd, name_of
from iotctl.analysis.scores.tails import MOST_DECADES
from iotctl.model import Event, Kind
from iotctl.words import counted, number, span

_APART = 24 * HOUR


def find_invalid(time: NDArray[np.int64], value: Floats, absurd: Absurd, expected: Floats, unit: str) -> list[Event]:
    """Events of absurd readings, by start. value: all readings, (n,). expected: the model at the same rows, (n,)."""
    events = []
    found = np.flatnonzero(absurd.rows)
    # A device that sends such a code often sends several within hours: those of one day are one event.
    for rows in np.split(found, np.flatnonzero(np.diff(time[found]) > _APART) + 1) if len(found) else []:
        at = int(rows[np.argmax(np.abs(value[rows] / 2 - expected[rows] / 2))])
        band = (absurd.high - absurd.low) / 2 or abs(absurd.high) / 10
        name = name_of(float(value[at]))
        read = f"{value[at]:.12g}" if name else number(float(value[at]), band, unit)
        usual = number(absurd.high, band, unit)
        if absurd.low < absurd.high:
            usual = f"{number(absurd.low, band)} to {usual}"
        named = f", {name}" if name else ""
        first, last = int(time[rows[0]]), int(time[rows[-1]])
        which = (
            "one reading" if len(rows) == 1 else f"{counted(len(rows), 'reading')} within {span((last - first) / HOUR)}"
        )
        events.append(
            Event(
                event_id=event_id(Kind.INVALID, first, last),
                kind=Kind.INVALID,
                start=first,
                end=last,
                rows=len(rows),
                severity=MOST_DECADES,
                score=0.0,
                extreme=float(value[at]),
                expected=float(expected[at]),
                low=absurd.low,
                high=absurd.high,
                explanation=f"{which} of {read}{named}: not a value of this sensor, which reads {usual}",
            )
        )
    return events
