"""Public holidays of countries and their regions, by the library `holidays`, which is an extra."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from iotctl.errors import ConfigurationError, UsageError
from iotctl.near_names import near_names

_SHOWN = 20
_HINT = "Write DE, or DE-BW for a region; several: DE-BW,FR."


def known_calendars(text: str) -> tuple[str, ...]:
    """The names of calendars in a text such as DE-BW,FR, in the order of the text, in capitals.

    Raises UsageError, with near names, where there is no such country or region, and ConfigurationError where the
    library is not installed.
    """
    names = [part.strip().upper().replace("_", "-") for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(_known(name) for name in names))


def holidays_between(calendars: Sequence[str], first_year: int, last_year: int) -> frozenset[date]:
    """The days that are public holidays in any of these calendars, from the first year to the last.

    Raises as known_calendars.
    """
    return frozenset(day for name in calendars for day in _holidays(_known(name), first_year, last_year))


@lru_cache(maxsize=64)
def _holidays(name: str, first_year: int, last_year: int) -> frozenset[date]:
    country, _, region = name.partition("-")
    import holidays

    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=range(first_year, last_year + 1)))


@lru_cache(maxsize=64)
def _known(name: str) -> str:
    """The name of a calendar as the library writes it."""
    regions_of = _regions_by_country()
    country, dash, region = name.partition("-")
    if country not in regions_of:
        near = ", ".join(near_names(country, regions_of))
        hint = f"Near to it: {near}. {_HINT}" if near else _HINT
        raise UsageError(f"There are no public holidays of a country {country!r}.", hint=hint)
    regions = {one.upper(): one for one in regions_of[country]}
    if dash and region not in regions:
        there = near_names(region, regions) or sorted(regions)
        shown = ", ".join(f"{country}-{regions[one]}" for one in there[:_SHOWN])
        raise UsageError(f"{country} has no region {region!r}.", hint=f"It has: {shown}." if shown else _HINT)
    return f"{country}-{regions[region]}" if dash else country


@lru_cache(maxsize=1)
def _regions_by_country() -> dict[str, list[str]]:
    try:
        import holidays
    except ImportError:
        raise ConfigurationError(
            "Public holidays need a library that is not installed.", hint="pip install 'iotctl[holidays]'"
        ) from None
    return holidays.list_supported_countries(include_aliases=True)
