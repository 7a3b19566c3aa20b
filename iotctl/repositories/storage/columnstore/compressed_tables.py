"""The tables with the compressed batches of TimescaleDB's chunks: check their form, insert and remove batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.postgres.binary import COPY_HEADER, COPY_TRAILER
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.storage.columnstore.batch_order import Chunk
from iotctl.repositories.storage.compressed import compress, copy_rows
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import OwnedReadings

# The releases of TimescaleDB (major, minor) with a tested form of batches.
TESTED = ((2, 28),)

_INTEGER, _MOMENT, _COMPRESSED = "int4", "timestamptz", "compressed_data"
_NEEDED = {
    "_ts_meta_count": _INTEGER,
    "sensor_id": _INTEGER,
    "file_id": _COMPRESSED,
    "_ts_meta_min_1": _MOMENT,
    "_ts_meta_max_1": _MOMENT,
    "timestamp": _COMPRESSED,
    "sensor_value": _COMPRESSED,
}
_KNOWN = _NEEDED | {"_ts_meta_v2_first_timestamp": _MOMENT, "_ts_meta_v2_last_timestamp": _MOMENT}

_FORM = """
    SELECT s.segmentby = '{sensor_id}' AND s.orderby = '{timestamp}' AND s.orderby_desc = '{f}',
           array_agg(a.attname::text ORDER BY a.attnum), array_agg(t.typname::text ORDER BY a.attnum)
    FROM _timescaledb_catalog.compression_settings s
    JOIN pg_attribute a ON a.attrelid = s.compress_relid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE s.relid = format('%%I.%%I', %s::text, %s::text)::regclass
    GROUP BY s.relid
"""


_TAKE = sql.SQL("""
    WITH taken AS (
        DELETE FROM {batches} b USING unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[]) AS e (sensor_id, first)
        WHERE b.sensor_id = e.sensor_id AND b._ts_meta_min_1 = e.first RETURNING b._ts_meta_count
    )
    SELECT coalesce(sum(_ts_meta_count), 0) FROM taken
""")

# Readings that are compressed together, so that temporary arrays stay in the processor's cache.
_READINGS_AT_ONCE = 64_000


@dataclass(frozen=True, slots=True)
class CompressedTable:
    """The table of a chunk's batches. columns: in their order."""

    name: sql.Identifier
    columns: tuple[str, ...]


def untested(version: str) -> str | None:
    """Why batches are not written for this version of TimescaleDB; None if they are."""
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) in TESTED:
        return None
    tested = ", ".join(f"{major}.{minor}" for major, minor in TESTED)
    return f"TimescaleDB {version} was not tested (tested: {tested})"


def compressed_table(conn: Connection, chunk: Chunk) -> CompressedTable | None:
    """The table of a chunk's batches; None where there is none, or where it has another form than ours."""
    if chunk.batches is None:
        return None
    row = conn.execute(_FORM.encode(), (chunk.schema, chunk.table)).fetchone()
    if row is None:
        return None
    as_ours, columns, types = row
    assert isinstance(columns, list)
    assert isinstance(types, list)
    found = dict(zip(columns, types, strict=True))
    if as_ours is not True or not _NEEDED.items() <= found.items() or not found.items() <= _KNOWN.items():
        return None
    return CompressedTable(chunk.batches, tuple(columns))


def copy_batches(conn: Connection, table: CompressedTable, readings: OwnedReadings, starts: NDArray[np.intp]) -> None:
    """Write readings as batches. readings: sorted by (sensor_id, time). starts: (m + 1,), see compress."""
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in table.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table.name, columns)
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(COPY_HEADER)
        for edges in _pieces(starts):
            batches = compress(readings[edges[0] : edges[-1]], edges - edges[0])
            copy.write(b"".join(copy_rows(batches, table.columns)))
        copy.write(COPY_TRAILER)


def take_batches(conn: Connection, table: CompressedTable, bounds: Extents) -> int:
    """Delete the batches of these bounds; returns how many readings they had."""
    return one_value(conn, int, _TAKE.format(batches=table.name), bounds.parameters())


def _pieces(starts: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """The edges of batches, in pieces with some tens of thousands of readings each."""
    cuts = np.flatnonzero(np.diff(starts // _READINGS_AT_ONCE)) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(starts) - 1]])).tolist()
    for low, high in pairwise(edges):
        yield starts[low : high + 1]
