"""Rates as people type them: 1/year, 2/month, 1/week."""

from __future__ import annotations

import re

from iotctl.errors import UsageError

# 100 a year is two decades above the default; detection supports no higher rate.
HIGHEST = 104.0

_A_YEAR = {"year": 1.0, "quarter": 4.0, "month": 12.0, "week": 52.0}
_RATE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(?:/|per|a)\s*([a-z]+?)s?")
_HINT = "Write a number and a time, such as 1/year, 0.1/year, 2/month or 1/week."


def rate_a_year(text: str) -> float:
    """A rate such as 1/year, 2/month or 1/week as a number per year. Raises UsageError."""
    match = _RATE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"--false-alarms {text!r} is not a rate.", hint=_HINT)
    if match[2] not in _A_YEAR:
        raise UsageError(f"--false-alarms {text!r}: {match[2]!r} is not one of {', '.join(_A_YEAR)}.", hint=_HINT)
    rate = float(match[1]) * _A_YEAR[match[2]]
    if not 0 < rate <= HIGHEST:
        raise UsageError(
            f"--false-alarms {text!r} is out of range.",
            hint="More than 0, such as 0.01/year, and at most 2/week.",
        )
    return rate


def said_rate(a_year: float) -> str:
    """A number per year as people type it."""
    for unit in ("year", "month", "week"):
        count = a_year / _A_YEAR[unit]
        if count == round(count) and count >= 1 and (unit != "year" or a_year < _A_YEAR["month"]):
            return f"{count:g}/{unit}"
    return f"{a_year:.3g}/year"
