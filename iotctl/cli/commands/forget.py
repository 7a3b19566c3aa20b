"""iotctl forget."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import DryRunOption, SummaryOutput, YesOption
from iotctl.cli.output.log import say
from iotctl.errors import ExitCode, UsageError
from iotctl.services.ingest.forget import files_to_forget
from iotctl.services.ingest.forget import forget as take_away
from iotctl.settings import read_settings
from iotctl.words import counted


def forget(
    output: SummaryOutput,
    names: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="A file, a folder or prefix, or a glob: 's3://b/2016/*.csv'.")
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Remove what files had loaded: their readings, rejects and conflicts, as if they had never been loaded.

    If other files have readings of the same sensor and time, the next ingest of those files brings them back.
    The files themselves are not changed; an ingest that finds them loads them again.

    Example: iotctl forget timeseries/2016/data_004.csv --yes
    """
    with open_database(read_settings()) as database:
        uris = files_to_forget(database, names)
        if dry_run:
            for uri in uris:
                typer.echo(json.dumps({"uri": uri}) if output.is_json else uri)
            return
        if not yes:
            if not (sys.stdin.isatty() and sys.stderr.isatty()):
                raise UsageError(
                    "Nothing was removed: there is no terminal for questions.", hint="In a script, add --yes."
                )
            if not typer.confirm(f"Remove what {counted(len(uris), 'file')} had loaded?", err=True):
                raise UsageError("Nothing was removed.", hint="Answer y, or add --yes.")
        done = take_away(database, uris)
    if output.is_json:
        summary = {"files": done.files, "readings": done.readings, "reopened": done.reopened, "busy": list(done.busy)}
        typer.echo(json.dumps(summary))
    say(f"{counted(done.files, 'file')} forgotten, {counted(done.readings, 'reading')} removed")
    if done.reopened:
        say(f"to be read again by the next ingest, because they overlap: {counted(done.reopened, 'other file')}")
    if done.busy:
        say(f"not removed, because another ingest loads it: {counted(len(done.busy), 'file')}, first: {done.busy[0]}")
        raise typer.Exit(ExitCode.PARTLY)
