"""A stream over a network: after a broken connection it goes on from the last byte."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import BinaryIO

from iotctl.errors import UnreachableError
from iotctl.model import StoredFile


class ResumingBody(io.RawIOBase):
    """The bytes of a file version from an offset on.

    open_at(position) opens the bytes from there, and raises an IotctlError if a retry would not help. broken: the
    exceptions after which a retry may help. wait_seconds: before each retry. After each byte, all retries start again.
    """

    def __init__(
        self,
        file: StoredFile,
        offset: int,
        open_at: Callable[[int], BinaryIO],
        broken: tuple[type[Exception], ...],
        wait_seconds: tuple[float, ...],
    ) -> None:
        self._file = file
        self._position = offset
        self._open_at = open_at
        self._broken = broken
        self._wait_seconds = wait_seconds
        self._body: BinaryIO | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        """Read bytes into buffer. Returns their number, 0 at the end of the file."""
        if self._position >= self._file.size or not len(buffer):
            return 0
        problem: Exception | None = None
        for wait in (0.0, *self._wait_seconds):
            time.sleep(wait)
            try:
                if self._body is None:
                    self._body = self._open_at(self._position)
                count = self._body.readinto(buffer)  # type: ignore[attr-defined]  # raw streams have it
            except self._broken as error:
                problem, count = error, 0
            if count:
                self._position += count
                return int(count)
            self._drop()  # the body ended before the file did
        raise UnreachableError(
            f"The store broke off at byte {self._position} of {self._file.size}, {len(self._wait_seconds) + 1} times.",
            where=self._file.uri,
            hint="Run again later: loading goes on from the last committed batch.",
        ) from problem

    def close(self) -> None:
        """Release the connection."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
