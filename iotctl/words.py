"""Numbers, counts and durations as people say them."""

from __future__ import annotations

import math

_HOUR, _MINUTE = 3600.0, 60.0

# What is said of an event that was told and is none; the sentence of the event follows.
WITHDRAWN = "withdrawn, because later readings show that it is usual"


def form(number: int, one: str, several: str | None = None) -> str:
    """The form of a word that goes with a number: event, events; is, are. several: where it is not one with an s."""
    return one if number == 1 else several or f"{one}s"


def counted(number: int, one: str, several: str | None = None) -> str:
    """1 event, 2,000 events: what every message says of a number of things; see form."""
    return f"{number:,} {form(number, one, several)}"


def span(hours: float) -> str:
    """A duration: 48 seconds, 8 minutes, 2.5 hours, 3.2 days, 194 days."""
    seconds = hours * _HOUR
    if seconds < 1:
        return f"{seconds:.3g} seconds"
    if seconds < 2 * _MINUTE:
        return _much(f"{seconds:.0f}", "second")
    if hours < 1.5:
        return _much(f"{hours * 60:.0f}", "minute")
    if hours < 48:
        return _much(f"{hours:.1f}", "hour")
    return _much(f"{hours / 24:.1f}" if hours < 240 else f"{hours / 24:.0f}", "day")


def number(value: float, band: float, unit: str = "") -> str:
    """A value to two digits of a band, to whole numbers at least; in powers of ten where that would be long; and unit.

    band: how wide what matters is, in the value's unit; 0 or infinite where that is not known.
    """
    digits = _digits(value, band)
    text = f"{value:.6g}" if digits is None else f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no "-0"
    return f"{text} {unit}" if unit else text


def reading(value: float, band: float, unit: str = "") -> str:
    """The same for what a sensor sent: 57 of a sensor that counts, not 57.0."""
    text, _, unit = number(value, band, unit).partition(" ")
    if "." in text and "e" not in text and float(text) == value:
        text = text.rstrip("0").removesuffix(".")
    return f"{text} {unit}" if unit else text


def difference(value: float, other: float, band: float) -> float:
    """How far two values are apart, so that the three numbers, as they are said, agree."""
    digits = _digits(max(abs(value), abs(other)), band)
    return abs(value - other) if digits is None else abs(round(value, digits) - round(other, digits))


def _digits(value: float, band: float) -> int | None:
    """Digits behind the point; None where six digits of the whole say more."""
    if not 0 < band < 1e9 or abs(value) >= 1e9:
        return None
    digits = max(1 - math.floor(math.log10(band)), 0)
    return digits if digits <= 6 else None


def _much(text: str, noun: str) -> str:
    text = text.removesuffix(".0")
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"
