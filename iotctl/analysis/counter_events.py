"""Events of a counter's rises, told in readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iotctl.analysis.described import HOUR, Modelled
from iotctl.analysis.kinds import number, span
from iotctl.model import Event, Kind


def in_readings(events: list[Event], rises: Modelled, readings: Modelled, threshold: float) -> list[Event]:
    """Events of a counter's rises, with the readings in their numbers and what they are about in their sentence."""
    told = []
    for event in events:
        start, end = np.searchsorted(rises.time, [event.start, event.end + 1]).tolist()
        at = start + int(np.argmax(np.abs(rises.u(start, end))))
        expected, band = float(readings.expected[at]), threshold * float(readings.scale[at])
        if event.kind is Kind.STUCK:
            stands = number(float(np.median(readings.value[start:end])), max(band, 1.0), readings.unit)
            hours = (event.end - event.start) / HOUR
            explanation = f"stuck at {stands} for {span(hours)}: {event.rows} readings without a change"
        else:
            explanation = f"rise from reading to reading: {event.explanation}"
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
