"""Quality of one sensor or thousands, measured by workers, with the losses that the ledger has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.quality.quality import Quality, measure_all
from iotctl.errors import IotctlError
from iotctl.model import EARLIEST, LATEST, Sensor
from iotctl.repositories import Connection, Database, storage_of
from iotctl.repositories.ledger.losses import Losses, losses_by_sensor
from iotctl.services.spread import AnalysisWorkers, each_sensor, in_order, task_sensors
from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class QualityRequest:
    """What is asked of each sensor; small and picklable.

    start, end: measure [start, end), microseconds since 1970-01-01 UTC, None for open. now: silence is counted up to
    now, or up to an earlier end. months_of: the time zone of months that are also measured; None: no months.
    """

    now: int
    start: int | None = None
    end: int | None = None
    months_of: str | None = None


@dataclass(frozen=True, slots=True)
class SensorQuality:
    """The quality of one sensor: of the whole time, and of months as (start, quality), if they were asked for.

    whole: None where it failed; trouble then has the error. losses: from the ledger.
    """

    sensor: Sensor
    whole: Quality | None = None
    months: tuple[tuple[int, Quality], ...] = ()
    losses: Losses = field(default_factory=Losses)
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class QualityTask:
    """Sensors for one worker, over one connection. losses: sensor_id -> its losses in the ledger."""

    database: Database
    request: QualityRequest
    sensors: tuple[Sensor, ...]
    losses: Mapping[int, Losses] = field(default_factory=dict)


def fleet_quality(
    sensors: Sequence[Sensor], database: Database, request: QualityRequest, workers: AnalysisWorkers
) -> Iterator[SensorQuality]:
    """The quality of each sensor, in the given order, one after the other; a worker holds one series at a time.

    Raises IotctlError where the database or a worker is lost.
    """
    with database.connect() as conn:
        losses = losses_by_sensor(conn, request.start, request.end)
    tasks = (
        QualityTask(
            database, request, some, {one.sensor_id: losses[one.sensor_id] for one in some if one.sensor_id in losses}
        )
        for some in task_sensors(sensors, workers.count)
    )
    return in_order(measure_sensors, tasks, workers)


def measure_sensors(task: QualityTask) -> list[SensorQuality]:
    """The quality of each sensor of a task, in its order. The error of one sensor does not stop the others.

    Raises UnreachableError, ForbiddenError, ConfigurationError, which concern all sensors.
    """
    return each_sensor(
        task.sensors,
        task.database,
        "iotctl quality",
        lambda sensor, conn: _measure(sensor, task.request, task.losses.get(sensor.sensor_id, Losses()), conn),
        lambda sensor, trouble: SensorQuality(sensor, trouble=trouble),
    )


def _measure(sensor: Sensor, request: QualityRequest, losses: Losses, conn: Connection) -> SensorQuality:
    time, value = storage_of(conn).whole_series(sensor.sensor_id, request.start, request.end)
    if len(time) and not EARLIEST <= time[0] <= time[-1] < LATEST:
        raise IotctlError(
            "It has readings before 1900 or after 2199. No file can give these, so their times are wrong.",
            hint="Another program wrote them. See which: iotctl verify",
        )
    now = request.now if request.end is None else min(request.now, request.end)
    edges = np.empty(0, dtype=np.int64)
    if request.months_of is not None and len(time):
        edges = month_edges(int(time[0]), int(time[-1]), request.months_of)
    whole, parts = measure_all(time, value, edges, sensor.limits, now)
    return SensorQuality(sensor, whole, tuple(zip(edges.tolist(), parts, strict=False)), losses)


def month_edges(first: int, last: int, timezone: str) -> NDArray[np.int64]:
    """The starts of the months of a zone, from the month of first to the one after last, (k + 1,) for k months.

    All are microseconds since 1970-01-01 UTC.
    """
    zone = find_zone(timezone)
    begin, end = ((_EPOCH + timedelta(microseconds=moment)).astimezone(zone) for moment in (first, last))
    months = range(12 * begin.year + begin.month - 1, 12 * end.year + end.month + 1)
    starts = (datetime(month // 12, month % 12 + 1, 1, tzinfo=zone) for month in months)
    return np.array([(start - _EPOCH) // _MICROSECOND for start in starts], dtype=np.int64)
