"""Write new readings by binary COPY, while TimescaleDB compresses them: direct compress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.columnstore.batch_order import (
    FEWEST_IN_BATCH,
    chunks_of,
    lock_chunks,
    look,
    stay_apart,
    table_by_time,
)
from iotctl.repositories.storage.columnstore.chunks import chunk_interval
from iotctl.repositories.storage.columnstore.row_store import copy_rows
from iotctl.repositories.storage.sorted_readings import OwnedReadings, SortedReadings

_OWNS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'reading'::regclass"

# Each stretch between existing batches needs its own COPY, so that no new batch spans an old one.
_MOST_STRETCHES = 8


class Way(Enum):
    """How new readings are written to the columnstore."""

    ROW_STORE = 0  # few readings between others: TimescaleDB compresses them later
    UNORDERED = 1  # compressed; the chunk is marked, and read with a sort until it is compacted
    IN_ORDER = 2  # compressed; they must be before, after or between the existing batches


@dataclass(frozen=True, slots=True)
class Placed:
    """Some of a batch's readings, as its rows, (k,), and how they are written."""

    rows: NDArray[np.intp]
    way: Way


class DirectCompress:
    """Inserts readings that the table does not have, on one connection. The table must not have a unique constraint.

    chunk_microseconds: the length of new chunks.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.chunk_microseconds = chunk_interval(conn) // timedelta(microseconds=1)
        self._owns = conn.execute(_OWNS).fetchone() == (True,)

    def prepare(self, readings: SortedReadings) -> None:
        """Nothing to do: TimescaleDB makes chunks during the write."""

    def insert(self, readings: SortedReadings, file_id: int | NDArray[np.int32]) -> None:
        """Write readings, in a transaction; file_id: one for all, or (n,).

        Raises LostRaceError where another session's change to the columnstore makes their order uncertain.
        """
        if len(readings) == 0:
            return
        files = np.broadcast_to(np.asarray(file_id, dtype=np.int32), len(readings))
        new = OwnedReadings(readings.sensor_id, readings.time, files, readings.value)
        ways = {way: np.zeros(len(readings), dtype=np.bool_) for way in Way}
        for part in place(self._conn, readings, may_mark=self._owns):
            self._direct_compress(part.way)
            ways[part.way][part.rows] = True
            # Nearly always all of them are written in one way, and need no copy.
            whole = len(part.rows) == len(readings)
            some = new if whole else new[part.rows]
            order = _chunk_order(some.time, self.chunk_microseconds)
            copy_rows(self._conn, some if order is None else some[order])
        in_order, unordered = ways[Way.IN_ORDER], ways[Way.UNORDERED]
        if not prove_order(self._conn, readings if in_order.all() else readings[in_order], readings[unordered]):
            raise LostRaceError

    def _direct_compress(self, way: Way) -> None:
        # Our readings are sorted, so that the server need not sort the batches of a COPY.
        self._conn.execute(
            "SELECT set_config('timescaledb.enable_direct_compress_copy', %(compress)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_client_sorted', %(in_order)s, true),"
            " set_config('timescaledb.enable_direct_compress_copy_sort_batches', 'off', true)",
            {
                "compress": "off" if way is Way.ROW_STORE else "on",
                "in_order": "on" if way is Way.IN_ORDER else "off",
            },
        )


def _chunk_order(time: NDArray[np.int64], interval: int) -> NDArray[np.intp] | None:
    """The order by (chunk, sensor, time): each chunk's compressor is opened once. interval: of chunks, microseconds.

    None where it is the order of the readings. Chunks from before a change of the interval have other borders, which
    only costs speed.
    """
    chunk = time // interval  # TimescaleDB aligns chunks to 1970-01-01
    return None if chunk.min() == chunk.max() else np.argsort(chunk, kind="stable")


def place(conn: Connection, readings: SortedReadings, *, may_mark: bool) -> list[Placed]:
    """How to write new readings, which the table does not have, by direct compress; each Placed needs its own COPY.

    may_mark: whether we may mark chunks as unordered, which only their owner can.
    """
    found = chunks_of(conn, readings)
    if not (table_by_time(conn) and all(chunk.by_time for chunk in found)):
        return [Placed(np.arange(len(readings)), Way.ROW_STORE)]  # our order is not that of its batches
    chunks = [chunk for chunk in found if chunk.in_order]
    places = look(conn, chunks, readings)
    if not len(places.bounds):
        return [Placed(np.arange(len(readings)), Way.IN_ORDER)]
    stretch, inside, shared = _numbers_within(readings.sensor_id, places.begins), places.inside, places.shared
    ways = np.where(places.late, Way.ROW_STORE.value, Way.IN_ORDER.value)
    many = np.count_nonzero(inside) >= FEWEST_IN_BATCH * max(1, len(np.unique(readings.sensor_id[inside])))
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
    """Whether the batches that this transaction wrote in order do not overlap others.

    Until the transaction ends, no recompression of their chunks can commit a batch that this check did not see, because
    it needs the lock that is taken here. Plans that assume an order that chunks no longer have are discarded.
    """
    marked = chunks_of(conn, unordered)
    chunks = {chunk.table: chunk for chunk in (*chunks_of(conn, in_order), *marked)}.values()
    if not chunks:
        return True
    lock_chunks(conn, list(chunks), "SHARE UPDATE EXCLUSIVE")
    for chunk in marked:
        # TimescaleDB does not announce that it marked a chunk as unordered: a prepared statement would still read its
        # batches one after the other (measured on 2.28.3). This statement only makes every session plan again.
        conn.execute(
            sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(sql.Identifier(chunk.schema, chunk.table))
        )
    return stay_apart(conn, chunks_of(conn, in_order), in_order)


def _numbers_within(sensor_id: NDArray[np.int32], begins: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The number of each reading's stretch among those of its sensor, from 0; (n,)."""
    number = np.cumsum(begins)
    _, first, count = np.unique(sensor_id, return_index=True, return_counts=True)
    return number - np.repeat(number[first], count)
