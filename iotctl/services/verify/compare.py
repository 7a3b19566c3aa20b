"""The readings of a file and of the table, compared one by one: missing, different, surplus, or doubled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories import SortedReadings
from iotctl.repositories.storage.sorted_readings import OwnedReadings

Rows = NDArray[np.bool_]


class Fault(StrEnum):
    """How the table or the ledger differs from a file."""

    MISSING = "missing"  # the file has the reading, the table does not
    DIFFERENT = "different"  # the table has another value, or the value of a file that should have given way
    SURPLUS = "surplus"  # the table has a reading of this file that the file does not have
    DOUBLED = "doubled"  # the table has the reading twice
    DISORDER = "disorder"  # compressed batches overlap but are marked as ordered: ORDER BY gives a wrong order
    NEW = "new"  # never loaded
    CHANGED = "changed"  # loaded in an older version
    UNFINISHED = "unfinished"  # not loaded to its end
    FAILED = "failed"  # the load failed
    UNREADABLE = "unreadable"  # cannot be read now


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What is wrong with one sensor's readings. first: the first time, microseconds since 1970-01-01 UTC.

    note: the first of them in words.
    """

    sensor_id: int
    fault: Fault
    count: int
    first: int
    note: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """expired: readings that are missing because they are older than the retention."""

    mismatches: list[Mismatch]
    expired: int


def compare(piece: SortedReadings, table: OwnedReadings, file_id: int, may_stand: Rows, kept_since: int) -> Comparison:
    """The differences between a file's readings of some sensor-days and all readings of the table there.

    may_stand: for each reading of the table, whether it may take the place of this file's reading, if another file gave
    it. kept_since: older readings may be deleted; microseconds since 1970-01-01 UTC.
    """
    ours, theirs = _keys(piece.sensor_id, piece.time), _keys(table.sensor_id, table.time)
    at = np.minimum(np.searchsorted(ours, theirs), len(ours) - 1)
    given = ours[at] == theirs
    own = table.file_id == file_id
    stands = given & np.where(own, _same(piece.value[at], table.value), may_stand)
    right, there = np.zeros(len(ours), dtype=np.bool_), np.zeros(len(ours), dtype=np.bool_)
    right[at[stands]] = True
    there[at[given]] = True
    kept = piece.time >= kept_since
    twice = np.zeros(len(theirs), dtype=np.bool_)
    twice[1:] = theirs[1:] == theirs[:-1]
    # Doubled readings of other files are reported with those files.
    twice[1:] &= (given | own)[1:] | own[:-1]

    def missing(row: int) -> str:
        return f"{piece.value[row]!s} in the file"

    def different(row: int) -> str:
        found = int(np.searchsorted(theirs, ours[row]))
        value, owner = table.value[found], int(table.file_id[found])
        whose = "" if owner == file_id else " of another program" if owner == 0 else f" of file_id {owner}"
        return f"{piece.value[row]!s} in the file, {value!s}{whose} in the table"

    def surplus(row: int) -> str:
        return f"{table.value[row]!s} in the table"

    def doubled(row: int) -> str:
        return f"{table.value[row - 1]!s} and {table.value[row]!s} in the table"

    mismatches = [
        *_by_sensor(Fault.MISSING, ~there & kept, piece.sensor_id, piece.time, missing),
        *_by_sensor(Fault.DIFFERENT, there & ~right, piece.sensor_id, piece.time, different),
        *_by_sensor(Fault.SURPLUS, own & ~given, table.sensor_id, table.time, surplus),
        *_by_sensor(Fault.DOUBLED, twice, table.sensor_id, table.time, doubled),
    ]
    return Comparison(mismatches, int(np.count_nonzero(~there & ~kept)))


def _keys(sensor_id: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.complex128]:
    # numpy orders complex numbers by real, then imaginary part; both fit a double exactly (times below 2**53 us).
    return sensor_id + 1j * time


def _same(a: NDArray[np.float64], b: NDArray[np.float64]) -> Rows:
    """Whether values are equal to the last bit, including the sign of zero; all NaN are equal."""
    same: Rows = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
    return same


def _by_sensor(
    fault: Fault, rows: Rows, sensor_id: NDArray[np.int32], time: NDArray[np.int64], note: Callable[[int], str]
) -> list[Mismatch]:
    at = np.flatnonzero(rows)
    sensors, first, count = np.unique(sensor_id[at], return_index=True, return_counts=True)
    return [
        Mismatch(int(sensor), fault, int(many), int(time[at[start]]), note(int(at[start])))
        for sensor, start, many in zip(sensors, first, count, strict=True)
    ]
