"""iotctl query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from iotctl.cli.arguments.times import bucket_width
from iotctl.cli.completion import complete_sensor
from iotctl.cli.database import open_database
from iotctl.cli.options import PlotOption, TimedRowOutput
from iotctl.cli.output.charts import check_chart, plot_readings
from iotctl.cli.output.readings import ReadingTable, write_readings
from iotctl.errors import UsageError
from iotctl.moments import parse_time
from iotctl.repositories.readings.buckets import Aggregate
from iotctl.services.query import Buckets
from iotctl.services.query import query as read_query
from iotctl.settings import read_settings


def query(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="SENSOR... START END",
            help="Names, UUIDs or globs ('pump_*'); the start of the range (2016-01-31, '2016-01-31 12:00', now-7d);"
            " its end, which is left out.",
            show_default=False,
            autocompletion=complete_sensor,
        ),
    ],
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

    Example: iotctl query sensor_00000 2016-01-01 2016-01-02 --format csv

    Example: iotctl query 'pump_*' now-7d now --every 1h --utc
    """
    settings = read_settings()
    check_chart(plot)
    *names, start, end = _three_or_more(words)
    if agg is not None and every is None:
        raise UsageError("--agg needs --every.", hint="Set the length of the stretches: --every 1h --agg mean")
    aggregate = agg or Aggregate.MEAN
    buckets = None if every is None else Buckets(bucket_width(every), aggregate, settings.timezone)
    counts = buckets is not None and aggregate is Aggregate.COUNT
    bounds = parse_time(start, settings.timezone), parse_time(end, settings.timezone)
    with (
        open_database(settings) as database,
        read_query(names, *bounds, database, limit=limit, buckets=buckets) as found,
    ):
        series = [(sensor.title, pages) for sensor, pages in found]
        if plot is not None:
            units = [None if counts else sensor.unit for sensor, _ in found]
            series = plot_readings(series, units, plot, settings.timezone)
        several = len(names) > 1 or len(series) > 1
        table = ReadingTable(
            rows.timezone(settings), [name for name, _ in series] if several else (), counts, rows.wide
        )
        named = ((name, time, value) for name, pages in series for time, value in pages)
        write_readings(named, table, rows.chosen, rows.output)


def _three_or_more(words: Sequence[str]) -> Sequence[str]:
    if len(words) < 3:
        raise UsageError(
            "A sensor, START and END are needed.", hint="Such as: iotctl query sensor_00000 2016-01-01 2016-01-02"
        )
    return words
