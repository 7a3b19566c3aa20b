"""The time formats of a layout, by name or as a pattern of strptime."""

from __future__ import annotations

from functools import lru_cache

from iotctl.formats.layouts.layout import ISO
from iotctl.formats.times.counted_times import COUNTS, CountedGrammar
from iotctl.formats.times.grammar import TimeGrammar
from iotctl.formats.times.intervals import IntervalGrammar
from iotctl.formats.times.iso_grammar import IsoGrammar
from iotctl.formats.times.strptime import StrptimeGrammar


@lru_cache(maxsize=256)
def time_grammar(
    format: str,  # noqa: A002
    *,
    decimal: str = ".",
    interval_end: bool = False,
    timezone: str | None = None,
) -> TimeGrammar:
    """The grammar for a format, see TimeLayout.format.

    decimal: the decimal sign of numbers; seconds may have point or comma. Intervals, such as "10:00 - 10:15" after a
    date, are read as their start, or with interval_end as their end. timezone: of the layout, for abbreviations of
    zones in texts, see with_zones. Elapsed times are read as elapsed since 1970-01-01.
    Raises ValueError, which says what is wrong with the format.
    """
    if format in COUNTS:
        return CountedGrammar(format, decimal)
    if format == ISO:
        return IntervalGrammar(IsoGrammar(), end=interval_end)
    return IntervalGrammar(StrptimeGrammar(format, timezone=timezone), end=interval_end, pattern=format)
