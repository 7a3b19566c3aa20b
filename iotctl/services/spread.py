"""Sensors spread over workers: in order, in bounded memory, each with its own trouble."""

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
    """A task, as a dataclass; on another machine it may be given that machine's address of the database."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def database(self) -> Database:
        """The database that the task reads."""


OnDatabase = TypeVar("OnDatabase", bound=_OnDatabase)
Found = TypeVar("Found")
Result = TypeVar("Result")

# Sensors that share a connection and a trip to a worker.
_SENSORS_PER_TASK = 8

# Tasks under way per worker: a slow sensor at the head must not leave the others without work.
_TASKS_PER_WORKER = 4


class AnalysisWorkers(Protocol):
    """Where sensors are analysed. count: tasks that run at once."""

    @property
    def count(self) -> int: ...  # noqa: D102

    def analyse(self, work: Callable[[OnDatabase], Result], task: OnDatabase) -> Future[Result]:
        """What work makes of a task, which travels to a worker: a function of a module, and picklable."""


def task_sensors(sensors: Sequence[Sensor], workers: int) -> Iterator[tuple[Sensor, ...]]:
    """The sensors of one task after the other, so many at a time that every worker has some."""
    size = max(1, min(_SENSORS_PER_TASK, len(sensors) // (workers * _TASKS_PER_WORKER)))
    rest = iter(sensors)
    while some := tuple(islice(rest, size)):
        yield some


def in_order(
    work: Callable[[OnDatabase], list[Found]], tasks: Iterator[OnDatabase], workers: AnalysisWorkers
) -> Iterator[Found]:
    """What comes of each task, in their order.

    Raises IotctlError where a worker is gone, and what a task raises.
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
            "A worker process was killed, perhaps for want of memory; what was saved stays.",
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
    """What work makes of each sensor, over one connection; failed: of one with trouble of its own, and its words.

    Raises UnreachableError, ForbiddenError, ConfigurationError: the trouble of all.
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
