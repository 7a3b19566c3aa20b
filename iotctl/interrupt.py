"""Ctrl-C: ends the process at once as long as nothing has begun, and by KeyboardInterrupt from then on.

An exception in the middle of an import is turned into others, or shown, by the libraries that are being loaded.
"""

from __future__ import annotations

import os
import signal
import sys

from iotctl.errors import ExitCode

_begun = False
_came = False


def end_at_once() -> None:
    """From here on Ctrl-C ends the process without a word; where it is ignored (nohup), that stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _on_interrupt)


def begin() -> None:
    """From here on there is something to be put away first: a server to stop, an unfinished file."""
    global _begun
    _begun = True


def came() -> bool:
    """Whether there was a Ctrl-C that has been raised as an exception, whatever has become of that."""
    return _came


def _on_interrupt(_number: int, _frame: object) -> None:
    global _came
    if not _begun:
        os._exit(ExitCode.INTERRUPTED)
    _came = True
    # Where an exception can be told to nobody (a destructor, the end of the interpreter), Python prints it.
    sys.unraisablehook = lambda _: None
    raise KeyboardInterrupt
