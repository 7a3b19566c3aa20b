"""iotctl query."""

from __future__ import annotations

from typing import Annotated

import typer

from iotctl.cli.arguments.times import bucket_width
from iotctl.cli.database import open_database
from iotctl.cli.options import PlotOption, RowOutput
from iotctl.cli.output.charts import check_chart, plot_readings
from iotctl.cli.output.readings import write_readings
from iotctl.errors import UsageError
from iotctl.moments import parse_time
from iotctl.repositories.buckets import Aggregate
from iotctl.services.query import Buckets
from iotctl.services.query import query as read_query
from iotctl.settings import read_settings


def query(
    sensor: Annotated[str, typer.Argument(metavar="SENSOR", help="Name or UUID.")],
    start: Annotated[
        str, typer.Argument(metavar="START", help="First moment: 2016-01-31, '2016-01-31 12:00', now-7d.")
    ],
    end: Annotated[str, typer.Argument(metavar="END", help="The moment after the last one.")],
    rows: RowOutput,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many, the earliest.")] = None,
    every: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="One value per stretch of time: 15m, 1h, 1d, 1w.")
    ] = None,
    agg: Annotated[
        Aggregate | None, typer.Option(help="With --every: what a stretch comes to; mean where left out.")
    ] = None,
    plot: PlotOption = None,
) -> None:
    """Print a sensor's readings in [START, END). Times without an offset are in IOTCTL_TIMEZONE.

    Stretches of --every are days and weeks (from Monday) of that zone, or parts of its days; 23 and 25 hour days among
    them. The first one begins at START. A length that does not divide a day, such as 36h, is counted from 1970-01-01
    UTC.

    Example: iotctl query sensor_00000 2016-01-01 2016-01-02 --format csv
    """
    settings = read_settings()
    check_chart(plot)
    if agg is not None and every is None:
        raise UsageError("--agg needs --every.", hint="Say how long the stretches are: --every 1h --agg mean")
    aggregate = agg or Aggregate.MEAN
    buckets = None if every is None else Buckets(bucket_width(every), aggregate, settings.timezone)
    bounds = parse_time(start, settings.timezone), parse_time(end, settings.timezone)
    with (
        open_database(settings) as database,
        read_query(sensor, *bounds, database, limit=limit, buckets=buckets) as (who, pages),
    ):
        if plot is not None:
            unit = None if buckets is not None and aggregate is Aggregate.COUNT else who.unit
            name = who.sensor_name or who.sensor_uuid
            pages = iter([plot_readings(pages, plot, name, settings.timezone, unit)])
        write_readings(pages, settings.timezone, rows.chosen, rows.output)
