"""Ranges and widths of time among the words of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iotctl.errors import UsageError
from iotctl.moments import duration_seconds, parse_time

if TYPE_CHECKING:
    from iotctl.repositories.bucket_grid import Width

_DAY = 86_400_000_000
_LONGEST = 36525 * _DAY


def bucket_width(text: str) -> Width:
    """--every as a width: 15m, 1h, 36h; 1d, 1w are of the local calendar. Raises UsageError."""
    from iotctl.repositories.bucket_grid import Width

    seconds, unit = duration_seconds(text), text.strip()[-1].lower()
    microseconds, calendar = round(seconds * 1_000_000), unit in ("d", "w")
    if not 0 < microseconds <= _LONGEST:
        raise UsageError(f"--every {text} is too short or too long.", hint="From a microsecond to a hundred years.")
    if unit == "y" or (calendar and microseconds % _DAY):
        raise UsageError(
            f"--every {text} is no width of buckets.", hint="Write whole days or weeks, or hours: 1d, 2w, 36h."
        )
    return Width(microseconds, calendar)


def parse_range(start: str | None, end: str | None, timezone: str) -> tuple[int | None, int | None]:
    """--start and --end as parse_time reads them, None for open. Raises UsageError where nothing lies between them."""
    first, last = (None if text is None else parse_time(text, timezone) for text in (start, end))
    if first is not None and last is not None and first >= last:
        raise UsageError("--start is not before --end.", hint="The range is [START, END): END itself is left out.")
    return first, last
