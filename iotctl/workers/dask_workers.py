"""The workers of a Dask cluster: tasks of ingest and detect go there, what comes of them comes back."""

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
    from iotctl.services.load_task import LoadTask, Outcome
    from iotctl.services.progress import IngestListener
    from iotctl.services.spread import OnDatabase
    from iotctl.workers.dask_cluster import Cluster

Result = TypeVar("Result")

# What a task has in place of a database where the worker's own settings name it.
_NOWHERE = Database("")


class DaskWorkers:
    """The workers of a cluster. count: tasks that they run at once.

    at_once: so many tasks at most are with the cluster, whatever threads it has or gets.
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
        self._start(future, dask_task.load, (sent, self._errand(relay.topic, relay.event_name)))
        return future

    def analyse(self, work: Callable[[OnDatabase], Result], task: OnDatabase) -> Future[Result]:
        """See AnalysisWorkers."""
        if self._cluster.own_settings:
            task = replace(task, database=_NOWHERE)
        future: Future[Result] = Future()
        self._start(future, dask_task.analyse, (work, task, self._errand()))
        return future

    def close(self) -> None:
        """End; what is not done is given up."""
        with self._lock:
            self._waiting.clear()
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        self._futures.shutdown(wait=False)

    def _errand(self, topic: str = "", halt: str = "") -> dask_task.Errand:
        return dask_task.Errand(topic, halt, self._cluster.beacon, self._cluster.own_settings)

    def _start(
        self,
        future: Future[Any],
        work: Callable[..., Any],
        arguments: tuple[object, ...],
    ) -> None:
        """Give work to the cluster as soon as fewer than at_once are there."""

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
            except BaseException as error:  # noqa: BLE001 -- it is raised where the result is asked for
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
    """What a task's end means to a user, where it is not an IotctlError already."""
    from concurrent.futures import CancelledError

    from distributed.scheduler import KilledWorker

    where = f"scheduler: {address}"
    if isinstance(error, KilledWorker):
        return IotctlError(
            "Several workers in a row died over the same work, perhaps for want of memory; what is committed stays.",
            where=where,
            hint="See the workers' logs; give each more memory (dask worker --memory-limit). Then run again.",
        )
    if isinstance(error, CancelledError):
        return UnreachableError(
            "The Dask scheduler went away; what is committed stays.", where=where, hint="Start it, and run again."
        )
    return error
