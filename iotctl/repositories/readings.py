"""The reading table: batches in by binary COPY, each (sensor, time) once; series out as arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.errors import DuplicateError
from iotctl.model import OnDuplicate
from iotctl.repositories.binary import (
    COPY_HEADER,
    COPY_TRAILER,
    decode_floats,
    decode_ints,
    decode_times,
    encode_readings,
)
from iotctl.repositories.connection import Connection
from iotctl.repositories.schema import ADVISORY_CLASS, Layout

_COPY = "COPY reading (sensor_id, file_id, timestamp, sensor_value) FROM STDIN (FORMAT binary)"

# Below 128 kB per write: libpq copies larger buffers again at each partial send (measured: 1.9x slower at 1 MB).
_WRITE_BYTES = 96 * 1024

_PARTITION_LOCK = 2
_CLAIM_LOCK = 3
_CLAIM_CLASS = ADVISORY_CLASS + 1

# Readings fetched in one go. array_agg brings each page as two binary values, so that Python sees no row: 0.3 s a
# million readings against 3.0 s for COPY TO, whose every row is a message of its own and thus a Python object.
_PAGE_READINGS = 200_000


@dataclass(frozen=True, slots=True)
class SortedReadings:
    """Readings of one batch, sorted by (sensor_id, time), each (sensor_id, time) once.

    sensor_id: int32 (n,). time: int64 (n,), microseconds since 1970-01-01 UTC. value: float64 (n,).
    """

    sensor_id: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> SortedReadings:
        return SortedReadings(self.sensor_id[rows], self.time[rows], self.value[rows])


@dataclass(frozen=True, slots=True)
class Extents:
    """Each sensor's stretch of time in a batch: sensor_id int32, first and last int64 microseconds UTC, all (k,)."""

    sensor_id: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, readings: SortedReadings) -> Extents:
        """The extents of sorted readings."""
        starts = np.flatnonzero(np.r_[True, np.diff(readings.sensor_id) != 0])[: len(readings)]
        ends = np.r_[starts[1:], len(readings)][: len(starts)] - 1
        return cls(readings.sensor_id[starts], readings.time[starts], readings.time[ends])

    def parameters(self) -> dict[str, object]:
        """As the arrays that the queries here unnest."""
        return {
            "sensor_ids": self.sensor_id.tolist(),
            "first": [_datetime(time) for time in self.first.tolist()],
            "last": [_datetime(time) for time in self.last.tolist()],
            "from": _datetime(int(self.first.min())),
            "to": _datetime(int(self.last.max())),
        }


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: loaded + duplicates == len(batch). displaced: file_id -> its readings that lost to it."""

    loaded: int
    duplicates: int
    displaced: Mapping[int, int]


class ReadingRepository:
    """Readings, on one connection."""

    def __init__(self, conn: Connection, layout: Layout) -> None:
        self._conn = conn
        self._layout = layout
        self._partitions: set[str] = set()

    def prepare(self, readings: SortedReadings) -> None:
        """Make the partitions that the readings need; outside a transaction, so that other loads are not held up."""
        if self._layout is not Layout.PARTITIONS or len(readings) == 0:
            return
        months = np.unique(readings.time.view("M8[us]").astype("M8[M]"))
        for month in months:
            if str(month) not in self._partitions:
                self._make_partition(month)
                self._partitions.add(str(month))

    def claim(self, readings: SortedReadings) -> int | None:
        """Wait until no other live load writes into the same stretch of the same sensor, then hold it.

        Only the columnstore, which has no unique constraint, needs this; elsewhere None comes back. Give the
        result to release() in the transaction that writes the readings.
        """
        if self._layout is not Layout.COLUMNSTORE or len(readings) == 0:
            return None
        extents = Extents.of(readings).parameters()
        while True:
            with self._conn.transaction():
                self._conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, _CLAIM_LOCK))
                rival = self._live_rival(extents)
                if rival is None:
                    return self._insert_claim(extents)
            self._conn.execute("SELECT pg_advisory_lock_shared(%s, %s)", (_CLAIM_CLASS, rival))
            self._conn.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (_CLAIM_CLASS, rival))

    def release(self, claim: int | None) -> None:
        """Give up a claim; in a transaction it holds until the commit is visible to others."""
        if claim is not None:
            self._conn.execute("DELETE FROM ingest_claim WHERE claim_id = %s", (claim,))

    def unlock(self, claim: int | None) -> None:
        """Let those who wait for a released claim go on; after the transaction that released it."""
        if claim is not None:
            self._conn.execute("SELECT pg_advisory_unlock(%s, %s)", (_CLAIM_CLASS, claim))

    def write(
        self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate, ranks: Mapping[int, object]
    ) -> Written:
        """Write a batch in the caller's transaction; a reading whose (sensor, time) is there is judged by on_duplicate.

        ranks: file_id -> rank of every file of the ledger, compared where two files give the same (sensor, time):
        SKIP keeps the lower file_id, REPLACE the higher rank. Raises DuplicateError for FAIL.
        """
        if len(readings) == 0:
            return Written(0, 0, {})
        there = self._overlapping(Extents.of(readings))
        if len(there) == 0:
            self._copy(readings, file_id, in_order=True)
            return Written(len(readings), 0, {})
        shared = np.isin(readings.sensor_id, there.sensor_id)
        theirs = self._existing(there)
        where = _positions(readings, theirs)
        found = where >= 0
        new = np.ones(len(readings), dtype=bool)
        new[where[found]] = False
        if on_duplicate is OnDuplicate.FAIL and found.any():
            first = int(where[found][0])
            raise DuplicateError(
                f"{int(found.sum())} readings are in the database already (--on-duplicate fail).",
                where=f"the first at {_datetime(int(readings.time[first])).isoformat()}",
                hint="Use --on-duplicate skip or replace to go on.",
            )
        owners = theirs.file_id[found]
        wins = _wins(owners, file_id, on_duplicate, ranks)
        self._copy(readings[~shared], file_id, in_order=True)
        self._copy(readings[shared & new], file_id, in_order=False)
        self._replace(readings[where[found][wins]], file_id)
        lost, counts = np.unique(owners[wins], return_counts=True)
        displaced = {int(owner): int(count) for owner, count in zip(lost, counts, strict=True) if owner not in (0, file_id)}
        duplicates = int(found.sum()) - int(wins.sum())
        own = int(np.count_nonzero(owners[wins] == file_id))
        # A later line of the same file that replaces an earlier one: one of the two rows is a duplicate.
        return Written(len(readings) - duplicates - own, duplicates + own, displaced)

    def series(
        self, sensor_id: int, start: int | None, end: int | None, limit: int | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Pages of (time, value) of a sensor in [start, end), in order of time, in constant memory.

        start, end: microseconds since 1970-01-01 UTC, None for open. All pages come from one snapshot.
        """
        after, left = start, limit
        with self._conn.transaction():
            self._conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            while left is None or left > 0:
                size = _PAGE_READINGS if left is None else min(left, _PAGE_READINGS)
                time, value = self._page(sensor_id, after, end, size)
                if len(time):
                    yield time, value
                if len(time) < size:
                    return
                after = int(time[-1]) + 1
                left = None if left is None else left - len(time)

    def buckets(
        self, sensor_id: int, start: int | None, end: int | None, every_seconds: float, aggregate: str
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """One (time, aggregate of value) per bucket that has readings; buckets are aligned to 1970-01-01 UTC.

        aggregate: mean, min, max, sum, count, first or last.
        """
        functions = {
            "mean": "avg(sensor_value)",
            "min": "min(sensor_value)",
            "max": "max(sensor_value)",
            "sum": "sum(sensor_value)",
            "count": "count(*)::float8",
            "first": "(array_agg(sensor_value ORDER BY timestamp))[1]",
            "last": "(array_agg(sensor_value ORDER BY timestamp DESC))[1]",
        }
        query = sql.SQL(
            """
            SELECT array_agg(bucket ORDER BY bucket), array_agg(aggregate ORDER BY bucket) FROM (
                SELECT date_bin(make_interval(secs => %(every)s), timestamp, timestamptz '1970-01-01 00:00Z') AS bucket,
                       {aggregate} AS aggregate
                FROM reading
                WHERE sensor_id = %(sensor_id)s AND timestamp >= %(start)s AND timestamp < %(end)s
                GROUP BY 1
            ) AS buckets
            """
        ).format(aggregate=sql.SQL(functions[aggregate]))
        bounds = {"sensor_id": sensor_id, "start": _bound(start, "-infinity"), "end": _bound(end, "infinity")}
        cursor = self._conn.cursor(binary=True).execute(query, bounds | {"every": every_seconds})
        return decode_times(_raw(cursor, 0)), decode_floats(_raw(cursor, 1))

    def _page(
        self, sensor_id: int, start: int | None, end: int | None, size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        cursor = self._conn.cursor(binary=True).execute(
            """
            SELECT array_agg(timestamp), array_agg(sensor_value) FROM (
                SELECT timestamp, sensor_value FROM reading
                WHERE sensor_id = %(sensor_id)s AND timestamp >= %(start)s AND timestamp < %(end)s
                ORDER BY timestamp LIMIT %(size)s
            ) AS page
            """,
            {
                "sensor_id": sensor_id,
                "start": _bound(start, "-infinity"),
                "end": _bound(end, "infinity"),
                "size": size,
            },
        )
        return decode_times(_raw(cursor, 0)), decode_floats(_raw(cursor, 1))

    def _overlapping(self, extents: Extents) -> Extents:
        """Those extents in which the table has readings."""
        # OFFSET 0 keeps the planner from turning the probes, an index look-up each, into a join that reads the months.
        rows = self._conn.execute(
            """
            SELECT e.position
            FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                 WITH ORDINALITY AS e (sensor_id, first, last, position)
            WHERE EXISTS (
                SELECT FROM reading r
                WHERE r.sensor_id = e.sensor_id AND r.timestamp BETWEEN e.first AND e.last
                  AND r.timestamp BETWEEN %(from)s AND %(to)s
                OFFSET 0
            )
            """,
            extents.parameters(),
        ).fetchall()
        at = np.array([int(str(row[0])) - 1 for row in rows], dtype=np.intp)
        return Extents(extents.sensor_id[at], extents.first[at], extents.last[at])

    def _existing(self, extents: Extents) -> _Keys:
        """The keys of the table's readings within the extents."""
        cursor = self._conn.cursor(binary=True).execute(
            """
            SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.file_id)
            FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                 AS e (sensor_id, first, last),
            LATERAL (
                SELECT sensor_id, timestamp, file_id FROM reading
                WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last
                  AND timestamp BETWEEN %(from)s AND %(to)s
                OFFSET 0
            ) AS r
            """,
            extents.parameters(),
        )
        return _Keys(decode_ints(_raw(cursor, 0)), decode_times(_raw(cursor, 1)), decode_ints(_raw(cursor, 2)))

    def _copy(self, readings: SortedReadings, file_id: int, *, in_order: bool) -> None:
        if len(readings) == 0:
            return
        if self._layout is Layout.COLUMNSTORE:
            self._direct_compress(in_order)
            readings = _by_chunk(readings)
        rows = encode_readings(readings.sensor_id, file_id, readings.time, readings.value)
        with self._conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(COPY_HEADER)
            for start in range(0, len(rows), _WRITE_BYTES):
                copy.write(rows[start : start + _WRITE_BYTES])
            copy.write(COPY_TRAILER)

    def _direct_compress(self, on: bool) -> None:
        # client_sorted makes TimescaleDB trust our order and read batches one after the other, which is right only
        # where no two batches of a sensor overlap in time; readings that fall between others go to the row store.
        self._conn.execute(
            "SELECT set_config('timescaledb.enable_direct_compress_copy', %(on)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_client_sorted', %(on)s, true)",
            {"on": "on" if on else "off"},
        )

    def _replace(self, readings: SortedReadings, file_id: int) -> None:
        if len(readings) == 0:
            return
        self._conn.execute(
            """
            UPDATE reading r SET sensor_value = n.sensor_value, file_id = %(file_id)s
            FROM unnest(%(sensor_ids)s::int[], %(times)s::timestamptz[], %(values)s::float8[])
                 AS n (sensor_id, timestamp, sensor_value)
            WHERE r.sensor_id = n.sensor_id AND r.timestamp = n.timestamp
              AND r.timestamp BETWEEN %(from)s AND %(to)s
            """,
            {
                "file_id": file_id,
                "sensor_ids": readings.sensor_id.tolist(),
                "times": [_datetime(time) for time in readings.time.tolist()],
                "values": readings.value.tolist(),
                "from": _datetime(int(readings.time.min())),
                "to": _datetime(int(readings.time.max())),
            },
        )

    def _make_partition(self, month: np.datetime64) -> None:
        name = f"reading_{re.sub('-', '_', str(month))}"
        bounds = [f"{edge.astype('M8[D]')} 00:00Z" for edge in (month, month + np.timedelta64(1, "M"))]
        with self._conn.transaction():
            self._conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, _PARTITION_LOCK))
            if self._conn.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,):
                return
            # CREATE TABLE ... PARTITION OF would wait for every COPY in flight; ATTACH does not (manual, ALTER TABLE).
            self._conn.execute(
                sql.SQL("CREATE TABLE {} (LIKE reading INCLUDING ALL)").format(sql.Identifier(name)),
            )
            self._conn.execute(
                sql.SQL("ALTER TABLE reading ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
                    sql.Identifier(name), *map(sql.Literal, bounds)
                ),
            )

    def _live_rival(self, extents: dict[str, object]) -> int | None:
        rows = self._conn.execute(
            """
            SELECT DISTINCT c.claim_id, l.objid IS NOT NULL
            FROM ingest_claim c
            JOIN LATERAL unnest(c.sensor_ids, c.first_time, c.last_time) AS theirs (sensor_id, first, last) ON true
            JOIN unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                 AS ours (sensor_id, first, last)
              ON ours.sensor_id = theirs.sensor_id AND ours.first <= theirs.last AND theirs.first <= ours.last
            LEFT JOIN pg_locks l ON l.locktype = 'advisory' AND l.classid::bigint = %(class)s
              AND l.objid::bigint = c.claim_id AND l.mode = 'ExclusiveLock' AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            extents | {"class": _CLAIM_CLASS},
        ).fetchall()
        dead = [int(str(claim)) for claim, alive in rows if not alive]
        self._conn.execute("DELETE FROM ingest_claim WHERE claim_id = ANY(%s)", (dead,))
        return next((int(str(claim)) for claim, alive in rows if alive), None)

    def _insert_claim(self, extents: dict[str, object]) -> int:
        row = self._conn.execute(
            "INSERT INTO ingest_claim (sensor_ids, first_time, last_time)"
            " VALUES (%(sensor_ids)s, %(first)s, %(last)s) RETURNING claim_id",
            extents,
        ).fetchone()
        assert row is not None
        claim = int(str(row[0]))
        self._conn.execute("SELECT pg_advisory_lock(%s, %s)", (_CLAIM_CLASS, claim))
        return claim


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys of readings in the table: sensor_id int32, time int64 microseconds UTC, file_id int32, all (m,)."""

    sensor_id: NDArray[np.int32]
    time: NDArray[np.int64]
    file_id: NDArray[np.int32]


def _positions(readings: SortedReadings, keys: _Keys) -> NDArray[np.intp]:
    """For each key the row of readings that has it, or -1; int (m,)."""
    ours = _composite(readings.sensor_id, readings.time)
    theirs = _composite(keys.sensor_id, keys.time)
    at = np.searchsorted(ours, theirs)
    hit = (at < len(ours)) & (ours[np.minimum(at, len(ours) - 1)] == theirs)
    return np.where(hit, at, -1)


def _composite(sensor_id: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.complex128]:
    # numpy orders complex numbers by real, then imaginary part; both fit a double exactly (times below 2**53 us).
    return sensor_id + 1j * time


def _wins(
    owners: NDArray[np.int32], file_id: int, on_duplicate: OnDuplicate, ranks: Mapping[int, object]
) -> NDArray[np.bool_]:
    """Whether our reading takes the place of each that is there, by the owner of the one there; (m,)."""
    distinct, inverse = np.unique(owners, return_inverse=True)
    if on_duplicate is OnDuplicate.REPLACE:
        verdict = [owner == 0 or ranks[file_id] >= ranks[int(owner)] for owner in distinct]  # type: ignore[operator]
    else:
        verdict = [int(owner) > file_id for owner in distinct]
    return np.array(verdict, dtype=bool)[inverse]


def _by_chunk(readings: SortedReadings) -> SortedReadings:
    """Sorted by (chunk, sensor, time): each chunk's compressor is opened once."""
    chunk = readings.time // (30 * 86_400_000_000)  # TimescaleDB aligns chunks to 1970-01-01
    if chunk.size == 0 or chunk.min() == chunk.max():
        return readings
    return readings[np.argsort(chunk, kind="stable")]


def _datetime(microseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + _timedelta(microseconds)


def _timedelta(microseconds: int):  # type: ignore[no-untyped-def]
    from datetime import timedelta

    return timedelta(microseconds=microseconds)


def _bound(microseconds: int | None, otherwise: str) -> datetime | str:
    return otherwise if microseconds is None else _datetime(microseconds)


def _raw(cursor: object, column: int) -> bytes | None:
    result = getattr(cursor, "pgresult", None)
    assert result is not None
    value: bytes | None = result.get_value(0, column)
    return value
