"""Progress of work on many sensors, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotctl.cli.output.log import Level, is_quiet, say
from iotctl.cli.progress.above import print_above
from iotctl.cli.progress.time_left import time_left
from iotctl.words import counted

if TYPE_CHECKING:
    from rich.progress import Progress

_LINE_SECONDS = 5.0


@contextmanager
def sensor_progress() -> Iterator[SensorProgress]:
    """Progress that is shown while the context lasts."""
    if is_quiet() or not sys.stderr.isatty():
        yield SensorProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[result]}"),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        yield SensorProgress(progress)


class SensorProgress:
    """Shows how many sensors are done, and a short result."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._bar = None if progress is None else progress.add_task("sensors", total=None, result="", left="")
        self._began = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._began

    def show(self, done: int, sensors: int, result: str) -> None:
        """Move the bar; without a bar, print a line if the last one is some time ago."""
        left = time_left(done, sensors, self.seconds)
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, total=sensors, completed=done, result=result, left=left)
            return
        now = time.monotonic()
        if now - self._last < _LINE_SECONDS or not done:
            return
        self._last = now
        say(", ".join(part for part in (f"{done:,} of {counted(sensors, 'sensor')}", result, left) if part))

    def note(self, message: str, level: Level = Level.INFO) -> None:
        """Print a line that stays."""
        if self._progress is None:
            say(message, level)
        else:
            print_above(self._progress, message)

    def close(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.stop()
