"""Sensors that read one value most of the time: rain, a tap, a flow. Their usual amount is that of the other times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin
from iotctl.analysis.sensor_kinds.states import most_common

Floats = NDArray[np.float64]

_REST_PART = 0.6
_FEWEST_AMOUNTS, _FEWEST_ROWS = 20, 8


def is_intermittent(y: Floats) -> bool:
    """Whether one value is read most of the time, and many other values in between, all on one side of it."""
    if len(y) < _FEWEST_ROWS:
        return False
    rest, part = most_common(y)
    if part < _REST_PART:
        return False
    away = thin(y)[thin(y) != rest]
    above = float((away > rest).mean()) if len(away) else 0.0
    return len(away) >= _FEWEST_ROWS and len(np.unique(away)) >= _FEWEST_AMOUNTS and max(above, 1 - above) > 0.99


def rests_above(y: Floats, rest: float) -> bool:
    """Whether the readings between the rests are below them."""
    away = y[y != rest]
    return bool(len(away)) and float((away < rest).mean()) > 0.5


def usual_amount(y: Floats) -> float:
    """How far from its rest the sensor usually is when it is not at rest. This is the smallest scale."""
    rest, _ = most_common(y)
    sample = thin(y)
    return float(np.median(np.abs(sample[sample != rest] - rest)))
