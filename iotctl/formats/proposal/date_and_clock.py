"""Times in two columns: a date, and a time of day or an hour."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pyarrow as pa

from iotctl.formats.layouts.layout import ISO
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.time_formats import (
    FILLED,
    TimeColumns,
    column_formats,
    counts_from_one,
    joined_texts,
    reads,
)
from iotctl.formats.proposal.time_parts import PARTS
from iotctl.formats.proposal.words import is_plain_time_name, time_rank, words
from iotctl.formats.proposal.zones import names_zone
from iotctl.formats.times.candidates import Candidates

# 18.30, if the name says that it is a time of day.
_POINTED_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])\.[0-5]\d(?:\.[0-5]\d)?", re.ASCII)
_A_ROW_A_DAY = 0.9
_MILLISECONDS = frozenset({"millitm", "ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "millisekunden"})
_HOUR_NAMES = frozenset(PARTS[3][1]) | {"he", "time", "uhrzeit", "hhmm", "uhr"}


def find_date_and_clock(table: Table, found: dict[str, Candidates]) -> TimeColumns | None:
    """A column of dates and a column of times of day, or of hours, that are one time together."""
    dates = [name for name, candidates in found.items() if candidates.best is not None and candidates.best.is_date]
    # Of Date Local and Date GMT, the one with a known zone.
    dates.sort(key=lambda name: (time_rank(table[name].title) == 2, not names_zone(table[name].title)))
    places = {column.name: place for place, column in enumerate(table.columns)}
    for date in dates:
        clocks = [name for name, candidates in found.items() if candidates.is_time_of_day]
        hours = [column.name for column in table.columns if column.name != date and _is_hour(table, column, date)]
        zoned = names_zone(table[date].title)
        clocks.sort(
            key=lambda name: (
                time_rank(table[name].title) == 2,
                names_zone(table[name].title) is not zoned,
                abs(places[name] - places[date]),
            )
        )
        hours.sort(key=lambda name: abs(places[name] - places[date]))
        clocks = [name for name in clocks if _goes_with(table, table[date], table[name])]
        for clock in (*clocks, *hours):
            counts = joined_texts(table, (date, clock))
            candidates = column_formats(counts)
            if candidates.best is None or candidates.best.is_date:
                candidates = _with_hour(found[date], counts)
            if candidates.best is not None and not candidates.best.is_date:
                from_one = clock in hours and counts_from_one(table[clock])
                return with_milliseconds(table, TimeColumns((date, clock), candidates, {}, from_one))
    return None


def _goes_with(table: Table, date: Column, clock: Column) -> bool:
    """Whether a time of day may be that of the row. If each row is a day, it may be the time of the day's minimum."""
    a_row_a_day = len(date.counts) >= _A_ROW_A_DAY * date.filled
    return not a_row_a_day or not clock.named or is_plain_time_name(clock.title)


def with_milliseconds(table: Table, found: TimeColumns) -> TimeColumns:
    """The time with a column of milliseconds of three digits after it, if there is one."""
    for column in table.others(found.fields):
        if is_milliseconds(column):
            fields = (*found.fields, column.name)
            texts = pa.array(list(joined_texts(table, fields)), pa.string())
            formats = tuple(
                replace(candidate, format=f"{candidate.format} %f")
                for candidate in found.candidates.formats
                if all(len(text) == 3 and text.isdigit() for text in column.counts)
                and reads(f"{candidate.format} %f", texts)
            )
            if formats:
                return replace(found, fields=fields, candidates=replace(found.candidates, formats=formats))
    return found


def is_milliseconds(column: Column) -> bool:
    """Whether a column has the name of the milliseconds of a time."""
    return len(words(column.title)) == 1 and words(column.title)[0] in _MILLISECONDS


def _is_hour(table: Table, column: Column, date: str) -> bool:
    """Whether a column has hours, 0 to 24 or such as 1300, by its name. Without a name, it must follow the date."""
    if column.filled < FILLED * len(column.texts):
        return False
    if not column.is_whole:
        named = column.named and bool(_HOUR_NAMES.intersection(words(column.title)))
        return named and all(_POINTED_CLOCK.fullmatch(text) for text in column.counts if text)
    numbers = {int(text) for text in column.counts if text.isdigit()}
    if not numbers or len(numbers) < 2:
        return False
    if column.named:
        named = bool(_HOUR_NAMES.intersection(words(column.title)))
        return named and (max(numbers) <= 24 or all(number % 100 < 60 and number <= 2400 for number in numbers))
    places = [other.name for other in table.columns]
    behind = places.index(column.name) == places.index(date) + 1
    return behind and max(numbers) <= 24 and len(joined_texts(table, (date, column.name))) > len(table[date].counts)


def _with_hour(date: Candidates, counts: Counter[str]) -> Candidates:
    """The formats of a date followed by an hour that read all texts."""
    texts = pa.array(list(counts), pa.string())
    formats = []
    for candidate in date.formats:
        begin = "%Y-%m-%d" if candidate.format == ISO else candidate.format
        for end in ("%H", "%H%M"):
            if reads(f"{begin} {end}", texts):
                formats.append(replace(candidate, format=f"{begin} {end}", is_date=False))
                break
    orders = {candidate.day_first for candidate in formats}
    return Candidates(tuple(formats), next(iter(orders)) if len(orders) == 1 else None)
