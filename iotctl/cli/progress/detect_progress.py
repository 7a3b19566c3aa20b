"""Progress of a detection on stderr: a bar on a terminal, plain lines elsewhere, then a summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotctl.cli.output.log import Level, say
from iotctl.cli.progress.sensor_progress import SensorProgress, sensor_progress
from iotctl.words import counted

if TYPE_CHECKING:
    from iotctl.services.detect.detect_task import SensorFindings

# Up to this number of sensors, each has its own line.
_FEW = 10


@contextmanager
def watch_detect(saves: bool, *, tells: bool = True) -> Iterator[DetectWatch]:
    """A listener that counts and shows progress while the context lasts. tells: print a line for each sensor."""
    with sensor_progress() as progress:
        yield DetectWatch(saves, progress, tells=tells)


class DetectWatch:
    """Counts sensors, readings and events of a run, and shows its progress."""

    def __init__(self, saves: bool, progress: SensorProgress, *, tells: bool = True) -> None:
        self._saves = saves
        self._tells = tells
        self._progress = progress
        self.sensors = self.done = self.failed = self.without_news = 0
        self._chosen = 0
        self.readings = self.events = self.new = self.silenced = self.over_budget = 0

    def found(self, sensors: int, without_news: int) -> None:
        """sensors: to be analysed. without_news: skipped, because they have no new readings."""
        self.sensors, self.without_news = sensors, without_news
        self._chosen = sensors + without_news
        self._draw()

    def finished(self, findings: SensorFindings) -> None:
        """A sensor is done, or has failed."""
        name = findings.sensor.title
        self.done += 1
        self.sensors = max(self.sensors, self.done)  # a sensor without new readings may have become silent
        self.failed += findings.trouble is not None
        self.readings += findings.readings
        self.events += len(findings.findings)
        self.new += findings.new
        self.silenced += findings.silenced
        self.over_budget += findings.over_budget
        if findings.trouble is not None:
            self._progress.note(f"{name}: not analysed: {findings.trouble}", Level.WARNING)
        elif self._tells and self._chosen <= _FEW:
            dropped = "".join(f", {count} {reason} left out" for reason, count in findings.dropped.items())
            self._progress.note(
                f"{name}: {counted(findings.readings, 'reading')}{dropped}; "
                # A sensor without new readings has no words: only its silence is told.
                + "".join(f"{words}; " for words in (findings.sensor_words, findings.regimes) if words)
                + counted(len(findings.findings), "event")
                + (f", {findings.new} new" if self._saves else "")
                + kept_back(findings.silenced, findings.over_budget)
            )
        self._draw()

    def close(self) -> None:
        """Remove the bar."""
        self._progress.close()

    def summarise(self) -> None:
        """Print a summary of the run, unless the lines of single sensors are enough."""
        if self.sensors == 1 and not self.without_news:
            return
        say(
            f"{counted(self.done, 'sensor')}, {counted(self.readings, 'reading')}, {counted(self.events, 'event')}"
            + (f", {self.new} new" if self._saves else "")
            + kept_back(self.silenced, self.over_budget)
            + (f"; {self.without_news:,} without new readings" if self.without_news else "")
            + (f"; {self.failed:,} failed" if self.failed else "")
            + f"; {self._progress.seconds:.1f} s"
        )

    def _draw(self) -> None:
        self._progress.show(self.done, self.sensors, counted(self.events, "event") if self._tells else "")


def kept_back(silenced: int, over_budget: int) -> str:
    """How many events are not shown, and why."""
    return (f", {silenced} labelled and not shown" if silenced else "") + (
        f", {over_budget} over the alert budget" if over_budget else ""
    )
