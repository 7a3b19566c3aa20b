"""Work over a connection that outlives the connection: after a restart or a lost network it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from iotctl.errors import IotctlError
from iotctl.repositories import Connection, Database, is_passing
from iotctl.services.progress import IngestListener

T = TypeVar("T")

# Waits after a database that went away, about a minute in all: a restart takes less.
_WAIT_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 20.0)


def patiently(
    database: Database,
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
            with database.connect(application="iotctl ingest") as conn:
                return work(conn)
        except IotctlError as error:
            if steps_done() > before:
                waits = iter(_WAIT_SECONDS)
            seconds = next(waits, None)
            if seconds is None or stop.is_set() or not is_passing(error.__cause__):
                raise
            listener.noted(f"{error.message} Trying again in {seconds:g} s.")
            stop.wait(seconds)
