"""Progress of a detection on stderr: a bar on a terminal, plain lines elsewhere, then a summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotctl.cli.log import say
from iotctl.cli.terminal import printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from iotctl.services.analyse import SensorFindings

_LINE_SECONDS = 5.0

# Up to so many sensors, each has a line of its own.
_FEW = 10


@contextmanager
def watch_detect(saves: bool) -> Iterator[DetectWatch]:
    """A listener that shows what it hears while the context lasts, and counts it."""
    if not sys.stderr.isatty():
        yield DetectWatch(saves)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[events]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        yield DetectWatch(saves, progress)


class DetectWatch:
    """Counts sensors, readings and events of a run, and shows how far it is."""

    def __init__(self, saves: bool, progress: Progress | None = None) -> None:
        self._saves = saves
        self._progress = progress
        self._bar = None if progress is None else progress.add_task("sensors", total=None, events="")
        self._began = self._last = time.monotonic()
        self.sensors = self.done = self.failed = self.without_news = 0
        self.readings = self.events = self.new = self.silenced = self.over_budget = 0

    def found(self, sensors: int, without_news: int) -> None:
        """So many sensors are to be looked at; so many more have no new readings."""
        self.sensors, self.without_news = sensors, without_news
        self._draw()

    def finished(self, findings: SensorFindings) -> None:
        """A sensor is done, or has failed."""
        name = findings.sensor.sensor_name or findings.sensor.sensor_uuid
        self.done += 1
        self.failed += findings.trouble is not None
        self.readings += findings.readings
        self.events += len(findings.findings)
        self.new += findings.new
        self.silenced += findings.silenced
        self.over_budget += findings.over_budget
        if findings.trouble is not None:
            self._note(f"{name}: not analysed: {findings.trouble}")
        elif self.sensors <= _FEW:
            dropped = "".join(f", {count} {reason} left out" for reason, count in findings.dropped.items())
            self._note(
                f"{name}: {findings.readings:,} readings{dropped}; {findings.sensor_kind},"
                f" {counted(findings.regimes, 'regime')},"
                f" {counted(len(findings.findings), 'event')}"
                + (f", {findings.new} new" if self._saves else "")
                + kept_back(findings.silenced, findings.over_budget)
            )
        self._draw()

    def close(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()

    def summarise(self) -> None:
        """Say what the whole run did, where the lines of single sensors have not said it."""
        if self.sensors == 1 and not self.without_news:
            return
        say(
            f"{counted(self.done, 'sensor')}, {self.readings:,} readings, {counted(self.events, 'event')}"
            + (f", {self.new} new" if self._saves else "")
            + kept_back(self.silenced, self.over_budget)
            + (f"; {self.without_news:,} without new readings" if self.without_news else "")
            + (f"; {self.failed:,} failed" if self.failed else "")
            + f"; {time.monotonic() - self._began:.1f} s"
        )

    def _note(self, message: str) -> None:
        if self._progress is None:
            say(message)
        else:
            self._progress.console.print(printable(message), markup=False, highlight=False)

    def _draw(self) -> None:
        if self._progress is not None and self._bar is not None:
            events = counted(self.events, "event")
            self._progress.update(self._bar, total=self.sensors, completed=self.done, events=events)
            return
        now = time.monotonic()
        if now - self._last < _LINE_SECONDS or not self.done:
            return
        self._last = now
        left = (self.sensors - self.done) / self.done * (now - self._began)
        say(f"{self.done:,}/{self.sensors:,} sensors, {counted(self.events, 'event')}, {left:.0f} s left")


def counted(number: int, noun: str) -> str:
    """1 event, 2 events."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def kept_back(silenced: int, over_budget: int) -> str:
    """How many events are not shown, and why."""
    return (f", {silenced} labelled and not shown" if silenced else "") + (
        f", {over_budget} over the alert budget" if over_budget else ""
    )
