"""Signals that end a load: the first after the current batches, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from iotctl.cli.output.log import say
from iotctl.errors import ExitCode

# The longest wait for the line to be written, if nobody reads stderr.
_TELL_SECONDS = 5.0


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """While the context lasts, the first SIGINT or SIGTERM sets stop, and the second one ends the process.

    A thread sets stop and prints a line. The handler itself interrupts the main thread at any point, so it must not
    write to a stream (Python raises RuntimeError if it is in use) or take a lock that the main thread may hold.
    """
    came: SimpleQueue[bool] = SimpleQueue()  # put may be called in a signal handler
    is_second = False

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal is_second
        if is_second:
            # The server rolls back what is not committed.
            os._exit(ExitCode.INTERRUPTED)
        is_second = True
        came.put(True)

    def tell() -> None:
        if came.get():
            stop.set()
            say("stopping after the current batches; a second signal stops at once")

    teller = threading.Thread(target=tell, name="stop", daemon=True)
    teller.start()
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        came.put(False)
        teller.join(_TELL_SECONDS)  # else the process may end before the line is printed
