"""Opening workers: as many as were asked for, as the machine has cores, and as the database has room for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotctl.repositories import Database
    from iotctl.services.load_task import LoadWorkers
    from iotctl.services.spread import AnalysisWorkers
    from iotctl.settings import Settings
    from iotctl.workers.dask_workers import DaskWorkers
    from iotctl.workers.processes import Processes, ThisThread

# So few sensors are done before a second process has started.
_FEW_SENSORS = 4

# More workers than any database has connections for.
_MANY = 100_000


@dataclass(frozen=True, slots=True)
class WantedWorkers:
    """What was asked for. count: at once, None for what there is; scheduler: of a Dask cluster, None for here.

    send_credentials: database and store of this machine's settings travel to the cluster with each task.
    """

    count: int | None = None
    scheduler: str | None = None
    send_credentials: bool = False


# Says something that a person should know, such as that a cluster has no worker yet.
Note = Callable[[str], None]


@contextmanager
def load_workers(database: Database, settings: Settings, wanted: WantedWorkers, note: Note) -> Iterator[LoadWorkers]:
    """Threads, or a cluster's workers, to load files on; as many as the database has room for."""
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
    """What so many sensors of the database are analysed on."""
    if wanted.scheduler is not None and sensors >= _FEW_SENSORS:
        with _dask_workers(database, settings, wanted.scheduler, wanted, note) as workers:
            yield workers
        return
    with local_workers(sensors, wanted.count) as here:
        yield here


@contextmanager
def local_workers(sensors: int, wanted: int | None = None) -> Iterator[Processes | ThisThread]:
    """Processes of this machine, as many as are worth their start for so many sensors.

    A single worker is this thread itself, which costs no start. Ctrl-C ends the work in hand, also where it waits for
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
    """How many workers to run: as many as wanted, or one per core and at least two, if the server has room for them."""
    from iotctl.repositories import free_connections

    with database.connect() as conn:
        # One stays free for this process's own listing, one for whoever looks at the database meanwhile.
        room = max(1, free_connections(conn) - 2)
    return min(wanted or max(2, cores), room)


@contextmanager
def _dask_workers(
    database: Database, settings: Settings, scheduler: str, wanted: WantedWorkers, note: Note
) -> Iterator[DaskWorkers]:
    from iotctl.workers.dask_cluster import connect_cluster
    from iotctl.workers.dask_workers import DaskWorkers

    with connect_cluster(settings, scheduler, database, note, send_credentials=wanted.send_credentials) as cluster:
        # Workers may join later: the database has to bear them, too.
        at_once = worker_count(database, wanted.count or _MANY, 0)
        with DaskWorkers(cluster, at_once) as workers:
            yield workers
