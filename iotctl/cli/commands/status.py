"""iotctl status."""

from __future__ import annotations

import json

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import SummaryOutput
from iotctl.cli.output.labelled import show_labelled
from iotctl.cli.output.policies import about_policies, policies_json
from iotctl.cli.output.terminal import size
from iotctl.moments import local_time
from iotctl.repositories import Parts, open_storage
from iotctl.repositories.status import status as read_status
from iotctl.services.plan import duration, suited_chunk_days
from iotctl.settings import read_settings


def status(
    output: SummaryOutput,
) -> None:
    """Show what is loaded: sensors, readings, files, rejects, sizes, policies and the server.

    Example: iotctl status --json
    """
    settings = read_settings()
    with open_database(settings) as database, database.connect() as conn:
        found = read_status(conn, open_storage(conn))
        address = database.address
    server, parts = found.capabilities, found.parts
    span = [
        None if edge is None else local_time(edge, settings.timezone).isoformat() for edge in (found.first, found.last)
    ]
    if output.is_json:
        summary = {
            "server": server.server,
            "timescaledb": server.timescaledb,
            "layout": found.layout,
            "direct_compress_because": found.direct_because,
            "database": address,
            "sensors": found.sensors,
            "named_sensors": found.named_sensors,
            "readings": found.readings,
            "first": span[0],
            "last": span[1],
            "files": found.files,
            "rejects": found.rejects,
            "anomalies": found.anomalies,
            "table_bytes": found.table_bytes,
            "parts": {
                "kind": parts.kind,
                "interval_days": None if parts.interval is None else parts.interval.total_seconds() / 86400,
                "count": parts.count,
                "loose": parts.loose,
            },
            "policies": policies_json(found.policies, settings.timezone),
        }
        typer.echo(json.dumps(summary))
        return
    files = ", ".join(f"{count} {state}" for state, count in found.files.items()) or "none"
    lines = {
        "server": server.server + (f", TimescaleDB {server.timescaledb}" if server.timescaledb else ""),
        "database": address,
        "layout": found.layout.value + (f", direct compress: {found.direct_because}" if found.direct_because else ""),
        "sensors": f"{found.sensors:,} ({found.named_sensors:,} with a name)",
        "readings": f"{found.readings:,}",
        "time span": f"{span[0]} to {span[1]}" if found.readings else "-",
        "files": files,
        "rejects": f"{found.rejects:,}",
        "anomalies": f"{found.anomalies:,}",
        "size": ", ".join(f"{name} {size(number)}" for name, number in found.table_bytes.items()),
    }
    if found.readings:
        lines[parts.kind] = _about_parts(parts, found.readings, found.sensors)
    lines["policies"] = about_policies(found.policies, settings.timezone)
    for name, value in lines.items():
        show_labelled(f"{name:10} ", value)


def _about_parts(parts: Parts, readings: int, sensors: int) -> str:
    """The parts of readings on disk, whether their length suits the data, and what to do if not."""
    each = readings / max(parts.count, 1)
    loose = f"; {parts.loose} of them are improved by iotctl compact" if parts.loose else ""
    if parts.interval is None:
        return f"{parts.count:,}, some {each:,.0f} readings each{loose}"
    days = parts.interval.total_seconds() / 86400
    suited = suited_chunk_days(days, each / days, sensors)
    advice = ""
    if suited < days:
        advice = f"; shorter ones would be quicker to work on: IOTCTL_CHUNK_INTERVAL={duration(suited)}"
    elif suited > days and parts.count > 1:
        advice = f"; longer ones would compress better: IOTCTL_CHUNK_INTERVAL={duration(suited)}"
    per_sensor = each / max(sensors, 1)
    about = f"{parts.count:,} of {days:g} days, some {each:,.0f} readings each, {per_sensor:,.0f} of a sensor"
    return f"{about}{advice}{loose}"
