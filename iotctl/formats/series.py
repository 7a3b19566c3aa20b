"""Reads the series of a file for detection: times and values of one or several sensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.csv.header import WantedColumns
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.reader import read_batches
from iotctl.formats.rows import NamedSensors
from iotctl.model import Reject, RejectReason, StoredFile

_SERIES = WantedColumns(
    needed=(("timestamp", "time", "date"), ("sensor_value", "value")),
    optional=(("sensor_uuid", "sensor_name", "sensor_id", "sensor"),),
    may_have_layout=True,
)


@dataclass(frozen=True, slots=True)
class SeriesFile:
    """The readings of a file, in its order; all arrays (n,).

    sensor: int32, index into names. time: int64, microseconds since 1970-01-01 UTC. value: float64, the file's unit,
    NaN if it is missing. names: of the sensors, as in the file; a single None if it has none.
    rows_read: n plus the rows that cannot be read. rejected: reason -> number of these; first_reject: the first one.
    notes: messages for people.
    """

    sensor: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    names: tuple[str | None, ...]
    rows_read: int
    rejected: Mapping[RejectReason, int]
    first_reject: Reject | None
    notes: tuple[str, ...]


def read_series(file: StoredFile, open_at: OpenAt, options: ReadOptions) -> SeriesFile:
    """All readings of a file with the columns timestamp and value, and a sensor's name or UUID if there is one.

    They are read as in read_batches, except that a value may be missing, NaN or infinite, and that the last line always
    counts. Raises FileError if a column is missing, and what open_at raises.
    """
    options = replace(options, allow_nan=True, missing_is_nan=True, settle_seconds=0.0, keep_rejects=1)
    sensors = NamedSensors()
    numbers: dict[bytes, int] = {}
    pieces: list[tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]] = []
    rejected: Counter[RejectReason] = Counter()
    rejects: list[Reject] = []
    notes: list[str] = []
    rows_read = 0
    for batch in read_batches(file, open_at, options, wanted=_SERIES, sensors=sensors):
        known = [numbers.setdefault(uuid.tobytes(), len(numbers)) for uuid in batch.uuids]
        pieces.append((np.array(known, dtype=np.int32)[batch.sensor], batch.time, batch.value))
        rejected.update(batch.rejected)
        rejects += batch.rejects[: 1 - len(rejects)]
        notes += batch.notes
        rows_read += batch.rows_read
    sensor, time, value = (
        np.concatenate(column)
        for column in zip((np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)), *pieces, strict=True)
    )
    names = tuple(sensors.name(uuid) for uuid in numbers)
    return SeriesFile(
        sensor, time, value, names, rows_read, dict(rejected), next(iter(rejects), None), tuple(dict.fromkeys(notes))
    )
