"""The regimes of a sensor in words: which level it had, from when on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from iotctl.model import Regime
from iotctl.timezones import find_zone
from iotctl.words import counted, number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = 3_600_000_000
# If there are more, only their number is told.
_MOST_TOLD = 4
# A line is told as a slope if it leads so many sigma away; levels are rounded to two digits of six sigma.
_SLOPE_SIGMAS, _BAND_SIGMAS = 4.0, 6.0


def regime_words(regimes: Sequence[Regime], timezone: str, unit: str = "") -> str:
    """Such as "2 regimes: 66 °C, from 2025-06-20 on 83 °C"; days are those of timezone."""
    count = counted(len(regimes), "regime")
    if not 1 < len(regimes) <= _MOST_TOLD:
        return count
    zone = find_zone(timezone)
    told = [_level(regimes[0], unit)]
    for regime in regimes[1:]:
        begun = (_EPOCH + timedelta(microseconds=regime.start)).astimezone(zone)
        told.append(f"from {begun:%Y-%m-%d} on {_level(regime, unit)}")
    return f"{count}: {', '.join(told)}"


def _level(regime: Regime, unit: str) -> str:
    moved = regime.slope_per_hour * (regime.end - regime.start) / _HOUR
    band = _BAND_SIGMAS * regime.scale
    if abs(moved) < _SLOPE_SIGMAS * regime.scale:
        return number(regime.level + moved / 2, band, unit)
    first, last = number(regime.level, band), number(regime.level + moved, band, unit)
    return f"{'rising' if moved > 0 else 'falling'} from {first} to {last}"
