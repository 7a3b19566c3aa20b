"""Work over a connection that outlives the connection: after a restart or a lost network it goes on."""

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

# Waits after a database that went away, about a minute in all: a restart takes less.
_WAIT_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 20.0)

# A connection that was idle for longer is made anew: a firewall or idle_session_timeout may have ended it.
_IDLE_SECONDS = 5.0


class Session:
    """A connection of an ingest that serves one piece of work after the other; made when the first one needs it."""

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
        """The result of work. Raises IotctlError, after which the next work has a new connection."""
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
    """The result of work, which is called again with a new connection where the database went away meanwhile.

    work must go on from what the database tells, not from memory: the answer to a COMMIT may be what got lost.
    steps_done: grows as work proceeds; each step earns the full patience anew. stop, when set, ends the waiting.
    Raises IotctlError where the database stays away, or has another problem.
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
