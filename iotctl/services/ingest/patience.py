"""Work that goes on with a new connection after a restart of the database or a lost network."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self, TypeVar

from iotctl.errors import IotctlError
from iotctl.repositories import Connection, Database, is_passing
from iotctl.services.ingest.progress import IngestListener

T = TypeVar("T")

# Waits after a lost database, about a minute in all: a restart takes less.
_WAIT_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 20.0)

# After a longer idle time a new connection is made: a firewall or idle_session_timeout may have closed the old one.
_IDLE_SECONDS = 5.0


class Session:
    """A connection of an ingest for one piece of work after the other; opened when the first one needs it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._opened = ExitStack()
        self._conn: Connection | None = None
        self._used = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def do(self, work: Callable[[Connection], T]) -> T:
        """The result of work. Raises IotctlError; then the next work gets a new connection."""
        try:
            with self._database.errors():
                return work(self._connection())
        except BaseException:
            self._close()
            raise
        finally:
            self._used = time.monotonic()

    def _connection(self) -> Connection:
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self._close()
        if self._conn is None:
            self._conn = self._opened.enter_context(self._database.connect(application="iotctl ingest"))
        return self._conn

    def _close(self) -> None:
        self._conn = None
        self._opened.close()


def patiently(
    session: Session,
    work: Callable[[Connection], T],
    listener: IngestListener,
    stop: threading.Event,
    steps_done: Callable[[], int] = lambda: 0,
) -> T:
    """The result of work, which is called again with a new connection if the database was lost.

    work must go on from the state in the database, not from memory: perhaps only the answer to a COMMIT was lost.
    steps_done: grows as work proceeds; after each step the waits start from the beginning. stop, when set, ends the
    wait. Raises IotctlError where the database does not come back, or has another problem.
    """
    waits = iter(_WAIT_SECONDS)
    while True:
        before = steps_done()
        try:
            return session.do(work)
        except IotctlError as error:
            if steps_done() > before:
                waits = iter(_WAIT_SECONDS)
            seconds = next(waits, None)
            if seconds is None or stop.is_set() or not is_passing(error.__cause__):
                raise
            listener.noted(f"{error.message} Trying again in {seconds:g} s.")
            stop.wait(seconds)
