"""Finds the columns of a table that are its time, and their format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from iotctl.formats.layouts.layout import ISO
from iotctl.formats.proposal.cells import is_number
from iotctl.formats.proposal.date_and_clock import find_date_and_clock, with_milliseconds
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.time_formats import FILLED, TimeColumns, column_formats
from iotctl.formats.proposal.time_parts import find_parts
from iotctl.formats.proposal.values import as_float, is_id_column
from iotctl.formats.proposal.words import is_id_name, is_time_name, time_rank, words
from iotctl.formats.proposal.zones import names_zone
from iotctl.formats.times.candidates import Candidate, Candidates, TimeKind

# The role of a column that is another time.
OTHER_TIME = "another time"
# From this likelihood on a column is a time; below, its name must say so.
_SURE = 0.9
_WITH_NAME = 0.2
_FILLED_IN_BLOCK = 0.02


def find_time(table: Table) -> TimeColumns | None:
    """The time of a table; None if no column can be a time. A time that counts from a start is used only if needed."""
    found = {column.name: candidates for column in table.columns if (candidates := _candidates(column)) is not None}
    whole = [
        name
        for name, candidates in found.items()
        if (best := candidates.best) is not None and not best.is_date and best.kind is not TimeKind.ELAPSED
    ]
    whole.sort(key=lambda name: _order(table, table[name], found[name]))
    joined = find_date_and_clock(table, found) or find_parts(table)
    dates = [name for name, candidates in found.items() if candidates.best is not None and candidates.best.is_date]
    elapsed = [name for name, candidates in found.items() if _is_elapsed(candidates)]
    first = [name for name in whole if time_rank(table[name].title) < 2 and not _is_one_moment(table, table[name])]
    chosen: TimeColumns | None = None
    if first:
        chosen = with_milliseconds(table, TimeColumns((first[0],), found[first[0]], {}))
    elif joined is not None:
        chosen = joined
    elif whole or dates or elapsed:
        name = (whole or dates or elapsed)[0]
        chosen = TimeColumns((name,), found[name], {})
    if chosen is None:
        return None
    spare = {
        name: OTHER_TIME
        for name, candidates in found.items()
        if name not in chosen.fields and (candidates.is_time_of_day or not _is_elapsed(candidates))
    }
    spare |= {
        column.name: "a part of a time, or a time in an unknown form"
        for column in table.others({*chosen.fields, *spare})
        if _is_unknown_time(column)
    }
    if joined is not None:
        spare |= {name: "a part of the time" for name in joined.fields if name not in chosen.fields}
    return replace(chosen, spare=spare, whole=frozenset(whole))


def own_times(table: Table, time: TimeColumns, values: Sequence[str]) -> dict[str, str]:
    """Value -> its own time column, if that is not the time of the table."""
    return _times_of_objects(table, time, values) or _times_of_blocks(table, time, values)


def _times_of_objects(table: Table, time: TimeColumns, values: Sequence[str]) -> dict[str, str]:
    """Value -> the time in the same object: {"temp": {"value": 1, "observedAt": ...}, "rh": {...}}."""
    if len(time.fields) != 1:
        return {}
    formats = time.candidates.formats[:1]
    alike = [
        name for name in time.spare if name in time.whole and column_formats(table[name].counts).formats[:1] == formats
    ]
    of_object = {_object_of(name): name for name in (*alike, time.fields[0])}
    own = {value: of_object[_object_of(value)] for value in values if _object_of(value) in of_object}
    if "" in of_object or len(set(own.values())) < 2:
        return {}
    return {value: name for value, name in own.items() if name != time.fields[0]}


def _object_of(field: str) -> str:
    return field.rpartition(".")[0]


def _times_of_blocks(table: Table, time: TimeColumns, values: Sequence[str]) -> dict[str, str]:
    """Value -> the time column before it, if a table has blocks of columns that each begin with a time.

    Only for later blocks; the time of the first block is that of the table.
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
    """Whether it has the name of a time, and large numbers that always rise, such as SIMATIC's (43973083333,33)."""
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
    """The possible formats of a column, if its texts or its name say that it is a time; else None."""
    if column.zoned or column.instants:
        naive = not column.zoned
        return Candidates((Candidate(ISO, TimeKind.WRITTEN, 1.0, naive=naive),), day_first=None)
    if column.type not in {ColumnType.TIME, ColumnType.NUMBER, ColumnType.TEXT} or not column.filled:
        return None
    # A block of columns with its own time may be shorter than others.
    least = _FILLED_IN_BLOCK if column.type is ColumnType.TIME and is_time_name(column.title) else FILLED
    if column.filled < least * len(column.texts) or _is_id(column):
        return None
    if column.type is ColumnType.TEXT and not any(char.isdigit() for char in next(iter(column.counts))):
        return None
    if column.type is ColumnType.NUMBER and column.plain_numbers < FILLED * column.filled:
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
    """Whether a column is an id by its name, although its texts could be times: 10384099, or 1001A for 10:01."""
    if is_time_name(column.title):
        return False
    return is_id_column(column) or (column.type is ColumnType.TEXT and is_id_name(column.title))


def _counts_time(column: Column) -> bool:
    """Whether the name is that of a time that counts from a start."""
    found = set(words(column.name))
    return bool(found & {"elapsed", "x", "seconds", "sec", "time", "zeit", "t", "runtime"})


def _is_elapsed(candidates: Candidates) -> bool:
    return candidates.best is not None and candidates.best.kind is TimeKind.ELAPSED


def _is_one_moment(table: Table, column: Column) -> bool:
    """Whether all rows have the same time, such as the time of a query."""
    return column.is_constant and table.rows > 1


def _order(table: Table, column: Column, candidates: Candidates) -> tuple[bool, int, bool, float]:
    """A sort key with the time of the measurement first. Times of writing, and constant times, come later; times with a
    zone, and texts with date and time, come earlier."""
    best = candidates.best
    assert best is not None
    rank = time_rank(column.title)
    naive = best.naive is not False and best.kind is not TimeKind.EPOCH and not names_zone(column.title)
    is_short = column.filled < FILLED * table.rows
    return (
        _is_one_moment(table, column) or is_short,
        rank if rank == 2 else 0,
        naive,
        # Of several certain times, the first one counts; the regularity of their steps shows nothing.
        0.0 if best.likelihood >= _SURE else 1 - best.likelihood,
    )
