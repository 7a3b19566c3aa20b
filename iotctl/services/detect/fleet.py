"""Fleet: what is wrong with one sensor or thousands, found by workers, in order of names."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from iotctl import __version__
from iotctl.analysis.learning import Taught
from iotctl.errors import NotFoundError
from iotctl.globs import HINT
from iotctl.model import Sensor
from iotctl.repositories import Database, SensorRepository, ensure_schema
from iotctl.repositories.findings.detect_runs import DetectRunRepository
from iotctl.services.detect.analyse import analyse_sensors
from iotctl.services.detect.detect_task import Request, SensorFindings, Task
from iotctl.services.detect.learned import taught_sensors
from iotctl.services.detect.silence import Heard, listen
from iotctl.services.spread import AnalysisWorkers, in_order, task_sensors


class DetectListener(Protocol):
    """Is told the progress of a run; called from one thread."""

    def found(self, sensors: int, without_news: int) -> None:
        """So many sensors will be judged; so many more have no new readings."""

    def finished(self, findings: SensorFindings) -> None:
        """A sensor is done, or has failed."""


def choose_sensors(database: Database, names: Sequence[str], match: str | None = None) -> list[Sensor]:
    """The sensors with these names, UUIDs or globs; without any, all that match; each once, in order of names.

    match: a glob, None for all. Raises NotFoundError where a name is unknown, or nothing matches.
    """
    with database.connect() as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn)
        if names:
            chosen = sensors.named(names)
            return sorted(chosen, key=lambda one: (one.sensor_name is None, one.sensor_name, one.sensor_uuid))
        found = sensors.all(match)
        if match is not None and not found:
            raise NotFoundError(f"No sensor's name fits {match!r}.", hint=f"{HINT} All names: iotctl sensors")
        return found


def detect_fleet(
    sensors: Sequence[Sensor],
    database: Database,
    request: Request,
    workers: AnalysisWorkers,
    listener: DetectListener,
    *,
    save: bool = False,
) -> Iterator[SensorFindings]:
    """What is wrong with each sensor, in the given order, one after the other, in bounded memory.

    With since_last, sensors without new readings are left out, except those that have become silent; these come last.
    The error of a single sensor is in its findings. Raises IotctlError where the database or a worker is lost.
    """
    watermarks: dict[int, int] = {}
    quiet: list[Sensor] = []
    with database.connect() as conn:
        taught = taught_sensors(conn)
        heard = listen(conn, sensors, request.end, now=time.time_ns() // 1000)
        runs = DetectRunRepository(conn)
        if request.since_last:
            news = runs.with_news([sensor.sensor_id for sensor in sensors], request.parameters, request.end)
            quiet = [sensor for sensor in sensors if sensor.sensor_id not in news]
            sensors = [sensor for sensor in sensors if sensor.sensor_id in news]
            watermarks = {sensor_id: moment for sensor_id, moment in news.items() if moment is not None}
        listener.found(len(sensors), len(quiet))
        quiet = [sensor for sensor in quiet if heard.behind(sensor)]
        if save and (sensors or quiet):
            run_id = runs.begin(f"{request.options.method} {__version__}", request.parameters)
            request = replace(request, run_id=run_id)
    tasks = _tasks(sensors, database, request, watermarks, heard, taught, workers.count)
    for findings in in_order(analyse_sensors, tasks, workers):
        listener.finished(findings)
        yield findings
    tasks = (
        Task(database, request, some, heard=heard.of(some), has_news=False)
        for some in task_sensors(quiet, workers.count)
    )
    for findings in in_order(analyse_sensors, tasks, workers):
        if findings.findings or findings.trouble is not None:
            listener.finished(findings)
            yield findings


def _tasks(
    sensors: Sequence[Sensor],
    database: Database,
    request: Request,
    watermarks: dict[int, int],
    heard: Heard,
    taught: Mapping[int, Taught],
    workers: int,
) -> Iterator[Task]:
    for some in task_sensors(sensors, workers):
        ids = [sensor.sensor_id for sensor in some]
        yield Task(
            database,
            request,
            some,
            {sensor_id: watermarks[sensor_id] for sensor_id in ids if sensor_id in watermarks},
            heard.of(some),
            taught={sensor_id: taught[sensor_id] for sensor_id in ids if sensor_id in taught},
        )
