"""Sensors spread over workers: in order, in bounded memory; the error of one does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from itertools import islice
from typing import Any, ClassVar, Protocol, TypeVar

from iotctl.errors import ConfigurationError, ForbiddenError, IotctlError, UnreachableError
from iotctl.model import Sensor
from iotctl.repositories import Connection, Database


class _OnDatabase(Protocol):
    """A task, as a dataclass. Another machine may replace the address of the database by its own."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def database(self) -> Database:
        """The database of the task."""


OnDatabase = TypeVar("OnDatabase", bound=_OnDatabase)
Found = TypeVar("Found")
Result = TypeVar("Result")

# Sensors that share a connection and a task.
_SENSORS_PER_TASK = 8

# Tasks at the same time for each worker: a slow first sensor must not leave the other workers without work.
_TASKS_PER_WORKER = 4


class AnalysisWorkers(Protocol):
    """The place where sensors are analysed. count: tasks that run at the same time."""

    @property
    def count(self) -> int: ...  # noqa: D102

    def analyse(self, work: Callable[[OnDatabase], Result], task: OnDatabase) -> Future[Result]:
        """The result of work for a task, which is sent to a worker.

        work: a function of a module, so that it can be pickled.
        """


def task_sensors(sensors: Sequence[Sensor], workers: int) -> Iterator[tuple[Sensor, ...]]:
    """The sensors of each task, so many that every worker gets some."""
    size = max(1, min(_SENSORS_PER_TASK, len(sensors) // (workers * _TASKS_PER_WORKER)))
    rest = iter(sensors)
    while some := tuple(islice(rest, size)):
        yield some


def in_order(
    work: Callable[[OnDatabase], list[Found]], tasks: Iterator[OnDatabase], workers: AnalysisWorkers
) -> Iterator[Found]:
    """The result of each task, in order.

    Raises IotctlError where a worker is lost, and the errors of tasks.
    """
    under_way: deque[Future[list[Found]]] = deque()
    try:
        while True:
            for task in islice(tasks, workers.count * _TASKS_PER_WORKER - len(under_way)):
                under_way.append(workers.analyse(work, task))
            if not under_way:
                return
            yield from under_way.popleft().result()
    except BrokenExecutor as error:
        raise IotctlError(
            "A worker process was killed, perhaps because memory ran out; saved results stay.",
            hint="Run again with fewer --workers.",
        ) from error
    finally:
        for future in under_way:
            future.cancel()


def each_sensor(
    sensors: Sequence[Sensor],
    database: Database,
    application: str,
    work: Callable[[Sensor, Connection], Found],
    failed: Callable[[Sensor, str], Found],
) -> list[Found]:
    """The result of work for each sensor, over one connection. failed: gives the result for a sensor with an error.

    Raises UnreachableError, ForbiddenError, ConfigurationError, which concern all sensors.
    """

    def guarded(sensor: Sensor, conn: Connection) -> Found:
        try:
            with database.errors():
                return work(sensor, conn)
        except (UnreachableError, ForbiddenError, ConfigurationError):
            raise
        except IotctlError as error:
            return failed(sensor, error.message)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one sensor must not end the others
            return failed(sensor, f"{type(error).__name__}: {error}")

    with database.connect(application=application) as conn:
        return [guarded(sensor, conn) for sensor in sensors]
