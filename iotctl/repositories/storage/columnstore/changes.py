"""Changes of a file's readings in the table: read them, replace other files' readings with them, or remove them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import FloatArray, IntArray, TimeArray
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.columnstore.reading import readings_within
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import SortedReadings

# With bounds of time and one sensor, the server opens only the batches with these readings.
_REPLACE = """
    UPDATE reading r SET sensor_value = n.value, file_id = %(file_id)s
    FROM unnest(%(sensor_ids)s::int[], %(times)s::timestamptz[], %(values)s::float8[], %(owners)s::int[])
         AS n (sensor_id, time, value, owner)
    WHERE r.sensor_id = n.sensor_id AND r.timestamp = n.time AND r.file_id = n.owner
      AND r.timestamp BETWEEN %(first)s AND %(last)s AND r.sensor_id = %(sensor_id)s
"""
_REMOVE = """
    DELETE FROM reading r USING unnest(%(sensor_ids)s::int[], %(times)s::timestamptz[]) AS n (sensor_id, time)
    WHERE r.sensor_id = n.sensor_id AND r.timestamp = n.time AND r.file_id = %(file_id)s
      AND r.timestamp BETWEEN %(first)s AND %(last)s AND r.sensor_id = %(sensor_id)s
"""


def own_readings(conn: Connection, extents: Extents, file_id: int) -> SortedReadings:
    """The readings that a file has in the table, within extents."""
    found = readings_within(conn, extents, file_id)
    own = SortedReadings(found.sensor_id, found.time, found.value)
    return own[np.lexsort((found.time, found.sensor_id))]


def replace_readings(
    conn: Connection, readings: SortedReadings, file_id: int, owners: NDArray[np.int32], chunk_microseconds: int
) -> None:
    """Replace readings of the owners, (n,), by a file's readings of the same (sensor, time).

    chunk_microseconds: the length of chunks. Raises LostRaceError where one of the old readings is gone.
    """
    _change(conn, _REPLACE, readings, file_id, owners, chunk_microseconds)


def remove_readings(conn: Connection, readings: SortedReadings, file_id: int, chunk_microseconds: int) -> None:
    """Remove readings of a file. Raises LostRaceError where one of them is gone."""
    owners = np.full(len(readings), file_id, dtype=np.int32)
    _change(conn, _REMOVE, readings, file_id, owners, chunk_microseconds)


def _change(
    conn: Connection,
    statement: str,
    readings: SortedReadings,
    file_id: int,
    owners: NDArray[np.int32],
    chunk_microseconds: int,
) -> None:
    if not len(readings):
        return
    # By default TimescaleDB aborts a transaction that unpacks more than 100,000 compressed readings. And the planner
    # sees the row store before the unpacking, nearly empty: it would compare each row with each.
    conn.execute(
        "SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true),"
        " set_config('enable_nestloop', 'off', true)"
    )
    cursors = []
    with conn.pipeline():
        for part in _parts(readings, chunk_microseconds):
            parameters = {
                "sensor_ids": IntArray(readings.sensor_id[part]),
                "times": TimeArray(readings.time[part]),
                "values": FloatArray(readings.value[part]),
                "owners": IntArray(owners[part]),
                "file_id": file_id,
                "first": as_datetime(int(readings.time[part].min())),
                "last": as_datetime(int(readings.time[part].max())),
                "sensor_id": int(readings.sensor_id[part.start]),
            }
            # Not prepared: a plan without these bounds would open every chunk.
            cursors.append(conn.execute(statement.encode(), parameters, prepare=False))
    conn.execute("SELECT set_config('enable_nestloop', 'on', true)")
    if sum(cursor.rowcount for cursor in cursors) != len(readings):
        raise LostRaceError


def _parts(readings: SortedReadings, chunk_microseconds: int) -> Iterator[slice]:
    """The readings of each sensor in each chunk."""
    chunk = readings.time // chunk_microseconds
    changes = (readings.sensor_id[1:] != readings.sensor_id[:-1]) | (chunk[1:] != chunk[:-1])
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(readings)]
    yield from (slice(start, end) for start, end in pairwise(edges))
