"""The storage of segments, composed of its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories.postgres.binary import IntArray
from iotctl.repositories.postgres.one_row import one_row, one_value
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.storage.answers import Expired, Parts, Series, Span, Written
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.segments import aggregates, changes, merging, reading, retention
from iotctl.repositories.storage.segments.table import SENSORS, find_segments, insert_segments
from iotctl.repositories.storage.sorted_readings import OwnedReadings, SortedReadings
from iotctl.repositories.storage.storage import ReadingStorage
from iotctl.repositories.storage.stretches import Stretch

# Sensors that compact handles together.
_SENSORS_AT_ONCE = 1000

# Small segments with a neighbour in their month can be merged with it.
_PARTS = """
    SELECT count(*), count(*) FILTER (WHERE readings < 250 AND (month = before OR month = after)) FROM (
        SELECT readings, month, lag(month) OVER of_sensor AS before, lead(month) OVER of_sensor AS after
        FROM (SELECT sensor_id, first, readings, date_trunc('month', first, 'UTC') AS month FROM reading_segment) AS s
        WINDOW of_sensor AS (PARTITION BY sensor_id ORDER BY first)
    ) AS beside
"""

# Pages that no vacuum has visited since they were written: a query must read each of them.
_UNSEEN = """
    SELECT relallvisible < pg_relation_size(oid) / current_setting('block_size')::int
    FROM pg_class WHERE oid = 'reading_segment'::regclass
"""

_CONSTRAINT = """
    SELECT FROM pg_constraint c JOIN pg_index i ON i.indexrelid = c.conindid
    WHERE c.conrelid = 'reading_segment'::regclass AND c.contype = 'x' AND i.indisvalid
"""


class SegmentStorage(ReadingStorage):
    """See the module encoding for what a segment is."""

    layout = StorageLayout.SEGMENTS
    refuses_doubles = True

    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        return changes.write(self._conn, readings, file_id, on_duplicate)

    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        if not len(readings):
            return True
        if len(find_segments(self._conn, Extents.of(readings))):
            return False
        insert_segments(self._conn, OwnedReadings(readings.sensor_id, readings.time, file_id, readings.value))
        return True

    def own(self, extents: Extents, file_id: int) -> SortedReadings:
        return changes.own_readings(self._conn, extents, file_id)

    def replace(self, readings: SortedReadings, file_id: int, owners: NDArray[np.int32]) -> None:
        changes.replace_readings(self._conn, readings, file_id, owners)

    def remove(self, readings: SortedReadings, file_id: int) -> None:
        changes.remove_readings(self._conn, readings, file_id)

    def settled(self, extents: Extents) -> None:
        merging.merge_crowded(self._conn, extents)

    def series(
        self, sensor_id: int, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Iterator[Series]:
        return reading.series(self._conn, sensor_id, start, end, limit)

    def span(self) -> Span:
        query = "SELECT coalesce(sum(readings), 0)::bigint, min(first), max(last) FROM reading_segment"
        return Span.of_row(*one_row(self._conn, query))

    def spans(self, sensor_ids: Sequence[int]) -> dict[int, Span]:
        return reading.spans(self._conn, sensor_ids)

    def latest(self, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
        return reading.latest(self._conn, sensor_ids, count)

    def rows_by_file(self) -> dict[int, int]:
        rows = self._conn.execute(
            """
            SELECT file_id, sum(readings)::bigint FROM (
                SELECT file_id, readings FROM reading_segment WHERE file_ids IS NULL
                UNION ALL SELECT of, 1 FROM reading_segment, unnest(file_ids) AS of
            ) AS files GROUP BY file_id
            """
        )
        return dict(rows.fetchall())

    def size(self) -> int:
        return self.table_size("reading_segment")

    def parts(self) -> Parts:
        return Parts("segments", *one_row(self._conn, _PARTS.encode()))

    def compact(self, *, full: bool = False) -> int:
        ids = np.array([row[0] for row in self._conn.execute(SENSORS.encode())], dtype=np.int32)
        merged = 0
        for start in range(0, len(ids), _SENSORS_AT_ONCE):
            extents = self._whole(ids[start : start + _SENSORS_AT_ONCE])
            merged += merging.merge(self._conn, extents) if len(extents) else 0
        unseen = self._conn.execute(_UNSEEN.encode()).fetchone() == (True,)
        if merged or full or unseen:
            self._conn.execute("VACUUM (ANALYZE) reading_segment")
        return merged

    def faults(self) -> list[str]:
        if self._conn.execute(_CONSTRAINT.encode()).fetchone() is None:
            return ["the exclusion constraint of reading_segment is gone: duplicate readings are not refused"]
        return []

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
            aggregates.make(self._conn)

    def drop_aggregates(self) -> None:
        with self._conn.transaction():
            aggregates.drop(self._conn)

    def refresh_aggregates(self, halted: Callable[[], bool] = lambda: False) -> None:
        aggregates.refresh(self._conn, halted)

    def stale_stretches(self, name: str, sensor_id: int | None) -> list[Stretch]:
        del name  # both are computed together
        return aggregates.stale_stretches(self._conn, sensor_id)

    def table_size(self, name: str) -> int:
        return one_value(self._conn, int, "SELECT pg_total_relation_size(%s::text::regclass)", (name,))

    def _whole(self, sensor_ids: NDArray[np.int32]) -> Extents:
        """The extent of all readings of each sensor; sensors without readings are left out."""
        rows = self._conn.execute(
            """
            SELECT sensor_id, min(first), max(last) FROM reading_segment
            WHERE sensor_id = ANY(%s) GROUP BY sensor_id ORDER BY sensor_id
            """,
            (IntArray(sensor_ids),),
        ).fetchall()
        return Extents(
            np.array([row[0] for row in rows], dtype=np.int32),
            np.array([as_microseconds(row[1]) for row in rows], dtype=np.int64),
            np.array([as_microseconds(row[2]) for row in rows], dtype=np.int64),
        )
