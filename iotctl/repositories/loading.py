"""Batches into the reading table by binary COPY, each (sensor, time) once, whatever is there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from iotctl.errors import DuplicateError
from iotctl.model import OnDuplicate
from iotctl.repositories import claims
from iotctl.repositories.batch_order import Way, place, prove_order
from iotctl.repositories.binary import (
    COPY_HEADER,
    COPY_TRAILER,
    array_value,
    as_datetime,
    decode_ints,
    decode_times,
    encode_readings,
)
from iotctl.repositories.chunks import chunk_interval
from iotctl.repositories.connection import Connection
from iotctl.repositories.extents import Extents, SortedReadings, composite_keys
from iotctl.repositories.partitions import ensure_partition, months_of
from iotctl.repositories.schema import Layout
from iotctl.repositories.summary_tables import touching

# 86 kB per write: above 128 kB libpq copies what it holds again at each partial send (measured: 1.9x slower at 1 MB),
# and so much stays in the processor's cache from encoding to sending.
_ROWS_PER_WRITE = 2048

# OFFSET 0 keeps the planner from turning the probes, an index look-up each, into a join that reads the months.
_EXTENTS_WITH_READINGS = """
    SELECT e.position
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
         WITH ORDINALITY AS e (sensor_id, first, last, position)
    WHERE EXISTS (
        SELECT FROM reading r WHERE r.sensor_id = e.sensor_id AND r.timestamp BETWEEN e.first AND e.last
          AND r.timestamp BETWEEN %(start)s AND %(end)s OFFSET 0
    )
"""  # Sensors whose keys are fetched at once where a batch overlaps what is there: bounds memory.
_SENSORS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: loaded + duplicates == len(batch). displaced: file_id -> its readings that lost to it."""

    loaded: int
    duplicates: int
    displaced: Mapping[int, int]


class LostRaceError(Exception):
    """Another load committed one of the batch's readings between our look and our COPY: try the batch again."""


class ReadingLoader:
    """Writes batches of readings, on one connection."""

    def __init__(self, conn: Connection, layout: Layout) -> None:
        self._conn = conn
        self._layout = layout
        self._months: set[np.datetime64] = set()
        self._chunk_microseconds = 0
        if layout is Layout.COLUMNSTORE:
            self._chunk_microseconds = chunk_interval(conn) // timedelta(microseconds=1)

    @contextmanager
    def batch(self, readings: SortedReadings) -> Iterator[None]:
        """A transaction to write readings in, and whatever else shall commit with them.

        Raises LostRaceError; everything is rolled back then.
        """
        self._make_partitions(readings)
        claim = self._claim(readings)
        try:
            extents = Extents.of(readings) if self._layout is Layout.PARTITIONS and len(readings) else None
            with self._conn.transaction(), touching(self._conn, extents):
                yield
                if claim is not None:
                    claims.release(self._conn, claim)
        except pg.UniqueViolation as error:
            raise LostRaceError from error
        except (pg.CheckViolation, pg.UndefinedTable) as error:
            # Retention dropped a partition or chunk that we knew to be there, or aggregates were switched off. A row
            # without a partition is a violation of no named constraint.
            if error.diag.constraint_name is not None:
                raise
            self._months.clear()
            raise LostRaceError from error
        finally:
            if claim is not None and not self._conn.closed:
                claims.unlock(self._conn, claim)

    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        """Write readings inside batch(); where a (sensor, time) is there already, on_duplicate judges.

        SKIP keeps the reading of the file listed first (the lower file_id), REPLACE that of the newer file: the
        outcome is the same whichever worker is faster. Raises DuplicateError for FAIL.
        """
        if len(readings) == 0:
            return Written(0, 0, {})
        there = self._overlapping(Extents.of(readings))
        if len(there) == 0:
            self._insert(readings, file_id)
            return Written(len(readings), 0, {})
        row, owner = self._present(readings, there)
        if on_duplicate is OnDuplicate.FAIL and len(row):
            raise _duplicates(readings, row)
        new = np.ones(len(readings), dtype=np.bool_)
        new[row] = False
        self._insert(readings[new], file_id)
        wins = self._wins(owner, file_id, on_duplicate)
        self._replace(readings[row[wins]], file_id, owner[wins])
        # A later line of the same file that replaces an earlier one is counted as the duplicate itself.
        lost, counts = np.unique(owner[wins & (owner != file_id)], return_counts=True)
        displaced = {int(file): int(count) for file, count in zip(lost, counts, strict=True)}
        duplicates = len(row) - sum(displaced.values())
        return Written(len(readings) - duplicates, duplicates, displaced)

    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        """Write readings of many files (file_id: (n,)) inside batch(), if the table has none in any of their stretches.

        Else nothing is written.
        """
        if len(readings) and len(self._overlapping(Extents.of(readings))):
            return False
        self._insert(readings, file_id)
        return True

    def _make_partitions(self, readings: SortedReadings) -> None:
        if self._layout is Layout.PARTITIONS:
            for month in months_of(readings.time):
                if month not in self._months:
                    ensure_partition(self._conn, month)
                    self._months.add(month)

    def _claim(self, readings: SortedReadings) -> int | None:
        if self._layout is not Layout.COLUMNSTORE or len(readings) == 0:
            return None
        return claims.claim(self._conn, Extents.of(readings))

    def _overlapping(self, extents: Extents) -> Extents:
        """Those extents in which the table has readings."""
        rows = self._conn.execute(_EXTENTS_WITH_READINGS.encode(), extents.parameters()).fetchall()
        return extents[np.sort(np.array([int(str(row[0])) - 1 for row in rows], dtype=np.intp))]

    def _present(self, readings: SortedReadings, overlapping: Extents) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """The rows of readings whose (sensor, time) the table has, and the file each of those came from; (m,) both."""
        keys = composite_keys(readings.sensor_id, readings.time)
        rows, owners = [], []
        for extents in overlapping.split(_SENSORS_AT_ONCE):
            cursor = self._conn.cursor(binary=True).execute(
                """
                SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.file_id)
                FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                     AS e (sensor_id, first, last),
                LATERAL (
                    SELECT sensor_id, timestamp, file_id FROM reading
                    WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last
                      AND timestamp BETWEEN %(start)s AND %(end)s
                    OFFSET 0
                ) AS r
                """,
                extents.parameters(),
            )
            sensor_id, time = decode_ints(array_value(cursor, 0)), decode_times(array_value(cursor, 1))
            theirs = composite_keys(sensor_id, time)
            at = np.searchsorted(keys, theirs)
            hit = keys[np.minimum(at, len(keys) - 1)] == theirs
            rows.append(at[hit])
            owners.append(decode_ints(array_value(cursor, 2))[hit])
        row, owner = np.concatenate(rows), np.concatenate(owners)
        in_order = np.argsort(row, kind="stable")  # the server's order is its own
        return row[in_order], owner[in_order]

    def _wins(self, owner: NDArray[np.int32], file_id: int, on_duplicate: OnDuplicate) -> NDArray[np.bool_]:
        """Whether our reading takes the place of the one that is there, by that one's file; (m,)."""
        if on_duplicate is not OnDuplicate.REPLACE:
            return owner > file_id
        # The file itself is among them: its later line replaces the earlier one. Another program's readings
        # (file_id 0) have no date, and give way.
        newer = self._conn.execute(
            "SELECT other.file_id FROM ingest_file other, ingest_file ours WHERE ours.file_id = %s"
            " AND other.file_id = ANY(%s) AND (other.modified, other.file_id) > (ours.modified, ours.file_id)",
            (file_id, np.unique(owner).tolist()),
        ).fetchall()
        return ~np.isin(owner, [int(str(row[0])) for row in newer])

    def _insert(self, readings: SortedReadings, file_id: int | NDArray[np.int32]) -> None:
        """Write readings of which the table has none; file_id: one for all, or (n,)."""
        if len(readings) == 0:
            return
        files = np.broadcast_to(np.asarray(file_id, dtype=np.int32), len(readings))
        if self._layout is not Layout.COLUMNSTORE:
            self._copy(readings, files)
            return
        in_order = np.zeros(len(readings), dtype=np.bool_)
        for part in place(self._conn, readings):
            self._direct_compress(part.way)
            if part.way is Way.IN_ORDER:
                in_order[part.rows] = True
            # Nearly always all of them go one way: no need to copy them then.
            whole = len(part.rows) == len(readings)
            self._copy(readings if whole else readings[part.rows], files if whole else files[part.rows])
        if not prove_order(self._conn, readings if in_order.all() else readings[in_order]):
            raise LostRaceError

    def _copy(self, readings: SortedReadings, files: NDArray[np.int32], table: str = "reading") -> None:
        if (
            self._layout is Layout.COLUMNSTORE
            and (order := _chunk_order(readings, self._chunk_microseconds)) is not None
        ):
            readings, files = readings[order], files[order]
        statement = f"COPY {table} (sensor_id, file_id, timestamp, sensor_value) FROM STDIN (FORMAT binary)"
        with self._conn.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(COPY_HEADER)
            for rows in encode_readings(readings.sensor_id, files, readings.time, readings.value, _ROWS_PER_WRITE):
                copy.write(rows)
            copy.write(COPY_TRAILER)

    def _direct_compress(self, way: Way) -> None:
        # Our readings come sorted, so that the server need not sort a COPY's batches, whatever lies beside them.
        self._conn.execute(
            "SELECT set_config('timescaledb.enable_direct_compress_copy', %(compress)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_client_sorted', %(in_order)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_sort_batches', 'off', true)",
            {
                "compress": "off" if way is Way.ROW_STORE else "on",
                "in_order": "on" if way is Way.IN_ORDER else "off",
            },
        )

    def _replace(self, readings: SortedReadings, file_id: int, seen: NDArray[np.int32]) -> None:
        """Put readings in the place of those of the files seen. Raises LostRaceError where another load was faster."""
        if len(readings) == 0:
            return
        self._conn.execute(
            "CREATE TEMP TABLE IF NOT EXISTS replacing"
            " (sensor_id int, file_id int, timestamp timestamptz, sensor_value float8) ON COMMIT DELETE ROWS"
        )
        for owner in np.unique(seen).tolist():
            theirs = readings[seen == owner]
            self._conn.execute("TRUNCATE replacing")
            self._copy(theirs, np.full(len(theirs), file_id, dtype=np.int32), table="replacing")
            replaced = self._conn.execute(
                """
                UPDATE reading r SET sensor_value = n.sensor_value, file_id = n.file_id
                FROM replacing n
                WHERE r.sensor_id = n.sensor_id AND r.timestamp = n.timestamp AND r.file_id = %(owner)s
                  AND r.timestamp BETWEEN %(start)s AND %(end)s
                """,
                Extents.of(theirs).parameters() | {"owner": owner},
            ).rowcount
            if replaced != len(theirs):
                raise LostRaceError


def _chunk_order(readings: SortedReadings, interval: int) -> NDArray[np.intp] | None:
    """The order by (chunk, sensor, time): each chunk's compressor is opened once. interval: of chunks, microseconds.

    None where it is that of the readings. Chunks from before the interval was changed are cut elsewhere, which costs
    speed and nothing else.
    """
    chunk = readings.time // interval  # TimescaleDB aligns chunks to 1970-01-01
    return None if chunk.min() == chunk.max() else np.argsort(chunk, kind="stable")


def _duplicates(readings: SortedReadings, row: NDArray[np.intp]) -> DuplicateError:
    first = as_datetime(int(readings.time[row].min()))
    return DuplicateError(
        f"{len(row)} readings are in the database already (--on-duplicate fail).",
        where=f"the first at {first.isoformat()}",
        hint="Use --on-duplicate skip or replace to go on.",
    )
