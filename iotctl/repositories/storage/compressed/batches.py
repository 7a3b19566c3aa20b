"""Readings as compressed batches: rows of a chunk's compressed table (TimescaleDB 2.28, tsl/src/compression)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import EPOCH_OFFSET
from iotctl.repositories.storage.compressed import deltadelta, gorilla
from iotctl.repositories.storage.compressed.serialization import (
    deltadelta_values,
    gorilla_values,
    read_deltadelta_values,
    read_gorilla_values,
)
from iotctl.repositories.storage.sorted_readings import OwnedReadings

# TimescaleDB's own target (guc.h). Its limit is 32,767.
MOST_ROWS = 1000

# Batches that are compressed together: more need fewer calls of numpy, fewer stay in the processor's cache.
# Measured, us a row: 50,000 rows 0.049, 130,000 rows 0.043, 400,000 rows 0.045.
_ROWS_AT_ONCE = 131_072
_BATCHES_AT_ONCE = 4096

# The contents of each column of a compressed table. TimescaleDB names the columns after ours, and by number of orderby.
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
    m values each of TimescaleDB's type compressed_data, in the binary form of COPY.
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
    """The readings as batches. readings: sorted by (sensor_id, time), no time before or after PostgreSQL's.

    starts: (m + 1,), where batches begin, and the number of readings; each of 1 to MOST_ROWS readings of one sensor.
    """
    file_ids, times, values = [], [], []
    for part in _parts(starts.astype(np.int64, copy=False)):
        rows = slice(part[0], part[-1])
        within = part - part[0]
        file_ids += _file_ids(readings.file_id[rows], within)
        times += deltadelta_values(deltadelta.encode(readings.time[rows] - EPOCH_OFFSET, within))
        values += gorilla_values(gorilla.encode(readings.value[rows], within))
    begins, ends = starts[:-1], starts[1:] - 1
    count = np.diff(starts).astype(np.int32)
    return CompressedBatches(
        readings.sensor_id[begins], count, readings.time[begins], readings.time[ends], file_ids, times, values
    )


class OtherFormatError(Exception):
    """Values have an unknown form of compression."""


def decompress(times: Sequence[bytes], values: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Time and value of each reading of batches, (n,) both; batches made by iotctl or by the server.

    times, values: as in CompressedBatches. Raises OtherFormatError, also where the last number of a batch is not the
    one that the batch states.
    """
    try:
        times_parts, values_parts = read_deltadelta_values(times), read_gorilla_values(values)
        time, value = deltadelta.decode(times_parts), gorilla.decode(values_parts)
        ends = np.cumsum(times_parts.changes.count) - 1
        sound = (
            np.array_equal(times_parts.changes.count, values_parts.differs.count)
            and np.array_equal(time[ends], times_parts.last)
            and np.array_equal(value.view(np.uint64)[ends], values_parts.last)
        )
    except (struct.error, ValueError, IndexError) as error:
        raise OtherFormatError from error
    if not sound:
        raise OtherFormatError
    time += EPOCH_OFFSET
    return time, value


def _parts(starts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The bounds of some batches at a time."""
    at = 0
    while at < len(starts) - 1:
        most = int(np.searchsorted(starts, starts[at] + _ROWS_AT_ONCE, side="right")) - 1
        end = max(min(most, at + _BATCHES_AT_ONCE), at + 1)
        yield starts[at : end + 1]
        at = end


def _file_ids(file_id: NDArray[np.int32], starts: NDArray[np.int64]) -> list[bytes]:
    """The compressed file ids. Nearly always a batch has one file: then batches share a few values."""
    begins = starts[:-1]
    if (np.minimum.reduceat(file_id, begins) != np.maximum.reduceat(file_id, begins)).any():
        return deltadelta_values(deltadelta.encode(file_id.astype(np.int64), starts))
    kinds, kind = np.unique(file_id[begins].astype(np.int64) * (MOST_ROWS + 1) + np.diff(starts), return_inverse=True)
    files, counts = np.divmod(kinds, MOST_ROWS + 1)
    values = deltadelta_values(deltadelta.encode(np.repeat(files, counts), np.concatenate([[0], np.cumsum(counts)])))
    return [values[at] for at in kind.tolist()]


def copy_rows(batches: CompressedBatches, columns: Sequence[str]) -> Iterator[bytes]:
    """A row of binary COPY for each batch, its fields in the order of columns, without header and trailer.

    Raises KeyError for a column that is not known.
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
