"""Options that several commands have: one name and one wording for each, and what goes together as one dataclass."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.completion import complete_layout, complete_sensor
from iotctl.cli.output.rows import STDOUT, Format, chosen_format, open_output, write_rows
from iotctl.cli.output.table import Cell, TableView
from iotctl.errors import UsageError
from iotctl.model import Kind
from iotctl.moments import parse_time
from iotctl.workers.opening import WantedWorkers

if TYPE_CHECKING:
    from iotctl.settings import Settings

# Panels in the help of commands with many options.
CHOOSE, INPUT, JUDGE, SHOW, KEEP, WORKERS = (
    "Which readings",
    "Reading files",
    "What is an event",
    "Output",
    "Save and notify",
    "Workers",
)

# Sensors, files and ranges.
UriArgument = Annotated[
    str | None, typer.Argument(help="s3://bucket/prefix or a path, recursively. Default: IOTCTL_TIMESERIES_URI.")
]
SensorsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="SENSOR", help="Names or UUIDs.", show_default=False, autocompletion=complete_sensor),
]
OneSensorArgument = Annotated[
    str | None,
    typer.Argument(metavar="SENSOR", help="Name or UUID. Default: every sensor.", autocompletion=complete_sensor),
]
AllOption = Annotated[bool, typer.Option("--all", help="Every sensor.")]
MatchOption = Annotated[
    str | None, typer.Option(metavar="GLOB", help="Every sensor with a matching name: 'pump_*', 'pump_?', 'pump_[12]'.")
]
StartOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this moment: 2016-01-31, '2016-01-31 12:00', now-7d.")
]
EndOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before this moment.")]
KindsOption = Annotated[
    list[Kind] | None,
    typer.Option("--kind", metavar="KIND", help=f"Only events of this kind; may be repeated: {', '.join(Kind)}."),
]
IncludeLabelledOption = Annotated[
    bool, typer.Option("--include-labelled", help="Also show events labelled false or expected.")
]
MinSeverityOption = Annotated[
    float,
    typer.Option(
        min=0, metavar="DECADES", help="Leave out less severe events: 0 is usual, each +1 is ten times as rare."
    ),
]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="Only files modified at this time or later.")]
PatternOption = Annotated[
    str | None,
    typer.Option(metavar="GLOB", help="Only files with a matching path below URI: '2016/*.csv'; * also matches /."),
]
FileOption = Annotated[str | None, typer.Option(metavar="TEXT", help="Only files with this text in their name.")]

# How files are read.
TimezoneOption = Annotated[
    str | None,
    typer.Option(
        metavar="ZONE",
        help="Zone of times without an offset: Europe/Berlin, UTC, or +01:00 (east of Greenwich). Default:"
        " IOTCTL_TIMEZONE.",
    ),
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        metavar="LAYOUT",
        help="Layout of the files: a file from iotctl inspect --save, a name such as home-assistant, or auto (look at"
        " each file; a file in doubt is not loaded). Default: IOTCTL_LAYOUT, or timestamp;sensor_uuid;sensor_value.",
        autocompletion=complete_layout,
    ),
]

# Output.
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, csv, json, ndjson or parquet. Default: table on a terminal, csv in a pipe.",
    ),
]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="A file, or - for stdout.")]
WideOption = Annotated[
    bool,
    typer.Option("--wide", help="All columns, with whole names and times. If they do not fit, one block per row."),
]
UtcOption = Annotated[bool, typer.Option("--utc", help="Print times in UTC, not in IOTCTL_TIMEZONE.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N rows, the first ones.")]
TopOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="Print only the N worst, the worst first.")]
PlotOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Draw a chart: FILE.html (a page with zoom), .png or .svg.")
]
ReportOption = Annotated[
    Path | None, typer.Option(metavar="FILE.html", help="Write a page of all sensors, the worst first; works offline.")
]

# Changes.
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
YesOption = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]

# Workers.
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, max=256, metavar="N", help="Number of workers. Default: IOTCTL_WORKERS, or one per core."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:8786", help="Use the workers of this Dask cluster. Default: IOTCTL_SCHEDULER."),
]
SendCredentialsOption = Annotated[
    bool,
    typer.Option(
        "--send-credentials", help="Send database URL and store keys to these workers; else they use their own."
    ),
]


class SummaryFormat(StrEnum):
    """How a summary is printed."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class SensorChoice:
    """Sensors by name, all sensors, or those with a matching name."""

    sensors: SensorsArgument = None
    every: AllOption = False
    match: MatchOption = None

    @property
    def names(self) -> list[str]:
        """The given names and UUIDs."""
        return self.sensors or []

    @property
    def ways(self) -> int:
        """In how many ways sensors were chosen; it must be 1."""
        return sum((bool(self.sensors), self.every, self.match is not None))

    def check(self, command: str) -> None:
        """Raises UsageError if there is no choice, or more than one."""
        if self.ways > 1:
            raise self.too_many()
        if self.ways == 0:
            raise UsageError("Name sensors, or use one of --all or --match.", hint=f"See: iotctl {command} --help")

    def too_many(self) -> UsageError:
        """The error for sensors that were chosen in several ways."""
        given = [
            *([" ".join(self.names)] if self.names else []),
            *(["--all"] if self.every else []),
            *([f"--match {self.match!r}"] if self.match is not None else []),
        ]
        return UsageError(f"Sensors are chosen twice: {' and '.join(given)}.", hint="Leave out all but one of them.")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range [start, end) as typed."""

    start: StartOption = None
    end: EndOption = None

    def bounds(self, timezone: str) -> tuple[int | None, int | None]:
        """Microseconds since 1970-01-01 UTC, None for open. Raises UsageError if the range is empty."""
        start, end = (
            None if text is None else parse_time(text, timezone, option=option)
            for text, option in ((self.start, "--start"), (self.end, "--end"))
        )
        if start is not None and end is not None and start >= end:
            raise UsageError(
                f"--start {self.start} is not before --end {self.end}.",
                hint=f"The earlier one is --start: --start {self.end} --end {self.start}",
            )
        return start, end


@dataclass(frozen=True, slots=True)
class RowOutput:
    """How and where rows are written."""

    form: FormatOption = None
    output: OutputOption = None
    wide: WideOption = False

    def __post_init__(self) -> None:
        self.chosen  # noqa: B018 -- a file name without a format is refused before any work

    @property
    def chosen(self) -> Format:
        """The format that was asked for, or the default."""
        return chosen_format(self.form, self.output)

    @property
    def is_asked_for(self) -> bool:
        """Whether a format or a file was given."""
        return self.form is not None or self.output is not None

    def write(self, columns: list[str], rows: Iterable[tuple[Cell, ...]], view: TableView) -> None:
        """Write rows as they come. view: how a table shows them."""
        write_rows(columns, rows, self.chosen, self.output, view, wide=self.wide)

    def write_object(self, text: str) -> None:
        """Write one JSON object instead of rows."""
        with open_output(self.output, Format.JSON) as file:
            file.write(text.encode() + b"\n")

    def write_beside_progress(self, columns: list[str], rows: Iterable[tuple[Cell, ...]], view: TableView) -> None:
        """Write rows as they come; on a terminal only after the end, when the progress bar is gone.

        Otherwise table and bar would overwrite each other.
        """
        if sys.stdout.isatty() and self.output in (None, STDOUT):
            rows = list(rows)
        self.write(columns, rows, view)


@dataclass(frozen=True, slots=True)
class SummaryOutput:
    """How a command prints its summary."""

    form: Annotated[
        SummaryFormat | None,
        typer.Option("--format", help="text for people (the default), or json: one JSON object on stdout."),
    ] = None
    as_json: JsonOption = False

    def __post_init__(self) -> None:
        """Raises UsageError if two formats are asked for."""
        if self.as_json and self.form is SummaryFormat.TEXT:
            raise UsageError("--json and --format text contradict each other.", hint="Leave out one of them.")

    @property
    def is_json(self) -> bool:
        """Whether one JSON object is wanted."""
        return self.as_json or self.form is SummaryFormat.JSON


@dataclass(frozen=True, slots=True)
class TimedRowOutput(RowOutput):
    """How and where rows with times are written."""

    utc: UtcOption = False

    def timezone(self, settings: Settings) -> str:
        """The zone that times are printed in."""
        return "UTC" if self.utc else settings.timezone


@dataclass(frozen=True, slots=True)
class WorkerChoice:
    """Processes of this machine, or a cluster."""

    workers: WorkersOption = None
    scheduler: SchedulerOption = None
    send_credentials: SendCredentialsOption = False

    def wanted(self, settings: Settings) -> WantedWorkers:
        """The options; the settings where an option is missing."""
        return WantedWorkers(
            self.workers or settings.workers, self.scheduler or settings.scheduler, self.send_credentials
        )
