"""Load the mapping: one name for each UUID, units, limits and labels; all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from iotctl.errors import ConflictError, FileError
from iotctl.formats.mapping import MappingRow, MappingTable, read_mapping
from iotctl.model import Sensor
from iotctl.repositories import Database, FoundSensor, KeptSensor, SensorRepository, ensure_schema
from iotctl.sources import StoreSettings, source_for
from iotctl.words import counted

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MappingSummary:
    """Sensors in the file: added + renamed + changed + unchanged == sensors.

    changed: their names stay, but their unit, limits or labels change. taken: names that files had given to other
    sensors; these have no name now. unreadable_labels: cells that are not UTF-8, and are left out.
    """

    sensors: int
    added: int
    renamed: int
    changed: int
    unchanged: int
    taken: tuple[str, ...] = ()
    unreadable_labels: int = 0


def load_mapping(
    uri: str, database: Database, store: StoreSettings, *, replace: bool = False, dry_run: bool = False
) -> MappingSummary:
    """Load the mapping file into the sensor table, in one transaction; loading it again changes nothing.

    If the file does not have a column, then the stored values stay; an empty cell deletes the value. The file replaces
    names from data files, and units, limits and labels of an earlier mapping.
    Raises ConflictError where the file contradicts itself or has unreadable rows, and, without replace, where it
    contradicts names of an earlier mapping; FileError, NotFoundError for the file.
    """
    source = source_for(uri, store)
    file = source.stat(uri)
    table = read_mapping(file, partial(source.open, file))
    if not table.rows and not table.bad:
        raise FileError(
            "There are no sensors in the mapping.",
            where=file.uri,
            hint="Its first line names the columns, such as sensor_name;sensor_uuid. A line for each sensor follows.",
        )
    if table.bad:
        first = table.bad[0]
        raise ConflictError(
            f"{counted(len(table.bad), 'row')} of the mapping cannot be read; nothing was loaded.",
            where=f"{uri}, line {first.line}: {first.problem}",
            hint="A row is a sensor and its name, unit, limits, labels (UTF-8). Correct the file and run again.",
        )
    rows = _one_to_one(uri, table.rows)
    with database.connect() as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn)
        with sensors.changes(keep=not dry_run):
            return _load(rows, table, sensors, may_rename=replace)


def _load(
    rows: Sequence[MappingRow], table: MappingTable, sensors: SensorRepository, *, may_rename: bool
) -> MappingSummary:
    kept = sensors.kept()
    names = {row.name: row.uuid for row in rows if row.name is not None}
    mapped = {one.sensor.sensor_name: uuid for uuid, one in kept.items() if one.is_mapped and one.sensor.sensor_name}
    named = {name: uuid for name, uuid in names.items() if mapped.get(name) != uuid}
    conflicts = _conflicts(named, mapped)
    if conflicts and not may_rename:
        raise ConflictError(
            f"The mapping contradicts {len(conflicts)} stored names; nothing was loaded.\n  "
            + "\n  ".join(conflicts[:_SHOWN]),
            hint="To rename: run again with --replace.",
        )
    missing = [FoundSensor(row.uuid, row.text_id) for row in rows if row.name is None and row.uuid not in kept]
    wanted = (_described(row, kept.get(row.uuid), table.columns) for row in rows)
    described = [sensor for sensor in wanted if sensor is not None]
    taken = tuple(
        name
        for uuid, one in kept.items()
        if not one.is_mapped and (name := one.sensor.sensor_name) and names.get(name, uuid) != uuid
    )
    if named:
        sensors.rename(list(named), list(named.values()))
    if missing:
        sensors.insert_missing(missing)
    if described:
        sensors.describe(described)
    new = {*named.values(), *(one.uuid for one in missing)}
    changed = len({sensor.sensor_uuid for sensor in described} - new)
    return MappingSummary(
        sensors=len(rows),
        added=len(new) - len(conflicts),
        renamed=len(conflicts),
        changed=changed,
        unchanged=len(rows) - len(new) - changed,
        taken=taken,
        unreadable_labels=table.unreadable_labels,
    )


def _one_to_one(uri: str, rows: Sequence[MappingRow]) -> list[MappingRow]:
    """The rows, each sensor once; repeated equal rows count once. Raises ConflictError."""
    by_name: dict[str, MappingRow] = {}
    by_uuid: dict[str, MappingRow] = {}
    contradictions = []
    for row in rows:
        if row.name is not None and (known := by_name.setdefault(row.name, row)).uuid != row.uuid:
            contradictions.append(_apart(known, row))
        known = by_uuid.setdefault(row.uuid, row)
        if known != replace(row, line=known.line):
            contradictions.append(_apart(known, row))
    if contradictions:
        raise ConflictError(
            f"The mapping contradicts itself {counted(len(contradictions), 'time')}; nothing was loaded.\n  "
            + "\n  ".join(contradictions[:_SHOWN]),
            where=uri,
            hint="Every name has one sensor and every sensor one row. Correct the file and run again.",
        )
    return list(by_uuid.values())


def _apart(one: MappingRow, other: MappingRow) -> str:
    names = [f"line {row.line}: {row.name or '-'} = {row.text_id or row.uuid}" for row in (one, other)]
    if (one.name, one.uuid) != (other.name, other.uuid):
        return ", ".join(names)
    return f"{names[0]}, and line {other.line} gives it another unit, limit or label"


def _described(row: MappingRow, kept: KeptSensor | None, columns: frozenset[str]) -> Sensor | None:
    """The sensor with the unit, limits and labels of a row; None where it has them already. Raises ConflictError.

    Without a column in the file, the stored value stays.
    """
    before = Sensor(0, row.uuid, None) if kept is None else replace(kept.sensor, unit=kept.mapped_unit)
    given = {name: getattr(row, name) for name in ("unit", "low", "high") if name in columns}
    labels = {label: text for label, text in before.labels.items() if label not in columns} | dict(row.labels)
    wanted = replace(before, **given, labels=labels)
    if wanted.low is not None and wanted.high is not None and not wanted.low < wanted.high:
        raise ConflictError(
            f"Of {before.sensor_name or row.name or row.uuid}, low {wanted.low:g} is not below high {wanted.high:g};"
            " nothing was loaded.",
            where=f"line {row.line}",
            hint="One of them is from an earlier mapping: give both columns, low and high.",
        )
    return None if wanted == before else wanted


def _conflicts(named: Mapping[str, str], mapped: Mapping[str, str]) -> list[str]:
    by_uuid = {uuid: name for name, uuid in mapped.items()}
    conflicts = []
    for name, uuid in named.items():
        if name in mapped:
            conflicts.append(f"{name} is {mapped[name]}, not {uuid}")
        elif uuid in by_uuid:
            conflicts.append(f"{uuid} is {by_uuid[uuid]}, not {name}")
    return conflicts
