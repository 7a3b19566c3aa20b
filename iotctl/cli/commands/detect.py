"""iotctl detect."""

from __future__ import annotations

from typing import Annotated

import typer

from iotctl.cli.arguments.file_reading import FileReading
from iotctl.cli.detect.options import EventOptions, FileInput, OutputOptions, SaveOptions
from iotctl.cli.detect.run_options import RunOptions
from iotctl.cli.options import (
    CHOOSE,
    INPUT,
    JUDGE,
    KEEP,
    SHOW,
    WORKERS,
    SensorChoice,
    TimedRowOutput,
    TimeRange,
    WorkerChoice,
)
from iotctl.errors import UsageError
from iotctl.settings import read_settings


def detect(
    choice: Annotated[SensorChoice, CHOOSE],
    span: Annotated[TimeRange, CHOOSE],
    judged: Annotated[EventOptions, JUDGE],
    rows: Annotated[TimedRowOutput, SHOW],
    shown: Annotated[OutputOptions, SHOW],
    kept: Annotated[SaveOptions, KEEP],
    file: Annotated[FileInput, INPUT],
    reading: Annotated[FileReading, INPUT],
    on: Annotated[WorkerChoice, WORKERS],
) -> None:
    """Find what is wrong with sensors: spikes, bursts, shifts, drifts, variance, stuck values, gaps,
    silence, absurd values, and lasting changes of level, slope or noise.

    Exit code 3: done, but some sensors could not be analysed, or some rows of --input could not be read; 10: an event
    was reported, with --fail-on-anomaly.

    Example: iotctl detect sensor_00000 --start 2016-01-01 --plot sensor_00000.html

    To see how many alarms there would be: iotctl detect --all --what-if

    Every hour: iotctl detect --all --since-last --alert-budget 3 --notify https://hooks.example.com/T0K3N
    """
    # Not needed for --help: these imports take half a second.
    from iotctl.cli.detect.file_run import run_file
    from iotctl.cli.detect.fleet_run import run_fleet

    settings = read_settings()
    _check(choice, file, judged, shown, kept)
    start, end = span.bounds(settings.timezone)
    wanted = RunOptions(
        options=judged.options(reading.timezone, settings),
        start=start,
        end=end,
        context_seconds=judged.context_seconds(since_last=kept.since_last),
        timezone=rows.timezone(settings),
        judged=judged,
        rows=rows,
        shown=shown,
        kept=kept,
        notify_url=kept.notify_url(settings),
    )
    if file.input_file is not None:
        outcome = run_file(file.input_file, file, reading.read_options(settings), wanted, settings)
    else:
        outcome = run_fleet(choice, on.wanted(settings), wanted, settings)
    raise typer.Exit(outcome.exit_code(fail_on_anomaly=shown.fail_on_anomaly))


def _check(
    choice: SensorChoice, file: FileInput, judged: EventOptions, shown: OutputOptions, kept: SaveOptions
) -> None:
    """Raises UsageError if options do not go together."""
    is_file = file.input_file is not None
    if is_file and choice.ways:
        raise UsageError(
            "--input reads a file, and sensors of the database are chosen, too.",
            hint="Leave out --input, or the sensors. One sensor of the file: --sensor NAME",
        )
    if choice.ways > 1:
        raise choice.too_many()
    if choice.ways + is_file == 0:
        raise UsageError("Name sensors, or use one of --all, --match or --input.", hint="See: iotctl detect --help")
    if file.scores is not None and not is_file:
        raise UsageError("--scores goes with --input.", hint="Name the file: --input readings.csv --scores scores.csv")
    if file.sensor is not None and not is_file:
        raise UsageError("--sensor goes with --input.", hint="Name sensors of the database without it.")
    if judged.what_if and (kept.asked or shown.report or shown.plot or file.scores or judged.alert_budget or shown.top):
        raise UsageError(
            "--what-if counts alarms; it saves and draws nothing.",
            hint="Leave out --save, --since-last, --notify, --report, --plot, --scores, --alert-budget and --top.",
        )
    if is_file and (kept.asked or shown.report):
        raise UsageError("--save, --since-last, --notify and --report need the database.", hint="Leave out --input.")
