"""Sorted readings of a batch, and the extents they cover: each sensor's stretch of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import IntArray, TimeArray, as_datetime


@dataclass(frozen=True, slots=True)
class SortedReadings:
    """Readings of one batch, sorted by (sensor_id, time), each (sensor_id, time) once.

    sensor_id: int32 (n,). time: int64 (n,), microseconds since 1970-01-01 UTC. value: float64 (n,).
    """

    sensor_id: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> SortedReadings:
        return SortedReadings(self.sensor_id[rows], self.time[rows], self.value[rows])


def sort_readings(
    sensor_id: NDArray[np.int32], time: NDArray[np.int64], value: NDArray[np.float64], *, keep_last: bool = False
) -> SortedReadings:
    """Readings in file order, sorted and each (sensor_id, time) once: the first in the file, or the last."""
    rows = np.arange(len(time))[::-1] if keep_last else None
    if rows is not None:
        sensor_id, time, value = sensor_id[rows], time[rows], value[rows]
    order = _order(sensor_id, time)
    sensor_id, time, value = sensor_id[order], time[order], value[order]
    repeated = (sensor_id[1:] == sensor_id[:-1]) & (time[1:] == time[:-1])
    if repeated.any():
        kept = np.concatenate([[True], ~repeated])
        sensor_id, time, value = sensor_id[kept], time[kept], value[kept]
    return SortedReadings(sensor_id, time, value)


def joined_readings(parts: Sequence[SortedReadings]) -> tuple[SortedReadings, NDArray[np.intp]]:
    """The readings of several batches, none empty, as one, and the index of the part that each is of, (n,).

    Where parts share a (sensor_id, time), the first of them gives it.
    """
    in_time = sorted(range(len(parts)), key=lambda at: int(parts[at].time.min()))
    part = np.repeat(in_time, [len(parts[at]) for at in in_time])
    sensor_id = np.concatenate([parts[at].sensor_id for at in in_time])
    time = np.concatenate([parts[at].time for at in in_time])
    value = np.concatenate([parts[at].value for at in in_time])
    order = _by_sensor(sensor_id)
    if order is None or not _is_sorted(sensor_id[order], time[order]):
        order = np.lexsort((part, time, sensor_id))
    joined = SortedReadings(sensor_id, time, value)[order]
    kept = np.ones(len(joined), dtype=np.bool_)
    kept[1:] = (np.diff(joined.sensor_id) != 0) | (np.diff(joined.time) != 0)
    return joined[kept], part[order][kept]


def composite_keys(sensor_id: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.complex128]:
    """One key for each (sensor_id, time), (n,), in the order of the two: numpy orders complex numbers by real part
    first, and both parts fit a double exactly (times below 2**53 us)."""
    return sensor_id + 1j * time


def _order(sensor_id: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.intp]:
    """The stable order by (sensor_id, time)."""
    by_sensor = _by_sensor(sensor_id) if (time[1:] >= time[:-1]).all() else None
    return np.lexsort((time, sensor_id)) if by_sensor is None else by_sensor


def _by_sensor(sensor_id: NDArray[np.int32]) -> NDArray[np.intp] | None:
    """The stable order by sensor_id, where it is quick to find."""
    if not len(sensor_id) or (low := int(sensor_id.min())) + 0xFFFF < int(sensor_id.max()):
        return None
    # numpy sorts 16-bit integers by radix: 5 ms a million rows against 150 ms for lexsort.
    return np.argsort((sensor_id - low).astype(np.uint16), kind="stable")


def _is_sorted(sensor_id: NDArray[np.int32], time: NDArray[np.int64]) -> bool:
    """Whether times ascend within each sensor; the sensors do."""
    return bool(((sensor_id[1:] != sensor_id[:-1]) | (time[1:] > time[:-1])).all())


@dataclass(frozen=True, slots=True)
class Extents:
    """Each sensor's stretch of time in a batch: sensor_id int32, first and last int64 microseconds UTC, all (k,)."""

    sensor_id: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, readings: SortedReadings) -> Extents:
        """The extents of one or more sorted readings."""
        changes = np.flatnonzero(np.diff(readings.sensor_id)) + 1
        starts = np.concatenate([[0], changes])
        ends = np.concatenate([changes, [len(readings)]]) - 1
        return cls(readings.sensor_id[starts], readings.time[starts], readings.time[ends])

    def __len__(self) -> int:
        return len(self.sensor_id)

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Extents:
        return Extents(self.sensor_id[rows], self.first[rows], self.last[rows])

    def split(self, sensors: int) -> Iterator[Extents]:
        """The extents in pieces of at most so many sensors."""
        for start in range(0, len(self), sensors):
            yield self[start : start + sensors]

    def parameters(self) -> dict[str, object]:
        """As bound parameters: arrays sensor_ids, first and last to unnest, and the span start..end over all."""
        return {
            "sensor_ids": IntArray(self.sensor_id),
            "first": TimeArray(self.first),
            "last": TimeArray(self.last),
            "start": as_datetime(int(self.first.min())),
            "end": as_datetime(int(self.last.max())),
        }
