"""Passes progress from the tasks of a load on a Dask cluster to this process, and the halt to the tasks."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iotctl.model import StoredFile
    from iotctl.services.ingest.load_task import LoadTask
    from iotctl.services.ingest.progress import IngestListener
    from iotctl.workers.dask_cluster import Cluster

# How often to check for a stop, and how often for workers.
_HALT_SECONDS = 0.1
_LOOK_SECONDS = 5.0


class Relay:
    """Passes the progress of tasks to a listener, and a halt to the tasks."""

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
        """Expect progress of the files of a task."""
        with self._lock:
            self._files |= {entry.file.uri: entry.file for entry in task.files}

    def forget(self, task: LoadTask) -> None:
        """A task has ended. If its worker was lost, this ends its file for the listener."""
        for entry in task.files:
            with self._lock:
                left = entry.file.uri in self._taken_up
                self._taken_up.discard(entry.file.uri)
                self._files.pop(entry.file.uri, None)
            if left:
                self._listener.finished(entry.file)

    def close(self) -> None:
        """Stop passing on."""
        self._closed.set()
        with suppress(Exception):  # the scheduler may be gone, which does not matter now
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
            # If a second worker takes a file after the first was lost, the file starts and ends only once.
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
            with suppress(Exception):  # if the scheduler is gone, the tasks fail, and their waiters see it
                if self.halt.is_set():
                    self._event.set()
                    return
                if time.monotonic() - looked > _LOOK_SECONDS:
                    looked = time.monotonic()
                    lonely = not self._cluster.client.nthreads()
                    if lonely and not told:
                        self._listener.noted("the cluster has no worker left; waiting for one")
                    told = looked if lonely else 0.0
