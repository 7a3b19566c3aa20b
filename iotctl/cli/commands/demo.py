"""iotctl demo."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.output.log import is_quiet, say
from iotctl.errors import IotctlError
from iotctl.services.demo import make_demo_files

_SHOWN = "sensor_00003"


def demo(
    folder: Annotated[Path, typer.Argument(help="The folder for data, database and charts.")] = Path("demo"),
) -> None:
    """Show the whole product on made-up data: load it, query it, find what is wrong, draw it.

    Makes a year of readings of 50 sensors, most of them healthy, and an embedded database, in one folder that you may
    delete.

    Example: iotctl demo
    """
    say(f"Making a year of readings for 50 sensors in {folder}/ ...")
    try:
        files = make_demo_files(folder)
    except OSError as error:
        raise IotctlError(f"Cannot write to {folder}: {error.strerror}.", hint="Name another folder.") from error
    say(f"{files.rows:,} readings, {len(files.anomalies)} anomalies put in.")

    home = folder / "home"
    environment = {name: value for name, value in os.environ.items() if name != "IOTCTL_DATABASE_URL"}
    environment |= {"IOTCTL_HOME": str(home), "IOTCTL_DATABASE_URL": "", "IOTCTL_TIMEZONE": "Europe/Berlin"}
    quiet = ["--quiet"] if is_quiet() else []
    chart, report = folder / f"{_SHOWN}.html", folder / "report.html"

    def run(*arguments: str) -> None:
        typer.secho(f"\n$ IOTCTL_HOME={shlex.quote(str(home))} iotctl {shlex.join(arguments)}", bold=True)
        ended = subprocess.run([sys.executable, "-m", "iotctl", *quiet, *arguments], env=environment, check=False)
        if ended.returncode:
            raise typer.Exit(ended.returncode)

    run("load-mapping", str(files.mapping))
    run("ingest", str(files.timeseries))
    run("query", _SHOWN, "2025-03-01", "2025-03-02", "--limit", "5", "--format", "table")
    run("detect", _SHOWN, "--plot", str(chart), "--save", "--format", "table")
    year = ("--start", "2025-01-01", "--end", "2026-01-01")
    run("quality", "--all", *year, "--save", "--top", "5", "--format", "table")
    run("detect", "--all", "--save", "--top", "10", "--report", str(report), "--format", "table")
    run("status")
    run("verify", str(files.timeseries))

    typer.echo(f"\nWhat was put into {_SHOWN}:")
    for anomaly in (anomaly for anomaly in files.anomalies if anomaly.sensor == _SHOWN):
        start, end = (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).strftime("%Y-%m-%d %H:%M")
            for moment in (anomaly.start, anomaly.end)
        )
        typer.echo(f"  {anomaly.kind:6} {start} to {end} UTC")
    typer.echo(f"\nThe chart: {chart}\nAll sensors: {report}")
