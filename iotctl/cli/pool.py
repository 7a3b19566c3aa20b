"""The executors that files are loaded and sensors analysed on: threads, processes, or a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

# So few sensors are done before a second process has started.
_FEW_SENSORS = 4

# More workers than any database has connections for.
_MANY = 100_000

if TYPE_CHECKING:
    from iotctl.repositories import Database
    from iotctl.settings import Settings


@dataclass(frozen=True, slots=True)
class Pool:
    """Where sensors are analysed. workers: at once, None for what there is; scheduler: of a cluster, None for here."""

    workers: int | None
    scheduler: str | None = None
    send_credentials: bool = False


@contextmanager
def load_pool(
    database: Database, settings: Settings, wanted: int | None, scheduler: str | None, send_credentials: bool
) -> Iterator[tuple[Executor, int]]:
    """Threads, or a cluster's workers, to load files on, and how many at once; as the database has room for."""
    from iotctl.services.ingest import worker_count

    if scheduler is not None:
        with cluster_pool(database, settings, wanted, scheduler, send_credentials) as pool:
            yield pool
        return
    from concurrent.futures import ThreadPoolExecutor

    count = worker_count(database, wanted, os.cpu_count() or 1)
    with ThreadPoolExecutor(count) as executor:
        yield executor, count


@contextmanager
def cluster_pool(
    database: Database, settings: Settings, wanted: int | None, scheduler: str, send_credentials: bool
) -> Iterator[tuple[Executor, int]]:
    """The workers of a cluster, and how many tasks they run at once; as the database has room for."""
    from iotctl.cli.cluster import connect_cluster
    from iotctl.cli.cluster_executor import ClusterExecutor
    from iotctl.services.ingest import worker_count

    with connect_cluster(settings, scheduler, database, send_credentials=send_credentials) as cluster:
        # Workers may join later: the database has to bear them, too.
        at_once = worker_count(database, wanted or _MANY, 0)
        with ClusterExecutor(cluster, at_once) as executor:
            yield executor, min(cluster.threads, at_once)


@contextmanager
def sensor_pool(pool: Pool, sensors: int, database: Database, settings: Settings) -> Iterator[tuple[Executor, int]]:
    """What so many sensors are analysed on, and how many tasks it runs at once."""
    if pool.scheduler is not None and sensors >= _FEW_SENSORS:
        with cluster_pool(database, settings, pool.workers, pool.scheduler, pool.send_credentials) as cluster:
            yield cluster
        return
    count = min(pool.workers or os.cpu_count() or 1, few_sensors(sensors))
    with analysis_pool(count) as executor:
        yield executor, count


def few_sensors(sensors: int) -> int:
    """The most processes that are worth their start for so many sensors."""
    return max(1, sensors // _FEW_SENSORS)


def analysis_pool(workers: int) -> Executor:
    """Processes that end with this one; a single worker is this thread itself, which costs no start.

    Ctrl-C ends the work in hand, also where it waits for the database.
    """
    from iotctl.cli.analysis_pool import InThisThread, Processes

    return InThisThread() if workers == 1 else Processes(workers)
