"""Fleet: what is wrong with one sensor or thousands, through an executor, in order of their names."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from itertools import islice
from typing import Protocol

from iotctl import __version__
from iotctl.errors import IotctlError, NotFoundError
from iotctl.model import Sensor
from iotctl.repositories import Database, SensorRepository, ensure_schema
from iotctl.repositories.detect_runs import DetectRunRepository
from iotctl.services.analyse import Request, SensorFindings, Task, analyse_sensors

# Sensors that share a connection and a trip to a worker.
_SENSORS_PER_TASK = 8

# Tasks under way per worker: a slow sensor at the head must not leave the others without work.
_TASKS_PER_WORKER = 4


class DetectListener(Protocol):
    """Hears how a run proceeds; called from one thread."""

    def found(self, sensors: int, without_news: int) -> None:
        """So many sensors are to be looked at; so many more have no new readings."""

    def finished(self, findings: SensorFindings) -> None:
        """A sensor is done, or has failed."""


def choose_sensors(database: Database, names: Sequence[str], match: str | None = None) -> list[Sensor]:
    """The sensors with these names or UUIDs; without names, all those that match; each once, in order of their names.

    match: a shell pattern (* and ?), None for all. Raises NotFoundError where a name, or any match, is missing.
    """
    with database.connect() as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn)
        if names:
            chosen = {sensor.sensor_id: sensor for sensor in map(sensors.find, names)}
            return sorted(chosen.values(), key=lambda one: (one.sensor_name is None, one.sensor_name, one.sensor_uuid))
        found = sensors.all(match)
        if match is not None and not found:
            raise NotFoundError(f"No sensor's name fits {match!r}.", hint="* stands for any text, ? for one character.")
        return found


def detect_fleet(
    sensors: Sequence[Sensor],
    database: Database,
    request: Request,
    executor: Executor,
    workers: int,
    listener: DetectListener,
    *,
    save: bool = False,
) -> Iterator[SensorFindings]:
    """What is wrong with each sensor, in the order given, as it becomes known, in bounded memory.

    With since_last, sensors without new readings are left out. A sensor's own trouble is in its findings. workers: how
    many the executor runs at once. Raises IotctlError where the database or a worker is gone.
    """
    watermarks: dict[int, int] = {}
    if request.since_last or save:
        with database.connect() as conn:
            runs = DetectRunRepository(conn)
            if request.since_last:
                news = runs.with_news([sensor.sensor_id for sensor in sensors], request.parameters, request.end)
                before, sensors = len(sensors), [sensor for sensor in sensors if sensor.sensor_id in news]
                watermarks = {sensor_id: time for sensor_id, time in news.items() if time is not None}
                listener.found(len(sensors), before - len(sensors))
            if save and sensors:
                run_id = runs.begin(f"{request.options.method} {__version__}", request.parameters)
                request = replace(request, run_id=run_id)
    if not request.since_last:
        listener.found(len(sensors), 0)
    for findings in _in_order(_tasks(sensors, database, request, watermarks, workers), executor, workers):
        listener.finished(findings)
        yield findings


def _tasks(
    sensors: Sequence[Sensor], database: Database, request: Request, watermarks: dict[int, int], workers: int
) -> Iterator[Task]:
    size = max(1, min(_SENSORS_PER_TASK, len(sensors) // (workers * _TASKS_PER_WORKER)))
    rest = iter(sensors)
    while some := tuple(islice(rest, size)):
        known = (sensor.sensor_id for sensor in some if sensor.sensor_id in watermarks)
        yield Task(database, request, some, {sensor_id: watermarks[sensor_id] for sensor_id in known})


def _in_order(tasks: Iterator[Task], executor: Executor, workers: int) -> Iterator[SensorFindings]:
    under_way: deque[Future[list[SensorFindings]]] = deque()
    try:
        while True:
            for task in islice(tasks, workers * _TASKS_PER_WORKER - len(under_way)):
                under_way.append(executor.submit(analyse_sensors, task))
            if not under_way:
                return
            yield from under_way.popleft().result()
    except BrokenExecutor as error:
        raise IotctlError(
            "A worker process was killed, perhaps for want of memory; what was saved stays.",
            hint="Run again with fewer --workers.",
        ) from error
    finally:
        for future in under_way:
            future.cancel()
