"""A sensor's readings directly from the compressed batches of chunks, unpacked here and not by the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from psycopg import errors as pg
from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime, upper_bound
from iotctl.repositories.storage.answers import Series
from iotctl.repositories.storage.columnstore.batch_order import Chunk
from iotctl.repositories.storage.compressed import OtherFormatError, decompress

# About 250,000 readings; limits memory.
_BATCHES_AT_ONCE = 256

# Each chunk adds a tenth of a millisecond to the plan.
_CHUNKS_AT_ONCE = 64

_OF_CHUNK = sql.SQL("""
    SELECT "timestamp" AS times, sensor_value AS sensor_values, _ts_meta_min_1 AS first FROM {batches}
    WHERE sensor_id = %(sensor_id)s AND _ts_meta_max_1 >= %(start)s AND _ts_meta_min_1 < %(end)s
""")
_IN_ORDER = sql.SQL("SELECT times, sensor_values FROM ({chunks}) AS batch ORDER BY first LIMIT %(most)s")


class OtherBatchesError(Exception):
    """These batches cannot be read here: the server must read them."""


def has_batches_alone(chunk: Chunk) -> bool:
    """Whether all readings of a chunk are in batches that do not overlap."""
    return chunk.in_order and not chunk.partial


def series_in_batches(
    conn: Connection, chunks: Sequence[Chunk], sensor_id: int, start: int, end: int | None
) -> Iterator[Series]:
    """Pages of (time, value) of a sensor in [start, end), microseconds since 1970-01-01 UTC, in order of time.

    chunks: in order of time, all with have_batches_alone; they must not change during the read. Raises
    OtherBatchesError where the server must read the rest after the returned pages.
    """
    for first in range(0, len(chunks), _CHUNKS_AT_ONCE):
        some = sql.SQL(" UNION ALL ").join(
            _OF_CHUNK.format(batches=chunk.batches) for chunk in chunks[first : first + _CHUNKS_AT_ONCE]
        )
        statement = _IN_ORDER.format(chunks=some)
        while True:
            rows = _batches(conn, statement, sensor_id, start, end)
            if not rows:
                break
            try:
                time, value = decompress([time for time, _ in rows], [value for _, value in rows])
            except OtherFormatError:
                raise OtherBatchesError from None
            if (time[1:] <= time[:-1]).any():
                raise OtherBatchesError
            low, high = np.searchsorted(time, start), len(time) if end is None else np.searchsorted(time, end)
            if low < high:
                yield time[low:high], value[low:high]
            if len(rows) < _BATCHES_AT_ONCE:
                break
            start = int(time[-1]) + 1


def _batches(
    conn: Connection, statement: sql.Composed, sensor_id: int, start: int, end: int | None
) -> list[tuple[bytes, bytes]]:
    """The compressed times and values of some batches."""
    until = upper_bound(end)
    parameters = {"sensor_id": sensor_id, "start": as_datetime(start), "end": until, "most": _BATCHES_AT_ONCE}
    try:
        with conn.transaction():
            return conn.cursor(binary=True).execute(statement, parameters).fetchall()
    except (pg.InsufficientPrivilege, pg.UndefinedTable, pg.UndefinedColumn):
        raise OtherBatchesError from None
