"""The interface of storage: what a layout of readings must do. Other modules do not depend on the layout.

Both layouts pass tests/repositories/test_histories.py: after any history of loads they have the readings of a dict.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from iotctl.model import ColumnstoreWriter, OnDuplicate, StorageLayout
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage import claims
from iotctl.repositories.storage.answers import Disorder, Expired, Parts, Renewed, Series, Span, Written
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import SortedReadings, composite_keys
from iotctl.repositories.storage.stretches import Stretch

HOUR, DAY = 3_600_000_000, 86_400_000_000

# Name of an aggregate -> width of its buckets in microseconds, the widest first.
AGGREGATES = {"reading_daily": DAY, "reading_hourly": HOUR}


class ReadingStorage(ABC):
    """Readings on one connection. Each (sensor, time) is there once, also with concurrent writers.

    All times: microseconds since 1970-01-01 UTC; ranges are half-open, None is open.
    """

    layout: StorageLayout
    refuses_doubles: bool  # whether the database itself refuses a second reading of the same (sensor, time)

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    # Writing: inside batch(), which commits readings together with other rows of the caller.

    @contextmanager
    def batch(self, readings: SortedReadings, also: Extents | None = None) -> Iterator[None]:
        """A transaction for readings and all rows that must commit with them. also: other extents that it changes.

        No other load writes into the same extents at the same time. Raises LostRaceError; then everything is rolled
        back.
        """
        parts = [Extents.of(readings)] if len(readings) else []
        parts += [also] if also is not None and len(also) else []
        if not parts:
            with self._conn.transaction():
                yield
            return
        extents = parts[0] if len(parts) == 1 else Extents.covering(parts)
        self.prepare(readings)
        claim = claims.claim(self._conn, extents)
        try:
            with self._conn.transaction():
                yield
                claims.release(self._conn, claim)
        except pg.ExclusionViolation as error:
            raise LostRaceError from error
        except (pg.CheckViolation, pg.UndefinedTable) as error:
            # Retention dropped a chunk after we had seen it, or aggregates were switched off.
            if error.diag.constraint_name is not None:
                raise
            raise LostRaceError from error
        finally:
            if not self._conn.closed:
                claims.unlock(self._conn, claim)
        self.settled(extents)

    def prepare(self, readings: SortedReadings) -> None:  # noqa: B027 -- see above
        """Before a batch: prepare the table for its readings, outside of its transaction."""

    @abstractmethod
    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        """Write readings inside batch(); where a (sensor, time) exists, on_duplicate decides.

        SKIP keeps the reading of the file listed first (the lower file_id), REPLACE that of the newer file: the result
        does not depend on the order of work. Raises DuplicateError for FAIL.
        """

    @abstractmethod
    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        """Write readings of many files (file_id: (n,)) inside batch(), if the table has no readings in their extents.

        Otherwise nothing is written.
        """

    @abstractmethod
    def own(self, extents: Extents, file_id: int) -> SortedReadings:
        """The readings that a file has in the table, within extents."""

    @abstractmethod
    def replace(self, readings: SortedReadings, file_id: int, owners: NDArray[np.int32]) -> None:
        """Replace readings of the owners, (n,), by a file's readings of the same (sensor, time).

        Raises LostRaceError where one of the old readings is gone.
        """

    @abstractmethod
    def remove(self, readings: SortedReadings, file_id: int) -> None:
        """Remove readings of a file. Raises LostRaceError where one of them is gone."""

    def renew(
        self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate, older: Extents | None
    ) -> Renewed:
        """Replace a file's readings in the table by all readings of its new version, inside batch().

        older: the extents of its older versions. Unchanged readings are not written. Raises DuplicateError.
        """
        there = self.own(older, file_id) if older is not None else readings[:0]
        new_keys = composite_keys(readings.sensor_id, readings.time)
        old_keys = composite_keys(there.sensor_id, there.time)
        gone = ~np.isin(old_keys, new_keys)
        again = np.isin(new_keys, old_keys)
        corrected = there[~gone].value.view(np.int64) != readings.value[again].view(np.int64)
        self.remove(there[gone], file_id)
        changed = readings[again][corrected]
        self.replace(changed, file_id, np.full(len(changed), file_id, dtype=np.int32))
        written = self.write(readings[~again], file_id, on_duplicate)
        loaded = written.loaded + int(np.count_nonzero(again))
        return Renewed(Written(loaded, written.lost), int(np.count_nonzero(gone)), int(np.count_nonzero(corrected)))

    def forget(self, file_id: int, older: Extents) -> int:
        """Remove, inside batch(), a file's readings within extents; returns how many."""
        there = self.own(older, file_id)
        self.remove(there, file_id)
        return len(there)

    def settled(self, extents: Extents) -> None:  # noqa: B027 -- most layouts have nothing to do
        """After a batch that wrote into extents: merge small pieces, if there are many."""

    # Reading.

    @abstractmethod
    def series(
        self, sensor_id: int, start: int | None = None, end: int | None = None, limit: int | None = None
    ) -> Iterator[Series]:
        """Pages of (time, value) of a sensor in [start, end), in order of time, in constant memory.

        All pages show one moment.
        """

    def whole_series(self, sensor_id: int, start: int | None = None, end: int | None = None) -> Series:
        """(time, value) of a sensor in [start, end) as two arrays, in order of time."""
        times, values = [np.empty(0, dtype=np.int64)], [np.empty(0)]
        for time, value in self.series(sensor_id, start, end):
            times.append(time)
            values.append(value)
        whole = np.concatenate(times)
        # One column after the other: memory has no room for both columns of a long series twice.
        times.clear()
        return whole, np.concatenate(values)

    @abstractmethod
    def span(self) -> Span:
        """The number of readings, and from when to when."""

    @abstractmethod
    def spans(self, sensor_ids: Sequence[int]) -> dict[int, Span]:
        """The number of readings of each sensor, and from when to when; without sensors that have none."""

    @abstractmethod
    def latest(self, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
        """The last so many readings of each sensor, by time; without sensors that have none."""

    @abstractmethod
    def rows_by_file(self) -> dict[int, int]:
        """The number of readings with each file_id."""

    # Upkeep; outside a transaction.

    @abstractmethod
    def size(self) -> int:
        """Bytes on disk of all readings, with indexes."""

    @abstractmethod
    def parts(self) -> Parts:
        """How readings are divided."""

    @abstractmethod
    def compact(self, *, full: bool = False) -> int:
        """Store readings in the form that is small and quick to read; returns how many parts were rewritten.

        full: rewrite every part, whether it needs it or not. Each part has its own transaction, so finished parts stay
        finished. Without full, a second run has nothing to do. Raises ForbiddenError by its cause.
        """

    @abstractmethod
    def faults(self) -> list[str]:
        """Faults of the stored order that can make results wrong; compact repairs them."""

    def disorder(self) -> list[Disorder]:
        """The parts where ORDER BY gives a wrong order, by their own bounds."""
        return []

    @abstractmethod
    def retention(self) -> timedelta | None:
        """How long readings are kept, None for ever."""

    @abstractmethod
    def set_retention(self, keep: timedelta | None) -> None:
        """Set how long readings are kept, None for ever."""

    @abstractmethod
    def expired(self, keep: timedelta) -> Expired:
        """The readings that this retention would drop."""

    @abstractmethod
    def drop_expired(self) -> Expired:
        """Drop readings older than the retention; returns what was dropped."""

    # Aggregates: reading_hourly and reading_daily, with the columns sensor_id, bucket, readings, sum, min, max.

    @abstractmethod
    def make_aggregates(self) -> None:
        """Make aggregates; they are empty and stale until they are refreshed. Raises ForbiddenError by its cause."""

    @abstractmethod
    def drop_aggregates(self) -> None:
        """Drop the aggregates."""

    @abstractmethod
    def refresh_aggregates(self, halted: Callable[[], bool] = lambda: False) -> None:
        """Refresh aggregates where they are stale, in many small transactions.

        halted: is called from time to time; if it returns True, the rest waits for the next time.
        """

    @abstractmethod
    def stale_stretches(self, name: str, sensor_id: int | None) -> list[Stretch]:
        """The stretches where an aggregate may differ from the readings of a sensor, or of any; in REPEATABLE READ.

        Outside of these stretches the aggregate is exact in the snapshot of the transaction, for readings of any
        program.
        """

    @abstractmethod
    def table_size(self, name: str) -> int:
        """Bytes on disk of an aggregate, or of another table of readings, with indexes."""

    # Features of only some servers.

    @property
    def needs_upkeep(self) -> bool:
        """Whether ingest must apply policies, because the server has no jobs for them."""
        return True

    def failing_jobs(self) -> list[str]:
        """Jobs of the server with a failed last run, with the number of failures."""
        return []

    def compression(self) -> timedelta | None:
        """After how long late readings are compressed, None without a policy."""
        return None

    @property
    def compresses_late_readings(self) -> bool:
        """Whether such a policy is possible."""
        return False

    def set_compression(self, after: timedelta | None) -> None:  # noqa: B027 -- see compresses_late_readings
        """Compress late readings when they are this old, None for never."""

    def set_writer(self, wanted: ColumnstoreWriter) -> str | None:
        """Choose the writer for TimescaleDB's columnstore; returns why it is the slower one, or None."""
        del wanted
        return None

    def direct_because(self) -> str | None:
        """Why TimescaleDB itself compresses readings, which is slower; None where iotctl does."""
        return None

    def set_part_interval(self, interval: timedelta) -> None:  # noqa: B027 -- only chunks can be cut otherwise
        """Set the length of new parts, where it can be set."""
