"""The kind of a sensor, found from its readings: each kind has a module with the model that fits it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.sensor_kinds import counter, intermittent, states
from iotctl.analysis.still import stands_still
from iotctl.model import SensorKind

Floats = NDArray[np.float64]

__all__ = ["recognise"]

_FEWEST_ROWS = 8


def recognise_kind(y: Floats) -> SensorKind:
    """The kind of sensor, by its readings (n,), in order of time and without absurd values.

    Fewer than 8 readings count as continuous.
    """
    if len(y) < _FEWEST_ROWS:
        return SensorKind.CONTINUOUS
    if stands_still(y):
        return SensorKind.STILL
    if counter.is_counter(y):
        return SensorKind.COUNTER
    if states.is_on_off(y):
        return SensorKind.ON_OFF
    if intermittent.is_intermittent(y):
        return SensorKind.INTERMITTENT
    if states.has_states(y):
        return SensorKind.STATES
    if states.saturates(y):
        return SensorKind.SATURATING
    return SensorKind.CONTINUOUS
