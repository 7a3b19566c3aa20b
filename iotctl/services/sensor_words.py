"""What sensors are, in words: from the last saved detection, or else from their first readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iotctl.analysis.sensor_words import describe_sensor
from iotctl.model import Sensor
from iotctl.repositories import Connection, SensorRepository, storage_of

# Enough for two days at ten seconds, or a month at ten minutes.
_SAMPLE_ROWS = 5000


def what_they_are(sensors: Sequence[Sensor], conn: Connection) -> dict[int, str]:
    """sensor_id -> what each of the sensors is."""
    found = SensorRepository(conn).words()
    readings = storage_of(conn)
    for sensor in sensors:
        if sensor.sensor_id not in found:
            pages = list(readings.series(sensor.sensor_id, limit=_SAMPLE_ROWS))
            time = np.concatenate([page for page, _ in pages]) if pages else np.empty(0, dtype=np.int64)
            value = np.concatenate([page for _, page in pages]) if pages else np.empty(0)
            finite = np.isfinite(value)
            found[sensor.sensor_id] = describe_sensor(time[finite], value[finite], sensor.unit or "")
    return found
