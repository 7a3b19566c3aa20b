"""The sensor table: UUIDs, names, and the small keys that readings carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import NotFoundError
from iotctl.model import Sensor
from iotctl.repositories.connection import Connection

_COLUMNS = "sensor_id, sensor_uuid::text, sensor_name"


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

    def known(self, uuids: Sequence[str]) -> dict[str, int]:
        """UUID (canonical text) -> sensor_id of those that are in the table."""
        rows = self._conn.execute(
            "SELECT sensor_uuid::text, sensor_id FROM sensor WHERE sensor_uuid = ANY(%s::uuid[])", (list(uuids),)
        )
        return {str(uuid): int(str(sensor_id)) for uuid, sensor_id in rows}

    def by_id(self, sensor_id: int) -> Sensor | None:
        """The sensor of that key."""
        query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_id = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (sensor_id,)).fetchone()
        return None if row is None else _sensor(row)

    def find(self, name_or_uuid: str) -> Sensor:
        """The sensor of that name or UUID. Raises NotFoundError, with the nearest names."""
        query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_name = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (name_or_uuid,)).fetchone()
        if row is None and (uuid := _as_uuid(name_or_uuid)):
            query = f"SELECT {_COLUMNS} FROM sensor WHERE sensor_uuid = %s"  # noqa: S608 -- a constant
            row = self._conn.execute(query.encode(), (uuid,)).fetchone()
        if row is None:
            raise self._not_found(name_or_uuid)
        return _sensor(row)

    def all(self, like: str | None = None) -> list[Sensor]:
        """Every sensor, named ones first by name; like: a shell pattern (* and ?) on the name."""
        query = f"SELECT {_COLUMNS} FROM sensor WHERE %(like)s::text IS NULL OR sensor_name LIKE %(like)s ORDER BY sensor_name NULLS LAST, sensor_uuid"  # noqa: S608, E501 -- a constant
        pattern = None if like is None else _as_like(like)
        return [_sensor(row) for row in self._conn.execute(query.encode(), {"like": pattern})]

    def named(self) -> dict[str, str]:
        """Name -> UUID of every sensor that a mapping names."""
        rows = self._conn.execute("SELECT sensor_name, sensor_uuid::text FROM sensor WHERE sensor_name IS NOT NULL")
        return {str(name): str(uuid) for name, uuid in rows}

    def rename(self, names: Sequence[str], uuids: Sequence[str]) -> None:
        """Give sensors their names, adding those not seen before; a name or UUID that had another partner loses it.

        Runs in the caller's transaction.
        """
        given = {"names": list(names), "uuids": list(uuids)}
        self._conn.execute(
            "UPDATE sensor SET sensor_name = NULL"
            " WHERE sensor_name = ANY(%(names)s) OR (sensor_uuid = ANY(%(uuids)s::uuid[]) AND sensor_name IS NOT NULL)",
            given,
        )
        self._conn.execute(
            "INSERT INTO sensor (sensor_name, sensor_uuid)"
            " SELECT * FROM unnest(%(names)s::text[], %(uuids)s::uuid[])"
            " ON CONFLICT (sensor_uuid) DO UPDATE SET sensor_name = EXCLUDED.sensor_name",
            given,
        )

    def lock(self) -> None:
        """Keep others from changing names until the transaction ends; reading goes on."""
        self._conn.execute("LOCK TABLE sensor IN SHARE ROW EXCLUSIVE MODE")

    def _not_found(self, wanted: str) -> NotFoundError:
        names = sorted(self.named())
        if not names:
            hint = "No sensor has a name yet: run iotctl load-mapping."
        elif near := get_close_matches(wanted, names, n=3, cutoff=0.6):
            hint = f"Nearest names: {', '.join(near)}"
        else:
            hint = f"Names look like: {', '.join(names[:3])}"
        return NotFoundError(f"No sensor has the name or UUID {wanted!r}.", hint=hint)


def canonical_uuids(uuids: NDArray[np.uint8]) -> list[str]:
    """(k, 16) uint8 as k canonical texts."""
    return [str(UUID(bytes=bytes(row))) for row in uuids]


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _as_like(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _sensor(row: tuple[object, ...]) -> Sensor:
    sensor_id, uuid, name = row
    return Sensor(int(str(sensor_id)), str(uuid), None if name is None else str(name))
