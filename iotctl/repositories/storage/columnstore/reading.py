"""Read readings from the hypertable as arrays: series of sensors page by page, and readings within extents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.errors import IotctlError
from iotctl.repositories.postgres.binary import array_value, decode_floats, decode_ints, decode_times
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import lower_bound, upper_bound
from iotctl.repositories.storage.answers import Series, Span
from iotctl.repositories.storage.columnstore.batch_order import LAST_MOMENT, Chunk, chunks_between
from iotctl.repositories.storage.columnstore.batch_reading import (
    OtherBatchesError,
    has_batches_alone,
    series_in_batches,
)
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import OwnedReadings, composite_keys

# Readings of a page. array_agg returns each page as two binary values, so that Python handles no rows: 0.3 s for a
# million readings, and 3.0 s with COPY TO, which sends each row as a message, so a Python object.
_PAGE_READINGS = 200_000

# OFFSET 0 stops the planner from joining whole months in place of index look-ups.
_WITHIN = """
    SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.file_id), array_agg(r.sensor_value)
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[]) AS e (sensor_id, first, last),
    LATERAL (
        SELECT sensor_id, timestamp, file_id, sensor_value FROM reading
        WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last
          AND timestamp BETWEEN %(start)s AND %(end)s AND (%(file_id)s::int IS NULL OR file_id = %(file_id)s)
        OFFSET 0
    ) AS r
"""

# ONLY excludes the chunk's batches.
_ROWS_WITHIN = sql.SQL("""
    SELECT array_agg(r.sensor_id), array_agg(r.timestamp)
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[]) AS e (sensor_id, first, last),
    LATERAL (
        SELECT sensor_id, timestamp FROM ONLY {chunk}
        WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last OFFSET 0
    ) AS r
""")


# A longer series is read from its compressed batches, if there are only these: 0.1 s for a million readings. A shorter
# series is faster with one statement.
_SHORT_READINGS = 20_000


def series(conn: Connection, sensor_id: int, start: int | None, end: int | None, limit: int | None) -> Iterator[Series]:
    """See ReadingStorage.series."""
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if limit is not None:
            yield from _pages(conn, sensor_id, start, end, limit)
            return
        # This locks every chunk of the range: none is compressed again before the transaction ends.
        time, value = _page(conn, sensor_id, start, end, _SHORT_READINGS)
        if len(time):
            yield time, value
        if len(time) == _SHORT_READINGS:
            yield from _rest(conn, sensor_id, int(time[-1]) + 1, end)


def _rest(conn: Connection, sensor_id: int, start: int, end: int | None) -> Iterator[Series]:
    """A series from its chunks: from their batches, or by the server if they have readings outside of batches."""
    chunks = chunks_between(conn, start, LAST_MOMENT if end is None else end - 1)
    groups = [(alone, list(group)) for alone, group in groupby(chunks, key=has_batches_alone)]
    for at, (alone, group) in enumerate(groups):
        until = end if at == len(groups) - 1 else group[-1].end
        if alone:
            try:
                for time, value in series_in_batches(conn, group, sensor_id, start, until):
                    yield time, value
                    start = int(time[-1]) + 1
                continue
            except OtherBatchesError:
                pass
        for time, value in _pages(conn, sensor_id, start, until, None):
            yield time, value
            start = int(time[-1]) + 1


def _pages(conn: Connection, sensor_id: int, start: int | None, end: int | None, limit: int | None) -> Iterator[Series]:
    after, left = start, limit
    while left is None or left > 0:
        size = _PAGE_READINGS if left is None else min(left, _PAGE_READINGS)
        time, value = _page(conn, sensor_id, after, end, size)
        if len(time):
            yield time, value
        if len(time) < size:
            return
        after = int(time[-1]) + 1
        left = None if left is None else left - len(time)


def spans(conn: Connection, sensor_ids: Sequence[int]) -> dict[int, Span]:
    """See ReadingStorage.spans."""
    rows = conn.execute(
        "SELECT sensor_id, count(*), min(timestamp), max(timestamp) FROM reading WHERE sensor_id = ANY(%s)"
        " GROUP BY sensor_id",
        (list(sensor_ids),),
    )
    return {row[0]: Span.of_row(*row[1:]) for row in rows}


def latest(conn: Connection, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
    """See ReadingStorage.latest."""
    cursor = conn.cursor(binary=True).execute(
        """
        SELECT wanted.sensor_id, found.times, found.sensor_values
        FROM unnest(%(ids)s::int[]) AS wanted (sensor_id), LATERAL (
            SELECT array_agg(timestamp ORDER BY timestamp) AS times,
                   array_agg(sensor_value ORDER BY timestamp) AS sensor_values
            FROM (
                SELECT timestamp, sensor_value FROM reading WHERE sensor_id = wanted.sensor_id
                ORDER BY timestamp DESC LIMIT %(count)s
            ) AS last_ones
        ) AS found WHERE found.times IS NOT NULL
        """,
        {"ids": list(sensor_ids), "count": count},
    )
    assert cursor.pgresult is not None
    found: dict[int, Series] = {}
    for row in range(cursor.pgresult.ntuples):
        sensor, times, values = (cursor.pgresult.get_value(row, column) for column in range(3))
        assert sensor is not None
        found[int.from_bytes(sensor, signed=True)] = decode_times(times), decode_floats(values)
    return found


def _page(conn: Connection, sensor_id: int, start: int | None, end: int | None, size: int) -> Series:
    cursor = conn.cursor(binary=True).execute(
        """
        SELECT array_agg(timestamp), array_agg(sensor_value) FROM (
            SELECT timestamp, sensor_value FROM reading
            WHERE sensor_id = %(sensor_id)s AND timestamp >= %(start)s AND timestamp < %(end)s
            ORDER BY timestamp LIMIT %(size)s
        ) AS page
        """,
        {
            "sensor_id": sensor_id,
            "start": lower_bound(start),
            "end": upper_bound(end),
            "size": size,
        },
    )
    time, value = decode_times(array_value(cursor, 0)), decode_floats(array_value(cursor, 1))
    if (time[1:] < time[:-1]).any():
        raise IotctlError(
            "The database gives readings in a wrong order, and so leaves some out.",
            hint="Run: iotctl compact (iotctl doctor names the chunks that it will repair).",
        )
    return time, value


def readings_within(
    conn: Connection, extents: Extents, file_id: int | None = None, *, extents_at_once: int = 16
) -> OwnedReadings:
    """The readings within extents, in the order of the extents, but unordered in each. file_id: only of this file.

    extents_at_once: extents in one query, which limits the server's memory.
    """
    parts = []
    for some in extents.split(extents_at_once):
        cursor = conn.cursor(binary=True).execute(_WITHIN.encode(), some.parameters() | {"file_id": file_id})
        sensor_id, time, files, value = (array_value(cursor, column) for column in range(4))
        parts.append(
            OwnedReadings(decode_ints(sensor_id), decode_times(time), decode_ints(files), decode_floats(value))
        )
    return OwnedReadings.joined(parts)


def keys_of_rows(conn: Connection, chunks: Sequence[Chunk], extents: Extents) -> NDArray[np.complex128]:
    """The composite_keys of the readings of chunks within extents, outside of compressed batches; in any order."""
    keys = [np.empty(0, dtype=np.complex128)]
    for chunk in chunks:
        query = _ROWS_WITHIN.format(chunk=sql.Identifier(chunk.schema, chunk.table))
        cursor = conn.cursor(binary=True).execute(query, extents.parameters())
        keys.append(composite_keys(decode_ints(array_value(cursor, 0)), decode_times(array_value(cursor, 1))))
    return np.concatenate(keys)
