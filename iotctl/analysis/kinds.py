"""What kind of anomaly a stretch of rows is, and the sentence that tells a plant engineer so."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Kind

Floats = NDArray[np.float64]

_SPIKE_ROWS = 3
_BURST_ROWS = 40
_DRIFT_CORRELATION = 0.6
_LEANING_SIGMAS = 1.5
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
    if any(leaning(side, centre) for side in (before, after)):
        return Kind.DRIFT
    grows = abs(float(np.corrcoef(np.arange(count), u)[0, 1])) if float(u.std()) > 0 else 0.0
    return Kind.DRIFT if grows > _DRIFT_CORRELATION else Kind.SHIFT


def leaning(side: Floats, centre: float) -> bool:
    """Whether the rows on one side of an event are off in the direction of its centre, though less."""
    return len(side) > 0 and float(np.median(side)) * np.sign(centre) > _LEANING_SIGMAS


def explain(
    kind: Kind, value: Floats, expected: Floats, u: Floats, *, at: int, band: float, hours: float, unit: str = ""
) -> str:
    """The sentence for an event that is a stretch of odd readings; each other kind has its own.

    value, expected, u: (rows,), readings, model and residual in sigma. at: the extreme row among them. band: half the
    width of the usual range there. Numbers are rounded to what matters beside the band. unit: of values.
    """
    away = float(value[at] - expected[at])
    if band < _NO_BAND * abs(away):  # a sensor that stands still
        band = abs(away) / 10
        usual = number(float(expected[at]), band, unit)
    else:
        usual = f"{number(float(expected[at]) - band, band)} to {number(float(expected[at]) + band, band, unit)}"
    reach = (
        f"{number(float(value[at]), band, unit)} where {number(float(expected[at]), band, unit)} was expected, "
        f"{number(abs(away), band, unit)} {_side(away)} (usual: {usual})"
    )
    match kind:
        case Kind.SPIKE if len(u) == 1:
            return f"one reading of {reach}"
        case Kind.SPIKE | Kind.BURST:
            return f"{len(u)} readings within {span(hours)} out of line, as far as {reach}"
        case Kind.SHIFT:
            moved = float(np.median(value - expected))
            level = number(abs(moved), band, unit)
            return f"level {level} {_side(moved)} the expected for {span(hours)}, as far as {reach}"
        case Kind.DRIFT:
            return f"drifting away for {span(hours)}, as far as {reach}"
        case Kind.VARIANCE:
            return f"varying {float(np.std(u)):.1f} times as much as usual for {span(hours)}, as far as {reach}"
        case Kind.STUCK:
            held = number(float(np.median(value)), band, unit)
            return f"stuck at {held} for {span(hours)}: {len(u)} readings without a change"
        case Kind.GAP | Kind.LIMIT | Kind.INVALID | Kind.STEP | Kind.SLOPE | Kind.NOISE:
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
