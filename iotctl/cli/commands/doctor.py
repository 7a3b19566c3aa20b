"""iotctl doctor."""

from __future__ import annotations

import platform

import typer

from iotctl import __version__
from iotctl.cli.database import open_database
from iotctl.cli.output.terminal import printable
from iotctl.errors import IotctlError
from iotctl.secrets import hidden
from iotctl.services.doctor import Check, check_database, check_store
from iotctl.settings import read_settings, store_settings


def doctor() -> None:
    """Check settings, database and store; each line is ok, or says what to do.

    The exit code is that of the first trouble. Example: iotctl doctor
    """

    def show(check: Check) -> None:
        mark = "ok" if check.error is None else "NO"
        typer.echo(f"{mark:3} {check.name:12} {printable(hidden(check.found))}")
        if check.advice:
            typer.echo(f"    {'':12} -> {printable(hidden(check.advice))}")

    show(Check("iotctl", f"{__version__}, Python {platform.python_version()}"))
    settings = read_settings()
    kind = "IOTCTL_DATABASE_URL" if settings.database_url else f"embedded server in {settings.home}"
    show(Check("settings", f"times without an offset: {settings.timezone}; database: {kind}"))
    try:
        with open_database(settings) as database:
            checks = check_database(database)
    except IotctlError as error:
        checks = [Check("database", error.message, error.hint, error)]
    for check in checks:
        show(check)
    store = store_settings(settings)
    for name, uri in {"mapping": settings.mapping_uri, "time series": settings.timeseries_uri}.items():
        checks.append(check_store(name, uri, store))
        show(checks[-1])
    troubles = [check.error for check in checks if check.error is not None]
    if troubles:
        raise typer.Exit(troubles[0].exit_code)
