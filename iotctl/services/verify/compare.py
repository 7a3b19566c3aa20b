"""Readings of a file beside those of the table, one by one: what is missing, different, surplus, or there twice."""

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
    """How the table or the ledger departs from a file."""

    MISSING = "missing"  # the file gives the reading, the table has none
    DIFFERENT = "different"  # the table has another value, or that of a file that should not have won
    SURPLUS = "surplus"  # the table has a reading of this file that the file does not give
    DOUBLED = "doubled"  # the table has the reading twice
    DISORDER = "disorder"  # compressed batches overlap though they are marked as ordered: ORDER BY is wrong
    NEW = "new"  # never loaded
    CHANGED = "changed"  # loaded in an older version
    UNFINISHED = "unfinished"  # not loaded to its end
    FAILED = "failed"  # the load failed
    UNREADABLE = "unreadable"  # cannot be read now


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What is wrong with one sensor's readings. first: the first time, microseconds since 1970-01-01 UTC.

    note: the first one in words.
    """

    sensor_id: int
    fault: Fault
    count: int
    first: int
    note: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """expired: readings that are missing, but older than what is kept."""

    mismatches: list[Mismatch]
    expired: int


def compare(piece: SortedReadings, table: OwnedReadings, file_id: int, may_stand: Rows, kept_since: int) -> Comparison:
    """What differs between a file's readings of some sensor-days and all that the table has in them.

    may_stand: of each of the table's, whether it may stand where the file gives one, if it is another file's.
    kept_since: what is older may be gone; microseconds since 1970-01-01 UTC.
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
    # What others have twice is told with their files.
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
    """Whether values are the same to the last bit, the sign of zero included; one NaN is as good as another."""
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
