"""Made-up sensor files for the benchmarks: 1000 sensors, a reading every 8 minutes give or take 20 seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

SENSORS = 1000
STEP_SECONDS, JITTER_SECONDS = 480, 20
START = np.datetime64("2015-01-01T00:00:00", "s")

_SECOND = 1_000_000


@dataclass(frozen=True)
class Readings:
    """In order of time. sensor: int32, from 0. time: int64, microseconds since 1970-01-01 UTC. value: float64."""

    sensor: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]


def make_readings(number: int, rows: int) -> Readings:
    """The readings of the file with this number; they begin where the file before ends. rows: of each file."""
    random = np.random.default_rng([1, number])
    place = np.arange(number * rows, (number + 1) * rows)
    sensor = (place % SENSORS).astype(np.int32)
    offset = sensor * STEP_SECONDS // SENSORS
    second = place // SENSORS * STEP_SECONDS + offset + random.integers(-JITTER_SECONDS, JITTER_SECONDS + 1, rows)
    order = np.argsort(second, kind="stable")
    start = START.astype("M8[us]").astype(np.int64)
    value = random.normal(0, 50, rows)
    return Readings(sensor[order], start + second[order] * _SECOND, value)


def sensor_uuids() -> list[str]:
    """The UUID of each sensor."""
    random = np.random.default_rng(1)
    return [str(UUID(bytes=random.bytes(16), version=4)) for _ in range(SENSORS)]


def write_csv(path: Path, readings: Readings, sensors: pa.Array) -> None:
    """A file as iotctl reads it. sensors: the text for each sensor. Times are UTC, without an offset."""
    table = pa.table(
        {
            "timestamp": pa.array(readings.time.view("M8[us]").astype("M8[s]")),
            "sensor_uuid": sensors.take(pa.array(readings.sensor)),
            "sensor_value": pa.array(readings.value),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(delimiter=";", quoting_style="none"))
