"""The sensors of a database: how many readings each has, how often it sends, and whether it is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iotctl.analysis.quality.intervals import usual_interval
from iotctl.model import Sensor, SensorState
from iotctl.repositories import Connection, SensorRepository, Series, open_storage
from iotctl.services.detect.silence import Heard, listen, silence_of

# The interval comes from so many last readings. A sensor is not silent before it is later than half of its steps.
_LOOKED_AT = 200

# Sensors whose readings are read together.
_AT_ONCE = 1000

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class ListedSensor:
    """A sensor and what it has sent.

    first, last: times of its readings, microseconds since 1970-01-01 UTC; last_value: of the last one, in its unit;
    None without readings. interval_seconds: the usual time between the last readings; None where there is none.
    """

    sensor: Sensor
    readings: int
    first: int | None
    last: int | None
    interval_seconds: float | None
    last_value: float | None
    state: SensorState


def list_sensors(conn: Connection, pattern: str | None, limit: int | None, now: int) -> list[ListedSensor]:
    """The sensors by name, those without a name last; creates the schema if there is none.

    pattern: a shell pattern on the name, None for all. now: microseconds since 1970-01-01 UTC.
    """
    open_storage(conn)
    sensors = SensorRepository(conn)
    chosen = sensors.all(pattern)[:limit]
    # Silence is judged by the readings of all sensors, also if only some are asked for.
    heard = listen(conn, sensors.all(), None, now)
    return [
        listed
        for start in range(0, len(chosen), _AT_ONCE)
        for listed in _listed(conn, chosen[start : start + _AT_ONCE], heard)
    ]


def _listed(conn: Connection, sensors: Sequence[Sensor], heard: Heard) -> list[ListedSensor]:
    storage = open_storage(conn)
    ids = [sensor.sensor_id for sensor in sensors]
    spans, latest = storage.spans(ids), storage.latest(ids, _LOOKED_AT)
    found = []
    for sensor in sensors:
        if sensor.sensor_id not in spans or sensor.sensor_id not in latest:
            found.append(ListedSensor(sensor, 0, None, None, None, None, SensorState.EMPTY))
            continue
        span, series = spans[sensor.sensor_id], latest[sensor.sensor_id]
        is_silent = _is_late(sensor, series, heard) and silence_of(sensor, heard, None, conn) is not None
        state = SensorState.SILENT if is_silent else SensorState.OK
        interval = usual_interval(np.diff(series[0]))
        seconds = None if interval is None else interval / _MICROSECONDS
        found.append(ListedSensor(sensor, span.readings, span.first, span.last, seconds, float(series[1][-1]), state))
    return found


def _is_late(sensor: Sensor, series: Series, heard: Heard) -> bool:
    """Whether a sensor may be silent, by its last readings; the exact test reads eight weeks of them."""
    if not heard.behind(sensor) or heard.until is None:
        return False
    steps = np.diff(series[0])
    return not len(steps) or heard.until - int(series[0][-1]) > float(np.median(steps))
