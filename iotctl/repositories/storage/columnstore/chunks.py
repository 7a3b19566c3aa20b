"""Chunks of the reading table on TimescaleDB: their length, and which of them have rows outside the columnstore."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from psycopg import sql

from iotctl.repositories.postgres.connection import Connection, again_after_conflicts
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.storage.answers import Parts
from iotctl.repositories.storage.columnstore.batch_order import (
    chunk_named,
    disordered_chunks,
    is_disordered,
    table_by_time,
)

# Chunks with rows in the row store, or with batches that overlap in time; without frozen chunks (TimescaleDB, chunk.h:
# CHUNK_STATUS_COMPRESSED 1, _COMPRESSED_UNORDERED 2, _FROZEN 4, _COMPRESSED_PARTIAL 8).
_LOOSE_CHUNKS = """
    SELECT c.schema_name, c.table_name
    FROM _timescaledb_catalog.chunk c JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id
    WHERE h.schema_name = current_schema() AND h.table_name = 'reading'
      AND (%(all)s OR c.status & 1 = 0 OR c.status & (2 + 8) <> 0) AND c.status & 4 = 0
    ORDER BY c.id
"""

_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class ChunkName:
    """A chunk's schema and its own name."""

    schema: str
    table: str


def parts(conn: Connection) -> Parts:
    """See ReadingStorage.parts."""
    count = one_value(
        conn,
        int,
        "SELECT count(*) FROM timescaledb_information.chunks"
        " WHERE hypertable_schema = current_schema() AND hypertable_name = 'reading'",
    )
    return Parts("chunks", count, len(loose_chunks(conn)), chunk_interval(conn))


def chunk_interval(conn: Connection) -> timedelta:
    """The length of new chunks."""
    return one_value(
        conn,
        timedelta,
        "SELECT time_interval FROM timescaledb_information.dimensions"
        " WHERE hypertable_schema = current_schema() AND hypertable_name = 'reading'",
    )


def set_chunk_interval(conn: Connection, interval: timedelta) -> None:
    """Set the length of new chunks; existing chunks do not change."""
    if chunk_interval(conn) != interval:
        conn.execute("SELECT set_chunk_time_interval('reading', %s)", (interval,))


def loose_chunks(conn: Connection, *, all_chunks: bool = False) -> list[ChunkName]:
    """The chunks that compact_chunk would improve, or all chunks."""
    rows = conn.execute(_LOOSE_CHUNKS.encode(), {"all": all_chunks})
    return [ChunkName(schema, table) for schema, table in rows]


def disordered(conn: Connection) -> list[ChunkName]:
    """The chunks that return readings in a wrong order, so that LIMIT drops some; compact_chunk repairs them."""
    return [ChunkName(chunk.schema, chunk.table) for chunk in disordered_chunks(conn)]


def compact_chunk(conn: Connection, part: ChunkName, *, rewrite: bool = False) -> None:
    """Move all rows of a chunk into the columnstore, in order.

    rewrite: also compress the existing batches again, with a thousand readings of a sensor together (measured after
    files of 500 readings a sensor: 17.2 -> 14.2 bytes a row). Loads into the chunk wait. Call it outside a transaction.
    After a deadlock with a load, or if it gave way to a load, it tries again.
    """
    # A chunk with rows and with a wrong order needs two steps; a load at the same time may need more.
    for _ in range(_MOST_STEPS):
        chunk = chunk_named(conn, part.table)
        if chunk is None:  # dropped in the meantime
            return
        disordered = is_disordered(conn, chunk)
        # Where the table's orderby was changed, recompression leaves batches as they are and calls them turned.
        anew = (rewrite or disordered) and not (chunk.by_time and table_by_time(conn))
        _compress(conn, part, rewrite=rewrite or disordered, anew=anew and chunk.batches is not None)
        rewrite = False
        chunk = chunk_named(conn, part.table)
        if chunk is None or (chunk.ordered and not chunk.partial and not is_disordered(conn, chunk)):
            return


def _compress(conn: Connection, part: ChunkName, *, rewrite: bool, anew: bool) -> None:
    """Compress a chunk. rewrite: also its batches. anew: first turn its batches into rows."""
    chunk = sql.Literal(sql.Identifier(part.schema, part.table).as_string(conn))

    def compress() -> None:
        with conn.transaction():
            if anew:
                conn.execute(sql.SQL("SELECT decompress_chunk({})").format(chunk))
            compressed = sql.SQL("SELECT compress_chunk({}, recompress => {})")
            conn.execute(compressed.format(chunk, rewrite and not anew))

    again_after_conflicts(conn, compress)
