"""Progress of an ingest on stderr: bars on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from iotctl.cli.output.log import Level, is_json, is_quiet, say
from iotctl.cli.output.terminal import printable, size
from iotctl.cli.progress.above import print_above
from iotctl.cli.progress.time_left import time_left
from iotctl.services.ingest.progress import IngestListener

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from iotctl.model import StoredFile

_LINE_SECONDS = 5.0


@contextmanager
def watch_ingest() -> Iterator[IngestListener]:
    """A listener that shows progress while the context lasts."""
    if is_json():
        yield _Objects()
        return
    if is_quiet() or not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TextColumn("{task.fields[rows]}"),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # the JSON lines of a watch are data for stdout
    ) as progress:
        yield _Bars(progress)


def _waiting(seconds: float) -> str:
    return f"waiting for new files, looking every {seconds:g} s"


class _Totals:
    """Bytes and rows over all files; called from several threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.began = time.monotonic()
        self.files = 0
        self.bytes = 0
        self.done_files = 0
        self.done_bytes = 0.0
        self.rows = 0
        self.is_waiting = False
        self._part: dict[str, float] = {}

    def found(self, files: int, size: int) -> None:
        with self.lock:
            if files and self.is_waiting:
                # After a wait, rates are measured from now.
                self.is_waiting = False
                self.began = time.monotonic()
                self.files = self.bytes = self.done_files = self.rows = 0
                self.done_bytes = 0.0
            self.files += files
            self.bytes += size

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        with self.lock:
            self.done_bytes += (done - self._part.get(file.uri, 0.0)) * file.size
            self._part[file.uri] = done
            self.rows += rows

    def finished(self, file: StoredFile) -> None:
        with self.lock:
            self.done_files += 1
            self.done_bytes += (1.0 - self._part.pop(file.uri, 0.0)) * file.size

    @property
    def rows_per_second(self) -> float:
        return self.rows / max(time.monotonic() - self.began, 1e-9)

    @property
    def left(self) -> str:
        return time_left(self.done_bytes, self.bytes, time.monotonic() - self.began)


class _Lines:
    """Prints a line from time to time, for logs."""

    def __init__(self) -> None:
        self._totals = _Totals()
        self._last = time.monotonic()

    def found(self, files: int, size: int) -> None:
        self._totals.found(files, size)

    def started(self, file: StoredFile) -> None:
        pass

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        self._totals.advanced(file, done, rows)
        self._line_if_due()

    def finished(self, file: StoredFile) -> None:
        self._totals.finished(file)
        self._line_if_due()

    def noted(self, message: str, file: str | None = None) -> None:
        say(message, Level.WARNING, file=file)

    def waiting(self, seconds: float) -> None:
        # Once, until there are new files.
        if not self._totals.is_waiting:
            say(_waiting(seconds))
        self._totals.is_waiting = True

    def _line_if_due(self) -> None:
        totals = self._totals
        with totals.lock:
            now = time.monotonic()
            if now - self._last < _LINE_SECONDS:
                return
            self._last = now
            left = totals.left
        say(
            f"{totals.done_files}/{totals.files} files, {size(totals.done_bytes)} of {size(totals.bytes)}, "
            f"{totals.rows:,} rows, {totals.rows_per_second:,.0f} rows/s" + (f", {left}" if left else "")
        )


class _Objects(_Lines):
    """Also prints a line when a file starts and ends, for --log-format json."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, int] = {}

    def started(self, file: StoredFile) -> None:
        self._rows[file.uri] = 0
        say("file started", file=file.uri, bytes=file.size)

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        self._rows[file.uri] += rows
        super().advanced(file, done, rows)

    def finished(self, file: StoredFile) -> None:
        super().finished(file)
        say("file ended", file=file.uri, rows=self._rows.pop(file.uri, 0))


class _Bars:
    """A bar for all files, and one for each file being loaded."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._totals = _Totals()
        self._all = progress.add_task("all files", total=None, rows="", left="")
        self._bars: dict[str, TaskID] = {}

    def found(self, files: int, size: int) -> None:
        self._totals.found(files, size)
        self._draw()

    def started(self, file: StoredFile) -> None:
        name = printable(PurePosixPath(file.uri).name)[-40:]
        self._bars[file.uri] = self._progress.add_task(
            name.replace("[", r"\["), total=max(file.size, 1), rows="", left=""
        )

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        self._totals.advanced(file, done, rows)
        self._progress.update(self._bars[file.uri], completed=done * file.size)
        self._draw()

    def finished(self, file: StoredFile) -> None:
        self._totals.finished(file)
        self._progress.remove_task(self._bars.pop(file.uri))
        self._draw()

    def noted(self, message: str, file: str | None = None) -> None:
        print_above(self._progress, message)

    def waiting(self, seconds: float) -> None:
        self._totals.is_waiting = True
        self._progress.update(self._all, description=_waiting(seconds), left="")

    def _draw(self) -> None:
        totals = self._totals
        self._progress.update(
            self._all,
            total=totals.bytes,
            completed=totals.done_bytes,
            description=f"{totals.done_files}/{totals.files} files",
            rows=f"{totals.rows:,} rows, {totals.rows_per_second:,.0f}/s",
            left=totals.left,
        )
