"""Load the mapping of sensor names to UUIDs: one to one, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from iotctl.errors import ConflictError
from iotctl.formats.mapping import MappingRow, read_mapping
from iotctl.repositories import Database, SensorRepository, ensure_schema
from iotctl.sources import StoreSettings, source_for

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MappingSummary:
    """Sensors in the file: added + renamed + unchanged == sensors."""

    sensors: int
    added: int
    renamed: int
    unchanged: int


def load_mapping(
    uri: str, database: Database, store: StoreSettings, *, replace: bool = False, dry_run: bool = False
) -> MappingSummary:
    """Load the mapping file into the sensor table, in one transaction; a second time it changes nothing.

    Raises ConflictError where the file contradicts itself or has unreadable rows, and, without replace, where it
    contradicts names that are stored; FileError, NotFoundError for the file.
    """
    source = source_for(uri, store)
    file = source.stat(uri)
    table = read_mapping(file, partial(source.open, file))
    if table.rejects:
        first = table.rejects[0]
        raise ConflictError(
            f"{len(table.rejects)} rows of the mapping cannot be read; nothing was loaded.",
            where=f"{uri}, line {first.line}: {first.reason}",
            hint="A row is a sensor name and a UUID. Mend the file and run again.",
        )
    wanted = _one_to_one(uri, table.rows)
    with database.connect() as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn)
        with conn.transaction():
            sensors.lock()
            stored = sensors.named()
            changed = {name: uuid for name, uuid in wanted.items() if stored.get(name) != uuid}
            conflicts = _conflicts(changed, stored)
            if conflicts and not replace:
                raise ConflictError(
                    f"The mapping contradicts {len(conflicts)} stored names; nothing was loaded.\n  "
                    + "\n  ".join(conflicts[:_SHOWN]),
                    hint="To rename: run again with --replace.",
                )
            if changed and not dry_run:
                sensors.rename(list(changed), list(changed.values()))
    return MappingSummary(len(wanted), len(changed) - len(conflicts), len(conflicts), len(wanted) - len(changed))


def _one_to_one(uri: str, rows: Sequence[MappingRow]) -> dict[str, str]:
    """Name -> UUID; a row that stands there twice counts once. Raises ConflictError."""
    by_name: dict[str, MappingRow] = {}
    by_uuid: dict[str, MappingRow] = {}
    contradictions = []
    for row in rows:
        partners = by_name.setdefault(row.name, row), by_uuid.setdefault(row.uuid, row)
        contradictions += [
            f"line {known.line}: {known.name} = {known.uuid}, line {row.line}: {row.name} = {row.uuid}"
            for known in partners
            if (known.name, known.uuid) != (row.name, row.uuid)
        ]
    if contradictions:
        raise ConflictError(
            f"The mapping contradicts itself {len(contradictions)} times; nothing was loaded.\n  "
            + "\n  ".join(contradictions[:_SHOWN]),
            where=uri,
            hint="Every name has one UUID and every UUID one name. Mend the file and run again.",
        )
    return {row.name: row.uuid for row in rows}


def _conflicts(changed: Mapping[str, str], stored: Mapping[str, str]) -> list[str]:
    names = {uuid: name for name, uuid in stored.items()}
    conflicts = []
    for name, uuid in changed.items():
        if name in stored:
            conflicts.append(f"{name} is {stored[name]}, not {uuid}")
        elif uuid in names:
            conflicts.append(f"{uuid} is {names[uuid]}, not {name}")
    return conflicts
