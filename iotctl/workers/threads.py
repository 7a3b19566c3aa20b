"""Threads of this process as workers: while one waits for the network, others parse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

from iotctl.services.ingest.load_files import load_files
from iotctl.services.ingest.load_task import LoadTask, Outcome
from iotctl.services.ingest.progress import IngestListener

Task = TypeVar("Task")
Result = TypeVar("Result")


class Threads:
    """Threads that end with the context, after their tasks."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ThreadPoolExecutor(count)

    def load(self, task: LoadTask, listener: IngestListener, halt: threading.Event) -> Future[list[Outcome]]:
        """See LoadWorkers."""
        return self._pool.submit(load_files, task, listener, halt)

    def analyse(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """See AnalysisWorkers."""
        return self._pool.submit(work, task)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
