"""iotctl incidents."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from iotctl.cli.arguments.verdicts import VerdictChoice
from iotctl.cli.commands.anomaly_labels import say_labelled
from iotctl.cli.database import open_database
from iotctl.cli.list_by_default import ListByDefault
from iotctl.cli.option_groups import with_groups
from iotctl.cli.options import (
    DryRunOption,
    IncludeLabelledOption,
    LimitOption,
    MinSeverityOption,
    TimedRowOutput,
    TimeRange,
)
from iotctl.cli.output.colours import by_severity, by_state
from iotctl.cli.output.events import COLUMNS as EVENT_COLUMNS
from iotctl.cli.output.events import event_row, event_view
from iotctl.cli.output.log import say
from iotctl.cli.output.table import Cell, TableView
from iotctl.cli.plain_flags import PlainCommand
from iotctl.moments import local_time
from iotctl.services.incidents.incident_words import sentence
from iotctl.services.incidents.incidents import FleetIncident, find_incident, find_incidents
from iotctl.services.incidents.incidents import label_incident as keep
from iotctl.settings import read_settings

COLUMNS = [
    *("incident_id", "start", "end", "severity", "sensors", "events", "origin", "cause", "place", "names", "sentence"),
]

VIEW = TableView(
    main=("start", "severity", "cause", "sensors", "incident_id", "place", "sentence"),
    prose="sentence",
    colours={"severity": by_severity, "cause": by_state},
    nothing="No incident matches. Incidents are made from saved events: iotctl detect --all --save",
)

app = typer.Typer(
    cls=ListByDefault,
    help="Group the saved events of all sensors by their cause.\n\n"
    "Example: iotctl incidents --start now-7d\n\n"
    "Without a subcommand, the arguments are those of list: iotctl incidents list --help",
)


@app.command("list", cls=PlainCommand)
@with_groups
def list_incidents(
    span: TimeRange,
    rows: TimedRowOutput,
    min_severity: MinSeverityOption = 0.0,
    min_sensors: Annotated[
        int, typer.Option(min=1, metavar="N", help="Only incidents of at least N sensors; 2 leaves out single sensors.")
    ] = 1,
    include_labelled: IncludeLabelledOption = False,
    limit: LimitOption = None,
) -> None:
    """Print incidents that overlap a range, by time: where, what changed first, and how it went on.

    Incidents group the events that detect --save has saved, always all of them, whatever the range is. Sensors that
    were silent or stuck at the same time are shown as a fault of the data path.

    Example: iotctl incidents list --start now-30d --min-sensors 2 --format json
    """
    settings = read_settings()
    since, until = span.bounds(settings.timezone)
    with open_database(settings) as database:
        found = find_incidents(database, since, until, min_severity, include_labelled=include_labelled)
    shown = (_row(incident, rows.timezone(settings)) for incident in found if len(incident.sensors) >= min_sensors)
    rows.write(COLUMNS, islice(shown, limit), VIEW)


@app.command("show", cls=PlainCommand)
@with_groups
def show_incident(
    incident_id: Annotated[
        str, typer.Argument(metavar="ID", help="The incident_id that iotctl incidents prints, or an event's id.")
    ],
    rows: TimedRowOutput,
) -> None:
    """Print the events of an incident by time, like iotctl anomalies. The sentence of the incident goes to stderr.

    Example: iotctl incidents show 3f0c5a9be1d2
    """
    settings = read_settings()
    with open_database(settings) as database:
        incident = find_incident(database, incident_id)
    events = (event_row(sensor.title, finding, rows.timezone(settings)) for sensor, finding in incident.findings)
    rows.write(EVENT_COLUMNS, events, event_view("The incident has no events."))
    say(sentence(incident, settings.timezone))


@app.command("label", cls=PlainCommand)
def label_incident(
    incident_id: Annotated[
        str, typer.Argument(metavar="ID", help="The incident_id that iotctl incidents prints, or an event's id.")
    ],
    verdict: Annotated[
        VerdictChoice,
        typer.Argument(
            metavar="true|false|expected|none",
            help="true: something was wrong. false: a false alarm. expected: real and known, such as maintenance."
            " none: remove the labels.",
        ),
    ],
    dry_run: DryRunOption = False,
) -> None:
    """Label an incident: all of its events get this label, as with iotctl anomalies label.

    Example: iotctl incidents label 3f0c5a9be1d2 expected
    """
    settings = read_settings()
    with open_database(settings) as database:
        labelled = keep(database, incident_id, verdict.label, dry_run=dry_run)
    say_labelled(labelled, settings.timezone, dry_run=dry_run)


def _row(incident: FleetIncident, timezone: str) -> tuple[Cell, ...]:
    return (
        incident.incident_id,
        *(local_time(moment, timezone) for moment in (incident.start, incident.end)),
        *(round(incident.severity, 2), len(incident.sensors), len(incident.findings)),
        None if incident.origin is None else incident.origin.title,
        "data path" if incident.origin is None else "plant",
        incident.place_name,
        ", ".join(sensor.title for sensor in incident.sensors),
        sentence(incident, timezone),
    )
