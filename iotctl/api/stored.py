"""Detection for a sensor of the database, as in the command line, in this thread."""

from __future__ import annotations

from dataclasses import replace

from iotctl.analysis import DetectOptions
from iotctl.api.result import DetectionResult
from iotctl.errors import IotctlError
from iotctl.repositories import Database
from iotctl.services.detect.detect_task import Request, SensorFindings
from iotctl.services.detect.fleet import choose_sensors, detect_fleet
from iotctl.services.detect.window import CONTEXT_OF_RANGE
from iotctl.workers.processes import ThisThread


def detect_stored(
    database: Database, name_or_uuid: str, within: tuple[int | None, int | None], options: DetectOptions
) -> DetectionResult:
    """What is wrong with a sensor in [start, end), microseconds since 1970-01-01 UTC; nothing is saved.

    Raises NotFoundError, and IotctlError where the sensor cannot be analysed.
    """
    sensors = choose_sensors(database, [name_or_uuid])
    start, end = within
    request = Request(options, start, end, context=CONTEXT_OF_RANGE, keep_detection=True)
    (found,) = detect_fleet(sensors, database, request, ThisThread(), _Nobody())
    if found.detection is None:
        raise IotctlError(
            f"{name_or_uuid} could not be analysed: {found.trouble}",
            hint="See its readings: readings(name, start, end)",
        )
    sensor = found.sensor
    limits = options.limits if options.limits is not None else sensor.limits
    return DetectionResult(
        found.detection,
        name=sensor.title,
        unit=sensor.unit,
        options=replace(options, limits=limits),
    )


class _Nobody:
    """A listener that does nothing."""

    def found(self, sensors: int, without_news: int) -> None:
        """See DetectListener."""

    def finished(self, findings: SensorFindings) -> None:
        """See DetectListener."""
