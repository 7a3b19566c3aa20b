"""The sensor table: UUIDs, names, units and limits, and the integer keys that readings use."""

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

# A name is an index key, which has at most 2700 bytes.
_LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class FoundSensor:
    """A sensor in a file. uuid: canonical text. name: its name in the file; unit: of its values there."""

    uuid: str
    name: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """Found sensors after their registration. ids: UUID -> sensor_id.

    nameless: sensors without their name, because another sensor has it or it is too long. other_units: sensors with
    another unit than in earlier files -> that earlier unit.
    """

    ids: dict[str, int]
    nameless: tuple[FoundSensor, ...]
    other_units: dict[FoundSensor, str]


@dataclass(frozen=True, slots=True)
class KeptSensor:
    """A sensor. is_mapped: whether a mapping gave its name; mapped_unit: its unit by a mapping, else None."""

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
        """The ids of a file's sensors; stores their names and units where there are none yet.

        A name does not replace another one, and is not given to two sensors. Not inside a transaction that has changed
        sensors.
        """
        found = list({one.uuid: one for one in found}.values())
        known = self._named_and_units([one.uuid for one in found])
        news = [one for one in found if _is_news(one, known)]
        if news:
            # Names and UUIDs are both unique: two loads that insert sensors could deadlock. They run one after the
            # other, with no other lock, so that they cannot.
            with self._conn.transaction():
                self._lock()
                self.insert_missing(news)
            known |= self._named_and_units([one.uuid for one in news])
        # If the stored name is None, another sensor has the name; if it is another name, a mapping gave it.
        nameless = tuple(one for one in found if one.name and known[one.uuid].name is None)
        return Registered(
            {uuid: row.sensor_id for uuid, row in known.items()},
            nameless,
            {one: row.unit for one in found if (row := known[one.uuid]).unit and one.unit and one.unit != row.unit},
        )

    def known(self, uuids: Sequence[str]) -> dict[str, int]:
        """UUID (canonical text) -> sensor_id, for the sensors in the table."""
        rows = self._conn.execute(
            "SELECT sensor_uuid::text, sensor_id FROM sensor WHERE sensor_uuid = ANY(%s::uuid[])", (list(uuids),)
        )
        return dict(rows.fetchall())

    def by_id(self, sensor_id: int) -> Sensor | None:
        """The sensor with this sensor_id."""
        query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_id = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (sensor_id,)).fetchone()
        return None if row is None else sensor_of(row)

    def find(self, name_or_uuid: str) -> Sensor:
        """The sensor with this name or UUID, or with this name in files, if a mapping has renamed it.

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
        """Every sensor, by name, those without a name last. glob: only matching names, see glob_fits."""
        query = f"SELECT {_COLUMNS} FROM sensor ORDER BY sensor_name NULLS LAST, sensor_uuid"  # noqa: S608 -- a constant
        sensors = map(sensor_of, self._conn.execute(query.encode()))
        if glob is None:
            return list(sensors)
        glob = normal_name(glob)
        return [sensor for sensor in sensors if sensor.sensor_name is not None and glob_fits(glob, sensor.sensor_name)]

    def named(self, names: Sequence[str]) -> list[Sensor]:
        """The sensors with these names or UUIDs, in this order, each once; a glob is all sensors with matching names.

        Raises NotFoundError where one of them matches nothing, with the nearest names.
        """
        found: dict[int, Sensor] = {}
        for name in names:
            fitting = self.all(name) if is_glob(name) else [self.find(name)]
            if not fitting:
                raise NotFoundError(f"No sensor's name fits {name!r}.", hint=f"{HINT} All names: iotctl sensors")
            found |= {one.sensor_id: one for one in fitting}
        return list(found.values())

    def kept(self) -> dict[str, KeptSensor]:
        """UUID -> sensor, for every sensor, with the values from mappings."""
        query = f"SELECT {_COLUMNS}, is_mapped, unit FROM sensor"  # noqa: S608 -- a constant
        found = {}
        for *row, is_mapped, unit in self._conn.execute(query.encode()):
            sensor = sensor_of(tuple(row))
            found[sensor.sensor_uuid] = KeptSensor(sensor, is_mapped, unit)
        return found

    def rename(self, names: Sequence[str], uuids: Sequence[str]) -> None:
        """Give sensors the names of a mapping, and add new sensors; a name is taken away from its earlier sensor.


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
        """Store unit, limits and labels of sensors from a mapping; in the caller's transaction."""
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
        """Store the description of a sensor in words."""
        self._conn.execute(
            "UPDATE sensor SET words = %(words)s WHERE sensor_id = %(sensor_id)s AND words IS DISTINCT FROM %(words)s",
            {"sensor_id": sensor_id, "words": words},
        )

    def words(self) -> dict[int, str]:
        """sensor_id -> description in words, for sensors with a saved detection."""
        rows = self._conn.execute("SELECT sensor_id, words FROM sensor WHERE words IS NOT NULL")
        return dict(rows.fetchall())

    @contextmanager
    def changes(self, *, keep: bool = True) -> Iterator[None]:
        """A transaction in which other sessions can read sensors but not change them.

        keep: False undoes it at its end.
        """
        with self._conn.transaction(force_rollback=not keep):
            self._lock()
            yield

    def insert_missing(self, found: Sequence[FoundSensor]) -> None:
        """Add sensors, names and units where there are none yet, within changes()."""
        names: dict[str, str] = {}  # name -> the first UUID with this name
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
    """The columns of a sensor that files can set. unit: as files gave it first."""

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
