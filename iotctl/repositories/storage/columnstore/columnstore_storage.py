"""The storage of TimescaleDB's columnstore, composed of its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.model import ColumnstoreWriter, OnDuplicate, StorageLayout
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_row, one_value
from iotctl.repositories.storage.answers import Disorder, Expired, Parts, Series, Span, Written
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.columnstore import chunks, continuous_aggregates, jobs, reading, retention
from iotctl.repositories.storage.columnstore.batch_order import disordered_chunks, overlapping_batches
from iotctl.repositories.storage.columnstore.changes import own_readings, remove_readings, replace_readings
from iotctl.repositories.storage.columnstore.compressed_writer import UnreadableBatchError
from iotctl.repositories.storage.columnstore.loading import overlapping, write
from iotctl.repositories.storage.columnstore.writers import (
    Writer,
    as_wanted,
    direct_because,
    use_direct_compress,
    writer_of,
)
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import SortedReadings
from iotctl.repositories.storage.storage import AGGREGATES, ReadingStorage
from iotctl.repositories.storage.stretches import Stretch


class ColumnstoreStorage(ReadingStorage):
    """A hypertable, segmented by sensor and ordered by time.

    Claims prevent duplicates from loads; a primary key refuses duplicates from other programs.
    """

    layout = StorageLayout.COLUMNSTORE
    refuses_doubles = False

    def __init__(self, conn: Connection) -> None:
        super().__init__(conn)
        self._known_writer: Writer | None = None
        self._distrusted = False

    @property
    def _writer(self) -> Writer:
        if self._known_writer is None:
            self._known_writer = writer_of(self._conn)
        return self._known_writer

    def set_writer(self, wanted: ColumnstoreWriter) -> str | None:
        reason = as_wanted(self._conn, wanted)
        self._known_writer = None
        return reason

    def direct_because(self) -> str | None:
        return direct_because(self._conn)

    def prepare(self, readings: SortedReadings) -> None:
        if self._distrusted:
            use_direct_compress(self._conn, "a batch came back different from what was written")
            self._distrusted, self._known_writer = False, None
        self._writer.prepare(readings)

    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        with self._distrust():
            return write(self._conn, self._writer, readings, file_id, on_duplicate)

    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        if len(readings) and len(overlapping(self._conn, Extents.of(readings))):
            return False
        with self._distrust():
            self._writer.insert(readings, file_id)
        return True

    @contextmanager
    def _distrust(self) -> Iterator[None]:
        """Switch to direct compress for the next try, because our batches failed."""
        try:
            yield
        except UnreadableBatchError as error:
            self._distrusted = True
            raise LostRaceError from error

    def own(self, extents: Extents, file_id: int) -> SortedReadings:
        return own_readings(self._conn, extents, file_id)

    def replace(self, readings: SortedReadings, file_id: int, owners: NDArray[np.int32]) -> None:
        replace_readings(self._conn, readings, file_id, owners, self._writer.chunk_microseconds)

    def remove(self, readings: SortedReadings, file_id: int) -> None:
        remove_readings(self._conn, readings, file_id, self._writer.chunk_microseconds)

    def series(
        self, sensor_id: int, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Iterator[Series]:
        return reading.series(self._conn, sensor_id, start, end, limit)

    def span(self) -> Span:
        return Span.of_row(*one_row(self._conn, "SELECT count(*), min(timestamp), max(timestamp) FROM reading"))

    def spans(self, sensor_ids: Sequence[int]) -> dict[int, Span]:
        return reading.spans(self._conn, sensor_ids)

    def latest(self, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
        return reading.latest(self._conn, sensor_ids, count)

    def rows_by_file(self) -> dict[int, int]:
        rows = self._conn.execute("SELECT file_id, count(*) FROM reading GROUP BY file_id")
        return dict(rows.fetchall())

    def size(self) -> int:
        return self.table_size("reading")

    def parts(self) -> Parts:
        return chunks.parts(self._conn)

    def compact(self, *, full: bool = False) -> int:
        some = chunks.loose_chunks(self._conn, all_chunks=full)
        some += [chunk for chunk in chunks.disordered(self._conn) if chunk not in some]
        for chunk in some:
            chunks.compact_chunk(self._conn, chunk, rewrite=full)
        return len(some)

    def faults(self) -> list[str]:
        disordered = chunks.disordered(self._conn)
        if not disordered:
            return []
        return [
            f"readings of {len(disordered)} chunks come back in a wrong order (the first: {disordered[0].table}):"
            " ORDER BY and LIMIT give wrong answers there"
        ]

    def disorder(self) -> list[Disorder]:
        return [
            Disorder(chunk.table, sensor_id, count, first)
            for chunk in disordered_chunks(self._conn)
            for sensor_id, count, first in overlapping_batches(self._conn, chunk)
        ]

    def retention(self) -> timedelta | None:
        return retention.retention(self._conn)

    def set_retention(self, keep: timedelta | None) -> None:
        retention.set_retention(self._conn, keep)

    def expired(self, keep: timedelta) -> Expired:
        return retention.expired(self._conn, keep)

    def drop_expired(self) -> Expired:
        return retention.drop_expired(self._conn)

    def make_aggregates(self) -> None:
        with self._conn.transaction():
            continuous_aggregates.make(self._conn, AGGREGATES)

    def drop_aggregates(self) -> None:
        with self._conn.transaction():
            continuous_aggregates.drop(self._conn, AGGREGATES)

    def refresh_aggregates(self, halted: Callable[[], bool] = lambda: False) -> None:
        del halted  # TimescaleDB divides the work itself
        continuous_aggregates.refresh(self._conn, AGGREGATES)

    def stale_stretches(self, name: str, sensor_id: int | None) -> list[Stretch]:
        del sensor_id  # TimescaleDB notes only times
        return continuous_aggregates.stale_stretches(self._conn, name)

    def table_size(self, name: str) -> int:
        return one_value(self._conn, int, "SELECT hypertable_size(%s::text::regclass)", (name,))

    @property
    def needs_upkeep(self) -> bool:
        return False

    def failing_jobs(self) -> list[str]:
        return jobs.failing_jobs(self._conn)

    def compression(self) -> timedelta | None:
        return jobs.compression(self._conn)

    @property
    def compresses_late_readings(self) -> bool:
        return True

    def set_compression(self, after: timedelta | None) -> None:
        jobs.set_compression(self._conn, after)

    def set_part_interval(self, interval: timedelta) -> None:
        chunks.set_chunk_interval(self._conn, interval)
