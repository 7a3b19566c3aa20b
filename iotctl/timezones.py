"""Time zones by name, and fixed offsets from UTC, which are zones, too."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# The sign is that of ISO 8601: + is east of Greenwich. The names Etc/GMT-1 have the opposite one.
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
_FARTHEST = timedelta(hours=14)


@lru_cache(maxsize=64)
def find_zone(name: str) -> tzinfo:
    """The zone of a name such as Europe/Berlin, or of an offset: +01:00, UTC+1 and GMT+0100 are one hour east.

    Raises ValueError where there is none.
    """
    text = name.strip()
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    if match := _OFFSET.fullmatch(text):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset <= _FARTHEST:
            return timezone(-offset if sign == "-" else offset) if offset else UTC
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}") from None


def zone_name(name: str) -> str:
    """The name that pyarrow knows a zone by as well: that of the zone, UTC, or an offset as +01:00.

    PostgreSQL reads the sign of such an offset the other way round. Raises ValueError as find_zone.
    """
    zone = find_zone(name)
    if isinstance(zone, ZoneInfo):
        return zone.key
    return "UTC" if zone is UTC else str(zone).removeprefix("UTC")
