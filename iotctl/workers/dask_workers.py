"""The workers of a Dask cluster: sends tasks of ingest and detect to them, and returns the results."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from iotctl.errors import IotctlError, UnreachableError
from iotctl.repositories import Database
from iotctl.sources import StoreSettings
from iotctl.workers import dask_task
from iotctl.workers.dask_relay import Relay

if TYPE_CHECKING:
    from iotctl.services.ingest.load_task import LoadTask, Outcome
    from iotctl.services.ingest.progress import IngestListener
    from iotctl.services.spread import OnDatabase
    from iotctl.workers.dask_cluster import Cluster

Result = TypeVar("Result")

# Stands in a task for the database of the worker's settings.
_NOWHERE = Database("")


class DaskWorkers:
    """The workers of a cluster. count: number of tasks that they run at once.

    at_once: the most tasks that are sent to the cluster at once, even if it has more threads.
    """

    def __init__(self, cluster: Cluster, at_once: int) -> None:
        self.count = min(cluster.threads, at_once)
        self._cluster = cluster
        self._at_once = at_once
        self._futures = cluster.client.get_executor(pure=False)
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._under_way = 0
        self._relay: Relay | None = None

    def load(self, task: LoadTask, listener: IngestListener, halt: threading.Event) -> Future[list[Outcome]]:
        """See LoadWorkers."""
        if self._relay is None or self._relay.halt is not halt:
            if self._relay is not None:
                self._relay.close()
            self._relay = Relay(self._cluster, listener, halt)
        relay = self._relay
        relay.expect(task)
        future: Future[list[Outcome]] = Future()
        future.add_done_callback(lambda _: relay.forget(task))
        sent = task
        if self._cluster.own_settings:
            sent = replace(task, database=_NOWHERE, store=StoreSettings())
        self._start(future, dask_task.load, (sent, self._context(relay.topic, relay.event_name)))
        return future

    def analyse(self, work: Callable[[OnDatabase], Result], task: OnDatabase) -> Future[Result]:
        """See AnalysisWorkers."""
        if self._cluster.own_settings:
            task = replace(task, database=_NOWHERE)
        future: Future[Result] = Future()
        self._start(future, dask_task.analyse, (work, task, self._context()))
        return future

    def close(self) -> None:
        """End. Unfinished tasks are cancelled."""
        with self._lock:
            self._waiting.clear()
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        self._futures.shutdown(wait=False)

    def _context(self, topic: str = "", halt: str = "") -> dask_task.TaskContext:
        return dask_task.TaskContext(topic, halt, self._cluster.beacon, self._cluster.own_settings)

    def _start(
        self,
        future: Future[Any],
        work: Callable[..., Any],
        arguments: tuple[object, ...],
    ) -> None:
        """Send work to the cluster as soon as it has fewer than at_once tasks."""

        def start() -> None:
            inner = self._futures.submit(work, *arguments, key=f"iotctl-{work.__name__}-{uuid.uuid4().hex}")
            future.add_done_callback(lambda outer: inner.cancel() if outer.cancelled() else None)
            inner.add_done_callback(end)

        def end(inner: Future[Any]) -> None:
            self._next()
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(inner.result(0))
            except BaseException as error:  # noqa: BLE001 -- raised when the result is asked for
                future.set_exception(_explained(error, self._cluster.address))

        with self._lock:
            if self._under_way >= self._at_once:
                self._waiting.append(start)
                return
            self._under_way += 1
        start()

    def _next(self) -> None:
        with self._lock:
            if not self._waiting:
                self._under_way -= 1
                return
            start = self._waiting.popleft()
        start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _explained(error: BaseException, address: str) -> BaseException:
    """The IotctlError for the failure of a task; other errors as they are."""
    from concurrent.futures import CancelledError

    from distributed.scheduler import KilledWorker

    where = f"scheduler: {address}"
    if isinstance(error, KilledWorker):
        return IotctlError(
            "Several workers died on the same work, perhaps because of too little memory. Committed batches stay.",
            where=where,
            hint="See the workers' logs; give each more memory (dask worker --memory-limit). Then run again.",
        )
    if isinstance(error, CancelledError):
        return UnreachableError(
            "The Dask scheduler is gone. Committed batches stay.", where=where, hint="Start it, and run again."
        )
    return error
