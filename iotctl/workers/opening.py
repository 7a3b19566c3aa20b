"""Opens workers: the wanted number, or one per core, within the connections of the database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotctl.repositories import Database
    from iotctl.services.ingest.load_task import LoadWorkers
    from iotctl.services.spread import AnalysisWorkers
    from iotctl.settings import Settings
    from iotctl.workers.dask_workers import DaskWorkers
    from iotctl.workers.processes import Processes, ThisThread

# Up to this number, sensors are done before a second process has started.
_FEW_SENSORS = 4

# No database has connections for more workers.
_MANY = 100_000


@dataclass(frozen=True, slots=True)
class WantedWorkers:
    """The wanted workers. count: number of tasks at once, None for the default. scheduler: address of a Dask scheduler,
    None for this machine.

    send_credentials: send database and store of these settings to the cluster with each task.
    """

    count: int | None = None
    scheduler: str | None = None
    send_credentials: bool = False


# Shows a message to people, such as that a cluster has no worker yet.
Note = Callable[[str], None]


@contextmanager
def load_workers(database: Database, settings: Settings, wanted: WantedWorkers, note: Note) -> Iterator[LoadWorkers]:
    """Threads or workers of a cluster for loading files, within the connections of the database."""
    if wanted.scheduler is not None:
        with _dask_workers(database, settings, wanted.scheduler, wanted, note) as workers:
            yield workers
        return
    from iotctl.workers.threads import Threads

    with Threads(worker_count(database, wanted.count, os.cpu_count() or 1)) as threads:
        yield threads


@contextmanager
def sensor_workers(
    sensors: int, database: Database, settings: Settings, wanted: WantedWorkers, note: Note
) -> Iterator[AnalysisWorkers]:
    """Processes or workers of a cluster for analysing this number of sensors."""
    if wanted.scheduler is not None and sensors >= _FEW_SENSORS:
        with _dask_workers(database, settings, wanted.scheduler, wanted, note) as workers:
            yield workers
        return
    with local_workers(sensors, wanted.count) as here:
        yield here


@contextmanager
def local_workers(sensors: int, wanted: int | None = None) -> Iterator[Processes | ThisThread]:
    """Processes of this machine, as many as are useful for this number of sensors.

    A single worker is this thread itself, which needs no start. Ctrl-C ends the current work, also while it waits for
    the database.
    """
    from iotctl.workers.processes import Processes, ThisThread

    count = min(wanted or os.cpu_count() or 1, max(1, sensors // _FEW_SENSORS))
    if count == 1:
        yield ThisThread()
        return
    with Processes(count) as processes:
        yield processes


def worker_count(database: Database, wanted: int | None, cores: int) -> int:
    """The number of workers: the wanted number, or one per core and at least two; limited by free connections."""
    from iotctl.repositories import free_connections

    with database.connect() as conn:
        # One connection stays free for the listing of this process, and one for other users of the database.
        room = max(1, free_connections(conn) - 2)
    return min(wanted or max(2, cores), room)


@contextmanager
def _dask_workers(
    database: Database, settings: Settings, scheduler: str, wanted: WantedWorkers, note: Note
) -> Iterator[DaskWorkers]:
    from iotctl.workers.dask_cluster import connect_cluster
    from iotctl.workers.dask_workers import DaskWorkers

    with connect_cluster(settings, scheduler, database, note, send_credentials=wanted.send_credentials) as cluster:
        # Workers may join later, and also need connections.
        at_once = worker_count(database, wanted.count or _MANY, 0)
        with DaskWorkers(cluster, at_once) as workers:
            yield workers
