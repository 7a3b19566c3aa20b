"""Signals that end a load: the first one after the batches in hand, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from iotctl.cli.output.log import say
from iotctl.errors import ExitCode

# So long the line may take, where nobody reads it.
_TELL_SECONDS = 5.0


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """While the context lasts, the first SIGINT or SIGTERM sets stop, and the second one ends the process.

    A thread sets it and says so. A handler runs in the middle of whatever the main thread does: it must not write to
    a stream that is being written to (Python raises RuntimeError), and not take a lock that the main thread may hold.
    """
    came: SimpleQueue[bool] = SimpleQueue()  # its put may be called from a handler
    is_second = False

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal is_second
        if is_second:
            # The server rolls back what its clients did not commit.
            os._exit(ExitCode.INTERRUPTED)
        is_second = True
        came.put(True)

    def tell() -> None:
        if came.get():
            stop.set()
            say("stopping after the batches in hand; once more ends at once")

    teller = threading.Thread(target=tell, name="stop", daemon=True)
    teller.start()
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        came.put(False)
        teller.join(_TELL_SECONDS)  # the work may end, and the process with it, before it is said why
