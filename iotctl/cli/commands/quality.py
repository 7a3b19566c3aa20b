"""iotctl quality."""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.options import FormatOption, OutputOption
from iotctl.cli.output.rows import STDOUT, Cell, chosen_format, write_rows
from iotctl.errors import UsageError

if TYPE_CHECKING:
    from iotctl.analysis.quality import Quality
    from iotctl.repositories.losses import Losses
    from iotctl.services.quality import SensorQuality

COLUMNS = [
    *("sensor", "score", "readings", "completeness", "missing", "gaps", "longest_gap_seconds", "silent_seconds"),
    *("stuck", "below", "above", "invalid", "interval_seconds", "jitter_seconds", "drift_seconds_per_day"),
    *("resolution", "resolution_changes", "unit_changes", "conflicts", "rejected", "without_value", "bad_quality"),
    *("first", "last", "explanation"),
]


# Sensors whose measurements are kept in one go.
_SAVED_AT_ONCE = 500


class By(StrEnum):
    """What has a row of its own."""

    MONTH = "month"


def quality(
    sensors: Annotated[
        list[str] | None, typer.Argument(metavar="SENSOR", help="Names or UUIDs.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every sensor.")] = False,
    match: Annotated[str | None, typer.Option(help="Every sensor whose name fits: 'pump_*'.")] = None,
    start: Annotated[str | None, typer.Option(help="From this moment on.")] = None,
    end: Annotated[
        str | None, typer.Option(help="Up to, but not at, this moment; silence counts up to then, or up to now.")
    ] = None,
    by: Annotated[By | None, typer.Option(help="A row for each month of IOTCTL_TIMEZONE.")] = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Print the N lowest scores alone, in that order.")
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    report: Annotated[
        Path | None, typer.Option(help="A page of all sensors and their months, FILE.html, the lowest scores first.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep scores and months for Grafana, in the place of the last ones.")
    ] = False,
    fail_below: Annotated[
        float | None, typer.Option(min=0, max=100, metavar="SCORE", help="End with 10 where a row has a lower score.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes; IOTCTL_WORKERS or one per core where left out."),
    ] = None,
) -> None:
    """Say how good the readings of sensors are: complete, in time, moving, within limits; a score from 0 to 100.

    The score: of 100 readings that should be there, how many are, and are neither stuck, beyond the limits of the
    mapping, nor invalid; half of it while the sensor is silent. Without --end, silence counts up to now. The other
    columns say why, and what else is odd: gaps, jitter and drift of the clock, changes of unit and resolution.

    Exit code 3: done, but some sensors could not be read; 10: --fail-below, and a score is lower.

    Example: iotctl quality --all --start now-30d --top 20

    By month, in a pipe: iotctl quality --match 'pump_*' --by month --format csv > quality.csv

    Each night: iotctl quality --all --save --report quality.html --fail-below 90
    """
    from iotctl.cli.arguments.times import parse_range
    from iotctl.cli.database import open_database
    from iotctl.cli.detect.fleet_run import Outcome
    from iotctl.cli.output.charts import check_report
    from iotctl.cli.output.log import say
    from iotctl.cli.output.quality_report import QualityReport
    from iotctl.cli.progress.sensor_progress import sensor_progress
    from iotctl.services.fleet import choose_sensors
    from iotctl.services.keep_quality import keep_quality
    from iotctl.services.quality import QualityRequest, fleet_quality
    from iotctl.settings import read_settings
    from iotctl.workers.opening import WantedWorkers, sensor_workers

    settings = read_settings()
    if sum((bool(sensors), every, match is not None)) != 1:
        raise UsageError("Name sensors, or use one of --all or --match.", hint="See: iotctl quality --help")
    check_report(report)
    first, last = parse_range(start, end, settings.timezone)
    has_months = by is not None or report is not None or save
    request = QualityRequest(
        now=time.time_ns() // 1000, start=first, end=last, months_of=settings.timezone if has_months else None
    )
    page = None if report is None else QualityReport(settings.timezone)
    with open_database(settings) as database:
        chosen = choose_sensors(database, sensors or [], match)
        opened = sensor_workers(len(chosen), database, settings, WantedWorkers(workers or settings.workers), say)
        with sensor_progress() as progress, opened as on:
            tally = _Tally(fail_below, by)

            def rows() -> Iterator[tuple[Cell, ...]]:
                unsaved: list[SensorQuality] = []
                for found in fleet_quality(chosen, database, request, on):
                    if found.trouble is not None:
                        progress.note(f"{found.sensor.sensor_name or found.sensor.sensor_uuid}: {found.trouble}")
                    tally.add(found)
                    progress.show(tally.sensors, len(chosen), tally.words())
                    if page is not None:
                        page.add(found)
                    if save:
                        unsaved.append(found)
                    if len(unsaved) >= _SAVED_AT_ONCE:
                        keep_quality(database, unsaved)
                        unsaved = []
                    yield from _rows(found, by, settings.timezone)
                if unsaved:
                    keep_quality(database, unsaved)
                progress.close()

            columns = COLUMNS if by is None else [COLUMNS[0], by.value, *COLUMNS[1:]]
            lines: Iterable[tuple[Cell, ...]] = rows()
            if top is not None:
                score = columns.index("score")
                lines = heapq.nsmallest(top, lines, key=lambda row: float(row[score] or 0))
            elif sys.stdout.isatty() and output in (None, STDOUT):
                lines = list(lines)  # until the progress bar is gone: the two would run into each other
            write_rows(columns, lines, chosen_format(form, output), output)
        if page is not None and report is not None:
            page.write(report)
    tally.summarise(progress.seconds, has_end=end is not None)
    outcome = Outcome(tally.below, tally.sensors, tally.failed)
    raise typer.Exit(outcome.exit_code(fail_on_anomaly=fail_below is not None))


class _Tally:
    """Counts what a run has said."""

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
            self.below += sum(round(quality.score, 1) < self._fail_below for _, quality in _parts(found, self._by))

    def words(self) -> str:
        return f"{self.readings:,} readings"

    def summarise(self, seconds: float, *, has_end: bool) -> None:
        from iotctl.cli.output.log import say
        from iotctl.cli.progress.sensor_progress import counted

        say(
            f"{counted(self.sensors, 'sensor')}, {self.readings:,} readings"
            + (f"; {self.silent:,} silent" if self.silent else "")
            + (f"; {counted(self.below, 'score')} below {self._fail_below:g}" if self.below else "")
            + (f"; {self.failed:,} failed" if self.failed else "")
            + f"; {seconds:.1f} s"
        )
        if self.silent and self.silent == self.sensors and not has_end:
            say("all of them are silent now: for readings of the past, say where they end with --end")


def _parts(found: SensorQuality, by: By | None) -> list[tuple[int | None, Quality]]:
    """What has a row: each month, or the whole."""
    if by is not None:
        return list(found.months)
    return [] if found.whole is None else [(None, found.whole)]


def _rows(found: SensorQuality, by: By | None, timezone: str) -> Iterator[tuple[Cell, ...]]:
    """A row for each part of a sensor, under COLUMNS; with its month behind the sensor, where it is one."""
    from iotctl.moments import local_time

    name = found.sensor.sensor_name or found.sensor.sensor_uuid
    for month, quality in _parts(found, by):
        if month is None:
            yield (name, *_cells(quality, found.losses, timezone))
        else:
            # The ledger counts per batch, which may hold readings of several months.
            yield (name, f"{local_time(month, timezone):%Y-%m}", *_cells(quality, None, timezone))


def _cells(quality: Quality, losses: Losses | None, timezone: str) -> tuple[Cell, ...]:
    from iotctl.analysis.quality_words import quality_words
    from iotctl.moments import local_time

    shares = (quality.stuck, quality.below, quality.above, quality.invalid)
    steps = (quality.interval, quality.jitter, quality.drift, quality.resolution)
    lost: tuple[Cell, ...] = (None,) * 4
    if losses is not None:
        lost = (losses.conflicts, losses.rejected, losses.without_value, losses.bad_quality)
    return (
        *(round(quality.score, 1), quality.readings, _rounded(quality.completeness)),
        *(_rounded(quality.missing), quality.gaps, _rounded(quality.longest_gap), _rounded(quality.silent)),
        *(_share(count, quality.readings) for count in shares),
        *(_rounded(number) for number in steps),
        *(quality.resolution_changes, quality.unit_changes),
        *lost,
        *(
            None if moment is None else local_time(moment, timezone).isoformat(timespec="seconds")
            for moment in (quality.first, quality.last)
        ),
        "; ".join(quality_words(quality)),
    )


def _share(count: int | None, readings: int) -> float | None:
    return None if count is None or not readings else _rounded(count / readings)


def _rounded(number: float | None) -> float | None:
    """Six digits: these are estimates, or shares of many readings."""
    return None if number is None else float(f"{number:.6g}")
