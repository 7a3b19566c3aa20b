"""Which columns of a table are its time, in which format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pyarrow as pa

from iotctl.formats.layouts.layout import ISO
from iotctl.formats.proposal.cells import is_number
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.values import as_float, is_id_column
from iotctl.formats.proposal.words import is_id_name, is_time_name, time_rank, words
from iotctl.formats.times.candidates import Candidate, Candidates, TimeKind, candidate_formats
from iotctl.formats.times.formats import time_grammar

# From here on a column is a time whatever its name; below, its name must say so.
_SURE = 0.9
_WITH_NAME = 0.2
_FILLED, _FILLED_IN_BLOCK = 0.8, 0.02
_RARE = 0.02

_PARTS = (
    ("%Y", ("year", "yyyy", "yr", "yy", "jahr", "año", "ano", "annee", "année", "anno", "jaar", "år"), 1900, 2199),
    ("%m", ("month", "mm", "mo", "mon", "monat", "mes", "mois", "mese", "maand", "månad"), 1, 12),
    ("%d", ("day", "dd", "dy", "tag", "dia", "día", "jour", "giorno", "dag", "d"), 1, 31),
    ("%H", ("hour", "hh", "hr", "h", "stunde", "std", "hora", "heure", "ora", "uur", "timme", "hours"), 0, 24),
    ("%M", ("minute", "mn", "min", "mi", "minuto", "minuut", "minutes", "mm"), 0, 60),
    ("%S", ("second", "ss", "sec", "sekunde", "segundo", "seconds", "s"), 0, 60),
)
_DAY_OF_YEAR = ("%j", ("doy", "yday", "jday", "julian", "dayofyear", "julianday", "tagimjahr"), 1, 366)
_HOUR_AND_MINUTE = ("%H%M", ("hhmm", "hrmn", "time", "hourmin", "hourminute"), 0, 2400)
# The parts that a time can be divided into.
_WAYS = (
    _PARTS,
    (*_PARTS[:3], _HOUR_AND_MINUTE),
    (_PARTS[0], _DAY_OF_YEAR, *_PARTS[3:]),
    (_PARTS[0], _DAY_OF_YEAR, _HOUR_AND_MINUTE),
)
# 18.30, where the name says that it is a time of day.
_POINTED_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])\.[0-5]\d(?:\.[0-5]\d)?", re.ASCII)
_MILLISECONDS = frozenset({"millitm", "ms", "msec", "msecs", "millis", "millisecond", "milliseconds", "millisekunden"})
_HOUR_NAMES = frozenset(_PARTS[3][1]) | {"he", "time", "uhrzeit", "hhmm", "uhr"}


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """fields: the columns that are the time together. formats: all that read each of its texts, the likeliest first.
    spare: other columns that are times -> what they are. days_from_one: whether hours are counted 1 to 24.
    """

    fields: tuple[str, ...]
    candidates: Candidates
    spare: dict[str, str]
    hours_from_one: bool = False

    @property
    def best(self) -> Candidate:
        """The likeliest format."""
        assert self.candidates.best is not None
        return self.candidates.best


def find_time(table: Table) -> TimeColumns | None:
    """The time of a table; None where no column can be one. A time that counts from a start is the last resort."""
    found = {column.name: candidates for column in table.columns if (candidates := _candidates(column)) is not None}
    whole = [
        name
        for name, candidates in found.items()
        if (best := candidates.best) is not None and not best.is_date and best.kind is not TimeKind.ELAPSED
    ]
    whole.sort(key=lambda name: _order(table, table[name], found[name]))
    joined = _date_and_clock(table, found) or _parts(table)
    dates = [name for name, candidates in found.items() if candidates.best is not None and candidates.best.is_date]
    elapsed = [name for name, candidates in found.items() if _is_elapsed(candidates)]
    first = [name for name in whole if time_rank(table[name].title) < 2 and not _is_one_moment(table, table[name])]
    chosen: TimeColumns | None = None
    if first:
        chosen = TimeColumns((first[0],), found[first[0]], {})
    elif joined is not None:
        chosen = joined
    elif whole or dates or elapsed:
        name = (whole or dates or elapsed)[0]
        chosen = TimeColumns((name,), found[name], {})
    if chosen is None:
        return None
    spare = {
        name: "another time"
        for name, candidates in found.items()
        if name not in chosen.fields and (candidates.is_time_of_day or not _is_elapsed(candidates))
    }
    spare |= {
        column.name: "a part of a time, or one in a form that is not known"
        for column in table.others({*chosen.fields, *spare})
        if _is_unknown_time(column)
    }
    if joined is not None:
        spare |= {name: "a part of the time" for name in joined.fields if name not in chosen.fields}
    return replace(chosen, spare=spare)


def times_of_blocks(table: Table, time: TimeColumns, values: Sequence[str]) -> dict[str, str]:
    """Value -> the time column before it, where a table has blocks of columns, each with its own time first.

    Only those of later blocks; the time of the first block is that of the table.
    """
    order = [column.name for column in table.columns]
    blocks = [name for name in order if name in time.spare and time_rank(table[name].title) < 2]
    blocks = [name for name in blocks if column_formats(table[name].counts).formats[:1] == time.candidates.formats[:1]]
    if len(time.fields) != 1 or order[0] != time.fields[0] or not blocks:
        return {}
    begins = [order.index(name) for name in (*time.fields, *blocks)]
    if any(order[at + 1 : at + 2] and order[at + 1] not in values for at in begins) or begins[-1] + 1 == len(order):
        return {}
    found, current = {}, ""
    for name in order:
        current = name if name in blocks else current
        if current and name in values:
            found[name] = current
    return found


def _is_unknown_time(column: Column) -> bool:
    """Whether large numbers with the name of a time rise throughout, such as those of SIMATIC (43973083333,33)."""
    found = words(column.title)
    named = {"time", "timestamp", "ts", "date", "datum", "zeit"}.intersection(found[:1] + found[-1:])
    if column.type is not ColumnType.NUMBER:
        return False
    if found in {("ns",), ("us",), ("ms",), ("nanoseconds",), ("milliseconds",)} or (named and column.is_constant):
        return True
    if not named:
        return False
    numbers = [as_float(text) for text in column.texts if is_number(text)]
    return bool(numbers) and min(numbers) > 1e4 and all(a <= b for a, b in pairwise(numbers))


def _candidates(column: Column) -> Candidates | None:
    """What a column can be as a time, if its texts, or its name, say that it is one."""
    if column.zoned or column.instants:
        naive = not column.zoned
        return Candidates((Candidate(ISO, TimeKind.WRITTEN, 1.0, naive=naive),), day_first=None)
    if column.type not in {ColumnType.TIME, ColumnType.NUMBER, ColumnType.TEXT} or not column.filled:
        return None
    # A block of columns with a time of its own may be shorter than others.
    least = _FILLED_IN_BLOCK if column.type is ColumnType.TIME and is_time_name(column.title) else _FILLED
    if column.filled < least * len(column.texts) or _is_id(column):
        return None
    if column.type is ColumnType.TEXT and not any(char.isdigit() for char in next(iter(column.counts))):
        return None
    if column.type is ColumnType.NUMBER and column.plain_numbers < _FILLED * column.filled:
        return None
    found = column_formats(column.counts)
    if found.is_time_of_day:
        return found
    needed = _WITH_NAME if is_time_name(column.title) or not column.named else _SURE
    formats = tuple(
        candidate
        for candidate in found.formats
        if candidate.likelihood >= needed or (candidate.kind is TimeKind.ELAPSED and _counts_time(column))
    )
    return replace(found, formats=formats) if formats else None


def _is_id(column: Column) -> bool:
    """Whether a column is an id by its name, though its texts could be times: 10384099, or 1001A for 10:01."""
    if is_time_name(column.title):
        return False
    return is_id_column(column) or (column.type is ColumnType.TEXT and is_id_name(column.title))


def column_formats(counts: Counter[str]) -> Candidates:
    """The formats that read all texts of a column; of a column with broken cells, all texts of its usual shapes."""
    found = candidate_formats(pa.array(counts, pa.string()))
    if found.formats or found.is_time_of_day:
        return found
    shapes = Counter[str]()
    for text, count in counts.items():
        shapes[_shape(text)] += count
    usual = {shape for shape, count in shapes.items() if count > max(1, _RARE * counts.total())}
    kept = [text for text in counts if _shape(text) in usual]
    return candidate_formats(pa.array(kept, pa.string())) if 0 < len(kept) < len(counts) else found


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _counts_time(column: Column) -> bool:
    """Whether a name is one of a time that counts from a start."""
    found = set(words(column.name))
    return bool(found & {"elapsed", "x", "seconds", "sec", "time", "zeit", "t", "runtime"})


def _is_elapsed(candidates: Candidates) -> bool:
    return candidates.best is not None and candidates.best.kind is TimeKind.ELAPSED


def _is_one_moment(table: Table, column: Column) -> bool:
    """Whether all rows have the same time, such as that of a query."""
    return column.is_constant and table.rows > 1


def _order(table: Table, column: Column, candidates: Candidates) -> tuple[bool, int, bool, bool, float]:
    """The time of the measurement first: not when a row was written, and not the same one in all rows; of several, one
    whose zone is in the file, and one that is written as a time."""
    best = candidates.best
    assert best is not None
    rank = time_rank(column.title)
    naive = best.naive is not False and best.kind is not TimeKind.EPOCH
    is_short = column.filled < _FILLED * table.rows
    return (
        _is_one_moment(table, column) or is_short,
        rank if rank == 2 else 0,
        naive,
        best.likelihood < _SURE,
        -best.likelihood,
    )


def _date_and_clock(table: Table, found: dict[str, Candidates]) -> TimeColumns | None:
    """A column of dates and one of times of day, or of hours, that are a time together."""
    dates = [name for name, candidates in found.items() if candidates.best is not None and candidates.best.is_date]
    dates.sort(key=lambda name: time_rank(table[name].title) == 2)
    places = {column.name: place for place, column in enumerate(table.columns)}
    for date in dates:
        clocks = [name for name, candidates in found.items() if candidates.is_time_of_day]
        hours = [column.name for column in table.columns if column.name != date and _is_hour(table, column, date)]
        clocks.sort(key=lambda name: (time_rank(table[name].title) == 2, abs(places[name] - places[date])))
        hours.sort(key=lambda name: abs(places[name] - places[date]))
        for clock in (*clocks, *hours):
            counts = joined_texts(table, (date, clock))
            candidates = column_formats(counts)
            if candidates.best is None or candidates.best.is_date:
                candidates = _with_hour(found[date], counts)
            if candidates.best is not None and not candidates.best.is_date:
                from_one = clock in hours and _counts_from_one(table[clock])
                return _with_milliseconds(table, TimeColumns((date, clock), candidates, {}, from_one))
    return None


def _with_milliseconds(table: Table, found: TimeColumns) -> TimeColumns:
    """The time with a column of milliseconds behind it, if there is one, in three digits each."""
    for column in table.others(found.fields):
        if len(words(column.title)) == 1 and words(column.title)[0] in _MILLISECONDS:
            fields = (*found.fields, column.name)
            texts = pa.array(joined_texts(table, fields), pa.string())
            formats = tuple(
                replace(candidate, format=f"{candidate.format} %f")
                for candidate in found.candidates.formats
                if all(len(text) == 3 and text.isdigit() for text in column.counts)
                and _reads(f"{candidate.format} %f", texts)
            )
            if formats:
                return replace(found, fields=fields, candidates=replace(found.candidates, formats=formats))
    return found


def joined_texts(table: Table, fields: Sequence[str]) -> Counter[str]:
    """The texts of several columns, row by row, with a blank between them; without rows in which one is blank."""
    rows = zip(*(table[field].texts for field in fields), strict=True)
    return Counter(" ".join(row) for row in rows if all(row))


def _is_hour(table: Table, column: Column, date: str) -> bool:
    """Whether a column has hours, 0 to 24, or such as 1300: by its name; without one, it must stand behind the date."""
    if column.filled < _FILLED * len(column.texts):
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


def _counts_from_one(column: Column) -> bool:
    numbers = {int(text) for text in column.counts if text.isdigit()}
    return 24 in numbers and 0 not in numbers


def _with_hour(date: Candidates, counts: Counter[str]) -> Candidates:
    """The formats of a date, each with one of an hour behind it, that read all texts."""
    texts = pa.array(counts, pa.string())
    formats = []
    for candidate in date.formats:
        begin = "%Y-%m-%d" if candidate.format == ISO else candidate.format
        for end in ("%H", "%H%M"):
            if _reads(f"{begin} {end}", texts):
                formats.append(replace(candidate, format=f"{begin} {end}", is_date=False))
                break
    orders = {candidate.day_first for candidate in formats}
    return Candidates(tuple(formats), next(iter(orders)) if len(orders) == 1 else None)


def _reads(format_: str, texts: pa.StringArray) -> bool:
    try:
        return not time_grammar(format_).read(texts).odd.any()
    except ValueError:
        return False


def _parts(table: Table) -> TimeColumns | None:
    """Columns of year, month, day, and maybe hour, minute and second: by their names; without names, the first ones."""
    columns = [column for column in table.columns if column.is_whole and column.filled >= _FILLED * len(column.texts)]
    if any(column.named for column in table.columns):
        found = [_named_parts(columns, way) for way in _WAYS]
    else:
        fields = _unnamed_parts(table)
        found = [(fields, [code for code, *_ in _PARTS[: len(fields)]])]
    fields, codes = max(found, key=lambda parts: len(parts[0]))
    if "%d" not in codes and "%j" not in codes:
        return None
    texts = joined_texts(table, fields)
    for year in ("%Y", "%y"):
        format_ = " ".join([year, *codes[1:]])
        if _reads(format_, pa.array(texts, pa.string())):
            candidate = Candidate(format_, TimeKind.WRITTEN, 1.0, is_date="%H" not in format_)
            from_one = "%H" in codes and _counts_from_one(table[fields[codes.index("%H")]])
            return TimeColumns(fields, Candidates((candidate,), day_first=None), {}, from_one)
    return None


def _named_parts(
    columns: Sequence[Column], way: Sequence[tuple[str, tuple[str, ...], int, int]]
) -> tuple[tuple[str, ...], list[str]]:
    """(columns, their codes) whose names say year, month, day, ... up to the last part that is there without a gap."""
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
    """The first columns, as far as they can be year, month, day, hour, minute."""
    return tuple(_leading_parts(table.columns))


def _leading_parts(columns: Sequence[Column]) -> Iterator[str]:
    for column, (code, _, low, high) in zip(columns, _PARTS[:5], strict=False):
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
            return False  # they rather are hours
    return low <= min(numbers) and max(numbers) <= high
