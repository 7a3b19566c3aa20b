"""The table of segments: find, fetch, delete and insert whole ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import (
    COPY_HEADER,
    COPY_TRAILER,
    IntArray,
    TimeArray,
    array_value,
    decode_ints,
    decode_times,
)
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.segments.encoding import COLUMNS, decode_segments, encode_segments, segment_starts
from iotctl.repositories.storage.sorted_readings import OwnedReadings, composite_keys

_WRITE_BYTES = 86_000  # above 128 kB libpq copies its buffer again at each partial send

# The sensors with segments, by one index look-up for each; sensors of other programs may be in no other table.
SENSORS = """
    WITH RECURSIVE known (sensor_id) AS (
        (SELECT sensor_id FROM reading_segment ORDER BY sensor_id LIMIT 1)
        UNION ALL
        SELECT (SELECT min(sensor_id) FROM reading_segment s WHERE s.sensor_id > known.sensor_id)
        FROM known WHERE known.sensor_id IS NOT NULL
    )
    SELECT sensor_id FROM known WHERE sensor_id IS NOT NULL ORDER BY sensor_id
"""

# LATERAL with OFFSET 0 forces one index look-up for each sensor.
_FIND = """
    SELECT array_agg(s.sensor_id), array_agg(s.first), array_agg(s.last), array_agg(s.readings)
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[]) AS e (sensor_id, first, last),
    LATERAL (
        SELECT sensor_id, first, last, readings FROM reading_segment
        WHERE sensor_id = e.sensor_id AND first >= date_trunc('month', e.first, 'UTC') AND first <= e.last
          AND last >= e.first
        OFFSET 0
    ) AS s
"""
# Locked in the same order everywhere. Exactly the locked segments are deleted afterwards.
_FETCH = f"""
    SELECT {COLUMNS} FROM reading_segment
    WHERE (sensor_id, first) IN (SELECT * FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[]))
    ORDER BY sensor_id, first FOR UPDATE
"""  # noqa: S608 -- constants
_DELETE = """
    DELETE FROM reading_segment
    WHERE (sensor_id, first) IN (SELECT * FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[]))
"""
_COPY = f"COPY reading_segment ({COLUMNS}) FROM STDIN (FORMAT binary)"


@dataclass(frozen=True, slots=True)
class Segments:
    """The extents of segments, by (sensor_id, first), (k,) each. first, last: microseconds since 1970-01-01 UTC."""

    sensor_id: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    readings: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.sensor_id)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Segments:
        return Segments(self.sensor_id[rows], self.first[rows], self.last[rows], self.readings[rows])

    def place(
        self, sensor_id: NDArray[np.int32], time: NDArray[np.int64]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """For each (sensor, time), (n,): the last segment that begins at or before it (-1: none); whether it is inside
        this segment."""
        if not len(self):
            return np.full(len(time), -1), np.zeros(len(time), dtype=np.bool_)
        at = np.searchsorted(composite_keys(self.sensor_id, self.first), composite_keys(sensor_id, time), "right") - 1
        found = np.maximum(at, 0)
        return at, (at >= 0) & (self.sensor_id[found] == sensor_id) & (time <= self.last[found])

    def groups(self, most_readings: int) -> Iterator[slice]:
        """The segments in pieces of about so many readings, which limits memory."""
        number = (np.cumsum(self.readings) - self.readings) // most_readings
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(self)]
        yield from (slice(start, end) for start, end in pairwise(edges) if end > start)


def find_segments(conn: Connection, extents: Extents) -> Segments:
    """The segments that overlap any of the extents."""
    cursor = conn.cursor(binary=True).execute(_FIND.encode(), extents.parameters())
    sensor_id, readings = decode_ints(array_value(cursor, 0)), decode_ints(array_value(cursor, 3))
    first, last = decode_times(array_value(cursor, 1)), decode_times(array_value(cursor, 2))
    order = np.lexsort((first, sensor_id))
    found = Segments(sensor_id[order], first[order], last[order], readings[order])
    # Extents of one sensor may be in the same segment.
    once = np.ones(len(found), dtype=np.bool_)
    once[1:] = (np.diff(found.sensor_id) != 0) | (np.diff(found.first) != 0)
    return found[once]


def fetch_segments(conn: Connection, segments: Segments) -> OwnedReadings:
    """The readings of segments, sorted by (sensor_id, time). The segments are locked until the transaction ends.

    Raises LostRaceError where one of them is gone.
    """
    cursor = conn.cursor(binary=True).execute(_FETCH.encode(), _keys(segments))
    result = cursor.pgresult
    assert result is not None
    if result.ntuples != len(segments):
        raise LostRaceError
    columns = range(result.nfields)
    rows = [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]
    return decode_segments(rows)


def delete_segments(conn: Connection, segments: Segments) -> None:
    """Delete segments that were fetched. Raises LostRaceError where one of them is gone."""
    if conn.execute(_DELETE.encode(), _keys(segments)).rowcount != len(segments):
        raise LostRaceError


def insert_segments(conn: Connection, readings: OwnedReadings, part: NDArray[np.intp] | None = None) -> None:
    """Write sorted readings as new segments. part: (n,), see segment_starts. Raises pg.ExclusionViolation."""
    if not len(readings):
        return
    with conn.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
        waiting, size = [COPY_HEADER], 0
        for row in encode_segments(readings, segment_starts(readings, part)):
            waiting.append(row)
            size += len(row)
            if size > _WRITE_BYTES:
                copy.write(b"".join(waiting))
                waiting, size = [], 0
        copy.write(b"".join([*waiting, COPY_TRAILER]))


def _keys(segments: Segments) -> dict[str, object]:
    return {"sensor_ids": IntArray(segments.sensor_id), "first": TimeArray(segments.first)}
