"""A Dask cluster with checked workers: they have the same iotctl and the same database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from iotctl import __version__
from iotctl.errors import ConfigurationError, UnreachableError
from iotctl.repositories import Database, light_beacon
from iotctl.secrets import passwordless

if TYPE_CHECKING:
    from iotctl.settings import Settings

# The longest wait for the first worker of a cluster that is being started.
_WORKER_SECONDS = 30.0
_CONNECT_SECONDS = 5.0

_NO_WORKER_HINT = "Start one, with IOTCTL_* set there: dask worker {address} --nthreads 1 --nworkers auto"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connected scheduler with checked workers. threads: number of tasks that its workers run at once."""

    address: str
    threads: int
    client: Any
    beacon: int
    own_settings: bool


@contextmanager
def connect_cluster(
    settings: Settings,
    scheduler: str,
    database: Database,
    note: Callable[[str], None],
    *,
    send_credentials: bool = False,
    worker_seconds: float = _WORKER_SECONDS,
) -> Iterator[Cluster]:
    """The cluster of a scheduler, while the context lasts.

    send_credentials: send database and store of these settings with each task. note: gets a message while the cluster
    has no worker. Raises UnreachableError without a scheduler or worker, ConfigurationError if one of them does not
    fit this machine.
    """
    check_scheduler(settings, scheduler)
    with database.connect(application="iotctl cluster") as conn, _client(scheduler) as client:
        cluster = Cluster(scheduler, 0, client, light_beacon(conn), not send_credentials)
        _check_scheduler_version(client, scheduler)
        _wait_for_workers(client, scheduler, worker_seconds, note)
        _check_workers(cluster, database if send_credentials else None)
        yield replace(cluster, threads=sum(client.nthreads().values()))


def check_scheduler(settings: Settings, scheduler: str) -> None:
    """Raises ConfigurationError if a cluster cannot be used with these settings."""
    if "://" not in scheduler or "@" in scheduler:
        raise ConfigurationError(
            f"{passwordless(scheduler)} is not the address of a Dask scheduler.",
            hint="Its form: tcp://HOST:8786 (or tls://)",
        )
    if settings.database_url is None:
        raise ConfigurationError(
            "The workers of a cluster cannot use the embedded database.",
            hint="Set IOTCTL_DATABASE_URL, here and for the workers, to a server that all of them reach.",
        )


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        import distributed
    except ImportError as error:
        raise ConfigurationError(
            "--scheduler needs Dask, which is not installed.", hint="pip install 'iotctl[dask]'"
        ) from error
    _be_quiet()
    try:
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _no_scheduler(address) from error
    try:
        yield client
    finally:
        with suppress(Exception):  # errors of the scheduler do not matter now: the work is done, or has failed
            client.close()


def _be_quiet() -> None:
    """Silence the logs of Dask in this process; iotctl raises its own errors."""
    import logging
    import warnings

    for name in ("distributed", "distributed.client", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # Dask warns of packages with other versions; iotctl checks the ones that matter.
    warnings.filterwarnings("ignore", module="distributed")


def _no_scheduler(address: str) -> UnreachableError:
    return UnreachableError(
        "The Dask scheduler does not answer.",
        where=f"scheduler: {address}",
        hint="Is it running (dask scheduler), and is the address right (--scheduler, IOTCTL_SCHEDULER)?",
    )


def _check_scheduler_version(client: Any, address: str) -> None:
    from iotctl.workers import dask_task

    try:
        theirs = client.run_on_scheduler(dask_task.version)
    except ImportError as error:
        raise _not_installed(f"scheduler: {address}") from error
    except (OSError, TimeoutError) as error:
        raise _no_scheduler(address) from error
    _compare(theirs, f"scheduler: {address}")


def _check_workers(cluster: Cluster, database: Database | None) -> None:
    from iotctl.workers import dask_task

    context = dask_task.TaskContext("", "", cluster.beacon, cluster.own_settings)
    answers = cluster.client.run(dask_task.check, context, database, on_error="return")
    for address, answer in sorted(answers.items()):
        where = f"worker: {address}"
        if isinstance(answer, ImportError):
            raise _not_installed(where) from answer
        if isinstance(answer, OSError):  # the worker left before it answered
            continue
        if isinstance(answer, BaseException):
            raise answer
        _compare(answer, where)


def _wait_for_workers(client: Any, address: str, seconds: float, note: Callable[[str], None]) -> None:
    if client.nthreads():
        return
    note(f"no worker has joined {address} yet; waiting up to {seconds:g} s for one")
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise UnreachableError(
            "The cluster has no worker.",
            where=f"scheduler: {address}",
            hint=_NO_WORKER_HINT.format(address=address),
        ) from error


def _compare(theirs: str, where: str) -> None:
    if theirs != __version__:
        raise ConfigurationError(
            f"It runs iotctl {theirs}, this command {__version__}.",
            where=where,
            hint="Install the same version on scheduler, workers and here.",
        )


def _not_installed(where: str) -> ConfigurationError:
    return ConfigurationError(
        "iotctl is not installed there.", where=where, hint="Install the same version there: pip install 'iotctl[dask]'"
    )
