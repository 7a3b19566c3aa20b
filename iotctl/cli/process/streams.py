"""stdin, stdout and stderr that may be closed or full: stdout's trouble is an error, stderr's is none."""

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
    """Make the three streams usable, whatever this process was started with.

    A closed one is filled first: the next file or connection to be opened would get its number, and then what is
    meant for a terminal goes into a database.
    """
    # Nothing can be written to a descriptor that is for reading: the same error as for a closed one.
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 -- it lives as long as the process
    # Where a test or another program has put its own ones in place, they stay.
    if sys.stdout is sys.__stdout__:
        sys.stdout = _stream(_Stdout(1, "w", closefd=False), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _stream(_Stderr(2, "w", closefd=False), sys.stderr, by_line=True)


class _Stdout(io.FileIO):
    """Raises IotctlError, once, where it cannot be written; whoever reads it may go away (BrokenPipeError)."""

    _failed = False

    def write(self, data: ReadableBuffer) -> int:
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            # The interpreter writes what is left at its end; that must not fail again.
            self._failed = True
            raise IotctlError(
                f"Cannot write to stdout: {error.strerror}.", hint="Free space, or name a file where there is some."
            ) from error


class _Stderr(io.FileIO):
    """Loses what cannot be written: work goes on where nobody can be told of it."""

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
