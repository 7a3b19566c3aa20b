"""The options of iotctl detect, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from iotctl.analysis import DetectOptions
from iotctl.calendars import known_calendars
from iotctl.cli.arguments.rates import rate_a_year
from iotctl.cli.options import (
    DryRunOption,
    IncludeLabelledOption,
    MinSeverityOption,
    PlotOption,
    ReportOption,
    TopOption,
)
from iotctl.errors import UsageError
from iotctl.model import Method
from iotctl.moments import duration_seconds, known_zone, parse_time
from iotctl.services.detect.window import CONTEXT_OF_RANGE, CONTEXT_OF_STREAM
from iotctl.settings import Settings


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file instead of the database."""

    input_file: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Read timestamp, value (and sensor_uuid or sensor_name) from a file; - for stdin. Uses no database.",
        ),
    ] = None
    sensor: Annotated[str | None, typer.Option(metavar="NAME", help="With --input: only this sensor of the file.")] = (
        None
    )
    scores: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --input: write a line per row, with its score and severity."),
    ] = None


@dataclass(frozen=True, slots=True)
class EventOptions:
    """What counts as an event, and which events are reported."""

    false_alarms: Annotated[
        str | None,
        typer.Option(
            metavar="N/year",
            help="At most about N false alarms per sensor; a lower rate misses more events. Default: 1/year.",
        ),
    ] = None
    what_if: Annotated[
        bool,
        typer.Option(
            "--what-if",
            help="Count alarms of the last year, or of --start to --end, at several rates; save nothing.",
        ),
    ] = False
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SIGMAS",
            help="Robust sigmas from which a reading is an anomaly, instead of a rate; 1/year begins with 6.",
        ),
    ] = None
    min_severity: MinSeverityOption = 0.3
    limits: Annotated[
        str | None,
        typer.Option(metavar="LOW,HIGH", help="Physical limits; either may be empty. Default: those of the mapping."),
    ] = None
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="START/END", help="A period known to be good; the usual spread is taken only from this period."
        ),
    ] = None
    context: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH",
            help="How much more to read: around the years of --start and --end (26w), or with --since-last before the"
            " new readings (18w).",
            show_default=False,
        ),
    ] = None
    holidays: Annotated[
        str | None,
        typer.Option(
            metavar="DE-BW,...",
            help="Regions: their public holidays count as Sundays, for sensors with a weekly pattern. Default:"
            " IOTCTL_HOLIDAYS. Needs the extra holidays.",
        ),
    ] = None
    change_points: Annotated[
        bool,
        typer.Option("--change-points", help="List every change point, not only unusual ones of 4 sigma or more."),
    ] = False
    method: Annotated[
        Method, typer.Option(metavar="METHOD", help="piecewise, or ruptures (the textbook method, to compare).")
    ] = Method.PIECEWISE
    alert_budget: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="At most N events per sensor and week, the most severe."),
    ] = None
    include_labelled: IncludeLabelledOption = False

    def options(self, timezone: str | None, settings: Settings) -> DetectOptions:
        """Options for detection. timezone: of days and weeks, if not that of the settings. Raises UsageError."""
        if self.false_alarms is not None and self.threshold is not None:
            raise UsageError(
                "--false-alarms and --threshold are two ways to set the same.",
                hint="Leave out --threshold, or the rate.",
            )
        usual = DetectOptions()
        return DetectOptions(
            method=self.method,
            false_alarms=usual.false_alarms if self.false_alarms is None else rate_a_year(self.false_alarms),
            threshold=usual.threshold if self.threshold is None else self.threshold,
            min_severity=self.min_severity,
            limits=None if self.limits is None else _limits(self.limits),
            reference=None if self.reference is None else _period(self.reference, settings.timezone),
            least_change=0.0 if self.change_points else usual.least_change,
            timezone=known_zone(timezone or settings.timezone, "--timezone"),
            holidays=known_calendars(settings.holidays or "" if self.holidays is None else self.holidays),
        )

    def context_seconds(self, *, since_last: bool) -> float:
        """Seconds to read beyond the range, or before the new readings. Raises UsageError."""
        if self.context is not None:
            return duration_seconds(self.context, "--context")
        return (CONTEXT_OF_STREAM if since_last else CONTEXT_OF_RANGE) / 1_000_000


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What is printed and drawn."""

    top: TopOption = None
    plot: PlotOption = None
    report: ReportOption = None
    fail_on_anomaly: Annotated[
        bool, typer.Option("--fail-on-anomaly", help="Exit with code 10 if an event is reported.")
    ] = False


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """What a run saves, and who is notified."""

    save: Annotated[bool, typer.Option("--save", help="Save the events; iotctl anomalies lists them.")] = False
    since_last: Annotated[
        bool,
        typer.Option(
            "--since-last",
            help="Analyse only sensors with new readings; report what is new since the last such run. Saves.",
        ),
    ] = False
    notify: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="POST reported events as JSON: one message per incident, all other events together. Saves."
            " Default of runs that save: IOTCTL_NOTIFY_URL.",
        ),
    ] = None
    dry_run: DryRunOption = False

    @property
    def asked(self) -> bool:
        """Whether an option asks to save or to notify."""
        return self.save or self.since_last or self.notify is not None

    @property
    def saves(self) -> bool:
        """Whether events are saved."""
        return self.asked and not self.dry_run

    def notify_url(self, settings: Settings) -> str | None:
        """The webhook of a run that saves; None if there is none."""
        if not self.saves or self.notify is not None or settings.notify_url is None:
            return self.notify if self.saves else None
        return settings.notify_url.get_secret_value()


_REFERENCE = "Write START/END, such as 2016-01-01/2016-04-01."


def _period(text: str, timezone: str) -> tuple[int, int]:
    first, found, last = text.partition("/")
    if not found:
        raise UsageError(f"{text!r} is not a range of time.", where="--reference", hint=_REFERENCE)
    start, end = (parse_time(moment, timezone, option="--reference") for moment in (first, last))
    if start >= end:
        raise UsageError(f"--reference does not begin before it ends: {text}.", hint=_REFERENCE)
    return start, end


def _limits(text: str) -> tuple[float, float]:
    low, comma, high = text.partition(",")
    try:
        parsed = float(low) if low.strip() else float("-inf"), float(high) if high.strip() else float("inf")
    except ValueError:
        comma = ""
    if not comma:
        raise UsageError(
            f"--limits {text!r} are not two numbers.",
            hint="Write LOW,HIGH such as -40,125.5, with points in the numbers; either may be empty.",
        )
    if not parsed[0] < parsed[1]:
        raise UsageError(f"--limits: {low} is not below {high}.", hint=f"The lower one comes first: {high},{low}")
    return parsed
