"""Order in the columnstore: which compressed batches of a sensor overlap in time, and where new readings may go.

TimescaleDB reads the batches of a chunk one after the other, and thus gives wrong answers without an error where two
batches of a sensor overlap in a chunk that is not marked as unordered (timescaledb#9381). Nothing in the database keeps
them apart; so iotctl looks before it writes, and proves the order after it has written, before the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.binary import array_value, as_microseconds, decode_ints, decode_times
from iotctl.repositories.connection import Connection
from iotctl.repositories.extents import Extents
from iotctl.repositories.sorted_readings import SortedReadings, composite_keys

# TimescaleDB, chunk.h: CHUNK_STATUS_COMPRESSED_UNORDERED and _COMPRESSED_PARTIAL.
_UNORDERED, _PARTIAL = 2, 8
_EVER = (-(2**63), 2**63 - 1)

# So many readings of a sensor, on average, are worth compressed batches of their own beside what is there.
_FEWEST_IN_BATCH = 100

# Each stretch between batches that are there needs a COPY of its own, so that no new batch spans an old one.
_MOST_STRETCHES = 8

_CHUNKS = """
    SELECT c.schema_name, c.table_name, s.range_start, s.range_end, c.status, b.schema_name, b.table_name
    FROM _timescaledb_catalog.chunk c
    JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
    JOIN _timescaledb_catalog.chunk_constraint cc ON cc.chunk_id = c.id
    JOIN _timescaledb_catalog.dimension_slice s ON s.id = cc.dimension_slice_id
    LEFT JOIN _timescaledb_catalog.chunk b ON b.id = c.compressed_chunk_id
    WHERE h.schema_name = current_schema() AND h.table_name = 'reading'
      AND s.range_end > %(first)s AND s.range_start <= %(last)s
      AND (%(table)s::text IS NULL OR c.table_name = %(table)s)
    ORDER BY s.range_start
"""

_BOUNDS = sql.SQL("""
    SELECT array_agg(b.sensor_id), array_agg(b.first), array_agg(b.last)
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[]) AS e (sensor_id, first, last),
    LATERAL (
        SELECT sensor_id, _ts_meta_min_1 AS first, _ts_meta_max_1 AS last FROM {batches}
        WHERE sensor_id = e.sensor_id AND _ts_meta_min_1 <= e.last AND _ts_meta_max_1 >= e.first OFFSET 0
    ) AS b
""")

_DISORDERED = sql.SQL("""
    SELECT EXISTS (
        SELECT FROM (
            SELECT _ts_meta_min_1 AS first, lag(_ts_meta_max_1)
                       OVER (PARTITION BY sensor_id ORDER BY _ts_meta_min_1, _ts_meta_max_1) AS last_before
            FROM {batches}
        ) AS b WHERE b.last_before >= b.first
    )
""")


_OVERLAPPING = sql.SQL("""
    SELECT sensor_id, count(*), min(first) FROM (
        SELECT sensor_id, _ts_meta_min_1 AS first, lag(_ts_meta_max_1)
                   OVER (PARTITION BY sensor_id ORDER BY _ts_meta_min_1, _ts_meta_max_1) AS last_before
        FROM {batches}
    ) AS b WHERE b.last_before >= b.first GROUP BY sensor_id ORDER BY sensor_id
""")


class Way(Enum):
    """How new readings get into the columnstore."""

    ROW_STORE = 0  # few readings between others: TimescaleDB compresses them by and by
    UNORDERED = 1  # compressed; the chunk is marked, and read with a sort until it is compacted
    IN_ORDER = 2  # compressed; trusted to lie before, behind or between the batches that are there


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the reading table: its span [start, end) in microseconds since 1970-01-01 UTC, and its batches.

    batches: the table of its compressed batches, None where it has none. ordered: its batches are read without a sort.
    partial: it has readings outside its batches, too.
    """

    schema: str
    table: str
    start: int
    end: int
    batches: sql.Identifier | None
    ordered: bool
    partial: bool


def chunks_between(conn: Connection, first: int, last: int, table: str | None = None) -> list[Chunk]:
    """The chunks that share time with [first, last], microseconds since 1970-01-01 UTC; in order of time.

    table: only the one of this name.
    """
    rows = conn.execute(_CHUNKS.encode(), {"first": first, "last": last, "table": table}).fetchall()
    return [
        Chunk(
            str(schema),
            str(table),
            int(str(start)),
            int(str(end)),
            None if batches is None else sql.Identifier(str(batches_schema), str(batches)),
            ordered=not int(str(status)) & _UNORDERED,
            partial=bool(int(str(status)) & _PARTIAL),
        )
        for schema, table, start, end, status, batches_schema, batches in rows
    ]


def disordered_chunks(conn: Connection) -> list[Chunk]:
    """The chunks that are read in the order of their batches although some of these overlap: answers are wrong."""
    return [chunk for chunk in chunks_between(conn, *_EVER) if is_disordered(conn, chunk)]


def chunk_named(conn: Connection, table: str) -> Chunk | None:
    """The chunk of this name as it is now; None where it is gone."""
    return next(iter(chunks_between(conn, *_EVER, table)), None)


def is_disordered(conn: Connection, chunk: Chunk) -> bool:
    """Whether a chunk is read in the order of its batches although some of a sensor's overlap in time."""
    if not chunk.ordered or chunk.batches is None:
        return False
    return conn.execute(_DISORDERED.format(batches=chunk.batches)).fetchone() == (True,)


def overlapping_batches(conn: Connection, chunk: Chunk) -> list[tuple[int, int, int]]:
    """Sensor_id, number and first time (microseconds since 1970 UTC) of batches that overlap the one before them."""
    if chunk.batches is None:
        return []
    found = []
    for sensor_id, count, first in conn.execute(_OVERLAPPING.format(batches=chunk.batches)):
        assert isinstance(first, datetime)
        found.append((int(str(sensor_id)), int(str(count)), as_microseconds(first)))
    return found


@dataclass(frozen=True, slots=True)
class Placed:
    """Some of a batch's readings, as rows of it, (k,), and the way they go."""

    rows: NDArray[np.intp]
    way: Way


def place(conn: Connection, readings: SortedReadings, *, may_mark: bool) -> list[Placed]:
    """How new readings, of which the table has none, go into the columnstore; each Placed wants a COPY of its own.

    In order goes what lies between batches of its sensor by their own bounds. This is a look, not a proof: prove_order
    must follow in the same transaction. may_mark: whether we may mark chunks as unordered, as only their owner can.
    """
    chunks = [chunk for chunk in _chunks_of(conn, readings) if chunk.ordered and chunk.batches]
    bounds = _bounds(conn, chunks, readings)
    everything = np.arange(len(readings))
    if not len(bounds):
        return [Placed(everything, Way.IN_ORDER)]
    # The number of the batch, by the order of (sensor, first), that begins at or before each reading; -1 for none.
    keys = composite_keys(readings.sensor_id, readings.time)
    batch = np.searchsorted(composite_keys(bounds.sensor_id, bounds.first), keys, side="right") - 1
    inside = (batch >= 0) & (bounds.sensor_id[batch] == readings.sensor_id) & (readings.time <= bounds.last[batch])
    begins = _begins(readings.sensor_id, batch, inside)
    stretch, size = _numbers_within(readings.sensor_id, begins), _lengths(begins)
    shared = np.isin(readings.sensor_id, bounds.sensor_id)
    ways = np.full(len(readings), Way.IN_ORDER.value)
    ways[shared & ~inside & (size < _FEWEST_IN_BATCH)] = Way.ROW_STORE.value
    ways[inside] = Way.ROW_STORE.value
    many = np.count_nonzero(inside) >= _FEWEST_IN_BATCH * max(1, len(np.unique(readings.sensor_id[inside])))
    crowded = ((ways == Way.IN_ORDER.value) & (stretch >= _MOST_STRETCHES)) | (inside & many)
    for chunk in chunks:
        within = (readings.time >= chunk.start) & (readings.time < chunk.end)
        if (crowded & within).any():
            ways[within & (shared | inside)] = (Way.UNORDERED if may_mark else Way.ROW_STORE).value
    in_order = ways == Way.IN_ORDER.value
    placed = [Placed(np.flatnonzero(ways == way.value), way) for way in (Way.ROW_STORE, Way.UNORDERED)]
    placed += [Placed(np.flatnonzero(in_order & (stretch == at)), Way.IN_ORDER) for at in range(int(stretch.max()) + 1)]
    return [part for part in placed if len(part.rows)]


def prove_order(conn: Connection, in_order: SortedReadings, unordered: SortedReadings) -> bool:
    """Whether the batches that readings were written into in order, in this transaction, overlap no others.

    Until the transaction ends no recompression of their chunks can commit a batch that our look did not see: it
    needs the lock that is taken here. Plans that rest on an order which chunks do not have any more are given up.
    """
    marked = _chunks_of(conn, unordered)
    chunks = {chunk.table: chunk for chunk in (*_chunks_of(conn, in_order), *marked)}.values()
    if not chunks:
        return True
    names = sql.SQL(", ").join(
        sql.Identifier(chunk.schema, chunk.table) for chunk in sorted(chunks, key=lambda chunk: chunk.start)
    )
    conn.execute(sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(names))
    for chunk in marked:
        # TimescaleDB tells nobody that it marked a chunk as unordered; a prepared statement would go on reading its
        # batches one after the other (measured on 2.28.3). This changes nothing but lets every session plan anew.
        conn.execute(
            sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(sql.Identifier(chunk.schema, chunk.table))
        )
    for chunk in _chunks_of(conn, in_order):
        if chunk.ordered and chunk.batches is not None:
            bounds = _bounds(conn, [chunk], in_order)
            if ((bounds.sensor_id[1:] == bounds.sensor_id[:-1]) & (bounds.first[1:] <= bounds.last[:-1])).any():
                return False
    return True


def _chunks_of(conn: Connection, readings: SortedReadings) -> list[Chunk]:
    if not len(readings):
        return []
    found = chunks_between(conn, int(readings.time.min()), int(readings.time.max()))
    return [chunk for chunk in found if ((readings.time >= chunk.start) & (readings.time < chunk.end)).any()]


def _bounds(conn: Connection, chunks: Sequence[Chunk], readings: SortedReadings) -> Extents:
    """The bounds of the compressed batches that share time with a sensor's readings, in order of (sensor, first)."""
    parts = []
    for chunk in chunks:
        assert chunk.batches is not None
        extents = Extents.of(readings[(readings.time >= chunk.start) & (readings.time < chunk.end)])
        cursor = conn.cursor(binary=True).execute(_BOUNDS.format(batches=chunk.batches), extents.parameters())
        parts.append((decode_ints(array_value(cursor, 0)), *(decode_times(array_value(cursor, at)) for at in (1, 2))))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return Extents(none.astype(np.int32), none, none)
    sensor_id, first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Extents(sensor_id, first, last)[np.lexsort((last, first, sensor_id))]


def _begins(sensor_id: NDArray[np.int32], batch: NDArray[np.intp], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a stretch begins: with another sensor, or on the other side of a batch's bound; (n,)."""
    begins = np.ones(len(sensor_id), dtype=np.bool_)
    begins[1:] = (sensor_id[1:] != sensor_id[:-1]) | (batch[1:] != batch[:-1]) | (inside[1:] != inside[:-1])
    return begins


def _numbers_within(sensor_id: NDArray[np.int32], begins: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The number of each reading's stretch among those of its sensor, from 0; (n,)."""
    number = np.cumsum(begins)
    _, first, count = np.unique(sensor_id, return_index=True, return_counts=True)
    return number - np.repeat(number[first], count)


def _lengths(begins: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How many readings each reading's stretch has; (n,)."""
    length = np.diff(np.append(np.flatnonzero(begins), len(begins)))
    return np.repeat(length, length)
