"""iotctl quality."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.detect.run_options import RunOutcome
from iotctl.cli.options import (
    WORKERS,
    DryRunOption,
    ReportOption,
    SensorChoice,
    TimedRowOutput,
    TimeRange,
    TopOption,
    WorkerChoice,
)
from iotctl.cli.output.charts import check_report
from iotctl.cli.output.log import Level, say
from iotctl.cli.output.quality_report import QualityReport
from iotctl.cli.output.quality_rows import COLUMNS, VIEW, By, parts, quality_rows
from iotctl.cli.output.table import Cell
from iotctl.cli.progress.sensor_progress import sensor_progress
from iotctl.repositories import Database
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.keep_quality import keep_quality
from iotctl.services.quality import QualityRequest, SensorQuality, fleet_quality
from iotctl.settings import read_settings
from iotctl.words import counted
from iotctl.workers.opening import sensor_workers

# Sensors that are saved in one transaction.
_SAVED_AT_ONCE = 500


def quality(
    choice: SensorChoice,
    span: TimeRange,
    output: TimedRowOutput,
    workers: Annotated[WorkerChoice, WORKERS],
    by: Annotated[By | None, typer.Option(help="Print a row for each month of IOTCTL_TIMEZONE.")] = None,
    top: TopOption = None,
    report: ReportOption = None,
    save: Annotated[
        bool, typer.Option("--save", help="Save scores and months for Grafana; replaces the last ones.")
    ] = False,
    dry_run: DryRunOption = False,
    fail_below: Annotated[
        float | None,
        typer.Option(min=0, max=100, metavar="SCORE", help="Exit with code 10 if a row has a lower score."),
    ] = None,
) -> None:
    """Score the readings of sensors from 0 to 100: complete, in time, moving, within limits.

    The score: of 100 expected readings, how many are there, and are not stuck, not beyond the limits of the mapping,
    and not invalid. It is halved while the sensor is silent; without --end, silence counts up to now. The other
    columns give the reasons, and more: gaps, jitter and drift of the clock, changes of unit and resolution.

    Exit code 3: done, but some sensors could not be read; 10: a score is below --fail-below.

    Example: iotctl quality --all --start now-30d --top 20

    By month, in a pipe: iotctl quality --match 'pump_*' --by month --format csv > quality.csv

    Each night: iotctl quality --all --save --report quality.html --fail-below 90
    """
    settings = read_settings()
    choice.check("quality")
    check_report(report)
    wanted = workers.wanted(settings)
    if wanted.scheduler is not None:
        from iotctl.workers.dask_cluster import check_scheduler

        check_scheduler(settings, wanted.scheduler)
    first, last = span.bounds(settings.timezone)
    has_months = by is not None or report is not None or save
    request = QualityRequest(
        now=time.time_ns() // 1000, start=first, end=last, months_of=settings.timezone if has_months else None
    )
    page = None if report is None else QualityReport(settings.timezone)
    with open_database(settings) as database:
        chosen = choose_sensors(database, choice.names, choice.match)
        opened = sensor_workers(len(chosen), database, settings, wanted, say)
        keeper = _Keeper(database) if save and not dry_run else None
        with sensor_progress() as progress, opened as on:
            tally = _Tally(fail_below, by)

            def rows() -> Iterator[tuple[Cell, ...]]:
                for found in fleet_quality(chosen, database, request, on):
                    if found.trouble is not None:
                        name = found.sensor.title
                        progress.note(f"{name}: {found.trouble}", Level.WARNING)
                    tally.add(found)
                    progress.show(tally.sensors, len(chosen), tally.words())
                    if page is not None:
                        page.add(found)
                    if keeper is not None:
                        keeper.add(found)
                    yield from quality_rows(found, by, settings.timezone, output.timezone(settings))
                if keeper is not None:
                    keeper.close()
                progress.close()

            columns = COLUMNS if by is None else [COLUMNS[0], by.value, *COLUMNS[1:]]
            lines: Iterable[tuple[Cell, ...]] = rows()
            if top is not None:
                at = columns.index("score")
                lines = heapq.nsmallest(
                    top, lines, key=lambda row: score if isinstance(score := row[at], float) else 0.0
                )
            output.write_beside_progress(columns, lines, VIEW)
        if page is not None and report is not None:
            page.write(report)
    tally.summarise(progress.seconds, has_end=span.end is not None)
    outcome = RunOutcome(tally.below, tally.sensors, tally.failed)
    raise typer.Exit(outcome.exit_code(fail_on_anomaly=fail_below is not None))


class _Keeper:
    """Saves measurements, some hundred sensors at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unsaved: list[SensorQuality] = []

    def add(self, found: SensorQuality) -> None:
        self._unsaved.append(found)
        if len(self._unsaved) >= _SAVED_AT_ONCE:
            self.close()

    def close(self) -> None:
        """Save the rest."""
        if self._unsaved:
            keep_quality(self._database, self._unsaved)
            self._unsaved = []


class _Tally:
    """Counts sensors, readings and scores of a run."""

    def __init__(self, fail_below: float | None, by: By | None) -> None:
        self._fail_below = fail_below
        self._by = by
        self.sensors = self.failed = self.silent = self.below = self.readings = 0

    def add(self, found: SensorQuality) -> None:
        self.sensors += 1
        self.failed += found.trouble is not None
        if found.whole is not None:
            self.silent += bool(found.whole.silent)
            self.readings += found.whole.readings
        if self._fail_below is not None:
            self.below += sum(round(quality.score, 1) < self._fail_below for _, quality in parts(found, self._by))

    def words(self) -> str:
        return counted(self.readings, "reading")

    def summarise(self, seconds: float, *, has_end: bool) -> None:
        say(
            f"{counted(self.sensors, 'sensor')}, {counted(self.readings, 'reading')}"
            + (f"; {self.silent:,} silent" if self.silent else "")
            + (f"; {counted(self.below, 'score')} below {self._fail_below:g}" if self.below else "")
            + (f"; {self.failed:,} failed" if self.failed else "")
            + f"; {seconds:.1f} s"
        )
        if self.silent and self.silent == self.sensors and not has_end:
            say("all of them are silent now; if the readings are of the past, set --end to their end")
