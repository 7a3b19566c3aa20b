"""Lengths of time in arguments."""

from __future__ import annotations

from iotctl.errors import UsageError
from iotctl.moments import duration_seconds
from iotctl.repositories.readings.bucket_grid import Width

_DAY = 86_400_000_000
_LONGEST = 36525 * _DAY


def bucket_width(text: str) -> Width:
    """--every as a width: 15m, 1h, 36h; 1d and 1w follow the local calendar. Raises UsageError."""
    seconds, unit = duration_seconds(text, "--every"), text.strip()[-1].lower()
    microseconds, calendar = round(seconds * 1_000_000), unit in ("d", "w")
    if not 0 < microseconds <= _LONGEST:
        raise UsageError(f"--every {text} is too short or too long.", hint="From a microsecond to a hundred years.")
    if unit == "y" or (calendar and microseconds % _DAY):
        raise UsageError(f"--every {text} cannot be used.", hint="Write whole days or weeks, or hours: 1d, 2w, 36h.")
    return Width(microseconds, calendar)
