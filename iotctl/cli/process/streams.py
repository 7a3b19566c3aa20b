"""stdin, stdout and stderr may be closed or full. For stdout this is an error, for stderr it is not."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from iotctl.errors import IotctlError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BUFFER_BYTES = 64 * 1024


def prepare_streams() -> None:
    """Make the three streams usable, however this process was started.

    A closed stream is opened first. Else the next file or connection would get its number, and output for the terminal
    would go into a database.
    """
    # Writing to a read-only descriptor gives the same error as writing to a closed one.
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- it lives as long as the process
    # Streams that a test or another program has replaced stay as they are.
    if sys.stdout is sys.__stdout__:
        sys.stdout = _stream(_Stdout(1, "w", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(_Stderr(2, "w", closefd=False), sys.stderr, by_line=True)


class _Stdout(io.FileIO):
    """Raises IotctlError, once, if writing fails; BrokenPipeError if the reader is gone."""

    _failed = False

    def write(self, data: ReadableBuffer) -> int:
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            # The interpreter flushes again at exit; that must not fail.
            self._failed = True
            raise IotctlError(
                f"Cannot write to stdout: {error.strerror}.", hint="Free space, or write to a file elsewhere with -o."
            ) from error


class _Stderr(io.FileIO):
    """Ignores errors of writing, so that the work goes on."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _stream(raw: io.FileIO, before: io.TextIOBase | None, *, by_line: bool = False) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw, _BUFFER_BYTES),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=by_line or raw.isatty(),
    )
