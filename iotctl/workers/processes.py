"""Analyses sensors on this machine. An interrupt ends the work, also while it waits for the database.

When a thread gets a KeyboardInterrupt, psycopg cancels the query of its connection. Python raises it only in the main
thread of a process. So the work runs in the main thread: of other processes, or of the command itself.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from types import FrameType, TracebackType
from typing import Self, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

# After this time, a worker that does not end by itself is killed; for example, because the network is gone.
_END_SECONDS = 10.0

_INTERRUPT = (signal.SIGINT,)


class ThisThread:
    """Does each piece of work in the thread that asks for its result, when it asks."""

    count = 1

    def analyse(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """See AnalysisWorkers."""
        return _Deferred(lambda: work(task))


class _Deferred(Future[Result]):
    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Result:
        if not self.done() and self.set_running_or_notify_cancel():
            try:
                self.set_result(self._work())
            except Exception as error:  # noqa: BLE001 -- as executors do; an interrupt is passed on
                self.set_exception(error)
        return super().result(timeout)


class Processes:
    """Processes that end with this one. If an interrupt leaves the context, their work ends."""

    def __init__(self, count: int) -> None:
        self.count = count
        # Not fork: a copy of this process would share its connections and the thread of its progress bar.
        context = get_context("spawn")
        self._told, self._tell = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(count, context, _begin, (self._told,))
        for _ in range(count):  # start them now
            self.analyse(int, 0)

    def analyse(self, work: Callable[[Task], Result], task: Task) -> Future[Result]:
        """See AnalysisWorkers."""
        # Ctrl-C reaches every process of a terminal, and each submit may start a worker. The signal is blocked here:
        # the worker inherits this until it has its handler. Here the signal waits, and is not lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
        try:
            return self._pool.submit(_do, work, task)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._tell.close()
        self._pool.shutdown()


class _Work:
    """The state of a worker process: whether it works, and whether it must stop."""

    is_under_way = False
    is_over = False


def _begin(told: Connection) -> None:
    gc.set_threshold(100_000)
    signal.signal(signal.SIGINT, _interrupt)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)
    threading.Thread(target=_watch_parent, args=(told,), daemon=True).start()


def _do(work: Callable[[Task], Result], task: Task) -> Result:
    _Work.is_under_way = True
    try:
        if _Work.is_over:
            raise KeyboardInterrupt
        return work(task)
    finally:
        _Work.is_under_way = False


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Between two pieces of work nothing would catch the interrupt. Ctrl-C of the terminal also comes here.
    if _Work.is_over and _Work.is_under_way:
        raise KeyboardInterrupt


def _watch_parent(told: Connection) -> None:
    """End the work if the parent says so, and the process if the parent is gone."""
    parent = parent_process()
    assert parent is not None
    if parent.sentinel not in wait([parent.sentinel, told]):
        _Work.is_over = True
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)
        parent.join(_END_SECONDS)
    os._exit(1)
