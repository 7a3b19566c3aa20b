"""iotctl compact."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import DryRunOption, SummaryOutput
from iotctl.cli.output.log import say
from iotctl.cli.output.terminal import size
from iotctl.services.compact import compact as compact_readings
from iotctl.services.compact import waiting
from iotctl.settings import read_settings
from iotctl.words import counted


def compact(
    output: SummaryOutput,
    full: Annotated[
        bool, typer.Option("--full", help="Compress everything again; useful after many small files.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Move late readings into the columnstore now; on plain PostgreSQL, vacuum what was written.

    TimescaleDB does this by itself once a day. Loads into a chunk wait while it is compressed.

    Example: iotctl compact --json
    """
    with open_database(read_settings()) as database:
        if dry_run:
            found = waiting(database, full=full)
            if output.is_json:
                typer.echo(json.dumps({"parts": found, "dry_run": True}))
            else:
                say(f"{counted(found, 'part')} would be compacted; nothing was changed")
            return
        done = compact_readings(database, full=full)
    if output.is_json:
        summary = {"parts": done.parts, "bytes_before": done.bytes_before, "bytes_after": done.bytes_after}
        typer.echo(json.dumps(summary))
    else:
        say(f"{done.parts} parts compacted: readings take {size(done.bytes_before)} -> {size(done.bytes_after)}")
