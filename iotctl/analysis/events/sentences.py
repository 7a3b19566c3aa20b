"""The sentence that tells a plant engineer what an event is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Kind
from iotctl.words import counted, difference, number, reading, span

Floats = NDArray[np.float64]

_SAME_SPREAD = 1.2
_NO_BAND = 1e-4  # of how far a reading is off: the usual range is one value


@dataclass(frozen=True)
class Reach:
    """What was expected where an event is farthest off, and the usual range there.

    beside: whether that is against the readings before and after, not against the model. is_sent: whether what was
    expected is a value that the sensor sends, as a valve does its 0 and 100, and no estimate.
    """

    expected: float
    low: float
    high: float
    beside: bool = False
    is_sent: bool = False

    @property
    def band(self) -> float:
        """Half the width of what is usual."""
        return (self.high - self.low) / 2

    def has(self, value: float) -> bool:
        """Whether a value is usual."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class OddRows:
    """The rows of an event. value, expected, u: (rows,), readings, model, and residuals in sigma.

    at: the extreme row among them. hours: from the first to the last.
    """

    value: Floats
    expected: Floats
    u: Floats
    at: int
    hours: float


def explain(kind: Kind, rows: OddRows, reach: Reach, unit: str = "", noun: str = "reading") -> str:
    """The sentence for a stretch of odd readings. Stuck values, gaps and lasting changes have functions of their own.

    reach: the usual range at the extreme row; numbers are rounded to fit its width. unit: of values. noun: what a value
    is called.
    """
    value, u, hours = rows.value, rows.u, rows.hours
    extreme = float(value[rows.at])
    band = _band(reach, extreme)
    off = _off(extreme, reach, band, unit, noun)
    # The pattern of many readings can be odd where no single reading is.
    far = f", farthest at {reading(extreme, band, unit)}{off}" if off else ""
    same = len(value) > 1 and bool((value == value[0]).all())
    match kind:
        case Kind.SPIKE if len(u) == 1:
            course = ", in an unusual pattern" if reach.has(extreme) else ""
            return f"one {noun} of {reading(extreme, band, unit)}{off}{course}"
        case Kind.SPIKE | Kind.BURST if same and off:
            return f"{counted(len(u), noun)} of {reading(extreme, band, unit)} within {span(hours)}{off}"
        case Kind.SPIKE | Kind.BURST:
            what, pattern = (f"unusual {noun}", "") if off else (noun, " in an unusual pattern")
            return f"{counted(len(u), what)} within {span(hours)}{pattern}{far}"
        case Kind.SHIFT if same and off:
            return f"at {reading(extreme, band, unit)} for {span(hours)}{off}"
        case Kind.SHIFT:
            moved = float(np.median(value - rows.expected))
            return f"{number(abs(moved), band, unit)} {_side(moved)} the expected level for {span(hours)}{far}"
        case Kind.DRIFT:
            return f"drifting for {span(hours)}{far}"
        case Kind.VARIANCE if float(np.std(u)) < _SAME_SPREAD:
            return f"an unusual pattern for {span(hours)}{far}"
        case Kind.VARIANCE:
            return f"varying {float(np.std(u)):.1f} times as much as usual for {span(hours)}{far}"
        case _:
            return ""


def explain_stuck(value: float, band: float, rows: int, hours: float, limit: int | None, unit: str = "") -> str:
    """The sentence for a stuck value. limit: the number of rows from which this is unusual, None where not known."""
    usual = "" if limit is None else f" (usual: fewer than {limit:,})"
    held = counted(rows, "reading")
    return f"stuck at {reading(value, band, unit)} for {span(hours)}: {held} without a change{usual}"


def _band(reach: Reach, extreme: float) -> float:
    away = abs(extreme - reach.expected)
    # A sensor that stands still, or has states, has one usual value and no band.
    return away / 10 if reach.band < _NO_BAND * away else reach.band


def _off(extreme: float, reach: Reach, band: float, unit: str, noun: str) -> str:
    """How far the extreme reading is off; empty where the rounded numbers are equal."""
    if number(extreme, band) == number(reach.expected, band):
        return ""
    said = reading if reach.is_sent else number
    about = said(reach.expected, band, unit)
    away = said(difference(extreme, reach.expected, band), band, unit)
    where = f"the {noun}s beside it are {about}" if reach.beside else f"{about} was expected"
    off = f" where {where}, {away} {_side(extreme - reach.expected)}"
    if reach.has(extreme):
        return off
    low, high = said(reach.low, band), said(reach.high, band, unit)
    return f"{off} (usual: {high if said(reach.high, band) == low else f'{low} to {high}'})"


def _side(away: float) -> str:
    return "above" if away > 0 else "below"
