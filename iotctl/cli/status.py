"""iotctl status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.context import open_database

if TYPE_CHECKING:
    from iotctl.repositories import Chunks


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as one JSON object.")] = False,
) -> None:
    """Show what is loaded: sensors, readings, files, rejects, sizes, policies, and on which server.

    Example: iotctl status --json
    """
    import json

    from iotctl.cli.policy import about_policies, policies_json
    from iotctl.cli.terminal import size
    from iotctl.cli.times import local_time
    from iotctl.repositories import ensure_schema
    from iotctl.repositories.status import status as read_status
    from iotctl.settings import read_settings

    settings = read_settings()
    with open_database(settings) as database, database.connect() as conn:
        found = read_status(conn, ensure_schema(conn))
        address = database.address
    server = found.capabilities
    span = [
        None if edge is None else local_time(edge, settings.timezone).isoformat() for edge in (found.first, found.last)
    ]
    if as_json:
        summary = {
            "server": server.server,
            "timescaledb": server.timescaledb,
            "layout": found.layout,
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
            "chunks": None
            if found.chunks is None
            else {
                "interval_days": found.chunks.interval.total_seconds() / 86400,
                "count": found.chunks.count,
                "loose": found.chunks.loose,
            },
            "policies": policies_json(found.policies, settings.timezone),
        }
        typer.echo(json.dumps(summary))
        return
    files = ", ".join(f"{count} {state}" for state, count in found.files.items()) or "none"
    lines = {
        "server": server.server + (f", TimescaleDB {server.timescaledb}" if server.timescaledb else ""),
        "database": address,
        "layout": found.layout.value,
        "sensors": f"{found.sensors:,} ({found.named_sensors:,} with a name)",
        "readings": f"{found.readings:,}",
        "time span": f"{span[0]} to {span[1]}" if found.readings else "-",
        "files": files,
        "rejects": f"{found.rejects:,}",
        "anomalies": f"{found.anomalies:,}",
        "size": ", ".join(f"{name} {size(number)}" for name, number in found.table_bytes.items()),
    }
    if found.chunks is not None and found.readings:
        lines["chunks"] = _about_chunks(found.chunks, found.readings, found.sensors)
    lines["policies"] = about_policies(found.policies, settings.timezone)
    for name, value in lines.items():
        typer.echo(f"{name:10} {value}")


def _about_chunks(chunks: Chunks, readings: int, sensors: int) -> str:
    """How chunks are cut, whether that suits the data, and what to do where it does not."""
    from iotctl.services.plan import duration, suited_chunk_days

    days = chunks.interval.total_seconds() / 86400
    per_chunk = readings / max(chunks.count, 1)
    per_sensor = per_chunk / max(sensors, 1)
    suited = suited_chunk_days(days, per_chunk / days, sensors)
    advice = ""
    if suited < days:
        advice = f"; shorter ones would be quicker to work on: IOTCTL_CHUNK_INTERVAL={duration(suited)}"
    elif suited > days and chunks.count > 1:
        advice = f"; longer ones would compress better: IOTCTL_CHUNK_INTERVAL={duration(suited)}"
    loose = f"; {chunks.loose} with readings outside the columnstore (iotctl compact)" if chunks.loose else ""
    return (
        f"{chunks.count} of {days:g} days, some {per_chunk:,.0f} readings each, {per_sensor:,.0f} of a sensor"
        f"{advice}{loose}"
    )
