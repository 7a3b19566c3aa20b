"""Readings of a file that are in the table already: read back, put in the place of others', or taken away."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import (
    FloatArray,
    IntArray,
    TimeArray,
    array_value,
    as_datetime,
    decode_floats,
    decode_ints,
    decode_times,
)
from iotctl.repositories.connection import Connection
from iotctl.repositories.extents import Extents
from iotctl.repositories.sorted_readings import SortedReadings
from iotctl.repositories.storage.claims import LostRaceError

# Sensors whose readings are fetched at once: bounds the server's memory.
_SENSORS_AT_ONCE = 16

# The bounds of the time, and the one sensor, keep the server to the batches that hold these readings.
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
    parts = []
    for some in extents.split(_SENSORS_AT_ONCE):
        cursor = conn.cursor(binary=True).execute(
            """
            SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.sensor_value)
            FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                 AS e (sensor_id, first, last),
            LATERAL (
                SELECT sensor_id, timestamp, sensor_value FROM reading
                WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last AND file_id = %(file_id)s
                  AND timestamp BETWEEN %(start)s AND %(end)s
                OFFSET 0
            ) AS r
            """,
            some.parameters() | {"file_id": file_id},
        )
        values = [array_value(cursor, column) for column in range(3)]
        parts.append((decode_ints(values[0]), decode_times(values[1]), decode_floats(values[2])))
    if not parts:
        return SortedReadings(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0))
    sensor_id, time, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return SortedReadings(sensor_id, time, value)[np.lexsort((time, sensor_id))]


def replace_readings(
    conn: Connection, readings: SortedReadings, file_id: int, owners: NDArray[np.int32], chunk_microseconds: int
) -> None:
    """Put readings of a file in the place of those of the same (sensor, time) that the owners, (n,), have there.

    chunk_microseconds: the length of chunks. Raises LostRaceError where one of them is
    not there any more.
    """
    _change(conn, _REPLACE, readings, file_id, owners, chunk_microseconds)


def remove_readings(conn: Connection, readings: SortedReadings, file_id: int, chunk_microseconds: int) -> None:
    """Take readings of a file away. Raises LostRaceError where one of them is not there any more."""
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
    # By default TimescaleDB ends a transaction that opens more than 100,000 compressed readings. And the planner sees
    # the row store as it is before they are opened, nearly empty: it would compare each with each.
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
            # Not prepared: a plan that does not see these bounds would open every chunk.
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
