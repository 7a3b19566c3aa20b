"""Readings that gave way to another file's readings: conflicts to show to people, and overlaps to read again later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from iotctl.repositories.postgres.binary import FloatArray, IntArray, TimeArray
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.texts import accent_forms
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.storage.sorted_readings import LostReadings

# The most conflicts that are stored for a file; all are counted.
MOST_CONFLICTS = 1000

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two values of one sensor at one time. time: microseconds since 1970-01-01 UTC.

    uri: the file whose value gave way; kept_uri: the file whose value stays, None where another program wrote it.
    """

    sensor: str
    time: int
    uri: str
    value: float
    kept_uri: str | None
    kept_value: float


def keep_lost(conn: Connection, lost: LostReadings) -> None:
    """Store the first conflicts of each file, and which files overlap, in the transaction that wrote the readings."""
    if not len(lost):
        return
    apart = (lost.file_id != lost.kept_file_id) & (lost.kept_file_id != 0) & (lost.file_id != 0)
    # The order is the same everywhere, so that two loads cannot wait for each other here.
    pairs = np.unique(np.stack([lost.kept_file_id[apart], lost.file_id[apart]], axis=1), axis=0)
    conn.execute(
        """
        INSERT INTO file_overlap (kept_file_id, file_id)
        SELECT * FROM unnest(%s::int[], %s::int[]) ON CONFLICT DO NOTHING
        """,
        (IntArray(pairs[:, 0]), IntArray(pairs[:, 1])),
    )
    conflicts = lost[lost.differ & (lost.file_id != 0)]
    for file_id in np.unique(conflicts.file_id).tolist():
        of_file = conflicts[conflicts.file_id == file_id]
        some = of_file[np.arange(len(of_file)) < MOST_CONFLICTS]
        conn.execute(
            """
            INSERT INTO conflict (file_id, sensor_id, timestamp, sensor_value, kept_file_id, kept_value)
            SELECT %(file_id)s, * FROM unnest(%(sensor_ids)s::int[], %(times)s::timestamptz[], %(values)s::float8[],
                                              %(kept_files)s::int[], %(kept_values)s::float8[])
            LIMIT greatest(0, %(most)s - (SELECT count(*) FROM conflict WHERE file_id = %(file_id)s))
            """,
            {
                "file_id": file_id,
                "sensor_ids": IntArray(some.sensor_id),
                "times": TimeArray(some.time),
                "values": FloatArray(some.value),
                "kept_files": IntArray(some.kept_file_id),
                "kept_values": FloatArray(some.kept_value),
                "most": MOST_CONFLICTS,
            },
        )


def forget_lost(conn: Connection, file_id: int) -> None:
    """Delete the stored conflicts and overlaps of a file that lost, before it is entered again or removed."""
    conn.execute("DELETE FROM conflict WHERE file_id = %s", (file_id,))
    conn.execute("DELETE FROM file_overlap WHERE file_id = %s", (file_id,))


def reopen_overlapping(conn: Connection, file_id: int) -> int:
    """Mark the files that lost readings to this one for reading again, because it changed; returns how many."""
    # In any state: a file that is being loaded may already be past those readings.
    rows = conn.execute(
        """
        UPDATE ingest_file SET state = 'pending', reopened = true, generation = generation + 1,
                               displaced = 0, displaced_conflicts = 0
        WHERE file_id IN (
            SELECT i.file_id FROM ingest_file i JOIN file_overlap o USING (file_id)
            WHERE o.kept_file_id = %s ORDER BY i.file_id FOR UPDATE OF i
        )
        """,
        (file_id,),
    )
    return rows.rowcount


def list_conflicts(conn: Connection, uri_part: str | None = None, limit: int | None = None) -> Iterator[Conflict]:
    """Stored conflicts, by file, sensor and time, in constant memory. uri_part: only where a file's URI contains it."""
    with conn.transaction(), conn.cursor(name="conflicts") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(
            """
            SELECT coalesce(s.sensor_name, s.sensor_uuid::text), c.timestamp, f.uri, c.sensor_value, k.uri, c.kept_value
            FROM conflict c JOIN sensor s USING (sensor_id) JOIN ingest_file f ON f.file_id = c.file_id
            LEFT JOIN ingest_file k ON k.file_id = c.kept_file_id
            WHERE %(parts)s::text[] IS NULL
               OR EXISTS (SELECT FROM unnest(%(parts)s::text[]) part
                          WHERE strpos(f.uri, part) > 0 OR strpos(k.uri, part) > 0)
            ORDER BY f.uri, 1, c.timestamp LIMIT %(limit)s
            """,
            {"parts": accent_forms(uri_part), "limit": limit},
        )
        for sensor, moment, uri, value, kept_uri, kept_value in cursor:
            yield Conflict(sensor, as_microseconds(moment), uri, value, kept_uri, kept_value)


def conflicts_by_file(lost: LostReadings, file_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each file, how many of its readings gave way to the same value, and how many to another value."""
    differ = lost.differ
    return {
        file_id: (
            int(np.count_nonzero((lost.file_id == file_id) & ~differ)),
            int(np.count_nonzero((lost.file_id == file_id) & differ)),
        )
        for file_id in file_ids
    }
