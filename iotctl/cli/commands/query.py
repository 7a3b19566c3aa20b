"""iotctl query."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from iotctl.cli.arguments.times import bucket_width
from iotctl.cli.completion import complete_sensor
from iotctl.cli.database import open_database
from iotctl.cli.options import PlotOption, TimedRowOutput, TimeRange
from iotctl.cli.output.charts import check_chart, plot_readings
from iotctl.cli.output.log import say
from iotctl.cli.output.readings import Page, ReadingTable, write_readings
from iotctl.errors import UsageError
from iotctl.model import Sensor
from iotctl.moments import local_time, parse_time
from iotctl.repositories import Database
from iotctl.repositories.readings.buckets import Aggregate
from iotctl.services.query import Buckets
from iotctl.services.query import query as read_query
from iotctl.services.query import spans as read_spans
from iotctl.settings import read_settings

_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")

# Up to this number, sensors without a reading are named.
_TOLD = 5


def query(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="SENSOR... [START END]",
            help="Names, UUIDs or globs ('pump_*'); the start of the range (2016-01-31, '2016-01-31 12:00', now-7d);"
            " its end, which is left out. Or --start, --end, or both.",
            show_default=False,
            autocompletion=complete_sensor,
        ),
    ],
    span: TimeRange,
    rows: TimedRowOutput,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most N readings per sensor, the earliest.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="One value per stretch of time: 15m, 1h, 1d, 1w.")
    ] = None,
    agg: Annotated[
        Aggregate | None,
        typer.Option(
            metavar="WHAT",
            help=f"With --every: the value of a stretch, one of {', '.join(Aggregate)}. Default: mean.",
        ),
    ] = None,
    plot: PlotOption = None,
) -> None:
    """Print readings of sensors in [START, END). Times without an offset are in IOTCTL_TIMEZONE.

    Several sensors are printed one after the other, with a column for the sensor.

    Stretches of --every are days and weeks (from Monday) of that zone, or parts of its days, also of days with 23 or 25
    hours. The first stretch begins at START. A length that does not divide a day, such as 36h, is counted from
    1970-01-01 UTC.

    With --plot, readings are printed only if --format or --output is given, too.

    Example: iotctl query sensor_00000 2016-01-01 2016-01-02 --format csv

    Example: iotctl query 'pump_*' --start now-7d --every 1h --utc
    """
    settings = read_settings()
    check_chart(plot)
    names, (start, end) = _asked(words, span, settings.timezone)
    if agg is not None and every is None:
        raise UsageError("--agg needs --every.", hint="Set the length of the stretches: --every 1h --agg mean")
    aggregate = agg or Aggregate.MEAN
    buckets = None if every is None else Buckets(bucket_width(every), aggregate, settings.timezone)
    counts = buckets is not None and aggregate is Aggregate.COUNT
    with (
        open_database(settings) as database,
        read_query(names, start, end, database, limit=limit, buckets=buckets) as found,
    ):
        series = [(sensor.title, pages) for sensor, pages in found]
        if plot is not None:
            units = [None if counts else sensor.unit for sensor, _ in found]
            series = plot_readings(series, units, plot, settings.timezone)
        several = len(names) > 1 or len(series) > 1
        table = ReadingTable(
            rows.timezone(settings), [name for name, _ in series] if several else (), counts, rows.wide
        )
        silent = {name: sensor for (name, _), (sensor, _) in zip(series, found, strict=True)}

        def named() -> Iterator[Page]:
            for name, pages in series:
                for time, value in pages:
                    if len(time):
                        silent.pop(name, None)
                    yield name, time, value

        if plot is None or rows.is_asked_for:
            write_readings(named(), table, rows.chosen, rows.output)
        else:
            deque(named(), maxlen=0)
        if len(silent) == len(series):
            _tell_of_none(list(silent.items())[:_TOLD], database, rows.timezone(settings))


def _asked(words: Sequence[str], span: TimeRange, timezone: str) -> tuple[Sequence[str], tuple[int | None, int | None]]:
    """The sensors, and the range in microseconds since 1970-01-01 UTC; None for an open end."""
    if span.start is not None or span.end is not None:
        return words, span.bounds(timezone)
    if len(words) < 3:
        raise UsageError(
            "A sensor, START and END are needed.",
            hint="Such as: iotctl query sensor_00000 2016-01-01 2016-01-02, or: query sensor_00000 --start now-7d",
        )
    *names, _, _ = words
    return names, _bounds(words, timezone)


def _bounds(words: Sequence[str], timezone: str) -> tuple[int, int]:
    """START and END, the last two words. Raises UsageError, with a hint if the words are in another order."""
    *names, start, end = words
    try:
        first, last = parse_time(start, timezone, option="START"), parse_time(end, timezone, option="END")
    except UsageError as error:
        if _CLOCK.fullmatch(start) or _CLOCK.fullmatch(end):
            error.hint = "Put a date and its time into quotes: '2016-01-31 12:00'"
        elif any(_is_time(name, timezone) for name in names):
            error.hint = "The order is: iotctl query SENSOR START END"
        raise
    if first >= last:
        raise UsageError(
            f"START is not before END: {start}, {end}.", hint=f"The range is [START, END), such as: {end} {start}"
        )
    return first, last


def _is_time(word: str, timezone: str) -> bool:
    try:
        parse_time(word, timezone)
    except UsageError:
        return False
    return True


def _tell_of_none(silent: Sequence[tuple[str, Sensor]], database: Database, timezone: str) -> None:
    """Print that there are no readings in the range, and where there are some."""
    spans = read_spans([sensor for _, sensor in silent], database)
    for name, sensor in silent:
        span = spans.get(sensor.sensor_id)
        if span is None or span.first is None or span.last is None:
            say(f"{name} has no readings yet; iotctl ingest loads them.")
            continue
        first, last = (local_time(moment, timezone).isoformat(timespec="seconds") for moment in (span.first, span.last))
        say(f"{name} has no readings in this range; it has some from {first} to {last}.")
