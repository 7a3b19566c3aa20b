"""iotctl compact."""

from __future__ import annotations

from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.output.log import say
from iotctl.cli.output.terminal import size


def compact(
    full: Annotated[
        bool, typer.Option("--full", help="Compress everything anew: worth it after many small files.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Move late readings into the columnstore now; on plain PostgreSQL, vacuum what was written.

    TimescaleDB does this by itself once a day. Loads into a chunk wait while it is worked on.

    Example: iotctl compact --json
    """
    import json

    from iotctl.services.compact import compact
    from iotctl.settings import read_settings

    with open_database(read_settings()) as database:
        done = compact(database, full=full)
    if as_json:
        summary = {"parts": done.parts, "bytes_before": done.bytes_before, "bytes_after": done.bytes_after}
        typer.echo(json.dumps(summary))
    else:
        say(f"{done.parts} parts compacted: readings take {size(done.bytes_before)} -> {size(done.bytes_after)}")
