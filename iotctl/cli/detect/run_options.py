"""What a run of iotctl detect is asked for, and its outcome."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from iotctl.analysis import DetectOptions
from iotctl.cli.detect.options import EventOptions, OutputOptions, SaveOptions
from iotctl.cli.options import TimedRowOutput
from iotctl.cli.output.events import COLUMNS, event_row, event_view
from iotctl.errors import ExitCode
from iotctl.model import Finding


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run as values. start, end: microseconds since 1970-01-01 UTC, None for open.

    context_seconds: how much is read beyond the range. timezone: of the printed times.
    """

    options: DetectOptions
    start: int | None
    end: int | None
    context_seconds: float
    timezone: str
    judged: EventOptions
    rows: TimedRowOutput
    shown: OutputOptions
    kept: SaveOptions
    notify_url: str | None = None

    def print_findings(self, findings: Iterator[tuple[str, Finding]]) -> None:
        """Print events by sensor; with --top only the most severe ones."""
        if self.shown.top is not None:
            findings = iter(heapq.nlargest(self.shown.top, findings, key=lambda found: found[1].event.severity))
        self.rows.write_beside_progress(
            COLUMNS,
            (event_row(name, finding, self.timezone) for name, finding in findings),
            event_view("There is no event to report."),
        )


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What decides the exit code of a run. is_doubtful: a part of the input was left out."""

    events: int
    sensors: int = 1
    failed: int = 0
    is_doubtful: bool = False

    def exit_code(self, *, fail_on_anomaly: bool) -> ExitCode:
        """The exit code. With fail_on_anomaly, a reported event goes before a sensor that could not be analysed."""
        if self.events and fail_on_anomaly:
            return ExitCode.ANOMALY
        if self.failed:
            return ExitCode.FAILED if self.failed == self.sensors else ExitCode.PARTLY
        if self.is_doubtful:
            return ExitCode.PARTLY
        return ExitCode.DONE
