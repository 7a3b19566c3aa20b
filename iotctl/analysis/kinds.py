"""What kind of anomaly a stretch of rows is, and the sentence that tells a plant engineer so."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Kind

Floats = NDArray[np.float64]

_SPIKE_ROWS = 3
_BURST_ROWS = 40
_DRIFT_CORRELATION = 0.6
_LEANING_SIGMAS = 1.5
_MOVED_SIGMAS = 1.0
_SAME_SPREAD = 1.2
_NO_BAND = 1e-4  # of how far a reading is off: the usual range is one value


def name_kind(u: Floats, before: Floats, after: Floats) -> Kind:
    """Spike, burst, variance, drift or shift, by length, spread and course of the residuals u, (rows,) in sigma.

    before, after: residuals of the rows on both sides. Those of a shift are usual, a drift has begun in them.
    """
    count = len(u)
    if count <= _SPIKE_ROWS:
        return Kind.SPIKE
    if count <= _BURST_ROWS:
        return Kind.BURST
    centre = float(np.median(u))
    if float(np.median(np.abs(u - centre))) > abs(centre):
        return Kind.VARIANCE
    # Most readings are where they were, and those that are off are so to the other side.
    if abs(centre) < _MOVED_SIGMAS and float(u[np.argmax(np.abs(u))]) * centre <= 0:
        return Kind.VARIANCE
    if any(leaning(side, centre) for side in (before, after)):
        return Kind.DRIFT
    grows = abs(float(np.corrcoef(np.arange(count), u)[0, 1])) if float(u.std()) > 0 else 0.0
    return Kind.DRIFT if grows > _DRIFT_CORRELATION else Kind.SHIFT


def leaning(side: Floats, centre: float) -> bool:
    """Whether the rows on one side of an event are off in the direction of its centre, though less."""
    return len(side) > 0 and float(np.median(side)) * np.sign(centre) > _LEANING_SIGMAS


@dataclass(frozen=True)
class Reach:
    """What was expected where an event is farthest off, and between what it would have been usual.

    beside: whether that is against the readings before and after, not against the model.
    """

    expected: float
    low: float
    high: float
    beside: bool = False


def explain(
    kind: Kind, value: Floats, expected: Floats, u: Floats, *, at: int, reach: Reach, hours: float, unit: str = ""
) -> str:
    """The sentence for an event that is a stretch of odd readings; each other kind has its own.

    value, expected, u: (rows,), readings, model and residual in sigma. at: the extreme row among them. reach: what is
    usual there; numbers are rounded to what matters beside its width. unit: of values.
    """
    away = float(value[at]) - reach.expected
    band = (reach.high - reach.low) / 2
    if band < _NO_BAND * abs(away):  # a sensor that stands still
        band = abs(away) / 10
        usual = number(reach.expected, band, unit)
    else:
        usual = f"{number(reach.low, band)} to {number(reach.high, band, unit)}"
    about = number(reach.expected, band, unit)
    about = f"its neighbours read {about}" if reach.beside else f"{about} was expected"
    far = f"{number(float(value[at]), band, unit)} where {about}, {number(abs(away), band, unit)} {_side(away)}"
    # Where the course of many readings is odd, no single one need be.
    far += "" if reach.low <= float(value[at]) <= reach.high else f" (usual: {usual})"
    match kind:
        case Kind.SPIKE if len(u) == 1:
            return f"one reading of {far}"
        case Kind.SPIKE | Kind.BURST:
            return f"{len(u)} readings within {span(hours)} out of line, as far as {far}"
        case Kind.SHIFT:
            moved = float(np.median(value - expected))
            level = number(abs(moved), band, unit)
            return f"level {level} {_side(moved)} the expected for {span(hours)}, as far as {far}"
        case Kind.DRIFT:
            return f"drifting away for {span(hours)}, as far as {far}"
        case Kind.VARIANCE if float(np.std(u)) < _SAME_SPREAD:
            return f"a course unlike the usual one for {span(hours)}, as far as {far}"
        case Kind.VARIANCE:
            return f"varying {float(np.std(u)):.1f} times as much as usual for {span(hours)}, as far as {far}"
        case Kind.STUCK:
            held = number(float(np.median(value)), band, unit)
            return f"stuck at {held} for {span(hours)}: {len(u)} readings without a change"
        case Kind.GAP | Kind.SILENT | Kind.LIMIT | Kind.INVALID | Kind.STEP | Kind.SLOPE | Kind.NOISE:
            return ""


def span(hours: float) -> str:
    """A duration as people say it."""
    if hours < 2:
        return f"{hours * 60:.0f} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def number(value: float, band: float, unit: str = "") -> str:
    """A value with two digits more than the band's first; in powers of ten where that would be long; and unit."""
    digits = 1 - math.floor(math.log10(band)) if 0 < band < math.inf else -1
    behind = f" {unit}" if unit else ""
    if not 0 <= digits <= 6 or abs(value) >= 1e9:
        return f"{value:.6g}{behind}"
    return f"{round(value, digits) + 0.0:.{digits}f}{behind}"  # + 0.0: no "-0"


def _side(away: float) -> str:
    return "above" if away > 0 else "below"
