"""Finds the name of a sensor: in columns, the file's name, or the lines before the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.layouts.layout import FIELD, FILE_STEM
from iotctl.formats.proposal.file_names import device_in_preamble, name_in_path
from iotctl.formats.proposal.proposal import Doubt, Weight
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.time_formats import TimeColumns, row_times
from iotctl.formats.proposal.units import is_unit
from iotctl.formats.proposal.values import are_weekdays, is_id_column
from iotctl.formats.proposal.word_sets import word_set
from iotctl.formats.proposal.words import (
    is_id_name,
    is_metric_name,
    is_quality_name,
    is_unit_name,
    is_value_name,
    why_left_out,
    words,
)

_FILLED = 0.9
_MOST_SENSORS = 0.5  # share of the rows: more distinct texts are names of rows, not of sensors
_ROWS_THAT_TELL = 20
FEW_REPEATS = 0.02
_CLOCK_CHANGE = 3_600_000_000
_NAMES_OF_A_THING = word_set("id name uuid no nr number code label type model")
_UNIQUE_EVERYWHERE = word_set("uuid mac imei eui ean mpan cups lclid nmi prm")


@dataclass(frozen=True, slots=True)
class SensorName:
    """pattern: as Layout.sensor. fields: its columns. preamble, path: as in Layout."""

    pattern: str
    fields: tuple[str, ...] = ()
    preamble: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()


def sensor_columns(table: Table, time: TimeColumns, used: Sequence[str], one_value: bool) -> tuple[str, ...]:
    """The columns that name a sensor together: the fewest that distinguish all sensors of the file, and those that may
    distinguish them from sensors of other files. one_value: whether only one column may be a value."""
    times = time.fields
    columns = [column for column in table.others(used) if _can_name(column, table)]
    moments = row_times(table, time)
    columns = [
        column for column in columns if column.type is ColumnType.TEXT or _tells_apart(table, column, times, moments)
    ]
    labels = [column for column in columns if column.label]
    if labels:
        # The form of the file says which columns name a series.
        return tuple(column.name for column in labels)
    named = [column for column in columns if column.named and is_id_name(column.title)]
    metrics = [column for column in columns if column.named and column not in named and is_metric_name(column.title)]
    unnamed = [column for column in columns if not column.named]
    chosen: list[Column] = []
    for column in (*named, *metrics, *unnamed):
        if not column.is_constant and _groups([*chosen, column]) > _groups(chosen):
            chosen.append(column)
    others = [column for column in columns if column not in (*named, *metrics, *unnamed) and not column.is_constant]
    for column in others:
        repeats = _repeats(table, times, chosen)
        if repeats > FEW_REPEATS and _repeats(table, times, [*chosen, column]) < 0.5 * repeats:
            chosen.append(column)
    if not chosen and one_value and others:
        chosen.append(others[0])
    # A column called unit names the sensor only if no other column does.
    names = [column for column in (*named, *metrics) if not is_unit_name(column.title)]
    chosen += _same_in_all_rows(names, chosen) or ([] if chosen else _same_in_all_rows((*unnamed, *named), [])[:1])
    order = [column.name for column in table.columns]
    return tuple(sorted((column.name for column in chosen), key=order.index))


def _same_in_all_rows(columns: Iterable[Column], chosen: Sequence[Column]) -> list[Column]:
    """The names of a device, a place or a metric that are the same in all rows.

    Another file may have other names, and its readings would be mixed in if the sensors' names were the same. One name
    of a thing is enough: of an id and a name, the first.
    """
    found: list[Column] = []
    for column in columns:
        if column.is_constant and not words(column.title)[-1].isdigit():
            others = [*chosen, *found]
            things = {_thing(other) for other in others}
            known = _thing(column) in things or (not _thing(column) and things)
            if not known and (is_metric_name(column.title) or not any(map(_is_unique, others))):
                found.append(column)
    return found


def _is_unique(column: Column) -> bool:
    """Whether the texts of a column are unique for all sensors or devices of the world."""
    found = set(words(column.title))
    return bool(_UNIQUE_EVERYWHERE & found) or found == {"sensor", "id"}


def _thing(column: Column) -> frozenset[str]:
    """The thing that a column names: station, for station_id and StationName; empty for a mere name."""
    return frozenset(words(column.title)) - _NAMES_OF_A_THING


def name_sensors(columns: Sequence[str], values: Sequence[Column], uri: str, preamble: Sequence[str]) -> SensorName:
    """The pattern of a sensor's name."""
    several = len(values) > 1
    plain = not several and bool(values) and (is_value_name(values[0].title) or not values[0].named)
    tail = "" if plain else f".{{{FIELD}}}"
    if columns:
        return SensorName(".".join(f"{{{name}}}" for name in columns) + tail, tuple(columns))
    if preamble and preamble[0].lstrip('"').startswith("TOA5"):
        parts = {"station": r'^"?TOA5"?,"?([^",]+)', "table": r'^"?TOA5.*[,"]([^",\r\n]+)"?\s*$'}
        return SensorName("{station}.{table}" + tail, preamble=parts)
    if found := device_in_preamble(preamble):
        return SensorName("{device}" + tail, preamble={"device": found[1]})
    part, pattern = name_in_path(uri)
    if part and pattern:
        return SensorName("{source}" + tail, path={"source": pattern})
    if (part and not _are_tags(values)) or plain:
        doubt = Doubt(
            f"the file names no sensor: the name of the file, {unpacked(uri).stem}, is used",
            "--sensor 'NAME'" if plain else "--sensor '{field}'",
            weight=Weight.NOTE,
        )
        return SensorName(f"{{{FILE_STEM}}}{tail}", doubts=(doubt,))
    return SensorName(f"{{{FIELD}}}")


def repeats(table: Table, times: Sequence[str], columns: Sequence[str], rows: Sequence[int] | None = None) -> float:
    """The share of rows that repeat time and sensor of an earlier row. rows: the rows to use."""
    if rows is not None and len(rows) < table.rows:
        picked = (replace(column, texts=[column.texts[row] for row in rows]) for column in table.columns)
        table = Table(tuple(picked))
    return _repeats(table, times, [table[name] for name in columns])


def _are_tags(values: Sequence[Column]) -> bool:
    """Whether the names of the values are tags, such as PLANT1.TIC-101.PV, which are complete names."""
    return sum(bool(re.search(r"\w[./:\\]\w", column.title)) for column in values) >= 0.5 * len(values)


def _can_name(column: Column, table: Table) -> bool:
    if column.label:
        return True
    if column.type is ColumnType.TEXT:
        if is_value_name(column.title) and column.numbers >= 0.1 * column.filled:
            return False
        if is_unit_name(column.title) and all(map(is_unit, column.counts)):
            return False
        if are_weekdays(column.counts):
            return False
        if is_quality_name(column.title) or (why_left_out(column.title) not in {None, "record number"}):
            return False
    elif column.type is ColumnType.NUMBER:
        if not column.is_whole or (column.named and not is_id_column(column)):
            return False
        if column.named and why_left_out(column.title) is not None and words(column.title) != ("id",):
            return False
    else:
        return False
    if column.filled < _FILLED * table.rows:
        return False
    return table.rows < _ROWS_THAT_TELL or len(column.counts) <= _MOST_SENSORS * table.rows


def _tells_apart(table: Table, column: Column, times: Sequence[str], moments: Sequence[int]) -> bool:
    """Whether whole numbers are names of sensors: all are equal, or times are in order only within each of them."""
    if column.is_constant:
        return column.named
    if _repeats(table, times, []) > FEW_REPEATS > _repeats(table, times, [column]):
        return column.named or len(column.counts) < 0.2 * table.rows
    steps_back = sum(later < earlier for earlier, later in pairwise(moments))
    if steps_back == 1 and max(earlier - later for earlier, later in pairwise(moments)) <= _CLOCK_CHANGE:
        steps_back = 0  # the clock was set back
    within: dict[str, int] = {}
    inner = 0
    for moment, text in zip(moments, column.texts, strict=True):
        inner += moment < within.get(text, moment)
        within[text] = moment
    few = len(column.counts) <= max(2, 0.1 * table.rows)
    return few and (inner < steps_back or column.named or _takes_turns(column))


def _takes_turns(column: Column) -> bool:
    """Whether a few numbers occur about equally often, in blocks or in turns."""
    most, least = max(column.counts.values()), min(column.counts.values())
    changes = sum(before != after for before, after in pairwise(column.texts))
    return most <= 1.25 * least and (changes < len(column.counts) or changes >= 0.5 * len(column.texts))


def _groups(columns: Sequence[Column]) -> int:
    return len(set(zip(*(column.texts for column in columns), strict=True))) if columns else 1


def _repeats(table: Table, times: Sequence[str], columns: Sequence[Column]) -> float:
    if not table.rows:
        return 0.0
    texts = [table[name].texts for name in times] + [column.texts for column in columns]
    # Rows that are equal in all columns were written twice, and do not count.
    rows = set(zip(*texts, *(column.texts for column in table.columns), strict=True))
    return 1 - len({row[: len(texts)] for row in rows}) / len(rows)
