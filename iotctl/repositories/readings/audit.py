"""What the table has of a file's readings, for verify; its queries do not trust the order or the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from iotctl.repositories.ledger.files import FileState
from iotctl.repositories.postgres.binary import (
    IntArray,
    TimeArray,
    array_value,
    decode_bigints,
    decode_floats,
    decode_ints,
    decode_times,
)
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.postgres.texts import as_sent
from iotctl.repositories.postgres.timestamps import as_datetime, as_microseconds
from iotctl.repositories.readings.digests import DIGEST_SQL, digests
from iotctl.repositories.storage.answers import Disorder
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from iotctl.repositories.storage.storage import ReadingStorage

DAY = 86_400_000_000

# Settings of TimescaleDB that answer from the order or the summaries of compressed batches, and not from readings.
_SHORT_CUTS = [
    "timescaledb.enable_ordered_append",
    "timescaledb.enable_decompression_sorted_merge",
    "timescaledb.enable_columnarindexscan",
    "timescaledb.enable_skipscan",
    "timescaledb.enable_compressed_skipscan",
]

_FILE = "file_id, version, generation, state, modified, options, problem"

_DAY_SQL = "floor(date_part('epoch', r.timestamp) / 86400)::int"
# For a layout without a constraint against duplicates; this check costs as much as the rest.
_DOUBLED_SQL = "count(*) - count(DISTINCT r.timestamp)"
# Half of the sum's 64 bits: the sum of many bigints is numeric, and -2^63 has no negative.
_SUMS = f"""
    SELECT array_agg(sensor_id), array_agg(day), array_agg(rows), array_agg(digest), array_agg(doubled) FROM (
        SELECT r.sensor_id, {_DAY_SQL} AS day, count(*) FILTER (WHERE r.file_id = %(file_id)s) AS rows,
               (coalesce(sum({DIGEST_SQL}) FILTER (WHERE r.file_id = %(file_id)s), 0) %% 9223372036854775808)::bigint
                   AS digest,
               {{doubled}} AS doubled
        FROM readings_of(%(sensor_ids)s::int[], %(start)s, %(end)s) r
        GROUP BY 1, 2
    ) AS days
"""  # noqa: S608 -- constants
_HALF = np.int64(2**63 - 1)


@dataclass(frozen=True, slots=True)
class AuditedFile:
    """A file as the ledger knows it.

    version: the newest listed one. generation: counts its versions and loads. modified: aware. options: of its load;
    empty if it was never loaded. problem: why it failed.
    """

    file_id: int
    version: str
    generation: int
    state: FileState
    modified: datetime
    options: Mapping[str, str]
    problem: str | None


@dataclass(frozen=True, slots=True)
class DaySums:
    """Readings counted and summed by sensor and day, by (sensor_id, day).

    sensor_id: int32 (k,). day: int32 (k,), days since 1970-01-01 UTC. rows: int64 (k,). digest: int64 (k,), the sum of
    the readings' digests modulo 2^63. doubled: int64 (k,), how many readings share their time with another one.
    """

    sensor_id: NDArray[np.int32]
    day: NDArray[np.int32]
    rows: NDArray[np.int64]
    digest: NDArray[np.int64]
    doubled: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.day)

    def __getitem__(self, days: NDArray[np.bool_] | NDArray[np.intp] | slice) -> DaySums:
        return DaySums(self.sensor_id[days], self.day[days], self.rows[days], self.digest[days], self.doubled[days])

    @property
    def key(self) -> NDArray[np.int64]:
        """A number for each sensor and day, ascending."""
        return day_keys(self.sensor_id, self.day)

    @classmethod
    def joined(cls, parts: Sequence[DaySums]) -> DaySums:
        """Parts without a common sensor-day, joined."""
        columns = ([getattr(part, name) for part in parts] for name in cls.__slots__)
        joined = cls(*(np.concatenate(column) for column in columns))
        return joined[np.argsort(joined.key)]

    @classmethod
    def of(cls, sensor_id: NDArray[np.int32], time: NDArray[np.int64], value: NDArray[np.float64]) -> DaySums:
        """The sums of readings, which are sorted by (sensor_id, time) and unique."""
        day = (time // DAY).astype(np.int32)
        new = np.ones(len(time), dtype=np.bool_)
        new[1:] = (np.diff(sensor_id) != 0) | (np.diff(day) != 0)
        starts = np.flatnonzero(new)
        rows = np.diff(np.append(starts, len(time)))
        digest = np.add.reduceat(digests(time, value), starts) & _HALF if len(time) else np.empty(0, dtype=np.int64)
        return cls(sensor_id[starts], day[starts], rows, digest, np.zeros(len(starts), dtype=np.int64))


def day_keys(sensor_id: NDArray[np.int32], day: NDArray[np.int32]) -> NDArray[np.int64]:
    """A number for each sensor and day that sorts as (sensor_id, day) does."""
    return (sensor_id.astype(np.int64) << np.int64(32)) + day


class Audit:
    """Reads over one connection, and makes the connection read-only."""

    def __init__(self, conn: Connection, storage: ReadingStorage) -> None:
        self._conn = conn
        self._storage = storage
        conn.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A transaction in which all queries see one moment."""
        with self._conn.transaction():
            self._conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self._conn.execute(
                "SELECT set_config(name, 'off', true) FROM pg_settings WHERE name = ANY(%s)", (_SHORT_CUTS,)
            )
            yield

    def file(self, uri: str) -> AuditedFile | None:
        """A file; None where the ledger does not know it."""
        query = f"SELECT {_FILE} FROM ingest_file WHERE uri = %s"  # noqa: S608 -- a constant
        row = self._conn.execute(query.encode(), (uri,)).fetchone()
        return None if row is None else _audited_file(row)

    def files(self, file_ids: Iterable[int]) -> dict[int, AuditedFile]:
        """The files of these ids that the ledger knows."""
        query = f"SELECT {_FILE} FROM ingest_file WHERE file_id = ANY(%s)"  # noqa: S608 -- a constant
        files = (_audited_file(row) for row in self._conn.execute(query.encode(), (list(file_ids),)))
        return {file.file_id: file for file in files}

    def loaded_uris(self) -> list[str]:
        """The URIs of all loaded files."""
        rows = self._conn.execute("SELECT uri FROM ingest_file WHERE state = 'loaded'")
        return [as_sent(self._conn, uri) for (uri,) in rows]

    def kept_since(self) -> int | None:
        """The time before which retention drops readings, microseconds since 1970-01-01 UTC; None without retention."""
        keep = self._storage.retention()
        if keep is None:
            return None
        return as_microseconds(one_value(self._conn, datetime, "SELECT now() - %s::interval", (keep,)))

    def disorder(self) -> list[Disorder]:
        """See ReadingStorage.disorder."""
        return self._storage.disorder()

    def unknown_files(self, file_ids: Iterable[int]) -> list[int]:
        """The ids that belong to no file, except 0, which is another program."""
        return sorted(set(file_ids) - set(self.files(file_ids)) - {0})

    def rows_by_file(self) -> dict[int, int]:
        """The number of readings with each file's id, in the whole table."""
        return self._storage.rows_by_file()

    def day_sums(self, file_id: int, sensor_ids: NDArray[np.int32], first: int, last: int) -> DaySums:
        """The sums of a file's readings, of these sensors from day first to day last.

        doubled: of readings of any file.
        """
        doubled = "0::bigint" if self._storage.refuses_doubles else _DOUBLED_SQL
        cursor = self._conn.cursor(binary=True).execute(
            _SUMS.format(doubled=doubled).encode(),
            {
                "file_id": file_id,
                "sensor_ids": IntArray(sensor_ids),
                "start": as_datetime(first * DAY),
                "end": as_datetime((last + 1) * DAY),
            },
        )
        sensor_id, day = decode_ints(array_value(cursor, 0)), decode_ints(array_value(cursor, 1))
        rows, digest, twice = (decode_bigints(array_value(cursor, column)) for column in (2, 3, 4))
        return DaySums.joined([DaySums(sensor_id, day, rows, digest & _HALF, twice)])

    def readings(self, sensor_id: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64]) -> OwnedReadings:
        """The readings of sensors in [start, end), which do not overlap; (k,) each, microseconds since 1970 UTC."""
        cursor = self._conn.cursor(binary=True).execute(
            """
            SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.file_id), array_agg(r.sensor_value)
            FROM unnest(%(sensor_ids)s::int[], %(start)s::timestamptz[], %(end)s::timestamptz[])
                 AS e (sensor_id, first, until),
            LATERAL (
                SELECT sensor_id, timestamp, file_id, sensor_value FROM readings_of(e.sensor_id, e.first, e.until)
                WHERE timestamp >= %(all_start)s AND timestamp < %(all_end)s
                OFFSET 0
            ) AS r
            """,
            {
                "sensor_ids": IntArray(sensor_id),
                "start": TimeArray(start),
                "end": TimeArray(end),
                "all_start": as_datetime(int(start.min())),
                "all_end": as_datetime(int(end.max())),
            },
        )
        sensor, time = decode_ints(array_value(cursor, 0)), decode_times(array_value(cursor, 1))
        owner, value = decode_ints(array_value(cursor, 2)), decode_floats(array_value(cursor, 3))
        order = np.lexsort((time, sensor))
        return OwnedReadings(sensor[order], time[order], owner[order], value[order])

    def days_of_file(self, file_id: int) -> Iterator[tuple[int, int, int, int]]:
        """Sensor_id, day, number and first time of a file's readings in the whole table."""
        with self._conn.cursor(name="days_of_file") as cursor:
            cursor.itersize = 10_000
            cursor.execute(
                f"SELECT r.sensor_id, {_DAY_SQL}, count(*), min(r.timestamp) FROM reading r"  # noqa: S608
                " WHERE r.file_id = %s GROUP BY 1, 2".encode(),
                (file_id,),
            )
            for sensor_id, day, count, first in cursor:
                yield sensor_id, day, count, as_microseconds(first)


def _audited_file(row: TupleRow) -> AuditedFile:
    file_id, version, generation, state, modified, options, problem = row
    return AuditedFile(
        file_id,
        version,
        generation,
        FileState(state),
        modified,
        options or {},
        problem,
    )
