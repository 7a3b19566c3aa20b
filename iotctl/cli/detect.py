"""iotctl detect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.context import open_database, store_settings
from iotctl.cli.output import Cell, Format, chosen_format, write_rows
from iotctl.cli.terminal import note
from iotctl.errors import UsageError
from iotctl.model import Method

if TYPE_CHECKING:
    from iotctl.analysis import DetectOptions
    from iotctl.model import Detection
    from iotctl.services.detect import FileDetection
    from iotctl.settings import Settings

COLUMNS = [
    *("sensor", "start", "end", "kind", "severity", "score", "rows"),
    *("extreme", "expected", "low", "high", "event_id", "explanation"),
]
SCORE_COLUMNS = ["timestamp", "value", "expected", "score", "severity"]


def detect(
    sensors: Annotated[list[str] | None, typer.Argument(metavar="[SENSOR]...", help="Names or UUIDs.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every sensor.")] = False,
    match: Annotated[str | None, typer.Option(help="Every sensor whose name fits: 'sensor_00*'.")] = None,
    start: Annotated[str | None, typer.Option(help="From this moment on.")] = None,
    end: Annotated[str | None, typer.Option(help="Up to, but not at, this moment.")] = None,
    threshold: Annotated[float, typer.Option(min=0, help="Robust sigmas from which a reading is an anomaly.")] = 6.0,
    min_severity: Annotated[
        float, typer.Option(min=0, help="Leave out events below: 0 is usual, +1 per decade of rarity.")
    ] = 0.3,
    limits: Annotated[
        str | None, typer.Option(metavar="LOW,HIGH", help="Physical limits, either may be empty.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="START/END", help="A period known to be good; scales come from it alone.")
    ] = None,
    method: Annotated[Method, typer.Option(help="ruptures: the textbook way, to compare.")] = Method.PIECEWISE,
    form: Annotated[
        Format | None, typer.Option("--format", help="table on a terminal, csv in a pipe where left out.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file, or - for stdout.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it: FILE.png, .svg or .html; needs a single sensor.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep the events in the table anomaly.")] = False,
    input_file: Annotated[
        str | None, typer.Option("--input", help="Read timestamp,value from a file, without a database.")
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="Write a line per input row: its score and severity.")] = None,
) -> None:
    """Find what is wrong with sensors: spikes, bursts, shifts, drifts, variance, stuck values, gaps.

    Example: iotctl detect sensor_00000 --start 2016-01-01 --plot sensor_00000.html
    """
    from iotctl.cli.plot import check_chart, plot_detection
    from iotctl.cli.times import parse_time
    from iotctl.settings import read_settings

    settings = read_settings()
    check_chart(plot)
    if sum((bool(sensors), every, match is not None, input_file is not None)) != 1:
        raise UsageError("Name sensors, or use one of --all, --match or --input.", hint="See: iotctl detect --help")
    if scores is not None and input_file is None:
        raise UsageError("--scores goes with --input.", hint="Name the file: --input readings.csv --scores scores.csv")
    options = _options(threshold, min_severity, limits, reference, method, settings.timezone)
    bounds = [None if text is None else parse_time(text, settings.timezone) for text in (start, end)]
    if None not in bounds and bounds[0] >= bounds[1]:  # type: ignore[operator]  # mypy loses the None check
        raise UsageError("--start is not before --end.", hint="The range is [START, END): END itself is left out.")

    def draw(detection: Detection, name: str) -> None:
        if plot is not None:
            plot_detection(detection, plot, name, settings.timezone, threshold)

    def rows() -> Iterator[tuple[Cell, ...]]:
        if input_file is not None:
            found = _detect_file(input_file, settings, options, scores)
            draw(found.detection, Path(input_file).name)
            yield from _event_rows(Path(input_file).name, found.detection, settings.timezone)
            return
        from iotctl.repositories import SensorRepository, ensure_schema
        from iotctl.services.detect import detect_sensor

        with open_database(settings) as database, database.connect() as conn:
            ensure_schema(conn)
            named = sensors or [s.sensor_name or s.sensor_uuid for s in SensorRepository(conn).all(match)]
            if plot is not None and len(named) != 1:
                raise UsageError("--plot draws one sensor.", hint="Name a single sensor.")
            for name in named:
                one = detect_sensor(name, conn, options, start=bounds[0], end=bounds[1], save=save)
                shown = one.sensor.sensor_name or one.sensor.sensor_uuid
                _note_detection(shown, one.detection, one.new)
                draw(one.detection, shown)
                yield from _event_rows(shown, one.detection, settings.timezone)

    write_rows(COLUMNS, rows(), chosen_format(form, output), output)


def _detect_file(uri: str, settings: Settings, options: DetectOptions, scores: Path | None) -> FileDetection:
    from iotctl.services.detect import detect_file

    found = detect_file(uri, store_settings(settings), settings.timezone, options)
    _note_detection(uri, found.detection, None)
    if found.unreadable:
        note(f"{uri}: {found.unreadable} rows without a readable time were left out")
    if scores is not None:
        write_rows(SCORE_COLUMNS, _score_rows(found, settings.timezone), chosen_format(None, scores), scores)
    return found


def _note_detection(name: str, detection: Detection, new: int | None) -> None:
    dropped = "".join(f", {count} {reason} left out" for reason, count in detection.dropped.items() if count)
    saved = "" if new is None else f", {new} new ones saved"
    note(
        f"{name}: {len(detection.time):,} readings{dropped}; {len(detection.regimes)} regimes,"
        f" {len(detection.events)} events{saved}"
    )


def _event_rows(name: str, detection: Detection, timezone: str) -> Iterator[tuple[Cell, ...]]:
    from iotctl.cli.times import local_time

    for event in detection.events:
        yield (
            name,
            *(local_time(moment, timezone).isoformat() for moment in (event.start, event.end)),
            *(event.kind.value, round(event.severity, 2), round(event.score, 1), event.rows),
            *(_rounded(number) for number in (event.extreme, event.expected, event.low, event.high)),
            *(event.event_id, event.explanation),
        )


def _rounded(number: float) -> float | None:
    """Six digits: more than a reading's worth, without the tail of an estimate."""
    return float(f"{number:.6g}") if number - number == 0 else None


def _score_rows(found: FileDetection, timezone: str) -> Iterator[tuple[Cell, ...]]:
    from iotctl.cli.readings import iso_times

    detection = found.detection
    scored = zip(
        detection.row.tolist(),
        detection.expected.tolist(),
        detection.score.tolist(),
        detection.severity.tolist(),
        strict=True,
    )
    by_row = {row: rest for row, *rest in scored}
    rows = zip(iso_times(found.time, timezone), found.value.tolist(), strict=True)
    for number, (time, value) in enumerate(rows):
        expected, score, severity = by_row.get(number, (None, None, None))
        yield time, value, expected, score, severity


def _options(
    threshold: float, min_severity: float, limits: str | None, reference: str | None, method: Method, timezone: str
) -> DetectOptions:
    from iotctl.analysis import DetectOptions
    from iotctl.cli.times import parse_time

    period = None
    if reference is not None:
        first, _, last = reference.partition("/")
        period = parse_time(first, timezone), parse_time(last, timezone)
        if period[0] >= period[1]:
            raise UsageError("--reference does not begin before it ends.", hint="Write START/END.")
    return DetectOptions(
        method=method,
        threshold=threshold,
        min_severity=min_severity,
        limits=None if limits is None else _limits(limits),
        reference=period,
    )


def _limits(text: str) -> tuple[float, float]:
    low, comma, high = text.partition(",")
    try:
        parsed = float(low) if low.strip() else float("-inf"), float(high) if high.strip() else float("inf")
    except ValueError:
        comma = ""
    if not comma or not parsed[0] < parsed[1]:
        raise UsageError(f"--limits {text} are no limits.", hint="Write LOW,HIGH such as -40,125; either may be empty.")
    return parsed
