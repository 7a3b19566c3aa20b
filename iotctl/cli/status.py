"""iotctl status."""

from __future__ import annotations

from typing import Annotated

import typer

from iotctl.cli.context import open_database


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print it as one JSON object.")] = False,
) -> None:
    """Show what is loaded: sensors, readings, files, rejects, sizes, and on which server.

    Example: iotctl status --json
    """
    import json

    from iotctl.cli.terminal import size
    from iotctl.cli.times import local_time
    from iotctl.repositories import ensure_schema
    from iotctl.repositories import status as read_status
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
    for name, value in lines.items():
        typer.echo(f"{name:10} {value}")
