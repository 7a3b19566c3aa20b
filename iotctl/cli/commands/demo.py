"""iotctl demo."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.output.log import is_quiet, say
from iotctl.errors import IotctlError
from iotctl.moments import local_time
from iotctl.services.demo import MadeUpAnomaly, make_demo_files

_SHOWN = "sensor_00003"
_TIMEZONE = "Europe/Berlin"
_TO_MINUTES = "%Y-%m-%d %H:%M"


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
    environment |= {"IOTCTL_HOME": str(home), "IOTCTL_DATABASE_URL": "", "IOTCTL_TIMEZONE": _TIMEZONE}
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

    saved = subprocess.run(
        [sys.executable, "-m", "iotctl", "anomalies", _SHOWN, "--format", "json"],
        env=environment, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    typer.echo(f"\n{f'put into {_SHOWN} (times: {_TIMEZONE})':47}found")
    for line in beside([one for one in files.anomalies if one.sensor == _SHOWN], json.loads(saved.stdout)):
        typer.echo(f"  {line}")
    typer.echo(f"\nThe chart: {chart}\nAll sensors: {report}")


def beside(put_in: Sequence[MadeUpAnomaly], found: Sequence[dict[str, str]]) -> Iterator[str]:
    """What was put into a sensor, by time, each beside the events found that overlap it; then all other events."""
    events = [(_minute(event["start"]), _minute(event["end"]), event["kind"]) for event in found]
    for anomaly in sorted(put_in, key=lambda one: one.start):
        first, last = (local_time(moment, _TIMEZONE).strftime(_TO_MINUTES) for moment in (anomaly.start, anomaly.end))
        over = [event for event in events if event[0] <= last and event[1] >= first]
        events = [event for event in events if event not in over]
        names = "; ".join(f"{kind} from {start}" for start, _, kind in over) or "nothing"
        yield f"{anomaly.kind:5}  {first} to {last}  {names}"
    yield from (f"{'nothing':43}  {kind} from {start}" for start, _, kind in events)


def _minute(time: str) -> str:
    return datetime.fromisoformat(time).strftime(_TO_MINUTES)
