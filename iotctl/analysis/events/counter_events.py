"""Events found in the rises of a counter, told with its readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iotctl.analysis.events.described import HOUR, Floats, Modelled
from iotctl.analysis.events.sentences import explain_stuck
from iotctl.analysis.sensor_kinds.counter import usual_steps
from iotctl.analysis.sensor_kinds.readable import Readable
from iotctl.model import Event, Kind
from iotctl.words import counted, reading, span


def readings_of(rises: Modelled, value: Floats, step_hours: float, can_read: Readable) -> Modelled:
    """The readings of a counter beside those that its modelled rises lead to. value: (n,), its readings."""
    steps = usual_steps((rises.time - rises.time[0]) / HOUR, step_hours)
    expected = value - (rises.value - rises.expected) * steps
    scale = rises.scale * steps
    return Modelled(rises.time, value, expected, scale, rises.score, rises.severity, rises.unit, readable=can_read)


def in_readings(events: list[Event], rises: Modelled, readings: Modelled, threshold: float) -> list[Event]:
    """The events of a counter's rises, with numbers of the readings, and with "rise per reading" in the sentence."""
    told = []
    for event in events:
        start, end = np.searchsorted(rises.time, [event.start, event.end + 1]).tolist()
        at = start + int(np.argmax(np.abs(rises.u(start, end))))
        expected, band = float(readings.expected[at]), threshold * float(readings.scale[at])
        explanation = event.explanation
        if event.kind is Kind.STUCK:
            explanation = _held(readings, rises, start, end)
        elif event.kind not in (Kind.SPIKE, Kind.BURST):  # their sentence already says "rise"
            explanation = f"rise per reading: {explanation}"
        told.append(
            replace(
                event,
                extreme=float(readings.value[at]),
                expected=expected,
                low=expected - band,
                high=expected + band,
                explanation=explanation,
            )
        )
    return told


def _held(readings: Modelled, rises: Modelled, start: int, end: int) -> str:
    """The sentence for stuck rows [start, end): the counter stands still, or always rises by the same."""
    hours = float(readings.time[end - 1] - readings.time[start]) / HOUR
    stands, band = float(np.median(readings.value[start:end])), float(np.median(readings.scale[start:end]))
    rise = float(np.median(rises.value[start:end]))
    if rise == 0:
        return explain_stuck(stands, max(band, 1.0), end - start, hours, None, readings.unit)
    by = reading(rise, band, readings.unit)
    return f"rises by the same {by} at each reading for {span(hours)}: {counted(end - start, 'reading')}"
