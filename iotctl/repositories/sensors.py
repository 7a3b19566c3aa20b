"""The sensor table: UUIDs, names, units and limits, and the small keys that readings carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from iotctl.errors import NotFoundError
from iotctl.globs import HINT, glob_fits, is_glob
from iotctl.model import Sensor
from iotctl.near_names import near_names
from iotctl.repositories.postgres.connection import Connection
from iotctl.sensor_ids import derived_uuid, normal_name

_COLUMNS = "sensor_id, sensor_uuid::text, sensor_name, coalesce(unit, file_unit), low, high, labels"

# A name is a key of an index, whose entries have at most 2700 bytes.
_LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class FoundSensor:
    """A sensor as a file has it. uuid: canonical text. name: what the file calls it; unit: of its values there."""

    uuid: str
    name: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """Found sensors in the table. ids: UUID -> sensor_id.

    nameless: those kept without their name, which is another sensor's, or too long. other_units: sensors found with
    another unit than files had for them before -> that one.
    """

    ids: dict[str, int]
    nameless: tuple[FoundSensor, ...]
    other_units: dict[FoundSensor, str]


@dataclass(frozen=True, slots=True)
class KeptSensor:
    """A sensor and what of it a mapping has given. is_mapped: its name; mapped_unit: None where files gave the unit."""

    sensor: Sensor
    is_mapped: bool
    mapped_unit: str | None


class SensorRepository:
    """Sensors by UUID and by name, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def ids(self, uuids: Iterable[str]) -> dict[str, int]:
        """UUID (canonical text) -> sensor_id; sensors not seen before are added without a name."""
        wanted = sorted(set(uuids))
        known = self.known(wanted)
        missing = [uuid for uuid in wanted if uuid not in known]
        if missing:
            self._conn.execute(
                "INSERT INTO sensor (sensor_uuid) SELECT unnest(%s::uuid[]) ON CONFLICT (sensor_uuid) DO NOTHING",
                (missing,),
            )
            known |= self.known(missing)
        return known

    def register(self, found: Sequence[FoundSensor]) -> Registered:
        """The ids of sensors that a file has; what it calls them, and their units, are kept where nothing else is.

        No name goes over another one, nor to two sensors. Not within a transaction that has changed sensors.
        """
        found = list({one.uuid: one for one in found}.values())
        known = self._named_and_units([one.uuid for one in found])
        news = [one for one in found if _is_news(one, known)]
        if news:
            # Names are unique beside UUIDs: two loads that insert both could wait for each other in a circle. One
            # after the other, and nothing else is locked meanwhile, they cannot.
            with self._conn.transaction():
                self._lock()
                self.insert_missing(news)
            known |= self._named_and_units([one.uuid for one in news])
        # One whose stored name is None has a name that is taken; one with another name has it from a mapping.
        nameless = tuple(one for one in found if one.name and known[one.uuid].name is None)
        return Registered(
            {uuid: row.sensor_id for uuid, row in known.items()},
            nameless,
            {one: row.unit for one in found if (row := known[one.uuid]).unit and one.unit and one.unit != row.unit},
        )

    def known(self, uuids: Sequence[str]) -> dict[str, int]:
        """UUID (canonical text) -> sensor_id of those that are in the table."""
        rows = self._conn.execute(
            "SELECT sensor_uuid::text, sensor_id FROM sensor WHERE sensor_uuid = ANY(%s::uuid[])", (list(uuids),)
        )
        return dict(rows.fetchall())

    def by_id(self, sensor_id: int) -> Sensor | None:
        """The sensor of that key."""
        query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_id = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (sensor_id,)).fetchone()
        return None if row is None else sensor_of(row)

    def find(self, name_or_uuid: str) -> Sensor:
        """The sensor of that name or UUID, or that files call so where a mapping has renamed it.

        Raises NotFoundError, with the nearest names.
        """
        name = normal_name(name_or_uuid)
        query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_name = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (name,)).fetchone()
        if row is None:
            query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_uuid = %s"  # noqa: S608 -- a constant
            row = self._conn.execute(query.encode(), (_as_uuid(name) or derived_uuid(name),)).fetchone()
        if row is None:
            raise self._not_found(name)
        return sensor_of(row)

    def all(self, glob: str | None = None) -> list[Sensor]:
        """Every sensor, named ones first by name; glob: those whose names fit, see glob_fits."""
        query = f"SELECT {_COLUMNS} FROM sensor ORDER BY sensor_name NULLS LAST, sensor_uuid"  # noqa: S608 -- a constant
        sensors = map(sensor_of, self._conn.execute(query.encode()))
        if glob is None:
            return list(sensors)
        glob = normal_name(glob)
        return [sensor for sensor in sensors if sensor.sensor_name is not None and glob_fits(glob, sensor.sensor_name)]

    def named(self, names: Sequence[str]) -> list[Sensor]:
        """The sensors with these names or UUIDs, in that order and each once; a glob stands for all whose names fit.

        Raises NotFoundError where there is none for one of them, with the nearest names.
        """
        found: dict[int, Sensor] = {}
        for name in names:
            fitting = self.all(name) if is_glob(name) else [self.find(name)]
            if not fitting:
                raise NotFoundError(f"No sensor's name fits {name!r}.", hint=f"{HINT} All names: iotctl sensors")
            found |= {one.sensor_id: one for one in fitting}
        return list(found.values())

    def kept(self) -> dict[str, KeptSensor]:
        """UUID -> every sensor, with what of it mappings have given."""
        query = f"SELECT {_COLUMNS}, is_mapped, unit FROM sensor"  # noqa: S608 -- a constant
        found = {}
        for *row, is_mapped, unit in self._conn.execute(query.encode()):
            sensor = sensor_of(tuple(row))
            found[sensor.sensor_uuid] = KeptSensor(sensor, is_mapped, unit)
        return found

    def rename(self, names: Sequence[str], uuids: Sequence[str]) -> None:
        """Give sensors the names of a mapping, adding those not seen before; a name or UUID that had another partner
        loses it.

        Runs in the caller's transaction.
        """
        given = {"names": list(names), "uuids": list(uuids)}
        self._conn.execute(
            "UPDATE sensor SET sensor_name = NULL, is_mapped = false"
            " WHERE sensor_name = ANY(%(names)s) OR (sensor_uuid = ANY(%(uuids)s::uuid[]) AND sensor_name IS NOT NULL)",
            given,
        )
        self._conn.execute(
            "INSERT INTO sensor (sensor_name, sensor_uuid, is_mapped)"
            " SELECT *, true FROM unnest(%(names)s::text[], %(uuids)s::uuid[])"
            " ON CONFLICT (sensor_uuid) DO UPDATE SET sensor_name = EXCLUDED.sensor_name, is_mapped = true",
            given,
        )

    def describe(self, sensors: Sequence[Sensor]) -> None:
        """Keep unit, limits and labels of sensors in the table, as a mapping has them; in the caller's transaction."""
        self._conn.execute(
            """
            UPDATE sensor s SET unit = d.unit, low = d.low, high = d.high, labels = d.labels
            FROM unnest(%s::uuid[], %s::text[], %s::float8[], %s::float8[], %s::jsonb[])
                 AS d (sensor_uuid, unit, low, high, labels)
            WHERE s.sensor_uuid = d.sensor_uuid
            """,
            (
                [sensor.sensor_uuid for sensor in sensors],
                [sensor.unit for sensor in sensors],
                [sensor.low for sensor in sensors],
                [sensor.high for sensor in sensors],
                [Jsonb(dict(sensor.labels)) for sensor in sensors],
            ),
        )

    def keep_words(self, sensor_id: int, words: str) -> None:
        """Keep what a sensor is, in words."""
        self._conn.execute(
            "UPDATE sensor SET words = %(words)s WHERE sensor_id = %(sensor_id)s AND words IS DISTINCT FROM %(words)s",
            {"sensor_id": sensor_id, "words": words},
        )

    def words(self) -> dict[int, str]:
        """sensor_id -> what it is, of those that a detection has looked at and saved."""
        rows = self._conn.execute("SELECT sensor_id, words FROM sensor WHERE words IS NOT NULL")
        return dict(rows.fetchall())

    @contextmanager
    def changes(self, *, keep: bool = True) -> Iterator[None]:
        """A transaction in which others change no sensor, while reading goes on; keep: False to undo it at its end."""
        with self._conn.transaction(force_rollback=not keep):
            self._lock()
            yield

    def insert_missing(self, found: Sequence[FoundSensor]) -> None:
        """Add sensors, names and units where there are none yet, within changes()."""
        names: dict[str, str] = {}  # name -> the first UUID that is called so
        for one in found:
            if one.name and len(one.name.encode("utf-8", "backslashreplace")) <= _LONGEST_NAME:
                names.setdefault(one.name, one.uuid)
        self._conn.execute(
            """
            INSERT INTO sensor (sensor_uuid, sensor_name, file_unit)
            SELECT f.sensor_uuid, CASE WHEN s.sensor_id IS NULL THEN f.sensor_name END, f.unit
            FROM unnest(%s::uuid[], %s::text[], %s::text[])
                 WITH ORDINALITY AS f (sensor_uuid, sensor_name, unit, position)
            LEFT JOIN sensor s ON s.sensor_name = f.sensor_name
            ORDER BY f.position
            ON CONFLICT (sensor_uuid) DO UPDATE
            SET sensor_name = coalesce(sensor.sensor_name, EXCLUDED.sensor_name),
                file_unit = coalesce(sensor.file_unit, EXCLUDED.file_unit)
            """,
            (
                [one.uuid for one in found],
                [one.name if names.get(one.name or "") == one.uuid else None for one in found],
                [one.unit for one in found],
            ),
        )

    def _lock(self) -> None:
        self._conn.execute("LOCK TABLE sensor IN SHARE ROW EXCLUSIVE MODE")

    def _named_and_units(self, uuids: Sequence[str]) -> dict[str, _FileRow]:
        rows = self._conn.execute(
            "SELECT sensor_uuid::text, sensor_id, sensor_name, file_unit FROM sensor"
            " WHERE sensor_uuid = ANY(%s::uuid[])",
            (list(uuids),),
        )
        return {uuid: _FileRow(sensor_id, name, unit) for uuid, sensor_id, name, unit in rows}

    def _not_found(self, wanted: str) -> NotFoundError:
        rows = self._conn.execute("SELECT sensor_name FROM sensor WHERE sensor_name IS NOT NULL ORDER BY sensor_name")
        names = [name for (name,) in rows]
        if not names:
            hint = "No sensor has a name yet: run iotctl load-mapping."
        elif near := near_names(wanted, names):
            hint = f"Nearest names: {', '.join(near)}"
        else:
            hint = f"Names look like: {', '.join(names[:3])}"
        return NotFoundError(f"No sensor has the name or UUID {wanted!r}.", hint=hint)


@dataclass(frozen=True, slots=True)
class _FileRow:
    """A row of the table as far as files have a say in it. unit: as files gave it first."""

    sensor_id: int
    name: str | None
    unit: str | None


def _is_news(one: FoundSensor, known: dict[str, _FileRow]) -> bool:
    row = known.get(one.uuid)
    return row is None or (row.name is None and bool(one.name)) or (row.unit is None and bool(one.unit))


def canonical_uuids(uuids: NDArray[np.uint8]) -> list[str]:
    """(k, 16) uint8 as k canonical texts."""
    return [str(UUID(bytes=bytes(row))) for row in uuids]


def sensor_of(row: Sequence[Any]) -> Sensor:
    """A row of sensor_id, sensor_uuid, sensor_name, unit, low, high, labels."""
    sensor_id, uuid, name, unit, low, high, labels = row
    return Sensor(sensor_id, uuid, name, unit, low, high, labels)


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
