"""Finds times in columns of year, month, day, and maybe hour, minute and second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.time_formats import FILLED, TimeColumns, counts_from_one, joined_texts, reads
from iotctl.formats.proposal.words import words
from iotctl.formats.times.candidates import Candidate, Candidates, TimeKind

PARTS = (
    ("%Y", ("year", "yyyy", "yr", "yy", "jahr", "año", "ano", "annee", "année", "anno", "jaar", "år"), 1900, 2199),
    ("%m", ("month", "mm", "mo", "mon", "monat", "mes", "mois", "mese", "maand", "månad"), 1, 12),
    ("%d", ("day", "dd", "dy", "tag", "dia", "día", "jour", "giorno", "dag", "d"), 1, 31),
    ("%H", ("hour", "hh", "hr", "h", "stunde", "std", "hora", "heure", "ora", "uur", "timme", "hours"), 0, 24),
    ("%M", ("minute", "mn", "min", "mi", "minuto", "minuut", "minutes", "mm"), 0, 60),
    ("%S", ("second", "ss", "sec", "sekunde", "segundo", "seconds", "s"), 0, 60),
)
_DAY_OF_YEAR = ("%j", ("doy", "yday", "jday", "julian", "dayofyear", "julianday", "tagimjahr"), 1, 366)
_HOUR_AND_MINUTE = ("%H%M", ("hhmm", "hrmn", "time", "hourmin", "hourminute"), 0, 2400)
# The parts of a time.
_WAYS = (
    PARTS,
    (*PARTS[:3], _HOUR_AND_MINUTE),
    (PARTS[0], _DAY_OF_YEAR, *PARTS[3:]),
    (PARTS[0], _DAY_OF_YEAR, _HOUR_AND_MINUTE),
)


def find_parts(table: Table) -> TimeColumns | None:
    """Columns of year, month, day, maybe hour, minute, second, by their names; without names, the first columns."""
    columns = [column for column in table.columns if column.is_whole and column.filled >= FILLED * len(column.texts)]
    if any(column.named for column in table.columns):
        found = [_named_parts(columns, way) for way in _WAYS]
    else:
        fields = _unnamed_parts(table)
        found = [(fields, [code for code, *_ in PARTS[: len(fields)]])]
    fields, codes = max(found, key=lambda parts: len(parts[0]))
    if "%d" not in codes and "%j" not in codes:
        return None
    texts = joined_texts(table, fields)
    for year in ("%Y", "%y"):
        format_ = " ".join([year, *codes[1:]])
        if reads(format_, pa.array(list(texts), pa.string())):
            candidate = Candidate(format_, TimeKind.WRITTEN, 1.0, is_date="%H" not in format_)
            from_one = "%H" in codes and counts_from_one(table[fields[codes.index("%H")]])
            return TimeColumns(fields, Candidates((candidate,), day_first=None), {}, from_one)
    return None


def _named_parts(
    columns: Sequence[Column], way: Sequence[tuple[str, tuple[str, ...], int, int]]
) -> tuple[tuple[str, ...], list[str]]:
    """(columns, codes): the columns named year, month, day, ..., up to the first missing part."""
    left, fields, codes = list(columns), [], []
    for code, names, low, high in way:
        part = next((column for column in left if _is_named(column, names) and _within(column, low, high, code)), None)
        if part is None:
            break
        left.remove(part)
        fields.append(part.name)
        codes.append(code)
    return tuple(fields), codes


def _is_named(column: Column, names: Sequence[str]) -> bool:
    return "".join(words(column.title.lstrip("#"))) in names


def _unnamed_parts(table: Table) -> tuple[str, ...]:
    """The first columns that can be year, month, day, hour, minute."""
    return tuple(_leading_parts(table.columns))


def _leading_parts(columns: Sequence[Column]) -> Iterator[str]:
    for column, (code, _, low, high) in zip(columns, PARTS[:5], strict=False):
        if not column.is_whole or not _within(column, low, high, code):
            return
        yield column.name


def _within(column: Column, low: int, high: int, code: str) -> bool:
    numbers = [int(text) for text in column.counts if text.isdigit()]
    if not numbers:
        return False
    if code == "%Y" and max(numbers) < 100:
        return column.named
    if code == "%H%M":
        if any(number % 100 > 59 for number in numbers):
            return False
        if max(numbers) < 100 and "hhmm" not in words(column.title):
            return False  # these are more likely hours
    return low <= min(numbers) and max(numbers) <= high
