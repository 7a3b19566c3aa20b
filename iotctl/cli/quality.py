"""iotctl quality."""

from __future__ import annotations

import heapq
import sys
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.options import FormatOption, OutputOption
from iotctl.cli.output import STDOUT, Cell, chosen_format, write_rows
from iotctl.errors import UsageError

if TYPE_CHECKING:
    from iotctl.analysis.quality import Quality
    from iotctl.repositories.losses import Losses
    from iotctl.services.quality import SensorQuality

COLUMNS = [
    *("sensor", "score", "readings", "completeness", "missing", "gaps", "longest_gap_seconds", "silent_seconds"),
    *("stuck", "below", "above", "invalid", "interval_seconds", "jitter_seconds", "resolution", "resolution_changes"),
    *("conflicts", "rejected", "without_value", "bad_quality", "first", "last"),
]


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
    mapping, nor invalid; half of it while the sensor is silent. Without --end, silence counts up to now.

    Exit code 3: done, but some sensors could not be read; 10: --fail-below, and a score is lower.

    Example: iotctl quality --all --start now-30d --top 20

    By month, in a pipe: iotctl quality --match 'pump_*' --by month --format csv > quality.csv
    """
    from iotctl.cli.context import open_database
    from iotctl.cli.pool import Pool, sensor_pool
    from iotctl.cli.run_detect import Outcome
    from iotctl.cli.sensor_progress import sensor_progress
    from iotctl.cli.times import parse_range
    from iotctl.services.fleet import choose_sensors
    from iotctl.services.quality import QualityRequest, fleet_quality
    from iotctl.settings import read_settings

    settings = read_settings()
    if sum((bool(sensors), every, match is not None)) != 1:
        raise UsageError("Name sensors, or use one of --all or --match.", hint="See: iotctl quality --help")
    first, last = parse_range(start, end, settings.timezone)
    request = QualityRequest(
        now=time.time_ns() // 1000, start=first, end=last, months_of=None if by is None else settings.timezone
    )
    with open_database(settings) as database:
        chosen = choose_sensors(database, sensors or [], match)
        executors = sensor_pool(Pool(workers or settings.workers), len(chosen), database, settings)
        with sensor_progress() as progress, executors as (executor, count):
            tally = _Tally(fail_below)

            def rows() -> Iterator[tuple[Cell, ...]]:
                for found in fleet_quality(chosen, database, request, executor, count):
                    if found.trouble is not None:
                        progress.note(f"{found.sensor.sensor_name or found.sensor.sensor_uuid}: {found.trouble}")
                    tally.add(found)
                    progress.show(tally.sensors, len(chosen), tally.words())
                    yield from _rows(found, settings.timezone)
                progress.close()

            columns = COLUMNS if by is None else [COLUMNS[0], by.value, *COLUMNS[1:]]
            lines: Iterable[tuple[Cell, ...]] = rows()
            if top is not None:
                score = columns.index("score")
                lines = heapq.nsmallest(top, lines, key=lambda row: float(row[score] or 0))
            elif sys.stdout.isatty() and output in (None, STDOUT):
                lines = list(lines)  # until the progress bar is gone: the two would run into each other
            write_rows(columns, lines, chosen_format(form, output), output)
    tally.summarise(progress.seconds, has_end=end is not None)
    outcome = Outcome(tally.below, tally.sensors, tally.failed)
    raise typer.Exit(outcome.exit_code(fail_on_anomaly=fail_below is not None))


class _Tally:
    """Counts what a run has said."""

    def __init__(self, fail_below: float | None) -> None:
        self._fail_below = fail_below
        self.sensors = self.failed = self.silent = self.below = self.readings = 0

    def add(self, found: SensorQuality) -> None:
        self.sensors += 1
        self.failed += found.trouble is not None
        self.silent += any(quality.silent for _, quality in found.parts)
        self.readings += sum(quality.readings for _, quality in found.parts)
        if self._fail_below is not None:
            self.below += sum(round(quality.score, 1) < self._fail_below for _, quality in found.parts)

    def words(self) -> str:
        return f"{self.readings:,} readings"

    def summarise(self, seconds: float, *, has_end: bool) -> None:
        from iotctl.cli.log import say
        from iotctl.cli.sensor_progress import counted

        say(
            f"{counted(self.sensors, 'sensor')}, {self.readings:,} readings"
            + (f"; {self.silent:,} silent" if self.silent else "")
            + (f"; {counted(self.below, 'score')} below {self._fail_below:g}" if self.below else "")
            + (f"; {self.failed:,} failed" if self.failed else "")
            + f"; {seconds:.1f} s"
        )
        if self.silent and self.silent == self.sensors and not has_end:
            say("all of them are silent now: for readings of the past, say where they end with --end")


def _rows(found: SensorQuality, timezone: str) -> Iterator[tuple[Cell, ...]]:
    """A row for each part of a sensor, under COLUMNS; with its month behind the sensor, where it is one."""
    from iotctl.cli.times import local_time

    name = found.sensor.sensor_name or found.sensor.sensor_uuid
    for month, quality in found.parts:
        if month is None:
            yield (name, *_cells(quality, found.losses, timezone))
        else:
            # The ledger counts per batch, which may hold readings of several months.
            yield (name, f"{local_time(month, timezone):%Y-%m}", *_cells(quality, None, timezone))


def _cells(quality: Quality, losses: Losses | None, timezone: str) -> tuple[Cell, ...]:
    from iotctl.cli.times import local_time

    shares = (quality.stuck, quality.below, quality.above, quality.invalid)
    steps = (quality.interval, quality.jitter, quality.resolution)
    lost: tuple[Cell, ...] = (None,) * 4
    if losses is not None:
        lost = (losses.conflicts, losses.rejected, losses.without_value, losses.bad_quality)
    return (
        *(round(quality.score, 1), quality.readings, _rounded(quality.completeness)),
        *(_rounded(quality.missing), quality.gaps, _rounded(quality.longest_gap), _rounded(quality.silent)),
        *(_share(count, quality.readings) for count in shares),
        *(_rounded(number) for number in steps),
        quality.resolution_changes,
        *lost,
        *(
            None if moment is None else local_time(moment, timezone).isoformat(timespec="seconds")
            for moment in (quality.first, quality.last)
        ),
    )


def _share(count: int | None, readings: int) -> float | None:
    return None if count is None or not readings else _rounded(count / readings)


def _rounded(number: float | None) -> float | None:
    """Six digits: these are estimates, or shares of many readings."""
    return None if number is None else float(f"{number:.6g}")
