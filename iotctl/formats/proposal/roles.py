"""Finds the role of each column of a table: time, sensor, value, quality, or not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iotctl.formats.proposal.quality import QualityMarks, find_quality
from iotctl.formats.proposal.sensors import sensor_columns
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.time_columns import own_times
from iotctl.formats.proposal.time_formats import TimeColumns
from iotctl.formats.proposal.units import is_unit
from iotctl.formats.proposal.values import composites, value_columns
from iotctl.formats.proposal.words import is_unit_name
from iotctl.formats.proposal.zones import zone_column

# The role of a column with units.
UNIT_OF_ROW = "the unit of each row"


@dataclass(frozen=True)
class Roles:
    """zone: the column with the time zone. sensor: the columns that name a sensor together. parts: value -> number of
    parts in its cells. left_out: column -> why it is not a value. own_time: value -> the column of its own time.
    """

    time: TimeColumns
    zone: str | None
    sensor: tuple[str, ...]
    quality: QualityMarks
    values: list[Column]
    parts: Mapping[str, int]
    left_out: dict[str, str]
    own_time: Mapping[str, str]

    def names(self) -> dict[str, str]:
        """The role of each column, for people."""
        named = dict(self.left_out)
        named |= dict.fromkeys((*self.time.fields, *self.own_time.values()), "time")
        named |= dict.fromkeys(self.sensor, "sensor")
        named |= dict.fromkeys(self.quality.fields - set(self.quality.unknown), "quality")
        named |= {column.name: "value" for column in self.values}
        if self.zone:
            named[self.zone] = "zone"
        return named


def find_roles(table: Table, time: TimeColumns) -> Roles:
    """The roles of the columns of a table, given its time."""
    used = {*time.fields, *time.spare}
    zone = zone_column(table, tuple(used))
    if zone is not None:
        used.add(zone)
    parts = composites(table.others(used))
    left_out: dict[str, str] = dict(time.spare)
    units = {column.name for column in table.others(used) if _is_unit_column(column)}
    left_out |= dict.fromkeys(units, UNIT_OF_ROW)
    candidates = [column for column in table.others(used | units | set(parts)) if column.type is not ColumnType.EMPTY]
    numbers = value_columns(candidates, {})
    quality = find_quality(table, tuple(used | units | set(parts)), [column.name for column in numbers])
    one_value = len([column for column in numbers if column.name not in quality.fields]) == 1
    sensor = sensor_columns(table, time, tuple(used | units | quality.fields | set(parts)), one_value)
    used |= units | quality.fields | set(sensor)
    left_out |= dict.fromkeys(quality.unknown, "rates values in codes that the file does not explain")
    values = value_columns(table.others(used | set(parts)), left_out)
    for name, count in parts.items():
        if count == 2:
            values.append(table[name])
        else:
            left_out[name] = f"{count} parts in a cell: name the part in the layout to read it"
    values.sort(key=table.columns.index)
    own = own_times(table, time, [column.name for column in values])
    left_out = {name: reason for name, reason in left_out.items() if name not in own.values()}
    return Roles(time, zone, sensor, quality, values, parts, left_out, own)


def _is_unit_column(column: Column) -> bool:
    is_text = column.type is ColumnType.TEXT
    return is_text and is_unit_name(column.title) and sum(map(is_unit, column.counts)) >= 0.5 * len(column.counts)
