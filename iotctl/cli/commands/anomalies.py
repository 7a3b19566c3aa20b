"""iotctl anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from iotctl.cli.commands.anomaly_labels import label_anomaly, show_learned
from iotctl.cli.database import open_database
from iotctl.cli.list_by_default import ListByDefault
from iotctl.cli.option_groups import with_groups
from iotctl.cli.options import KindsOption, OneSensorArgument, TimedRowOutput, TimeRange
from iotctl.cli.output.events import COLUMNS, event_row, event_view
from iotctl.cli.output.table import Cell
from iotctl.cli.plain_flags import PlainCommand
from iotctl.services.detect.anomalies import stored_events
from iotctl.settings import read_settings

app = typer.Typer(
    cls=ListByDefault,
    help="List saved events, label them, and see what labels teach.\n\n"
    "Example: iotctl anomalies sensor_00000 --start now-30d --kind spike\n\n"
    "Without a subcommand, the arguments are those of list: iotctl anomalies list --help",
)


@app.command("list", cls=PlainCommand)
@with_groups
def list_anomalies(
    span: TimeRange,
    rows: TimedRowOutput,
    sensor: OneSensorArgument = None,
    kinds: KindsOption = None,
    withdrawn: Annotated[
        bool,
        typer.Option("--withdrawn", help="Also show events that a later run no longer found, marked as withdrawn."),
    ] = False,
) -> None:
    """Print the events that detect --save has saved and that overlap a range, by sensor and time.

    Example: iotctl anomalies list --kind drift --kind shift --format json
    """
    settings = read_settings()
    start, end = span.bounds(settings.timezone)
    with open_database(settings) as database:

        def found() -> Iterator[tuple[Cell, ...]]:
            with stored_events(database, sensor, start, end, kinds or (), withdrawn=withdrawn) as events:
                for who, finding in events:
                    yield event_row(who.title, finding, rows.timezone(settings))

        rows.write(
            COLUMNS, found(), event_view("No saved event matches. To find and save events: iotctl detect --all --save")
        )


app.command("label", cls=PlainCommand)(with_groups(label_anomaly))
app.command("learned", cls=PlainCommand)(with_groups(show_learned))
