"""iotctl plan."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Annotated

import typer

from iotctl.cli.options import SummaryOutput
from iotctl.cli.output.labelled import show_labelled
from iotctl.cli.output.terminal import screen, size
from iotctl.errors import UsageError
from iotctl.model import StorageLayout
from iotctl.moments import duration_seconds
from iotctl.services.plan import LINE_BYTES, Need, Plan, span
from iotctl.services.plan import plan as make_plan

_TIMESCALE, _PLAIN = "TimescaleDB", "plain PostgreSQL"

# 1,000 and 1,000,000: each comma divides three digits, and no letter follows.
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_UNITS = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


def plan(
    output: SummaryOutput,
    rows: Annotated[str | None, typer.Option(metavar="N", help="Readings in total: 60M, 600000000, 6e9.")] = None,
    size: Annotated[
        str | None,
        typer.Option("--bytes", metavar="SIZE", help="Instead of --rows, the size of the files: 4.5GB, 450GB."),
    ] = None,
    sensors: Annotated[int, typer.Option(min=1, metavar="N", help="Number of sensors.")] = 1000,
    interval: Annotated[
        str,
        typer.Option(metavar="LENGTH", help="Time from one reading of a sensor to the next."),
    ] = "5m",
    cores: Annotated[int, typer.Option(min=1, metavar="N", help="Cores of each machine.")] = 2,
    machines: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="1: one for everything. More: one for the database, the others load and detect."
        ),
    ] = 1,
    rows_per_file: Annotated[str, typer.Option(metavar="N", help="Readings in a file.")] = "500k",
) -> None:
    """Estimate what a number of readings needs: time, disk, memory, chunks, settings, and what breaks first.

    For TimescaleDB and for plain PostgreSQL. It uses no database: its model was fitted to measurements with two cores
    and up to 64 million readings (docs: How it grows), and extrapolates beyond those. It does not know the speed of
    network and disks.

    Example: iotctl plan --rows 60M --sensors 1000 --interval 8m

    Example: iotctl plan --bytes 4.5TB --sensors 20000 --cores 16 --machines 5 --json
    """
    if (rows is None) == (size is None):
        raise UsageError("Give --rows or --bytes.", hint="iotctl plan --rows 60M --sensors 1000")
    total = _number(rows, "--rows") if rows is not None else _number(size or "", "--bytes") / LINE_BYTES
    readings = max(1, round(total))
    days = max(readings / sensors, 1) * duration_seconds(interval, "--interval") / 86400
    need = Need(readings, sensors, days, cores, machines, max(1, round(_number(rows_per_file, "--rows-per-file"))))
    plans = {layout: make_plan(need, layout) for layout in (StorageLayout.COLUMNSTORE, StorageLayout.SEGMENTS)}
    if output.is_json:
        typer.echo(json.dumps({"need": asdict(need)} | {layout.value: asdict(one) for layout, one in plans.items()}))
        return
    show_labelled("", about_need(need))
    lines = {layout: plan_lines(one) for layout, one in plans.items()}
    shown, plain = lines[StorageLayout.COLUMNSTORE], lines[StorageLayout.SEGMENTS]
    _show_beside(shown, plain)
    for title, layout in ((_TIMESCALE, StorageLayout.COLUMNSTORE), (_PLAIN, StorageLayout.SEGMENTS)):
        typer.echo(f"\n{title}: settings")
        for name, value in plans[layout].settings.items():
            typer.echo(f"  {name} = {value}")
        typer.echo(f"{title}: what breaks first")
        for line in plans[layout].breaks or ("nothing known",):
            show_labelled("  - ", line)


def _show_beside(columnstore: dict[str, str], segments: dict[str, str]) -> None:
    """The numbers of both layouts side by side, or one below the other if that is too wide."""
    rows = [("", _TIMESCALE, _PLAIN), *((name, columnstore[name], segments[name]) for name in segments)]
    lines = [f"{name:18} {left:30} {right}" for name, left, right in rows]
    on = screen()
    if on is None or max(map(len, lines)) <= on.width:
        typer.echo("\n".join(lines))
        return
    for title, values in ((_TIMESCALE, columnstore), (_PLAIN, segments)):
        typer.echo(title)
        for name, value in values.items():
            show_labelled(f"  {name:18} ", value)


def about_need(need: Need) -> str:
    """The planned readings and machines, in one line."""
    machines = "one machine" if need.machines == 1 else f"{need.machines} machines, one of them the database's"
    return (
        f"{need.rows:,} readings ({size(need.rows * LINE_BYTES)} of CSV) of {need.sensors:,} sensors over"
        f" {need.days / 365:.1f} years; {machines} with {need.cores} cores"
    )


def plan_lines(found: Plan) -> dict[str, str]:
    """A plan's numbers for people."""
    return {
        "load": f"{span(found.load_seconds)}, {found.rows_per_second / 1e6:.1f} M rows/s",
        "readings on disk": f"{size(found.reading_bytes)}, {found.bytes_per_row:.0f} bytes each",
        "ledger on disk": size(found.ledger_bytes),
        "network": f"{size(found.network_bytes_per_second)}/s from the store",
        "parts": f"{found.parts:,} segments"
        if found.part_days is None
        else f"{found.parts:,} chunks of {found.part_days:.3g} days",
        "workers": f"{found.workers}, {size(found.client_bytes)} a machine",
        "detect --all": span(found.detect_seconds),
        "status": span(found.status_seconds),
    }


def _number(text: str, option: str) -> float:
    plain = text.strip().lower().replace("_", "").removesuffix("b")
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    unit = _UNITS.get(plain[-1:], 1.0)
    try:
        number = float(plain[:-1] if plain[-1:] in _UNITS else plain) * unit
    except ValueError:
        number = 0.0
    if not 1 <= number < 1e18:
        meant = f"Write a point, not a comma: {text.replace(',', '.')}" if "," in text else ""
        raise UsageError(
            f"{option} {text} is not a number.", hint=meant or "Write 60M, 600000000, 6e9, or 4.5TB for --bytes."
        )
    return number
