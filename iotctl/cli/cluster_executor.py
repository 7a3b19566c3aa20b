"""The executor of a Dask cluster: tasks of ingest and detect go to its workers, their progress comes back."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from iotctl.errors import IotctlError, UnreachableError
from iotctl.repositories import Database
from iotctl.sources import StoreSettings

if TYPE_CHECKING:
    from iotctl.cli.cluster import Cluster
    from iotctl.model import StoredFile
    from iotctl.services.analyse import SensorFindings, Task
    from iotctl.services.load_task import LoadTask
    from iotctl.services.progress import IngestListener

T = TypeVar("T")

# Whoever waits notices a stop, within this; and that no worker is left, within the other.
_HALT_SECONDS = 0.1
_LOOK_SECONDS = 5.0

# What a task has in place of a database where the worker's own settings name it.
_NOWHERE = Database("")


class ClusterExecutor(Executor):
    """Runs load_files and analyse_sensors on a cluster; what else it is given, it refuses.

    at_once: so many tasks at most are with the cluster, whatever threads it has or gets.
    """

    def __init__(self, cluster: Cluster, at_once: int) -> None:
        self._cluster = cluster
        self._at_once = at_once
        self._futures = cluster.client.get_executor(pure=False)
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._under_way = 0
        self._relay: _Relay | None = None

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """What fn(task), or load_files(task, listener, halt), returns on a worker."""
        from iotctl.services.analyse import analyse_sensors
        from iotctl.services.load_files import load_files

        assert not kwargs
        future: Future[T] = Future()
        if fn is load_files:
            task, listener, halt = args
            self._submit_load(future, task, listener, halt)
        elif fn is analyse_sensors:
            (task,) = args
            self._submit_analysis(future, task)
        else:
            raise TypeError(f"{fn} is no task for a cluster")
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End; what is not done is given up."""
        with self._lock:
            self._waiting.clear()
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        self._futures.shutdown(wait=False)

    def _submit_load(
        self, future: Future[Any], task: LoadTask, listener: IngestListener, halt: threading.Event
    ) -> None:
        from iotctl.cli.cluster_worker import load

        if self._relay is None or self._relay.halt is not halt:
            if self._relay is not None:
                self._relay.close()
            self._relay = _Relay(self._cluster, listener, halt)
        relay = self._relay
        relay.expect(task)
        future.add_done_callback(lambda _: relay.forget(task))
        if self._cluster.own_settings:
            task = replace(task, database=_NOWHERE, store=StoreSettings())
        self._start(future, load, task, relay.topic, relay.event_name, lambda result: result)

    def _submit_analysis(self, future: Future[Any], task: Task) -> None:
        from iotctl.cli.cluster_worker import analyse

        charts = task.request.charts

        def findings(result: tuple[list[SensorFindings], Mapping[str, bytes]]) -> list[SensorFindings]:
            found, pages = result
            for name, page in pages.items():
                assert charts is not None
                (charts.path / name).write_bytes(page)
            return found

        if self._cluster.own_settings:
            task = replace(task, database=_NOWHERE)
        self._start(future, analyse, task, "", "", findings)

    def _start(
        self,
        future: Future[Any],
        work: Callable[..., Any],
        task: LoadTask | Task,
        topic: str,
        halt: str,
        result_of: Callable[[Any], Any],
    ) -> None:
        """Give a task to the cluster as soon as fewer than at_once are there."""
        from iotctl.cli.cluster_worker import Errand

        errand = Errand(topic, halt, self._cluster.beacon, self._cluster.own_settings)

        def start() -> None:
            inner = self._futures.submit(work, task, errand, key=f"iotctl-{work.__name__}-{uuid.uuid4().hex}")
            future.add_done_callback(lambda outer: inner.cancel() if outer.cancelled() else None)
            inner.add_done_callback(end)

        def end(inner: Future[Any]) -> None:
            self._next()
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(result_of(inner.result(0)))
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


class _Relay:
    """Between the tasks of a round and this process: their progress to its listener, its halt to them."""

    def __init__(self, cluster: Cluster, listener: IngestListener, halt: threading.Event) -> None:
        from distributed import Event

        self.halt = halt
        self.topic = f"iotctl-progress-{uuid.uuid4().hex}"
        self.event_name = f"iotctl-halt-{uuid.uuid4().hex}"
        self._cluster = cluster
        self._listener = listener
        self._event = Event(self.event_name, client=cluster.client)
        self._files: dict[str, StoredFile] = {}
        self._taken_up: set[str] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        cluster.client.subscribe_topic(self.topic, self._hear)
        threading.Thread(target=self._watch, daemon=True).start()

    def expect(self, task: LoadTask) -> None:
        """Progress of these files may come."""
        with self._lock:
            self._files |= {entry.file.uri: entry.file for entry in task.files}

    def forget(self, task: LoadTask) -> None:
        """A task has ended; a worker that was lost has not said so of its file."""
        for entry in task.files:
            with self._lock:
                left = entry.file.uri in self._taken_up
                self._taken_up.discard(entry.file.uri)
                self._files.pop(entry.file.uri, None)
            if left:
                self._listener.finished(entry.file)

    def close(self) -> None:
        """Stop to relay."""
        self._closed.set()
        with suppress(Exception):  # the scheduler may be gone, which is no trouble any more
            self._cluster.client.unsubscribe_topic(self.topic)
            self._event.clear()

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        _, said = event
        what = said["what"]
        if what == "noted":
            self._listener.noted(said["message"], said["file"])
            return
        with self._lock:
            file = self._files.get(said["file"])
            known = said["file"] in self._taken_up
            # Of a file that a second worker takes up, after the first was lost, one start and one end are told.
            if file is None or known == (what == "started"):
                return
            (self._taken_up.discard if what == "finished" else self._taken_up.add)(file.uri)
        match what:
            case "started":
                self._listener.started(file)
            case "advanced":
                self._listener.advanced(file, said["done"], said["rows"])
            case "finished":
                self._listener.finished(file)

    def _watch(self) -> None:
        told = looked = 0.0
        while not self._closed.wait(_HALT_SECONDS):
            with suppress(Exception):  # a scheduler that is gone ends the tasks, whoever waits for them hears of it
                if self.halt.is_set():
                    self._event.set()
                    return
                if time.monotonic() - looked > _LOOK_SECONDS:
                    looked = time.monotonic()
                    lonely = not self._cluster.client.nthreads()
                    if lonely and not told:
                        self._listener.noted("the cluster has no worker left; waiting for one")
                    told = looked if lonely else 0.0


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
