"""Detection: what is wrong with a sensor's readings, from the database or from a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from iotctl import __version__
from iotctl.analysis import DetectOptions, detect
from iotctl.formats import read_series
from iotctl.model import Detection, Sensor
from iotctl.repositories import AnomalyRepository, Connection, ReadingRepository, SensorRepository
from iotctl.sources import StoreSettings, source_for


@dataclass(frozen=True, slots=True)
class SensorDetection:
    """A sensor and what was found in its readings; new: events that were not stored before, None where not saved."""

    sensor: Sensor
    detection: Detection
    new: int | None = None


def detect_sensor(
    name_or_uuid: str,
    conn: Connection,
    options: DetectOptions,
    *,
    start: int | None = None,
    end: int | None = None,
    save: bool = False,
) -> SensorDetection:
    """Analyse a sensor's readings in [start, end), microseconds since 1970-01-01 UTC; save: keep its events.

    Raises NotFoundError with the nearest names.
    """
    sensor = SensorRepository(conn).find(name_or_uuid)
    time, value = ReadingRepository(conn).whole_series(sensor.sensor_id, start, end)
    detection = detect(time, value, options)
    if not save:
        return SensorDetection(sensor, detection)
    new = AnomalyRepository(conn).save(
        sensor.sensor_id, detection.events, f"{options.method} {__version__}", asdict(options)
    )
    return SensorDetection(sensor, detection, new)


@dataclass(frozen=True, slots=True)
class FileDetection:
    """What was found in a file of (timestamp, value). time: int64 microseconds UTC, value: float64, as in the file.

    unreadable: rows of the file without a time.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    unreadable: int
    detection: Detection


def detect_file(uri: str, store: StoreSettings, timezone: str, options: DetectOptions) -> FileDetection:
    """Analyse a file with the columns timestamp and value; times without an offset are in timezone.

    Raises FileError, NotFoundError.
    """
    source = source_for(uri, store)
    file = source.stat(uri)
    time, value, unreadable = read_series(partial(source.open, file), uri, timezone)
    return FileDetection(time, value, unreadable, detect(time, value, options))
