"""iotctl anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.commands.anomaly_labels import label_anomaly, show_learned
from iotctl.cli.database import open_database
from iotctl.cli.list_by_default import ListByDefault
from iotctl.cli.options import FormatOption, OutputOption
from iotctl.model import Kind

if TYPE_CHECKING:
    from iotctl.cli.output.rows import Cell


app = typer.Typer(
    cls=ListByDefault,
    help="List saved events, label them, and see what labels teach.\n\n"
    "Example: iotctl anomalies sensor_00000 --from now-30d --kind spike\n\n"
    "Without a command's name the words are those of list: iotctl anomalies list --help",
)


@app.command("list")
def list_anomalies(
    sensor: Annotated[
        str | None, typer.Argument(metavar="SENSOR", help="Name or UUID; every sensor where left out.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="Events that last beyond this moment.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Events that begin before this moment.")] = None,
    kinds: Annotated[
        list[Kind] | None, typer.Option("--kind", help="Events of this kind; may be given several times.")
    ] = None,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="With those that a later run no longer found; they say so.")
    ] = False,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Print the events that detect --save has kept, by sensor and time.

    Example: iotctl anomalies list --kind drift --kind shift --format json
    """
    from iotctl.cli.output.events import COLUMNS, event_row
    from iotctl.cli.output.rows import chosen_format, write_rows
    from iotctl.moments import parse_time
    from iotctl.services.anomalies import stored_events
    from iotctl.settings import read_settings

    settings = read_settings()
    bounds = [None if text is None else parse_time(text, settings.timezone) for text in (start, end)]
    with open_database(settings) as database:

        def rows() -> Iterator[tuple[Cell, ...]]:
            with stored_events(database, sensor, bounds[0], bounds[1], kinds or (), withdrawn=withdrawn) as events:
                for who, finding in events:
                    yield event_row(who.sensor_name or who.sensor_uuid, finding, settings.timezone)

        write_rows(COLUMNS, rows(), chosen_format(form, output), output)


app.command("label")(label_anomaly)
app.command("learned")(show_learned)
