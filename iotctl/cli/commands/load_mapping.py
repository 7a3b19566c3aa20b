"""iotctl load-mapping."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import DryRunOption, SummaryOutput
from iotctl.cli.output.log import Level, say
from iotctl.services.mapping import load_mapping as load
from iotctl.settings import read_settings, store_settings
from iotctl.words import counted

_SHOWN = 5


def load_mapping(
    output: SummaryOutput,
    uri: Annotated[str | None, typer.Argument(help="s3://bucket/key or a path. Default: IOTCTL_MAPPING_URI.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Rename sensors if a name or UUID belongs to another one already.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Load names, units, limits and labels of sensors. A second run changes nothing.

    The mapping is a table. Its column sensor_uuid has the UUIDs, or sensor_id (or sensor) has UUIDs or the names that
    files use. It may have sensor_name, unit, low and high; all other columns, such as site and asset, are labels. A
    column that is missing changes nothing; an empty cell removes the old value. detect uses low and high as physical
    limits.

    Example: iotctl load-mapping s3://code-challenge-data/mapping/mapping.csv
    """
    settings = read_settings()
    with open_database(settings) as database:
        summary = load(
            uri or settings.mapping_uri, database, store_settings(settings), replace=replace, dry_run=dry_run
        )
    if output.is_json:
        typer.echo(
            json.dumps(
                {
                    "sensors": summary.sensors,
                    "added": summary.added,
                    "renamed": summary.renamed,
                    "changed": summary.changed,
                    "unchanged": summary.unchanged,
                    "names_taken": list(summary.taken),
                    "labels_unreadable": summary.unreadable_labels,
                    "dry_run": dry_run,
                }
            )
        )
    else:
        would = "would be " if dry_run else ""
        say(
            f"{counted(summary.sensors, 'sensor')} in the mapping: {summary.added} {would}added, "
            f"{summary.renamed} {would}renamed, {summary.changed} {would}changed, {summary.unchanged} unchanged"
        )
        if summary.taken:
            say(f"names that files had given to other sensors: {', '.join(summary.taken[:_SHOWN])}", Level.WARNING)
        if summary.unreadable_labels:
            say(f"{counted(summary.unreadable_labels, 'label')} left out: not UTF-8", Level.WARNING)
