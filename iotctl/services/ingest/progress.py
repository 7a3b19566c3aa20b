"""What a running ingest tells whoever watches it; the command line draws it."""

from __future__ import annotations

from typing import Protocol

from iotctl.model import StoredFile


class IngestListener(Protocol):
    """Is called from several threads at once."""

    def found(self, files: int, size: int) -> None:
        """So many more files, of so many bytes together, are to be loaded."""

    def started(self, file: StoredFile) -> None:
        """A worker begins with a file."""

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        """A batch of so many rows is committed; done: the part of the file that is loaded by now (0..1)."""

    def finished(self, file: StoredFile) -> None:
        """A worker is through with a file, whatever came of it."""

    def noted(self, message: str, file: str | None = None) -> None:
        """Something a person should know, such as a file (its URI) that is left out."""

    def waiting(self, seconds: float) -> None:
        """A round is over, and nothing is done until the next one, so many seconds later."""


class Silent:
    """A listener that nobody looks at."""

    def found(self, files: int, size: int) -> None: ...  # noqa: D102
    def started(self, file: StoredFile) -> None: ...  # noqa: D102
    def advanced(self, file: StoredFile, done: float, rows: int) -> None: ...  # noqa: D102
    def finished(self, file: StoredFile) -> None: ...  # noqa: D102
    def noted(self, message: str, file: str | None = None) -> None: ...  # noqa: D102
    def waiting(self, seconds: float) -> None: ...  # noqa: D102
