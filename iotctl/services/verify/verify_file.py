"""One file compared with the table: first the sums of its sensor-days, then the readings where sums differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.model import OnDuplicate
from iotctl.repositories import SortedReadings
from iotctl.repositories.readings.audit import DAY, Audit, AuditedFile, DaySums, day_keys
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from iotctl.services.ingest.load_task import LoadOptions
from iotctl.services.verify.compare import Fault, Mismatch, compare
from iotctl.services.verify.file_readings import BLOCK_DAYS, FileReadings

# The most that one query returns: sums of so many sensors, or so many readings to compare one by one.
_SENSORS_AT_ONCE = 5000
_READINGS_AT_ONCE = 200_000

_EVER = -(2**63)


@dataclass(frozen=True, slots=True)
class FileResult:
    """rows: readings of the file, each (sensor, time) once. expired: how many of them the retention has dropped."""

    rows: int
    expired: int
    mismatches: list[Mismatch]


def verify_file(audit: Audit, file: AuditedFile, readings: FileReadings, rows_in_table: int | None) -> FileResult:
    """The differences between a file's readings and the table, by sensor and kind; in a snapshot of the audit.

    rows_in_table: how many readings the table has of this file. If the file's days do not have them all, the whole
    table is searched. None: only the file's days are compared.
    """
    found: dict[tuple[int, Fault], Mismatch] = {}
    days = [np.empty(0, dtype=np.int64)]
    kept_since = audit.kept_since() or _EVER
    rows = seen = expired = 0
    for piece in readings.pieces():
        rows += len(piece)
        sums = DaySums.of(piece.sensor_id, piece.time, piece.value)
        days.append(sums.key)
        in_table = _sums_in_table(audit, file.file_id, sums)
        seen += int(in_table.rows.sum())
        for part in _parts(piece, sums, _differ(sums, in_table)):
            theirs = _readings_in_table(audit, part)
            stand = _may_stand(audit, file, theirs)
            compared = compare(part, theirs, file.file_id, stand, kept_since)
            expired += compared.expired
            for mismatch in compared.mismatches:
                _add(found, mismatch)
    if rows_in_table is not None and rows_in_table != seen:
        for mismatch in _elsewhere(audit, file.file_id, np.concatenate(days)):
            _add(found, mismatch)
    return FileResult(rows, expired, list(found.values()))


def _sums_in_table(audit: Audit, file_id: int, sums: DaySums) -> DaySums:
    """The table's sums of the same sensor-days, where it has any."""
    block = sums.day // BLOCK_DAYS
    parts = [sums[:0]]
    for number in np.unique(block):
        wanted = sums[block == number]
        first, last = int(wanted.day.min()), int(wanted.day.max())
        sensors = np.unique(wanted.sensor_id[wanted.sensor_id >= 0])
        parts += [
            audit.day_sums(file_id, sensors[start : start + _SENSORS_AT_ONCE], first, last)
            for start in range(0, len(sensors), _SENSORS_AT_ONCE)
        ]
    there = DaySums.joined(parts)
    return there[np.isin(there.key, sums.key)]


def _differ(sums: DaySums, in_table: DaySums) -> NDArray[np.bool_]:
    """Which sensor-days of a file differ in the table, by their sums."""
    if not len(in_table):
        return np.ones(len(sums), dtype=np.bool_)
    at = np.minimum(np.searchsorted(in_table.key, sums.key), len(in_table) - 1)
    equal = (
        (in_table.key[at] == sums.key)
        & (in_table.rows[at] == sums.rows)
        & (in_table.digest[at] == sums.digest)
        & (in_table.doubled[at] == 0)
    )
    differ: NDArray[np.bool_] = ~equal
    return differ


def _parts(piece: SortedReadings, sums: DaySums, wanted: NDArray[np.bool_]) -> Iterator[SortedReadings]:
    """The readings of the wanted sensor-days, some days at a time."""
    day_of_row = np.repeat(np.arange(len(sums)), sums.rows)
    number = np.cumsum(np.where(wanted, sums.rows, 0)) // _READINGS_AT_ONCE
    for part in np.unique(number[wanted]):
        yield piece[(wanted & (number == part))[day_of_row]]


def _readings_in_table(audit: Audit, part: SortedReadings) -> OwnedReadings:
    """All readings of the table in the sensor-days of these readings."""
    day = part.time // DAY
    starts = np.ones(len(part), dtype=np.bool_)
    starts[1:] = (np.diff(part.sensor_id) != 0) | (np.diff(day) > 1)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(part)) - 1
    return audit.readings(part.sensor_id[first], day[first] * DAY, (day[last] + 1) * DAY)


def _may_stand(audit: Audit, file: AuditedFile, readings: OwnedReadings) -> NDArray[np.bool_]:
    """Whether each of the table's readings may take the place of this file's reading, if another file gave it; (n,).

    The options of either file may have decided this: the file that was loaded later has applied its own.
    """
    owners, at = np.unique(readings.file_id, return_inverse=True)
    others = audit.files(owners.tolist())
    stand = []
    for owner in owners.tolist():
        if (other := others.get(owner)) is not None:
            stand.append(any(_wins(other, file, one.options) for one in (file, other)))
        else:  # a file with "replace" wins over another program's reading; a reading of an unknown file never wins
            stand.append(owner == 0 and LoadOptions.of_record(file.options).on_duplicate is not OnDuplicate.REPLACE)
    return np.array(stand, dtype=np.bool_)[at]


def _wins(one: AuditedFile, other: AuditedFile, options: Mapping[str, str]) -> bool:
    """Whether the reading of one file stays if another file has one, too, by these options."""
    if LoadOptions.of_record(options).on_duplicate is OnDuplicate.REPLACE:
        return (one.modified, one.file_id) > (other.modified, other.file_id)
    return one.file_id < other.file_id


def _elsewhere(audit: Audit, file_id: int, days: NDArray[np.int64]) -> Iterator[Mismatch]:
    """The table's readings of a file on other days, by sensor and day."""
    for sensor_id, day, count, first in audit.days_of_file(file_id):
        key = day_keys(np.array([sensor_id], dtype=np.int32), np.array([day], dtype=np.int32))
        if not np.isin(key, days)[0]:
            yield Mismatch(sensor_id, Fault.SURPLUS, count, first, "the file has no reading of this sensor on this day")


def _add(found: dict[tuple[int, Fault], Mismatch], mismatch: Mismatch) -> None:
    key = mismatch.sensor_id, mismatch.fault
    if (other := found.get(key)) is not None:
        earlier = min(other, mismatch, key=lambda one: one.first)
        mismatch = replace(earlier, count=other.count + mismatch.count)
    found[key] = mismatch
