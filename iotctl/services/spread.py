"""Sensors spread over the workers of an executor: in order, in bounded memory, each with its own trouble."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import islice
from typing import TypeVar

from iotctl.errors import ConfigurationError, ForbiddenError, IotctlError, UnreachableError
from iotctl.model import Sensor
from iotctl.repositories import Connection, Database

Task = TypeVar("Task")
Found = TypeVar("Found")

# Sensors that share a connection and a trip to a worker.
_SENSORS_PER_TASK = 8

# Tasks under way per worker: a slow sensor at the head must not leave the others without work.
_TASKS_PER_WORKER = 4


def task_sensors(sensors: Sequence[Sensor], workers: int) -> Iterator[tuple[Sensor, ...]]:
    """The sensors of one task after the other, so many at a time that every worker has some."""
    size = max(1, min(_SENSORS_PER_TASK, len(sensors) // (workers * _TASKS_PER_WORKER)))
    rest = iter(sensors)
    while some := tuple(islice(rest, size)):
        yield some


def in_order(
    work: Callable[[Task], list[Found]], tasks: Iterator[Task], executor: Executor, workers: int
) -> Iterator[Found]:
    """What comes of each task, in their order; workers: how many the executor runs at once.

    Raises IotctlError where a worker is gone, and what a task raises.
    """
    under_way: deque[Future[list[Found]]] = deque()
    try:
        while True:
            for task in islice(tasks, workers * _TASKS_PER_WORKER - len(under_way)):
                under_way.append(executor.submit(work, task))
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
