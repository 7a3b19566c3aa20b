"""A pager for output that is longer than the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import BinaryIO

from iotctl import interrupt

# Options of less: end if all fits on one screen, keep colours, and leave the output on the screen.
_LESS = "FRX"


def show(lines: Iterable[bytes], height: int, file: BinaryIO) -> None:
    """Write lines to a terminal. If there are more than its height, they go through PAGER, or less, as they come."""
    lines = iter(lines)
    # One line is for the prompt.
    first = list(islice(lines, height - 1))
    rest = list(islice(lines, 1))
    command = _pager() if rest else None
    if command is None:
        file.writelines(chain(first, rest, lines))
        file.flush()
        return
    file.flush()
    _page(command, chain(first, rest, lines))


def _pager() -> str | None:
    """The command of a pager; None if there is none, or if stdin is not a terminal."""
    if not sys.stdin.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return None
    named = os.environ.get("PAGER")
    if named is not None:
        return None if named.strip() in ("", "cat") else named
    return "less" if shutil.which("less") else None


def _page(command: str, lines: Iterator[bytes]) -> None:
    interrupt.begin()
    environment = os.environ | {"LESS": os.environ.get("LESS", _LESS)}
    # PAGER is a shell command: it may have options.
    pager = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment)  # noqa: S602
    assert pager.stdin is not None
    try:
        # The user closed the pager.
        with suppress(BrokenPipeError), pager.stdin as into:
            into.writelines(lines)
    finally:
        _wait(pager)


def _wait(pager: subprocess.Popen[bytes]) -> None:
    """Wait until the pager is closed. The pager ignores Ctrl-C, and so does this process."""
    while True:
        try:
            pager.wait()
        except KeyboardInterrupt:
            continue
        return
