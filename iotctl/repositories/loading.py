"""Batches into the reading table, each (sensor, time) once, whatever is there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from iotctl.errors import DuplicateError
from iotctl.model import OnDuplicate
from iotctl.repositories import claims
from iotctl.repositories.binary import array_value, as_datetime, decode_floats, decode_ints, decode_times
from iotctl.repositories.changes import own_readings, remove_readings, replace_readings
from iotctl.repositories.claims import LostRaceError
from iotctl.repositories.connection import Connection
from iotctl.repositories.extents import Extents
from iotctl.repositories.insertion import ReadingInserter
from iotctl.repositories.partitions import ensure_partition, months_of
from iotctl.repositories.schema import ADVISORY_CLASS, REMOVAL_LOCK, StorageLayout
from iotctl.repositories.sorted_readings import LostReadings, SortedReadings, composite_keys, no_lost_readings
from iotctl.repositories.summary_tables import touching

# OFFSET 0 keeps the planner from turning the probes, an index look-up each, into a join that reads the months.
_EXTENTS_WITH_READINGS = """
    SELECT e.position
    FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
         WITH ORDINALITY AS e (sensor_id, first, last, position)
    WHERE EXISTS (
        SELECT FROM reading r WHERE r.sensor_id = e.sensor_id AND r.timestamp BETWEEN e.first AND e.last
          AND r.timestamp BETWEEN %(start)s AND %(end)s OFFSET 0
    )
"""

# Whether a batch may remove readings -> how it waits for the others. Claims do this where there are claims.
_REMOVAL = {False: "SELECT pg_advisory_xact_lock_shared(%s, %s)", True: "SELECT pg_advisory_xact_lock(%s, %s)"}

# Sensors whose keys are fetched at once where a batch overlaps what is there: bounds memory.
_SENSORS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: loaded + the lost ones of its file == len(batch).

    lost: readings that gave way, of the batch or, where the batch took their place, of other files.
    """

    loaded: int
    lost: LostReadings


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a file's new version. removed: readings of its older version that it does not have any more.

    corrected: those with another value now; they count as loaded, as do those that are as they were.
    """

    written: Written
    removed: int
    corrected: int


class MustRemoveError(Exception):
    """Readings of an older version go or change: try again in a batch that may remove."""


class ReadingLoader:
    """Writes batches of readings, on one connection."""

    def __init__(self, conn: Connection, layout: StorageLayout) -> None:
        self._conn = conn
        self._layout = layout
        self._inserter = ReadingInserter(conn, layout)
        self._months: set[np.datetime64] = set()
        self._may_remove = False

    @contextmanager
    def batch(
        self, readings: SortedReadings, also: Extents | None = None, *, may_remove: bool = False
    ) -> Iterator[None]:
        """A transaction to write readings in, and whatever else shall commit with them; also: what else it changes.

        may_remove: readings may go. No other load is under way then: one that gave way to them, and has not committed
        yet that it did, would not be read again. Raises LostRaceError; everything is rolled back then.
        """
        self._make_partitions(readings)
        parts = [Extents.of(readings)] if len(readings) else []
        parts += [also] if also is not None and len(also) else []
        extents = None if not parts else parts[0] if len(parts) == 1 else Extents.covering(parts)
        claim = None
        if self._layout is StorageLayout.COLUMNSTORE and extents is not None:
            claim = claims.claim(self._conn, extents)
        try:
            touched = extents if self._layout is StorageLayout.PARTITIONS else None
            with self._conn.transaction(), touching(self._conn, touched):
                if claim is None and extents is not None:
                    self._conn.execute(_REMOVAL[may_remove].encode(), (ADVISORY_CLASS, REMOVAL_LOCK))
                self._may_remove = claim is not None or may_remove
                yield
                if claim is not None:
                    claims.release(self._conn, claim)
        except pg.UniqueViolation as error:
            raise LostRaceError from error
        except (pg.CheckViolation, pg.UndefinedTable) as error:
            # Retention dropped a partition or chunk that we knew to be there, or aggregates were switched off. A row
            # without a partition is a violation of no named constraint.
            if error.diag.constraint_name is not None:
                raise
            self._months.clear()
            raise LostRaceError from error
        finally:
            if claim is not None and not self._conn.closed:
                claims.unlock(self._conn, claim)

    def write(self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
        """Write readings inside batch(); where a (sensor, time) is there already, on_duplicate judges.

        SKIP keeps the reading of the file listed first (the lower file_id), REPLACE that of the newer file: the
        outcome is the same whichever worker is faster. Raises DuplicateError for FAIL.
        """
        if len(readings) == 0:
            return Written(0, no_lost_readings())
        there = self._overlapping(Extents.of(readings))
        if len(there) == 0:
            self._inserter.insert(readings, file_id)
            return Written(len(readings), no_lost_readings())
        row, owner, value = self._present(readings, there)
        if on_duplicate is OnDuplicate.FAIL and len(row):
            raise _duplicates(readings, row)
        new = np.ones(len(readings), dtype=np.bool_)
        new[row] = False
        self._inserter.insert(readings[new], file_id)
        wins = self._wins(owner, file_id, on_duplicate)
        replace_readings(self._conn, readings[row[wins]], file_id, owner[wins], self._inserter.chunk_microseconds)
        ours = np.full(len(row), file_id, dtype=np.int32)
        lost = LostReadings(
            sensor_id=readings.sensor_id[row],
            time=readings.time[row],
            file_id=np.where(wins, owner, ours),
            value=np.where(wins, value, readings.value[row]),
            kept_file_id=np.where(wins, ours, owner),
            kept_value=np.where(wins, readings.value[row], value),
        )
        return Written(len(readings) - int(np.count_nonzero(lost.file_id == file_id)), lost)

    def write_new(self, readings: SortedReadings, file_id: NDArray[np.int32]) -> bool:
        """Write readings of many files (file_id: (n,)) inside batch(), if the table has none in any of their stretches.

        Else nothing is written.
        """
        if len(readings) and len(self._overlapping(Extents.of(readings))):
            return False
        self._inserter.insert(readings, file_id)
        return True

    def renew(
        self, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate, older: Extents | None
    ) -> Renewed:
        """Put all readings of a file's new version, inside batch(), in the place of what it has in the table.

        older: the extents of what its older versions gave. What is as it was is not touched. Raises DuplicateError, and
        MustRemoveError where the batch may not remove readings and has to.
        """
        there = own_readings(self._conn, older, file_id) if older is not None else readings[:0]
        new_keys = composite_keys(readings.sensor_id, readings.time)
        old_keys = composite_keys(there.sensor_id, there.time)
        gone = ~np.isin(old_keys, new_keys)
        again = np.isin(new_keys, old_keys)
        known = there[~gone]
        corrected = known.value.view(np.int64) != readings.value[again].view(np.int64)
        if (gone.any() or corrected.any()) and not self._may_remove:
            raise MustRemoveError
        chunk = self._inserter.chunk_microseconds
        remove_readings(self._conn, there[gone], file_id, chunk)
        changed = readings[again][corrected]
        replace_readings(self._conn, changed, file_id, np.full(len(changed), file_id, dtype=np.int32), chunk)
        written = self.write(readings[~again], file_id, on_duplicate)
        loaded = written.loaded + int(np.count_nonzero(again))
        return Renewed(Written(loaded, written.lost), int(np.count_nonzero(gone)), int(np.count_nonzero(corrected)))

    def remove(self, file_id: int, older: Extents) -> int:
        """Take away, inside batch(), what a file has in the table within extents; returns how many readings."""
        there = own_readings(self._conn, older, file_id)
        remove_readings(self._conn, there, file_id, self._inserter.chunk_microseconds)
        return len(there)

    def _make_partitions(self, readings: SortedReadings) -> None:
        if self._layout is StorageLayout.PARTITIONS:
            for month in months_of(readings.time):
                if month not in self._months:
                    ensure_partition(self._conn, month)
                    self._months.add(month)

    def _overlapping(self, extents: Extents) -> Extents:
        """Those extents in which the table has readings."""
        rows = self._conn.execute(_EXTENTS_WITH_READINGS.encode(), extents.parameters()).fetchall()
        return extents[np.sort(np.array([int(str(row[0])) - 1 for row in rows], dtype=np.intp))]

    def _present(
        self, readings: SortedReadings, overlapping: Extents
    ) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64]]:
        """The rows of readings whose (sensor, time) the table has, and the file and value of each there; (m,) all."""
        keys = composite_keys(readings.sensor_id, readings.time)
        rows, owners, values = [], [], []
        for extents in overlapping.split(_SENSORS_AT_ONCE):
            cursor = self._conn.cursor(binary=True).execute(
                """
                SELECT array_agg(r.sensor_id), array_agg(r.timestamp), array_agg(r.file_id), array_agg(r.sensor_value)
                FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
                     AS e (sensor_id, first, last),
                LATERAL (
                    SELECT sensor_id, timestamp, file_id, sensor_value FROM reading
                    WHERE sensor_id = e.sensor_id AND timestamp BETWEEN e.first AND e.last
                      AND timestamp BETWEEN %(start)s AND %(end)s
                    OFFSET 0
                ) AS r
                """,
                extents.parameters(),
            )
            theirs = composite_keys(decode_ints(array_value(cursor, 0)), decode_times(array_value(cursor, 1)))
            at = np.searchsorted(keys, theirs)
            hit = keys[np.minimum(at, len(keys) - 1)] == theirs
            rows.append(at[hit])
            owners.append(decode_ints(array_value(cursor, 2))[hit])
            values.append(decode_floats(array_value(cursor, 3))[hit])
        row, owner, value = np.concatenate(rows), np.concatenate(owners), np.concatenate(values)
        in_order = np.argsort(row, kind="stable")  # the server's order is its own
        return row[in_order], owner[in_order], value[in_order]

    def _wins(self, owner: NDArray[np.int32], file_id: int, on_duplicate: OnDuplicate) -> NDArray[np.bool_]:
        """Whether our reading takes the place of the one that is there, by that one's file; (m,)."""
        if on_duplicate is not OnDuplicate.REPLACE:
            return owner > file_id
        # The file itself is among them: its later line replaces the earlier one. Another program's readings
        # (file_id 0) have no date, and give way.
        newer = self._conn.execute(
            "SELECT other.file_id FROM ingest_file other, ingest_file ours WHERE ours.file_id = %s"
            " AND other.file_id = ANY(%s) AND (other.modified, other.file_id) > (ours.modified, ours.file_id)",
            (file_id, np.unique(owner).tolist()),
        ).fetchall()
        return ~np.isin(owner, [int(str(row[0])) for row in newer])


def _duplicates(readings: SortedReadings, row: NDArray[np.intp]) -> DuplicateError:
    first = as_datetime(int(readings.time[row].min()))
    return DuplicateError(
        f"{len(row)} readings are in the database already (--on-duplicate fail).",
        where=f"the first at {first.isoformat()}",
        hint="Use --on-duplicate skip or replace to go on.",
    )
