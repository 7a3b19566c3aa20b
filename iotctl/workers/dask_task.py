"""The code that runs on a worker of a Dask cluster: a task of ingest or detect, with the worker's settings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from iotctl import __version__
from iotctl.errors import ConfigurationError, IotctlError
from iotctl.repositories import Database, sees_beacon
from iotctl.services.ingest.load_files import load_files
from iotctl.services.ingest.load_task import LoadTask
from iotctl.services.spread import OnDatabase
from iotctl.settings import read_settings, store_settings

if TYPE_CHECKING:
    from iotctl.model import StoredFile
    from iotctl.services.ingest.load_task import Outcome


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a worker needs besides its task; small, and without secrets.

    topic: of the Dask events for progress. halt: the name of the Dask event that ends the work after the current
    batches. beacon: a mark that identifies the database. own_settings: use database and store of the worker's
    settings, not those of the task.
    """

    topic: str
    halt: str
    beacon: int
    own_settings: bool


def version() -> str:
    """The version of this machine's iotctl."""
    return __version__


def check(context: TaskContext, task_database: Database | None) -> str:
    """Check that this worker can work. Returns the version of its iotctl. Raises IotctlError."""
    _database(context, task_database)
    return __version__


def load(task: LoadTask, context: TaskContext) -> list[Outcome]:
    """load_files on this worker. Raises ConfigurationError if its settings do not fit the run."""
    task = replace(task, database=_database(context, task.database))
    if context.own_settings:
        task = replace(task, store=store_settings(read_settings()))
    return load_files(task, Reporter(context.topic), _Halt(context.halt))


def analyse(work: Callable[[OnDatabase], Result], task: OnDatabase, context: TaskContext) -> Result:
    """The result of work(task) on this worker.

    Raises IotctlError if the database or the worker's settings cannot be used.
    """
    return work(replace(task, database=_database(context, task.database)))


class Reporter:
    """A listener that sends the progress of this worker to the command, through the scheduler; for one thread."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def found(self, files: int, size: int) -> None:
        """Not used: workers do not list files."""

    def started(self, file: StoredFile) -> None:
        """A file is started."""
        self._say("started", file=file.uri)

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        """A batch is committed."""
        self._say("advanced", file=file.uri, done=done, rows=rows)

    def finished(self, file: StoredFile) -> None:
        """A file is ended."""
        self._say("finished", file=file.uri)

    def noted(self, message: str, file: str | None = None) -> None:
        """A message for people."""
        self._say("noted", message=message, file=file)

    def waiting(self, seconds: float) -> None:
        """Not used: only the command waits for files."""

    def _say(self, what: str, **more: str | float | None) -> None:
        from distributed import get_worker

        get_worker().log_event(self._topic, {"what": what} | more)


class _Halt(threading.Event):
    """Is set when the command has set the Dask event of this name, or when command or scheduler are gone."""

    def __init__(self, name: str) -> None:
        from distributed import Event, get_worker

        super().__init__()
        self._worker = get_worker()
        self._task = self._worker.get_current_task()
        self._event = Event(name)

    def is_set(self) -> bool:
        return self._is_given_up() or self._asks(lambda: self._event.is_set())

    def wait(self, timeout: float | None = None) -> bool:
        return self._is_given_up() or self._asks(lambda: self._event.wait(timeout))

    def _is_given_up(self) -> bool:
        """Whether nobody waits for the result: a killed command cannot set the event."""
        task = self._worker.state.tasks.get(self._task)
        return task is None or task.state in ("cancelled", "released")

    def _asks(self, ask: Callable[[], object]) -> bool:
        try:
            return bool(ask())
        except (OSError, RuntimeError):  # the scheduler is gone: nobody gets the result
            return True


# The beacons that this process has seen.
_seen: set[int] = set()


def _database(context: TaskContext, of_task: Database | None) -> Database:
    """The database of the command, checked by its beacon. Raises ConfigurationError."""
    database = of_task
    if context.own_settings or database is None:
        settings = read_settings()
        if settings.database_url is None:
            raise ConfigurationError(
                "A worker has no IOTCTL_DATABASE_URL.",
                where=f"worker: {_address()}",
                hint="Set IOTCTL_* where the worker starts, or use --send-credentials.",
            )
        database = Database(settings.database_url.get_secret_value())
    if context.beacon in _seen:
        return database
    try:
        with database.connect(application="iotctl cluster") as conn:
            seen = sees_beacon(conn, context.beacon)
    except IotctlError as error:
        # The message names the database. The worker is added, because one of many machines cannot reach it.
        raise type(error)(error.message, where=f"{error.where}; worker: {_address()}", hint=error.hint) from error
    if not seen:
        raise ConfigurationError(
            "A worker works on another database than this command.",
            where=f"worker: {_address()}, database: {database.address}",
            hint="Set IOTCTL_DATABASE_URL there to the same database. (If it was restarted just now, run again.)",
        )
    _seen.add(context.beacon)
    return database


def _address() -> str:
    from distributed import get_worker

    with suppress(ValueError):
        return str(get_worker().address)
    return "unknown"
