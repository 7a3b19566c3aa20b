"""The extents of readings: for each sensor the time from its first to its last reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import IntArray, TimeArray
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.sorted_readings import SortedReadings


@dataclass(frozen=True, slots=True)
class Extents:
    """The extent of each sensor of a batch: sensor_id int32, first and last int64 microseconds UTC, all (k,)."""

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

    @classmethod
    def covering(cls, parts: Sequence[Extents]) -> Extents:
        """One extent for each sensor of the parts, from its first to its last moment in any of them."""
        sensor_id = np.concatenate([part.sensor_id for part in parts])
        sensors, at = np.unique(sensor_id, return_inverse=True)
        first = np.full(len(sensors), np.iinfo(np.int64).max)
        last = np.full(len(sensors), np.iinfo(np.int64).min)
        np.minimum.at(first, at, np.concatenate([part.first for part in parts]))
        np.maximum.at(last, at, np.concatenate([part.last for part in parts]))
        return cls(sensors.astype(np.int32), first, last)

    def __len__(self) -> int:
        return len(self.sensor_id)

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Extents:
        return Extents(self.sensor_id[rows], self.first[rows], self.last[rows])

    def split(self, sensors: int) -> Iterator[Extents]:
        """The extents in pieces of at most so many sensors."""
        for start in range(0, len(self), sensors):
            yield self[start : start + sensors]

    @property
    def sensors(self) -> str:
        """The sensors as an int4multirange, which is short: a file's sensors mostly have consecutive numbers."""
        ids = np.unique(self.sensor_id)
        begins = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 2) != 1)
        ends = np.append(begins[1:], len(ids)) - 1
        ranges = zip(ids[begins].tolist(), ids[ends].tolist(), strict=True)
        return "{" + ",".join(f"[{low},{high}]" for low, high in ranges) + "}"

    def parameters(self) -> dict[str, object]:
        """The extents as bound parameters: arrays sensor_ids, first and last to unnest, and start and end over all."""
        return {
            "sensor_ids": IntArray(self.sensor_id),
            "first": TimeArray(self.first),
            "last": TimeArray(self.last),
            "start": as_datetime(int(self.first.min())),
            "end": as_datetime(int(self.last.max())),
        }
