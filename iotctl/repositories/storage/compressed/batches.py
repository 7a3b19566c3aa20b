"""Readings as compressed batches: rows of a chunk's compressed table (TimescaleDB 2.28, tsl/src/compression)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import EPOCH_OFFSET
from iotctl.repositories.sorted_readings import OwnedReadings
from iotctl.repositories.storage.compressed import deltadelta, gorilla
from iotctl.repositories.storage.compressed.serialization import deltadelta_values, gorilla_values

# TimescaleDB's own target (guc.h). Its limit is 32,767.
MOST_ROWS = 1000

# What each column of a compressed table holds, which TimescaleDB names after our columns and by number of orderby.
_COUNT, _SENSOR, _FILES, _FIRST, _LAST, _TIMES, _VALUES = range(7)
_COLUMNS = {
    "_ts_meta_count": _COUNT,
    "sensor_id": _SENSOR,
    "file_id": _FILES,
    "_ts_meta_min_1": _FIRST,
    "_ts_meta_max_1": _LAST,
    "_ts_meta_v2_first_timestamp": _FIRST,
    "_ts_meta_v2_last_timestamp": _LAST,
    "timestamp": _TIMES,
    "sensor_value": _VALUES,
}


@dataclass(frozen=True, slots=True)
class CompressedBatches:
    """Batches of readings, each of one sensor in order of time.

    sensor_id, count: int32 (m,). first, last: int64 (m,), microseconds since 1970-01-01 UTC. file_ids, times, values:
    m values each of TimescaleDB's type compressed_data, as its binary receive function takes them and as COPY does.
    """

    sensor_id: NDArray[np.int32]
    count: NDArray[np.int32]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    file_ids: list[bytes]
    times: list[bytes]
    values: list[bytes]

    def __len__(self) -> int:
        return len(self.count)


def compress(readings: OwnedReadings, starts: NDArray[np.intp]) -> CompressedBatches:
    """The readings as batches. readings: sorted by (sensor_id, time), times as of PostgreSQL.

    starts: (m + 1,), where batches begin, and the number of readings; each of 1 to MOST_ROWS readings of one sensor.
    """
    starts = starts.astype(np.int64, copy=False)
    begins, ends = starts[:-1], starts[1:] - 1
    time = readings.time - EPOCH_OFFSET
    return CompressedBatches(
        readings.sensor_id[begins],
        np.diff(starts).astype(np.int32),
        readings.time[begins],
        readings.time[ends],
        deltadelta_values(deltadelta.encode(readings.file_id.astype(np.int64), starts)),
        deltadelta_values(deltadelta.encode(time, starts)),
        gorilla_values(gorilla.encode(readings.value, starts)),
    )


def unknown_columns(columns: Sequence[str]) -> list[str]:
    """Those columns of a compressed table for which copy_rows has nothing."""
    return [column for column in columns if column not in _COLUMNS]


def copy_rows(batches: CompressedBatches, columns: Sequence[str]) -> Iterator[bytes]:
    """A row of binary COPY for each batch, its fields in the order of columns, without header and trailer.

    Raises KeyError where unknown_columns has some.
    """
    integer, moment = struct.Struct(">ii"), struct.Struct(">iq")
    fields = [
        [integer.pack(4, number) for number in batches.count.tolist()],
        [integer.pack(4, number) for number in batches.sensor_id.tolist()],
        batches.file_ids,
        [moment.pack(8, number) for number in (batches.first - EPOCH_OFFSET).tolist()],
        [moment.pack(8, number) for number in (batches.last - EPOCH_OFFSET).tolist()],
        batches.times,
        batches.values,
    ]
    for at in (_FILES, _TIMES, _VALUES):
        fields[at] = [struct.pack(">i", len(value)) + value for value in fields[at]]
    width = struct.pack(">h", len(columns))
    for row in zip(*(fields[_COLUMNS[column]] for column in columns), strict=True):
        yield width + b"".join(row)
