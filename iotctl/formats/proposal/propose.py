"""Proposes a layout from the content of a file, with doubts. This is the entry to the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from iotctl.formats.layouts.layout import FIELD, FILE_STEM, Layout, QualityLayout, TimeLayout, ValueLayout
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.proposal.cells import is_clock
from iotctl.formats.proposal.columns_seen import column_views
from iotctl.formats.proposal.contents import Content, read_content
from iotctl.formats.proposal.groups import columns_that_group
from iotctl.formats.proposal.number_signs import NumberSigns, judge_signs
from iotctl.formats.proposal.proposal import Doubt, Hints, Proposal, Weight
from iotctl.formats.proposal.roles import Roles, find_roles
from iotctl.formats.proposal.row_doubts import row_doubts, unit_field
from iotctl.formats.proposal.sensors import SensorName, name_sensors
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.time_columns import find_time
from iotctl.formats.proposal.time_formats import TimeColumns
from iotctl.formats.proposal.time_layouts import time_layout
from iotctl.formats.proposal.units import is_unit
from iotctl.formats.proposal.value_doubts import value_doubts
from iotctl.formats.proposal.values import missing_words, units_in_cells
from iotctl.formats.times.candidates import TimeKind
from iotctl.model import StoredFile

# With more values than this, the layout names the other fields instead: nobody reads a layout of 1,000 lines.
_MOST_NAMED = 40

_INNER = "arrays within the records are not read"
_ONE_EACH = "a file with an object for each reading (docs/reference/layouts.md, Arrays within records)"


def propose(file: StoredFile, open_at: OpenAt, hints: Hints, options: ReadOptions) -> Proposal:
    """The proposed layout of a file. options.timezone: the default for times without a zone.

    Reads all rows of a small file, and samples from all parts of a large one. Raises FileError if the file has no
    readable records, and what open_at raises.
    """
    content = read_content(file, open_at, hints)
    if content.standard:
        views = column_views(content.table, {"timestamp": "time", "sensor_uuid": "sensor", "sensor_value": "value"}, ())
        return Proposal(
            content.layout, content.seen, views, content.doubts, content.table.rows, content.complete, standard=True
        )
    table, doubts = content.table, list(content.doubts)
    time = find_time(table)
    if time is None:
        doubts.append(_no_time(content))
        return _without_layout(content, {}, doubts)
    if content.inner:
        doubts.append(Doubt(f"{_INNER}: {', '.join(content.inner)}", _ONE_EACH, weight=Weight.NOTE))
    roles = find_roles(table, time)
    if not roles.values:
        doubts.append(Doubt("no column has numbers that are values", weight=Weight.NEEDED))
        return _without_layout(content, roles.left_out, doubts)
    written = [column for column in roles.values if column.name not in roles.parts and not column.typed]
    texts = [item for column in written for item in column.counts.items()]
    signs = judge_signs(_number_texts(texts, time), hints.decimal)
    doubts += _sign_doubts(signs)
    when, preamble, more = time_layout(table, time, roles.zone, content.preamble, hints)
    doubts += more
    name = name_sensors(roles.sensor, roles.values, file.uri, content.preamble)
    if hints.sensor is not None:
        name = _told_name(hints.sensor, table, name)
    doubts += name.doubts
    doubts += row_doubts(table, when, roles, hints, options.timezone)
    doubts += _group_doubts(table, roles, hints)
    missing = _missing(table, roles, hints)
    doubts += value_doubts(table, roles, missing)
    layout = _layout(content, roles, when, name, signs, missing, {**preamble, **name.preamble})
    blocked = any(doubt.blocks for doubt in doubts)
    open_ones, notes = _weighed(doubts)
    views = column_views(table, roles.names(), missing)
    return Proposal(
        None if blocked else layout,
        content.seen,
        views,
        open_ones,
        table.rows,
        content.complete,
        roles.left_out,
        notes,
    )


def _weighed(doubts: Iterable[Doubt]) -> tuple[tuple[Doubt, ...], tuple[Doubt, ...]]:
    """Doubts, and notes."""
    notes = tuple(doubt for doubt in doubts if doubt.weight is Weight.NOTE)
    return tuple(doubt for doubt in doubts if doubt.weight is not Weight.NOTE), notes


def _without_layout(content: Content, left_out: dict[str, str], doubts: list[Doubt]) -> Proposal:
    views = column_views(content.table, {}, ())
    open_ones, notes = _weighed(doubts)
    return Proposal(None, content.seen, views, open_ones, content.table.rows, content.complete, left_out, notes)


def _no_time(content: Content) -> Doubt:
    clock = next((column for column in content.table.columns if any(map(is_clock, column.counts))), None)
    if clock is None and content.inner:
        text = f"no column is a time; {_INNER}: {', '.join(content.inner)}"
        return Doubt(text, _ONE_EACH, weight=Weight.NEEDED)
    if clock is None:
        return Doubt("no column is a time", weight=Weight.NEEDED)
    text = f"{clock.title} has times of day, and no column has the date; if the file's name has it, use [path]"
    return Doubt(text, "[path] and [time] fields in a layout", weight=Weight.NEEDED)


def _number_texts(texts: list[tuple[str, int]], time: TimeColumns) -> Iterable[tuple[str, int]]:
    yield from texts
    if time.best.kind in {TimeKind.EPOCH, TimeKind.DAY_NUMBER, TimeKind.ELAPSED} and time.best.decimal == ",":
        yield "0,5", len(texts)


def _sign_doubts(signs: NumberSigns) -> list[Doubt]:
    if signs.contradiction:
        first, second = signs.contradiction
        text = f"the numbers contradict one another: {first} and {second} have different decimal signs"
        return [Doubt(text, "--decimal point or --decimal comma", weight=Weight.NEEDED)]
    if signs.unclear:
        text = f"{signs.unclear} can mean {signs.unclear.replace(',', '.')} or {signs.unclear.replace(',', '')}"
        return [Doubt(text, "--decimal point or --decimal comma", weight=Weight.NEEDED)]
    return []


def _told_name(pattern: str, table: Table, found: SensorName) -> SensorName:
    """The name from the option --sensor, with the fields of the proposal that it uses."""
    layout = Layout(time=TimeLayout(("",)), sensor=pattern)
    known = {column.name for column in table.columns} | {FIELD, FILE_STEM, "file.name", "file.folder"}
    fields = layout.sensor_fields()
    missing = [name for name in fields if name not in known | set(found.preamble) | set(found.path)]
    doubts = tuple(Doubt(f"there is no field {name} for --sensor {pattern}", weight=Weight.NEEDED) for name in missing)
    preamble = {name: text for name, text in found.preamble.items() if name in fields}
    path = {name: text for name, text in found.path.items() if name in fields}
    return SensorName(pattern, tuple(name for name in fields if name in known), preamble, path, doubts)


def _group_doubts(table: Table, roles: Roles, hints: Hints) -> list[Doubt]:
    if hints.sensor is not None or roles.sensor:
        return []
    used = [name for name, role in roles.names().items() if role in {"time", "quality", "value", "zone"}]
    unused = [column for column in table.others(used) if column.named]
    return [
        Doubt(
            f"values differ by {column.title} ({', '.join(list(column.counts)[:2])}, ...): does it name the sensor?",
            f"--sensor '{{{column.name}}}.{{field}}' or --sensor '{{field}}'",
            weight=Weight.NEEDED,
        )
        for column in columns_that_group(table, unused, roles.values)[:1]
    ]


def _missing(table: Table, roles: Roles, hints: Hints) -> tuple[str, ...]:
    found = list(hints.nulls)
    for column in roles.values:
        if column.name not in roles.parts:
            found += missing_words(column, table, roles.sensor)
    return tuple(dict.fromkeys(found))


def _layout(
    content: Content,
    roles: Roles,
    when: TimeLayout,
    name: SensorName,
    signs: NumberSigns,
    missing: tuple[str, ...],
    preamble: Mapping[str, str],
) -> Layout:
    titles = [column.title for column in roles.values]
    of_rows = unit_field(content.table, roles)
    values = [_value(column, roles, titles, of_rows) for column in roles.values]
    quality = roles.quality
    plain = all(value == ValueLayout(value.field) for value in values)
    layout = Layout(
        time=when,
        form=content.form,
        sensor=name.pattern,
        values=tuple(values),
        missing=missing,
        quality=QualityLayout(quality.good, quality.of_all) if quality.good else None,
        preamble=preamble,
        path=name.path,
        records=content.records,
        sheet=content.sheet,
    )
    if plain and len(values) > _MOST_NAMED:
        others = tuple(field for field in roles.left_out if field not in when.fields)
        layout = replace(layout, values=(), other_values=True, ignored=others)
    if content.text is None:
        return replace(layout, text=replace(content.record_text, decimal=signs.decimal, thousands=signs.thousands))
    renamed = _names_without_header(layout, content, roles)
    text = content.text.layout(renamed, signs.decimal, signs.thousands)
    return replace(_renamed(layout, renamed), text=text)


def _value(column: Column, roles: Roles, titles: list[str], of_rows: str | None) -> ValueLayout:
    title = column.title if titles.count(column.title) == 1 else column.name
    unit = column.unit
    if unit not in (units := units_in_cells(column)) and units:
        # To read numbers, the unit after them must be known. Then [Temperature] in the name is not a unit.
        unit = next(iter(units))
        title = title if column.unit is None or is_unit(column.unit) else column.name
    return ValueLayout(
        column.name,
        name=title if title != column.name else None,
        unit=unit,
        unit_field=of_rows if unit is None else None,
        part=1 if column.name in roles.parts else 0,
        quality=roles.quality.of_value.get(column.name),
        time=(roles.own_time[column.name],) if column.name in roles.own_time else (),
    )


def _names_without_header(layout: Layout, content: Content, roles: Roles) -> dict[str, str]:
    """The columns that the layout reads -> their names; columns without a name get one."""
    table = content.table
    needed = layout.record_fields() or tuple(column.name for column in table.columns)
    renamed = {name: name for name in needed}
    if content.text is None or content.text.start.header is not None:
        return renamed
    wanted: dict[str, str] = {}
    fields = roles.time.fields
    if len(fields) == 1:
        wanted[fields[0]] = "time"
    elif len(fields) == 2:
        wanted |= {fields[0]: "date", fields[1]: "hour" if table[fields[1]].is_whole else "clock"}
    else:
        wanted |= dict(zip(fields, ("year", "month", "day", "hour", "minute", "second"), strict=False))
    wanted |= {name: "sensor" if len(roles.sensor) == 1 else f"sensor_{at}" for at, name in enumerate(roles.sensor, 1)}
    if len(roles.values) == 1:
        wanted[roles.values[0].name] = "value"
    taken = {column.name for column in table.columns}
    for name, new in wanted.items():
        if name in renamed and not table[name].named and new not in taken:
            renamed[name] = new
    return renamed


def _renamed(layout: Layout, names: Mapping[str, str]) -> Layout:
    """The layout with other names of its columns."""
    sensor = layout.sensor
    for old, new in names.items():
        sensor = sensor.replace(f"{{{old}}}", f"{{{new}}}")
    time = replace(layout.time, fields=tuple(names.get(field, field) for field in layout.time.fields))
    values = tuple(replace(value, field=names.get(value.field, value.field)) for value in layout.values)
    values = tuple(replace(value, name=None) if value.name == value.field else value for value in values)
    return replace(layout, sensor=sensor, time=time, values=values)
