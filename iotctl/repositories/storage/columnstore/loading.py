"""Write batches to the hypertable, so that each (sensor, time) is there once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.model import OnDuplicate
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.answers import Written
from iotctl.repositories.storage.columnstore.changes import replace_readings
from iotctl.repositories.storage.columnstore.reading import readings_within
from iotctl.repositories.storage.columnstore.writers import Writer
from iotctl.repositories.storage.doubles import duplicates, lost_readings, takes_place
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import SortedReadings, composite_keys, no_lost_readings

# OFFSET 0 stops the planner from joining whole months in place of index look-ups.
_EXTENTS_WITH_READINGS = """
    SELECT e.position
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
         WITH ORDINALITY AS e (sensor_id, first, last, position)
    WHERE EXISTS (
        SELECT FROM reading r WHERE r.sensor_id = e.sensor_id AND r.timestamp BETWEEN e.first AND e.last
          AND r.timestamp BETWEEN %(start)s AND %(end)s OFFSET 0
    )
"""


def write(
    conn: Connection, writer: Writer, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate
) -> Written:
    """See ReadingStorage.write."""
    if len(readings) == 0:
        return Written(0, no_lost_readings())
    there = overlapping(conn, Extents.of(readings))
    if len(there) == 0:
        writer.insert(readings, file_id)
        return Written(len(readings), no_lost_readings())
    row, owner, value = _present(conn, readings, there)
    if on_duplicate is OnDuplicate.FAIL and len(row):
        raise duplicates(len(row), int(readings.time[row].min()))
    new = np.ones(len(readings), dtype=np.bool_)
    new[row] = False
    writer.insert(readings[new], file_id)
    wins = takes_place(conn, owner, file_id, on_duplicate)
    replace_readings(conn, readings[row[wins]], file_id, owner[wins], writer.chunk_microseconds)
    lost = lost_readings(readings[row], file_id, owner, value, wins)
    return Written(len(readings) - int(np.count_nonzero(lost.file_id == file_id)), lost)


def overlapping(conn: Connection, extents: Extents) -> Extents:
    """The extents in which the table has readings."""
    rows = conn.execute(_EXTENTS_WITH_READINGS.encode(), extents.parameters()).fetchall()
    return extents[np.sort(np.array([row[0] - 1 for row in rows], dtype=np.intp))]


def _present(
    conn: Connection, readings: SortedReadings, overlapping: Extents
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
    """The rows of readings with a (sensor, time) in the table, and the table's file_id and value of each; (m,) all."""
    keys = composite_keys(readings.sensor_id, readings.time)
    there = readings_within(conn, overlapping)
    theirs = composite_keys(there.sensor_id, there.time)
    at = np.searchsorted(keys, theirs)
    hit = keys[np.minimum(at, len(keys) - 1)] == theirs
    row, owner, value = at[hit], there.file_id[hit], there.value[hit]
    in_order = np.argsort(row, kind="stable")  # the server returns them in any order
    return row[in_order], owner[in_order], value[in_order]
