"""Order in the columnstore: which compressed batches of a sensor overlap in time, and where new readings may go.

TimescaleDB reads the batches of a chunk one after the other. If two batches of a sensor overlap in a chunk that is not
marked as unordered, it gives wrong results without an error (timescaledb#9381). The database does not prevent this. So
iotctl checks before it writes, and checks the order again after the write, before the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.postgres.binary import array_value, decode_ints, decode_times
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import SortedReadings, composite_keys

# TimescaleDB, chunk.h: CHUNK_STATUS_COMPRESSED_UNORDERED and _COMPRESSED_PARTIAL.
_UNORDERED, _PARTIAL = 2, 8
LAST_MOMENT = 2**63 - 1
_EVER = (-(2**63), LAST_MOMENT)

# With so many readings of a sensor, on average, new compressed batches beside the existing ones are worth it.
FEWEST_IN_BATCH = 100

_CHUNKS = """
    SELECT c.schema_name, c.table_name, s.range_start, s.range_end, c.status, b.schema_name, b.table_name,
           o.segmentby = '{sensor_id}' AND o.orderby = '{timestamp}' AND o.orderby_desc = '{f}'
    FROM _timescaledb_catalog.chunk c
    JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
    JOIN _timescaledb_catalog.chunk_constraint cc ON cc.chunk_id = c.id
    JOIN _timescaledb_catalog.dimension_slice s ON s.id = cc.dimension_slice_id
    JOIN _timescaledb_catalog.dimension d ON d.id = s.dimension_id AND d.interval_length IS NOT NULL
    LEFT JOIN _timescaledb_catalog.chunk b ON b.id = c.compressed_chunk_id
    LEFT JOIN _timescaledb_catalog.compression_settings o
        ON o.relid = to_regclass(CASE WHEN b.id IS NULL THEN format('%%I.%%I', h.schema_name, h.table_name)
                                      ELSE format('%%I.%%I', c.schema_name, c.table_name) END)
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


_TABLE_BY_TIME = """
    SELECT segmentby = '{sensor_id}' AND orderby = '{timestamp}' AND orderby_desc = '{f}'
    FROM _timescaledb_catalog.compression_settings WHERE relid = 'reading'::regclass
"""

# Whether a chunk's batches are to be read backwards, where they say which readings they begin and end with.
_BACKWARDS = """
    SELECT orderby_desc[1] FROM _timescaledb_catalog.compression_settings
    WHERE relid = to_regclass(format('%%I.%%I', %s::text, %s::text)) AND orderby[1] = 'timestamp' AND EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = compress_relid AND attname = '_ts_meta_v2_first_timestamp'
    )
"""
_TURNED = sql.SQL("""
    SELECT EXISTS (
        SELECT FROM {batches}
        WHERE CASE WHEN {backwards} THEN _ts_meta_v2_first_timestamp < _ts_meta_v2_last_timestamp
                   ELSE _ts_meta_v2_first_timestamp > _ts_meta_v2_last_timestamp END
    )
""")

_OVERLAPPING = sql.SQL("""
    SELECT sensor_id, count(*), min(first) FROM (
        SELECT sensor_id, _ts_meta_min_1 AS first, lag(_ts_meta_max_1)
                   OVER (PARTITION BY sensor_id ORDER BY _ts_meta_min_1, _ts_meta_max_1) AS last_before
        FROM {batches}
    ) AS b WHERE b.last_before >= b.first GROUP BY sensor_id ORDER BY sensor_id
""")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of the reading table: its span [start, end) in microseconds since 1970-01-01 UTC, and its batches.

    batches: the table of its compressed batches, None where it has none. ordered: whether its batches are read without
    a sort. partial: whether it also has readings outside its batches. by_time: its batches are, or will be, each of a
    sensor, in order of time, as our schema has it; a person may have changed that.
    """

    schema: str
    table: str
    start: int
    end: int
    batches: sql.Identifier | None
    ordered: bool
    partial: bool
    by_time: bool

    @property
    def in_order(self) -> bool:
        """Whether it has batches that are read in the order of their times."""
        return self.batches is not None and self.ordered and self.by_time


def chunks_between(conn: Connection, first: int, last: int, table: str | None = None) -> list[Chunk]:
    """The chunks that share time with [first, last], microseconds since 1970-01-01 UTC; in order of time.

    table: only the one of this name.
    """
    rows = conn.execute(_CHUNKS.encode(), {"first": first, "last": last, "table": table}).fetchall()
    return [
        Chunk(
            schema,
            table,
            start,
            end,
            None if batches is None else sql.Identifier(batches_schema, batches),
            ordered=not status & _UNORDERED,
            partial=bool(status & _PARTIAL),
            by_time=by_time is True,
        )
        for schema, table, start, end, status, batches_schema, batches, by_time in rows
    ]


def table_by_time(conn: Connection) -> bool:
    """Whether batches that TimescaleDB makes from now on are of one sensor each, in order of time."""
    return conn.execute(_TABLE_BY_TIME.encode()).fetchone() == (True,)


def disordered_chunks(conn: Connection) -> list[Chunk]:
    """The chunks that are not in the order in which they are read: answers are wrong."""
    return [chunk for chunk in chunks_between(conn, *_EVER) if is_disordered(conn, chunk)]


def chunk_named(conn: Connection, table: str) -> Chunk | None:
    """The chunk of this name as it is now; None where it is gone."""
    return next(iter(chunks_between(conn, *_EVER, table)), None)


def is_disordered(conn: Connection, chunk: Chunk) -> bool:
    """Whether a chunk is read in the order of its batches although some of a sensor's overlap in time.

    Or backwards although its batches are forwards, or the other way round: where the table's orderby has changed,
    compress_chunk with recompress does not turn them, and WHERE leaves readings out (measured on 2.28.3).
    """
    if chunk.batches is None:
        return False
    if chunk.in_order and conn.execute(_DISORDERED.format(batches=chunk.batches)).fetchone() == (True,):
        return True
    row = conn.execute(_BACKWARDS.encode(), (chunk.schema, chunk.table)).fetchone()
    if row is None:
        return False
    turned = _TURNED.format(batches=chunk.batches, backwards=sql.Literal(row[0]))
    return conn.execute(turned).fetchone() == (True,)


def overlapping_batches(conn: Connection, chunk: Chunk) -> list[tuple[int, int, int]]:
    """Sensor_id, number and first time (microseconds since 1970 UTC) of batches that overlap the one before them."""
    if chunk.batches is None:
        return []
    rows = conn.execute(_OVERLAPPING.format(batches=chunk.batches))
    return [(sensor_id, count, as_microseconds(first)) for sensor_id, count, first in rows]


@dataclass(frozen=True, slots=True)
class Places:
    """The place of each of n readings among the batches of ordered chunks.

    bounds: of the batches that overlap a sensor's readings in time, by (sensor, first). batch: for each reading the
    number of the last batch that begins at or before it, -1 for none. inside: whether the reading is inside this batch.
    """

    readings: SortedReadings
    bounds: Extents
    batch: NDArray[np.intp]
    inside: NDArray[np.bool_]

    @classmethod
    def among(cls, bounds: Extents, readings: SortedReadings) -> Places:
        """The places of readings among batches of these bounds."""
        if not len(bounds):
            return cls(readings, bounds, np.full(len(readings), -1), np.zeros(len(readings), dtype=np.bool_))
        keys = composite_keys(readings.sensor_id, readings.time)
        batch = np.searchsorted(composite_keys(bounds.sensor_id, bounds.first), keys, side="right") - 1
        inside = (batch >= 0) & (bounds.sensor_id[batch] == readings.sensor_id) & (readings.time <= bounds.last[batch])
        return cls(readings, bounds, batch, inside)

    @property
    def shared(self) -> NDArray[np.bool_]:
        """Whether the sensor has batches near the reading; (n,)."""
        return np.isin(self.readings.sensor_id, self.bounds.sensor_id)

    @property
    def begins(self) -> NDArray[np.bool_]:
        """Whether a stretch begins: with another sensor, or after the start or end of a batch; (n,)."""
        begins = np.ones(len(self.batch), dtype=np.bool_)
        begins[1:] = self.readings.sensor_id[1:] != self.readings.sensor_id[:-1]
        if len(self.bounds):
            begins[1:] |= (self.batch[1:] != self.batch[:-1]) | (self.inside[1:] != self.inside[:-1])
        return begins

    @property
    def late(self) -> NDArray[np.bool_]:
        """Whether a reading's stretch is inside a batch, or too short for its own batch; (n,)."""
        if not len(self.bounds):
            return self.inside
        begins = self.begins
        size = np.diff(np.flatnonzero(begins), append=len(begins))
        return self.inside | (self.shared & np.repeat(size < FEWEST_IN_BATCH, size))


def look(conn: Connection, chunks: Sequence[Chunk], readings: SortedReadings) -> Places:
    """The places of readings among the batches of chunks.

    This is not a guarantee: other sessions may change batches at the same time.
    """
    in_order = [chunk for chunk in chunks if chunk.in_order]
    return Places.among(_bounds(conn, in_order, readings), readings)


def stay_apart(conn: Connection, chunks: Sequence[Chunk], readings: SortedReadings) -> bool:
    """Whether no batches of these sensors overlap near the readings, in ordered chunks."""
    for chunk in chunks:
        if chunk.in_order:
            bounds = _bounds(conn, [chunk], readings)
            if ((bounds.sensor_id[1:] == bounds.sensor_id[:-1]) & (bounds.first[1:] <= bounds.last[:-1])).any():
                return False
    return True


def lock_chunks(conn: Connection, chunks: Sequence[Chunk], mode: str) -> None:
    """Lock chunks until the transaction ends, always in the same order. mode: of LOCK TABLE."""
    if chunks:
        names = sql.SQL(", ").join(
            sql.Identifier(chunk.schema, chunk.table) for chunk in sorted(chunks, key=lambda chunk: chunk.start)
        )
        conn.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(names, sql.SQL(mode)))


def chunks_of(conn: Connection, readings: SortedReadings) -> list[Chunk]:
    """The chunks of these readings, in order of time."""
    if not len(readings):
        return []
    found = chunks_between(conn, int(readings.time.min()), int(readings.time.max()))
    return [chunk for chunk in found if ((readings.time >= chunk.start) & (readings.time < chunk.end)).any()]


def _bounds(conn: Connection, chunks: Sequence[Chunk], readings: SortedReadings) -> Extents:
    """The bounds of the compressed batches that overlap a sensor's readings in time, by (sensor, first)."""
    parts = []
    for chunk in chunks:
        assert chunk.batches is not None
        within = (readings.time >= chunk.start) & (readings.time < chunk.end)
        if not within.any():
            continue
        extents = Extents.of(readings if within.all() else readings[within])
        cursor = conn.cursor(binary=True).execute(_BOUNDS.format(batches=chunk.batches), extents.parameters())
        parts.append((decode_ints(array_value(cursor, 0)), *(decode_times(array_value(cursor, at)) for at in (1, 2))))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return Extents(none.astype(np.int32), none, none)
    sensor_id, first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Extents(sensor_id, first, last)[np.lexsort((last, first, sensor_id))]
