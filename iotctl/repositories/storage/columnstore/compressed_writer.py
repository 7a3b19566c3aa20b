"""Write new readings to the columnstore as compressed batches that iotctl makes itself.

The server only stores them: a sixth of its work with direct compress, and the table may have a primary key. The server
then does not do the following, so this module does it: it makes chunks before a load, keeps batches of a sensor from
overlapping, keeps each reading once, tells aggregates about changes, and reads the written batches back.

Locks on chunks, until the transaction ends. ROW SHARE: no session compresses the whole chunk again. SHARE, at the end:
every other session that inserts rows there, or moves them into batches, has either committed, so that we see its rows;
or it waits, and will see ours. Claims keep our own loads apart, except where batches are rewritten, because these reach
beyond a claim. Such a load, and a load with both batches and rows (another load's SHARE would wait for the rows), takes
SHARE ROW EXCLUSIVE first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import ADVISORY_CLASS, CHUNK_LOCK
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.columnstore.batch_order import (
    Chunk,
    Places,
    chunks_between,
    chunks_of,
    lock_chunks,
    look,
    stay_apart,
)
from iotctl.repositories.storage.columnstore.chunks import chunk_interval
from iotctl.repositories.storage.columnstore.compressed_tables import (
    CompressedTable,
    compressed_table,
    copy_batches,
    take_batches,
)
from iotctl.repositories.storage.columnstore.reading import keys_of_rows, readings_within
from iotctl.repositories.storage.columnstore.row_store import copy_rows
from iotctl.repositories.storage.compressed import MOST_ROWS
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import OwnedReadings, SortedReadings, composite_keys

# With so many late readings inside a batch, the batch is rewritten with them, which takes 0.8 ms. As a row, each of
# them takes 9 to 70 us, because the server searches the batch for the same time; and it must be compressed later.
_FEWEST_TO_REWRITE = 20

# SQLSTATEs of the server for a batch that it cannot read: wrong data, wrong lengths, an internal error.
_REFUSED = ("22", "08P01", "XX")

# No sensor has this number.
_NO_SENSOR = -1

# Batches to rewrite that are fetched together.
_BATCHES_AT_ONCE = 500

_HAS_AGGREGATES = """
    SELECT EXISTS (
        SELECT FROM _timescaledb_catalog.continuous_agg a JOIN _timescaledb_catalog.hypertable h
            ON h.id = a.raw_hypertable_id
        WHERE h.schema_name = current_schema() AND h.table_name = 'reading'
    )
"""


class UnreadableBatchError(Exception):
    """A batch came back different from what was written."""


@dataclass(frozen=True, slots=True)
class _Split:
    """How n new readings are written. targets: chunks for batches, with their tables, in order of time.

    target: for each reading the number of its target, -1 for none. as_rows: whether it goes to the row store. places:
    among the existing batches. rewritten: which of these are rewritten.
    """

    targets: Sequence[tuple[Chunk, CompressedTable]]
    target: NDArray[np.intp]
    as_rows: NDArray[np.bool_]
    places: Places
    rewritten: NDArray[np.bool_]

    @property
    def needs_others_to_wait(self) -> bool:
        """Whether both the row store and batches change, or existing batches."""
        return bool(self.rewritten.any() or (self.as_rows.any() and not self.as_rows.all()))


class CompressedWriter:
    """Inserts readings that the table does not have, on one connection, as the owner of the table.

    chunk_microseconds: the length of new chunks.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.chunk_microseconds = chunk_interval(conn) // timedelta(microseconds=1)
        self._compared: set[str] = set()  # chunks of which a batch came back as it was written

    def prepare(self, readings: SortedReadings) -> None:
        """Make the chunks for readings, each with its compressed table; outside a transaction."""
        time = readings.time
        while len(time):
            for chunk in chunks_between(self._conn, int(time.min()), int(time.max())):
                if chunk.batches is not None:
                    time = time[(time < chunk.start) | (time >= chunk.end)]
            if len(time):
                self._make_chunk(int(time.min()))

    def _make_chunk(self, time: int) -> None:
        moment = as_datetime(time)
        with self._conn.transaction():
            self._conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, CHUNK_LOCK))
            found = chunks_between(self._conn, time, time)
            if found and found[0].batches is not None:
                return
            # TimescaleDB itself makes the chunk, beside the existing ones.
            self._conn.execute(
                "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (%s, %s, 0)", (_NO_SENSOR, moment)
            )
            self._conn.execute("DELETE FROM reading WHERE sensor_id = %s AND timestamp = %s", (_NO_SENSOR, moment))
            (chunk,) = chunks_between(self._conn, time, time)
            self._conn.execute("SELECT set_config('timescaledb.enable_compression_ratio_warnings', 'off', true)")
            self._conn.execute(
                "SELECT compress_chunk(format('%%I.%%I', %s::text, %s::text)::regclass)", (chunk.schema, chunk.table)
            )

    def insert(self, readings: SortedReadings, file_id: int | NDArray[np.int32]) -> None:
        """Write readings, in a transaction; file_id: one for all, or (n,).

        Raises LostRaceError after a change of another session, UnreadableBatchError where a batch came back different.
        """
        if len(readings) == 0:
            return
        files = np.broadcast_to(np.asarray(file_id, dtype=np.int32), len(readings))
        new = OwnedReadings(readings.sensor_id, readings.time, files, readings.value)
        self._conn.execute("LOCK TABLE ONLY reading IN ROW EXCLUSIVE MODE")  # as every INSERT does
        lock_chunks(self._conn, chunks_of(self._conn, readings), "ROW SHARE")
        split = self._split(readings)
        others_wait = split.needs_others_to_wait
        if others_wait:
            lock_chunks(self._conn, [chunk for chunk, _ in split.targets], "SHARE ROW EXCLUSIVE")
            split = self._split(readings)
        if split.as_rows.any():
            copy_rows(self._conn, new[split.as_rows])
            new = new[~split.as_rows]
        if len(new) == 0 and not split.rewritten.any():
            return
        batches, begins, target = self._batches(new, split)
        try:
            self._write(batches, begins, target, split)
        except psycopg.Error as error:
            if (error.sqlstate or "").startswith(_REFUSED):
                raise UnreadableBatchError from error
            raise
        if not others_wait:
            lock_chunks(self._conn, [chunk for chunk, _ in split.targets], "SHARE")
        self._prove(batches, split)

    def _split(self, readings: SortedReadings) -> _Split:
        found = ((chunk, compressed_table(self._conn, chunk)) for chunk in chunks_of(self._conn, readings))
        targets = [(chunk, table) for chunk, table in found if table is not None]
        target = _which(targets, readings.time)
        places = look(self._conn, [chunk for chunk, _ in targets], readings)
        hits = np.bincount(places.batch[places.inside], minlength=len(places.bounds))
        rewritten = hits >= _FEWEST_TO_REWRITE
        # A reading beside a rewritten batch may be in another chunk, which takes only rows.
        as_rows = (target < 0) | (places.late & ~_near(places, rewritten))
        if self._conn.execute(_HAS_AGGREGATES.encode()).fetchone() == (True,):
            as_rows[_ends(target, readings.time)] = True
        return _Split(targets, target, as_rows, places, rewritten)

    def _batches(self, new: OwnedReadings, split: _Split) -> tuple[OwnedReadings, NDArray[np.bool_], NDArray[np.intp]]:
        """The readings for batches, (k,), sorted; whether a batch must begin at each, and their target."""
        bounds = split.places.bounds
        if split.rewritten.any():
            new = OwnedReadings.joined([new, self._take(bounds[np.flatnonzero(split.rewritten)], split)])
            # Two runs, each in order: timsort merges them.
            new = new[np.argsort(composite_keys(new.sensor_id, new.time), kind="stable")]
            bounds = bounds[np.flatnonzero(~split.rewritten)]
        target = _which(split.targets, new.time)
        if (target < 0).any():  # never; but otherwise a reading would be lost silently
            raise LostRaceError
        begins = Places.among(bounds, SortedReadings(new.sensor_id, new.time, new.value)).begins
        begins[1:] |= target[1:] != target[:-1]
        return new, begins, target

    def _take(self, batches: Extents, split: _Split) -> OwnedReadings:
        """Remove batches from their tables; returns their readings."""
        within = readings_within(self._conn, batches, extents_at_once=_BATCHES_AT_ONCE)
        within = within[np.lexsort((within.time, within.sensor_id))]
        rows = keys_of_rows(self._conn, [chunk for chunk, _ in split.targets], batches)
        in_batch = np.ones(len(within), dtype=np.bool_)
        in_batch[_places_of(rows, within)] = False
        within = within[in_batch]
        target = _which(split.targets, batches.first)
        taken = 0
        for number in np.unique(target).tolist():
            taken += take_batches(self._conn, split.targets[number][1], batches[np.flatnonzero(target == number)])
        if taken != len(within):
            raise LostRaceError
        return within

    def _write(
        self, readings: OwnedReadings, begins: NDArray[np.bool_], target: NDArray[np.intp], split: _Split
    ) -> None:
        for number, (chunk, table) in enumerate(split.targets):
            among = target == number
            if not among.any():
                continue
            mine, starts = (readings, begins) if among.all() else (readings[among], begins[among])
            edges = _batch_starts(starts)
            copy_batches(self._conn, table, mine, edges)
            if chunk.table not in self._compared:
                self._compare(mine[: edges[1]])
                self._compared.add(chunk.table)

    def _compare(self, batch: OwnedReadings) -> None:
        one = SortedReadings(batch.sensor_id, batch.time, batch.value)
        found = readings_within(self._conn, Extents.of(one))
        found = found[np.argsort(found.time, kind="stable")]
        found = found[np.isin(found.time, batch.time)]  # other sessions may have readings in between
        same = (
            np.array_equal(found.time, batch.time)
            and np.array_equal(found.file_id, batch.file_id)
            and np.array_equal(found.value.view(np.int64), batch.value.view(np.int64))
        )
        if not same:
            raise UnreadableBatchError

    def _prove(self, batches: OwnedReadings, split: _Split) -> None:
        """Check that no batches overlap, and that no reading is both in a batch and in the row store."""
        readings = SortedReadings(batches.sensor_id, batches.time, batches.value)
        chunks = [chunk for chunk, _ in split.targets]
        rows = keys_of_rows(self._conn, chunks, Extents.of(readings))
        if len(_places_of(rows, batches)) or not stay_apart(self._conn, chunks, readings):
            raise LostRaceError


def _near(places: Places, rewritten: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a reading is in a rewritten batch, or between a rewritten batch and the next one; (n,)."""
    if not rewritten.any():
        return np.zeros(len(places.batch), dtype=np.bool_)
    sensor_id, of = places.readings.sensor_id, places.bounds.sensor_id
    before = (places.batch >= 0) & (of[places.batch] == sensor_id)
    following = np.minimum(places.batch + 1, len(of) - 1)
    after = ~places.inside & (places.batch + 1 < len(of)) & (of[following] == sensor_id)
    near: NDArray[np.bool_] = (before & rewritten[places.batch]) | (after & rewritten[following])
    return near


def _ends(target: NDArray[np.intp], time: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where the first and the last reading of each target are.

    TimescaleDB notes for aggregates the time between a transaction's rows in a chunk, not from one chunk to the next.
    """
    order = np.lexsort((time, target))
    changes = np.flatnonzero(np.diff(target[order]))
    ends: NDArray[np.intp] = order[np.concatenate([[0], changes, changes + 1, [-1]])]
    return ends


def _which(targets: Sequence[tuple[Chunk, CompressedTable]], time: NDArray[np.int64]) -> NDArray[np.intp]:
    """The number of the target of each time, -1 for none; (n,)."""
    if not targets or not len(time):
        return np.full(len(time), -1)
    starts, ends = (np.array([getattr(chunk, edge) for chunk, _ in targets]) for edge in ("start", "end"))
    if len(targets) == 1 and starts[0] <= time.min() and time.max() < ends[0]:
        return np.zeros(len(time), dtype=np.intp)
    found = np.searchsorted(starts, time, side="right") - 1
    found[time >= ends[found]] = -1
    return found


def _places_of(keys: NDArray[np.complex128], readings: OwnedReadings) -> NDArray[np.intp]:
    """The places of the composite keys among sorted readings; in the order of the keys."""
    if not len(keys) or not len(readings):
        return np.empty(0, dtype=np.intp)
    theirs = composite_keys(readings.sensor_id, readings.time)
    at = np.minimum(np.searchsorted(theirs, keys), len(theirs) - 1)
    found: NDArray[np.intp] = at[theirs[at] == keys]
    return found


def _batch_starts(begins: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The starts of batches, and the number of readings.

    Batches begin where begins is set, (n,), and after MOST_ROWS.
    """
    begins[0] = True
    starts = np.flatnonzero(begins)
    sizes = np.diff(starts, append=len(begins))
    pieces = -(-sizes // MOST_ROWS)
    number = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.append(np.repeat(starts, pieces) + number * MOST_ROWS, len(begins))
