"""Doubts from the rows of a file: repeated times, other times, different units, constant names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.layouts.layout import TimeLayout
from iotctl.formats.proposal.date_and_clock import is_milliseconds
from iotctl.formats.proposal.proposal import Doubt, Hints, Weight
from iotctl.formats.proposal.roles import UNIT_OF_ROW, Roles
from iotctl.formats.proposal.sensors import FEW_REPEATS, repeats
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.time_columns import OTHER_TIME
from iotctl.formats.times.formats import time_grammar
from iotctl.formats.times.zones import change_at, near_changes

_SHOWN = 3


def row_doubts(table: Table, when: TimeLayout, roles: Roles, hints: Hints, timezone: str) -> list[Doubt]:
    """The doubts from the rows. timezone: of times without a zone, if the layout names none."""
    doubts = _of_repeats(table, when, roles, timezone) if hints.sensor is None else []
    doubts += _of_other_times(table, roles)
    return doubts + _of_units(table, roles)


def _of_repeats(table: Table, when: TimeLayout, roles: Roles, timezone: str) -> list[Doubt]:
    fields = (*when.fields, when.timezone_field) if when.timezone_field else when.fields
    share = repeats(table, fields, roles.sensor)
    if share > FEW_REPEATS and not when.timezone_field:
        # The hour that comes twice has each time twice. The reader separates the two, or rejects them.
        once = ~_in_doubled_hours(table, when, timezone)
        share = repeats(table, fields, roles.sensor, np.flatnonzero(once).tolist()) if once.any() else 0.0
    if share <= FEW_REPEATS:
        return []
    text = f"{share:.0%} of the rows repeat the time of an earlier row of the same sensor: are they of another sensor?"
    return [Doubt(text, "--sensor '{COLUMN}.{field}'")]


def _in_doubled_hours(table: Table, when: TimeLayout, timezone: str) -> NDArray[np.bool_]:
    """Which rows have a time without a zone in the hour that comes twice."""
    joined = [" ".join(texts) for texts in zip(*(table[name].texts for name in when.fields), strict=True)]
    times = time_grammar(when.format).read(pa.array(joined, pa.string()))
    zone = when.timezone or timezone
    near = near_changes(times.time, zone, doubled=True, skipped=False)
    found = np.zeros(len(joined), dtype=np.bool_)
    for change in np.unique(near.change[near.is_near]):
        found |= near.is_near & (near.change == change) & change_at(int(change), zone).doubts(times.time)
    return found & times.naive & ~times.odd


def _of_other_times(table: Table, roles: Roles) -> list[Doubt]:
    spare = [
        name
        for name, role in roles.left_out.items()
        if role == OTHER_TIME and not table[name].is_constant and name in roles.time.whole
    ]
    doubts = [
        Doubt(f"{column.title} has milliseconds that are not read with the time", "[time] fields in the layout")
        for column in table.columns
        if is_milliseconds(column) and column.name not in roles.time.fields and not column.is_constant
    ]
    if not spare:
        return doubts
    text = f"{_listed(table, spare)}: another time; {' and '.join(roles.time.fields)} is used"
    return [*doubts, Doubt(text, "[time] fields in the layout", weight=Weight.NOTE)]


def _of_units(table: Table, roles: Roles) -> list[Doubt]:
    """A column of units, if a sensor has several units, or if it is not clear to which value they belong."""
    doubts = []
    for column in (table[name] for name, role in roles.left_out.items() if role == UNIT_OF_ROW):
        keys = [table[name].texts for name in roles.sensor] or [[""] * table.rows]
        of_sensor: dict[tuple[str, ...], str] = {}
        for *key, unit in zip(*keys, column.texts, strict=True):
            if unit and of_sensor.setdefault(tuple(key), unit) != unit:
                text = f"readings of one sensor have several units in {column.title}: {_some(column)}"
                doubts.append(Doubt(text, f"--sensor '{{...}}.{{{column.name}}}'"))
                break
        else:
            if unit_field(table, roles) is None:
                text = f"{column.title} has the units ({_some(column)}), and readings are loaded without them"
                doubts.append(Doubt(text, "[[values]] unit_field in the layout", weight=Weight.NOTE))
    return doubts


def _listed(table: Table, names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(table[name].title for name in names[:_SHOWN]) + more


def _some(column: Column) -> str:
    return ", ".join(list(column.counts)[:_SHOWN])


def unit_field(table: Table, roles: Roles) -> str | None:
    """The column with the unit of each row, if there is one such column, and one value."""
    columns = [table[name] for name, role in roles.left_out.items() if role == UNIT_OF_ROW]
    return columns[0].name if len(columns) == len(roles.values) == 1 else None
