"""iotctl detect --input: analyse a file instead of the database, and write its scores."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.regime_words import regime_words
from iotctl.cli.detect.options import FileInput
from iotctl.cli.detect.run_options import RunOptions, RunOutcome
from iotctl.cli.detect.what_if import SensorAlarms, at_the_highest, print_alarms
from iotctl.cli.output.charts import check_chart, plot_detection
from iotctl.cli.output.log import Level, say
from iotctl.cli.output.readings import iso_times, zoned_times
from iotctl.cli.output.rows import Format, chosen_format, write_rows
from iotctl.cli.output.table import Cell
from iotctl.errors import UsageError
from iotctl.formats import OpenAt, ReadOptions
from iotctl.model import Finding, StoredFile
from iotctl.moments import local_time
from iotctl.services.detect.detect_file import FileDetection, SensorDetection, detect_file, first_unreadable, read_file
from iotctl.services.detect.recognise import recognise, within_budget
from iotctl.settings import Settings, store_settings
from iotctl.sources import source_for, spooled
from iotctl.words import counted
from iotctl.workers.opening import local_workers

STDIN = "-"
SCORE_COLUMNS = ["timestamp", "value", "expected", "score", "severity"]

# Up to this number, sensors are listed one by one.
_SENSORS_SHOWN = 5


def run_file(uri: str, given: FileInput, read: ReadOptions, wanted: RunOptions, settings: Settings) -> RunOutcome:
    """Analyse the sensors of a file, print their events, write their scores, draw one of them."""
    sensor = given.sensor
    check_chart(wanted.shown.plot)
    with _opened(uri, settings) as (file, open_at):
        readings = read_file(file, open_at, read, sensor)
    if wanted.shown.plot is not None and sensor is None and len(readings.names) > 1:
        raise UsageError(
            "--plot draws one sensor.", hint=f"Name one of the {len(readings.names)} in the file: --sensor NAME"
        )
    file_name = "stdin" if uri == STDIN else Path(uri).name
    with local_workers(1 if sensor else len(readings.names)) as workers:
        if wanted.judged.what_if:
            found = detect_file(readings, at_the_highest(wanted).options, sensor, workers.analyse)
            _warn(file_name, found, settings.timezone)
            return _what_if(found, wanted, file_name)
        found = detect_file(readings, wanted.options, sensor, workers.analyse)
    reported = {at: _reported(one, wanted) for at, one in enumerate(found.sensors)}
    _note(file_name, found, sum(map(len, reported.values())), settings.timezone)
    if given.scores is not None:
        _write_scores(found, given.scores, settings.timezone)
    named = [(one.name or file_name, one, reported[at]) for at, one in enumerate(found.sensors)]
    if wanted.shown.plot is not None:
        ((name, one, findings),) = named
        shown = replace(one.detection, events=tuple(finding.event for finding in findings))
        plot_detection(shown, wanted.shown.plot, name, settings.timezone, wanted.options)
    wanted.print_findings((name, finding) for name, _, findings in named for finding in findings)
    return RunOutcome(sum(map(len, reported.values())), len(found.sensors), is_doubtful=found.is_doubtful)


@contextmanager
def _opened(uri: str, settings: Settings) -> Iterator[tuple[StoredFile, OpenAt]]:
    """The file at a URI; for stdin or a pipe, a copy that can be read more than once."""
    if uri == STDIN and sys.stdin is None:
        raise UsageError("stdin is closed.", hint="Name a file: --input readings.csv")
    if uri == STDIN:
        with spooled(sys.stdin.buffer, "stdin") as copied:
            yield copied
    elif _is_pipe(uri):
        with Path(uri).open("rb") as pipe, spooled(pipe, uri) as copied:
            yield copied
    else:
        source = source_for(uri, store_settings(settings))
        file = source.stat(uri)
        yield file, partial(source.open, file)


def _is_pipe(uri: str) -> bool:
    try:
        return Path(uri).is_fifo()
    except OSError:  # the error is reported when the file is opened
        return False


def _reported(found: SensorDetection, wanted: RunOptions) -> tuple[Finding, ...]:
    events = [event for event in found.detection.events if _overlaps(event.start, event.end, wanted)]
    findings = tuple(Finding(event) for event in events)
    if found.name is not None:
        # Ids that are unique over the sensors of a file.
        findings = recognise(events, (), found.name, 0).findings
    if wanted.judged.alert_budget is not None:
        findings = tuple(one for one in within_budget(findings, (), wanted.judged.alert_budget) if not one.over_budget)
    return findings


def _what_if(found: FileDetection, wanted: RunOptions, file_name: str) -> RunOutcome:
    """Print how many alarms there would have been at several rates."""
    alarms = [
        SensorAlarms(
            one.name or file_name,
            int(one.detection.time[0]),
            int(one.detection.time[-1]),
            [finding.event for finding in _reported(one, wanted)],
        )
        for one in found.sensors
        if len(one.detection.time)
    ]
    return RunOutcome(print_alarms(alarms, wanted), len(found.sensors), is_doubtful=found.is_doubtful)


def _overlaps(start: int, end: int, wanted: RunOptions) -> bool:
    return (wanted.start is None or end >= wanted.start) and (wanted.end is None or start < wanted.end)


def _note(name: str, found: FileDetection, events: int, timezone: str) -> None:
    """Print to stderr what was read and found, and warnings."""
    if len(found.sensors) > 1:
        say(f"{name}: {counted(len(found.sensors), 'sensor')}")
    for sensor in found.sensors[:_SENSORS_SHOWN]:
        detection = sensor.detection
        conflicts = sensor.conflicts.count if sensor.conflicts else 0
        left_out = dict(detection.dropped)
        left_out["repeated time"] = left_out.get("repeated time", 0) - conflicts
        dropped = "".join(f", {count} {reason} left out" for reason, count in left_out.items() if count)
        say(
            f"{sensor.name or name}: {counted(len(detection.time), 'reading')}{dropped}; {detection.sensor_words};"
            f" {regime_words(detection.regimes, timezone)}; {counted(len(detection.events), 'event')}"
        )
    if len(found.sensors) > 1:
        readings = sum(len(sensor.detection.time) for sensor in found.sensors)
        say(f"{name}: {counted(readings, 'reading')} in all, {counted(events, 'event')} reported")
    _warn(name, found, timezone)


def _warn(name: str, found: FileDetection, timezone: str) -> None:
    """Warn on stderr of what is doubtful in a file, and of what could not be read."""
    for note in found.readings.notes:
        say(f"{name}: {note}", Level.WARNING)
    first = next((sensor.conflicts for sensor in found.sensors if sensor.conflicts), None)
    if first is not None:
        moment = local_time(first.time, timezone).isoformat()
        say(
            f"warning: {name}: {counted(found.conflicts, 'conflict')}: readings that repeat a time with another value"
            f" are left out; the first: {moment} has {first.kept} and {first.left_out}",
            Level.WARNING,
        )
    if found.unreadable:
        say(
            f"warning: {name}: {found.unreadable} of {found.readings.rows_read} rows cannot be read and are left out;"
            f" the first: {first_unreadable(name, found.readings)}",
            Level.WARNING,
        )


def _write_scores(found: FileDetection, path: Path, timezone: str) -> None:
    """Write a line per reading, in the order of the file; with the sensor if there are several."""
    columns = ["sensor", *SCORE_COLUMNS] if len(found.sensors) > 1 else SCORE_COLUMNS
    form = chosen_format(None, path)
    write_rows(columns, _score_rows(found, timezone, zoned_times if form is Format.PARQUET else iso_times), form, path)


def _score_rows(
    found: FileDetection, timezone: str, times: Callable[[NDArray[np.int64], str], Sequence[Cell]]
) -> Iterator[tuple[Cell, ...]]:
    readings = found.readings
    scored = np.full((3, len(readings.time)), np.nan)
    for sensor in found.sensors:
        detection = sensor.detection
        at = sensor.row[detection.row]
        scored[:, at] = detection.expected, detection.score, detection.severity
    rows = np.sort(np.concatenate([sensor.row for sensor in found.sensors]))
    names: list[list[Cell]] = []
    if len(found.sensors) > 1:
        names = [[readings.names[number] for number in readings.sensor[rows].tolist()]]
    numbers = (_cells(column) for column in (readings.value[rows], *scored[:, rows]))
    yield from zip(*names, times(readings.time[rows], timezone), *numbers, strict=True)


def _cells(numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[Cell]:
    """Numbers as cells; NaN is empty."""
    cells: list[Cell] = [*numbers.tolist()]
    for row in np.flatnonzero(np.isnan(numbers)).tolist():
        cells[row] = None
    return cells
