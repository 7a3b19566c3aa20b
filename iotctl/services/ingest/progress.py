"""What a running ingest reports; the command line shows it."""

from __future__ import annotations

from typing import Protocol

from iotctl.model import StoredFile


class IngestListener(Protocol):
    """Is told the progress of an ingest; called from several threads."""

    def found(self, files: int, size: int) -> None:
        """So many more files, of so many bytes together, will be loaded."""

    def started(self, file: StoredFile) -> None:
        """A worker starts with a file."""

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        """A batch of so many rows is committed. done: the loaded part of the file (0..1)."""

    def finished(self, file: StoredFile) -> None:
        """A worker has finished with a file, with success or not."""

    def noted(self, message: str, file: str | None = None) -> None:
        """Something that a person should know, such as a file (its URI) that is left out."""

    def waiting(self, seconds: float) -> None:
        """A round is over; the next one starts so many seconds later."""


class Silent:
    """A listener that does nothing."""

    def found(self, files: int, size: int) -> None: ...  # noqa: D102
    def started(self, file: StoredFile) -> None: ...  # noqa: D102
    def advanced(self, file: StoredFile, done: float, rows: int) -> None: ...  # noqa: D102
    def finished(self, file: StoredFile) -> None: ...  # noqa: D102
    def noted(self, message: str, file: str | None = None) -> None: ...  # noqa: D102
    def waiting(self, seconds: float) -> None: ...  # noqa: D102
