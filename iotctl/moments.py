"""Moments and lengths of time as people write them: dates, ISO 8601, now-7d; and moments by a zone's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from iotctl.errors import UsageError
from iotctl.model import EARLIEST, LATEST
from iotctl.near_names import near_names
from iotctl.timezones import find_zone, zone_name

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31_536_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdwy])")
_NOW = re.compile(r"now(?:\s*([+-])\s*(.+))?")
_TIMES = "Write 2016-01-31, '2016-01-31 12:00', 2016-01-31T12:00:00+01:00, now or now-7d."
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NO_DAY = "Is that day in the calendar, and that hour on the clock? " + _TIMES
_ZONES = "Names look like Europe/Berlin or UTC, fixed offsets like +01:00 or UTC+1 (both are east of Greenwich)."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_seconds(text: str, option: str | None = None) -> float:
    """A duration such as 90s, 15m, 1h, 7d, 2w or 5y (of 365 days) in seconds.

    option: what it was given for. Raises UsageError.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or float(match[1]) <= 0:
        raise UsageError(
            f"{text!r} is not a duration.", where=option, hint="Write a number and a unit: 30s, 15m, 1.5h, 7d, 2w, 5y."
        )
    return float(match[1]) * _UNITS[match[2]]


def duration_text(seconds: float) -> str:
    """A duration above 0 as duration_seconds reads it, to a hundredth: 10m, 90s, 36h, 1d."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number = seconds / length
        if number > 0.99 and abs(number - round(number)) < 0.01 * number:
            return f"{round(number)}{unit}"
    return f"{seconds:.3g}s"


def parse_time(text: str, timezone: str, now: datetime | None = None, *, option: str | None = None) -> int:
    """A time as microseconds since 1970-01-01 UTC; one without an offset is in timezone. option: what it was given for.

    now, now-7d, 2016-01-31 (its first moment), 2016-01-31 12:00, 2016-01-31T12:00:00.5+01:00. What lies before 1900
    or after 2199, where no reading is, is moved to that edge. Raises UsageError.
    """
    text = text.strip()
    if match := _NOW.fullmatch(text.lower()):
        moment = now or datetime.now(UTC)
        if match[2]:
            sign = -1 if match[1] == "-" else 1
            try:
                moment += sign * timedelta(seconds=duration_seconds(match[2], option))
            except OverflowError:
                return EARLIEST if sign < 0 else LATEST
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(
                f"{text!r} is not a time.", where=option, hint=_NO_DAY if _DAY.match(text) else _TIMES
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=find_zone(timezone))
    return microseconds_of(moment)


def microseconds_of(moment: datetime) -> int:
    """An aware moment as microseconds since 1970-01-01 UTC, moved to the edges as parse_time does."""
    return min(max((moment - _EPOCH) // timedelta(microseconds=1), EARLIEST), LATEST)


def local_time(microseconds: int, timezone: str) -> datetime:
    """Microseconds since 1970-01-01 UTC as a time in a zone."""
    return (_EPOCH + timedelta(microseconds=microseconds)).astimezone(find_zone(timezone))


def known_zone(name: str, option: str | None = None) -> str:
    """The name of a time zone or fixed offset, in one spelling. option: what it was given for. Raises UsageError."""
    try:
        return zone_name(name)
    except ValueError:
        raise UsageError(f"There is no time zone {name!r}.", where=option, hint=zone_hint(name)) from None


def zone_hint(name: str) -> str:
    """What to write in place of a zone that is not there."""
    # Short ones are abbreviations, which mean several zones or an offset; another one that is near is not meant.
    near = near_names(name, available_timezones(), 1) if "/" in name else []
    return f"Did you mean {near[0]}? {_ZONES}" if near else _ZONES
