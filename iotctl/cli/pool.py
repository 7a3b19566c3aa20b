"""The executor that sensors are analysed on."""

from __future__ import annotations

import os
from concurrent.futures import Executor


def analysis_pool(workers: int) -> Executor:
    """Processes that end with this one; a single worker is a thread, which costs no start."""
    if workers == 1:
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(1)
    import signal
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not fork: a copy of this process would share its connections and its progress bar's thread.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)
    # Ctrl-C reaches every process of a terminal. Workers, of which each task starts one more, inherit that it is
    # nothing to them: their parent ends their work.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(workers):
            pool.submit(int)
    finally:
        signal.signal(signal.SIGINT, before)
    return pool


def _begin_worker() -> None:
    import gc
    import threading

    gc.set_threshold(100_000)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's worker whose parent was killed would wait for work for ever."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
