"""What kind of anomaly a stretch of rows is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Kind

Floats = NDArray[np.float64]

_SPIKE_ROWS = 3
_BURST_ROWS = 40
_DRIFT_CORRELATION = 0.6
_LEANING_SIGMAS = 1.5
_MOVED_SIGMAS = 1.0


def name_kind(u: Floats, before: Floats, after: Floats) -> Kind:
    """Spike, burst, variance, drift or shift, by length, spread and course of the residuals u, (rows,) in sigma.

    before, after: residuals of the rows on both sides. Beside a shift they are usual; a drift begins in them.
    """
    count = len(u)
    if count <= _SPIKE_ROWS:
        return Kind.SPIKE
    if count <= _BURST_ROWS:
        return Kind.BURST
    centre = float(np.median(u))
    if float(np.median(np.abs(u - centre))) > abs(centre):
        return Kind.VARIANCE
    # Most readings are where they were, and the others are off to the other side.
    if abs(centre) < _MOVED_SIGMAS and float(u[np.argmax(np.abs(u))]) * centre <= 0:
        return Kind.VARIANCE
    if any(leaning(side, centre) for side in (before, after)):
        return Kind.DRIFT
    grows = abs(float(np.corrcoef(np.arange(count), u)[0, 1])) if float(u.std()) > 0 else 0.0
    return Kind.DRIFT if grows > _DRIFT_CORRELATION else Kind.SHIFT


def leaning(side: Floats, centre: float) -> bool:
    """Whether the rows on one side of an event are off in the same direction as its centre, but less."""
    return len(side) > 0 and float(np.median(side)) * np.sign(centre) > _LEANING_SIGMAS
