"""The interface of storage: what a layout of readings must do. Nothing outside knows how readings lie.

Both layouts pass tests/repositories/test_histories.py: after any history of loads they hold what a dict holds.
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
    """Readings on one connection. Each (sensor, time) is there once, whoever writes what at the same time.

    All times: microseconds since 1970-01-01 UTC; ranges are half-open, None is open.
    """

    layout: StorageLayout
    refuses_doubles: bool  # whether the database itself refuses a second reading of the same (sensor, time)

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    # Writing: inside batch(), which commits readings together with what the caller writes beside them.

    @contextmanager
    def batch(self, readings: SortedReadings, also: Extents | None = None) -> Iterator[None]:
        """A transaction to write readings in, and whatever else shall commit with them; also: what else it changes.

        No other load writes into the same stretches meanwhile. Raises LostRaceError; everything is rolled back then.
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
            # Retention dropped a chunk that we knew to be there, or aggregates were switched off.
            if error.diag.constraint_name is not None:
                raise
            raise LostRaceError from error
        finally:
            if not self._conn.closed:
                claims.unlock(self._conn, claim)
        self.settled(extents)

    def prepare(self, readings: SortedReadings) -> None:  # noqa: B027 -- see above
        """Before a batch: make ready what its readings need, outside of its transaction."""

    @abstractmethod
    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        """Write readings inside batch(); where a (sensor, time) is there already, on_duplicate judges.

        SKIP keeps the reading of the file listed first (the lower file_id), REPLACE that of the newer file: the
        outcome is the same whichever worker is faster. Raises DuplicateError for FAIL.
        """

    @abstractmethod
    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        """Write readings of many files (file_id: (n,)) inside batch(), if there are none in any of their stretches.

        Else nothing is written.
        """

    @abstractmethod
    def own(self, extents: Extents, file_id: int) -> SortedReadings:
        """The readings that a file has in the table, within extents."""

    @abstractmethod
    def replace(self, readings: SortedReadings, file_id: int, owners: NDArray[np.int32]) -> None:
        """Put readings of a file in the place of those of the same (sensor, time) that the owners, (n,), have there.

        Raises LostRaceError where one of them is not there any more.
        """

    @abstractmethod
    def remove(self, readings: SortedReadings, file_id: int) -> None:
        """Take readings of a file away. Raises LostRaceError where one of them is not there any more."""

    def renew(
        self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate, older: Extents | None
    ) -> Renewed:
        """Put all readings of a file's new version, inside batch(), in the place of what it has in the table.

        older: the extents of what its older versions gave. What is as it was is not touched. Raises DuplicateError.
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
        """Take away, inside batch(), what a file has in the table within extents; returns how many readings."""
        there = self.own(older, file_id)
        self.remove(there, file_id)
        return len(there)

    def settled(self, extents: Extents) -> None:  # noqa: B027 -- most layouts have nothing to do
        """After a batch that wrote into extents: put in order what has become many small pieces."""

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
        # One column after the other: of a long series there is no room for both twice.
        times.clear()
        return whole, np.concatenate(values)

    @abstractmethod
    def span(self) -> Span:
        """How many readings there are, and from when to when."""

    @abstractmethod
    def spans(self, sensor_ids: Sequence[int]) -> dict[int, Span]:
        """How many readings each of these sensors has, and from when to when; those without any are not in it."""

    @abstractmethod
    def latest(self, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
        """The last so many readings of each of these sensors, by time; those without any are not in it."""

    @abstractmethod
    def rows_by_file(self) -> dict[int, int]:
        """How many readings say that they are of each file."""

    # Upkeep; outside a transaction.

    @abstractmethod
    def size(self) -> int:
        """Bytes on disk of all readings, indexes included."""

    @abstractmethod
    def parts(self) -> Parts:
        """How readings are cut."""

    @abstractmethod
    def compact(self, *, full: bool = False) -> int:
        """Bring readings into the form that is small and quick to read; returns how many parts were worked on.

        full: work on every part, whether it needs it or not. Each part is a transaction of its own: what is done stays
        done. Without full, a second run has nothing to do. Raises ForbiddenError by its cause.
        """

    @abstractmethod
    def faults(self) -> list[str]:
        """What is wrong with how readings lie, so that answers may be wrong; compact repairs it."""

    def disorder(self) -> list[Disorder]:
        """Where ORDER BY gives a wrong order, by what the parts say of themselves."""
        return []

    @abstractmethod
    def retention(self) -> timedelta | None:
        """For how long readings are kept, None for good."""

    @abstractmethod
    def set_retention(self, keep: timedelta | None) -> None:
        """Keep readings for so long from now on, None for good."""

    @abstractmethod
    def expired(self, keep: timedelta) -> Expired:
        """What would go if readings were kept for so long."""

    @abstractmethod
    def drop_expired(self) -> Expired:
        """Drop what is older than the retention that is set; returns what went."""

    # Aggregates: reading_hourly and reading_daily, with the columns sensor_id, bucket, readings, sum, min, max.

    @abstractmethod
    def make_aggregates(self) -> None:
        """Keep aggregates from now on, empty and stale until they are refreshed. Raises ForbiddenError by its cause."""

    @abstractmethod
    def drop_aggregates(self) -> None:
        """Keep none any more."""

    @abstractmethod
    def refresh_aggregates(self, halted: Callable[[], bool] = lambda: False) -> None:
        """Bring aggregates up to the readings, where they are stale, in many small transactions.

        halted: asked now and then whether to leave the rest for the next time.
        """

    @abstractmethod
    def stale_stretches(self, name: str, sensor_id: int | None) -> list[Stretch]:
        """Where an aggregate may differ from the readings of a sensor, or of any; in a REPEATABLE READ transaction.

        What is in none of them is exact in the snapshot of that transaction, whoever wrote the readings.
        """

    @abstractmethod
    def table_size(self, name: str) -> int:
        """Bytes on disk of an aggregate, or of another table of readings, indexes included."""

    # What only some servers have.

    @property
    def needs_upkeep(self) -> bool:
        """Whether ingest has to apply policies, as the server has no jobs that do."""
        return True

    def failing_jobs(self) -> list[str]:
        """Jobs of the server whose last run failed, with how often they have."""
        return []

    def compression(self) -> timedelta | None:
        """After how long late readings are compressed, None where no policy does that."""
        return None

    @property
    def compresses_late_readings(self) -> bool:
        """Whether there can be such a policy."""
        return False

    def set_compression(self, after: timedelta | None) -> None:  # noqa: B027 -- see compresses_late_readings
        """Compress late readings when they are this old, None for never."""

    def set_writer(self, wanted: ColumnstoreWriter) -> str | None:
        """Choose how readings get into TimescaleDB's columnstore; returns why it is the slower way, None where not."""
        del wanted
        return None

    def direct_because(self) -> str | None:
        """Why TimescaleDB itself compresses readings, and thus slower; None where iotctl does."""
        return None

    def set_part_interval(self, interval: timedelta) -> None:  # noqa: B027 -- only chunks can be cut otherwise
        """Cut parts that are yet to come at this length, where that can be set."""
