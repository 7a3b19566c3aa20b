"""iotctl doctor."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator

import typer

from iotctl import __version__
from iotctl.cli.database import open_database
from iotctl.cli.options import SummaryOutput
from iotctl.cli.output.colours import by_state
from iotctl.cli.output.labelled import show_labelled
from iotctl.cli.output.terminal import printable
from iotctl.env_files import env_file
from iotctl.errors import IotctlError, NoKeysError
from iotctl.secrets import hidden
from iotctl.services.doctor import Check, check_database, check_store
from iotctl.settings import Settings, read_settings, store_settings


def doctor(output: SummaryOutput) -> None:
    """Check settings, database and store. Each line is ok, or says what to do.

    The exit code is that of the first problem. Example: iotctl doctor
    """
    checks = []
    for check in _checks():
        checks.append(check)
        if not output.is_json:
            _show(check)
    if output.is_json:
        typer.echo(json.dumps({"checks": [_as_json(check) for check in checks]}, ensure_ascii=False))
    troubles = [check.error for check in checks if check.error is not None]
    if troubles:
        raise typer.Exit(troubles[0].exit_code)


def _checks() -> Iterator[Check]:
    """The checks, each made when it is asked for."""
    yield Check("iotctl", f"{__version__}, Python {platform.python_version()}")
    settings = read_settings()
    kind = "IOTCTL_DATABASE_URL" if settings.database_url else f"embedded server in {settings.home}"
    path = env_file()
    where = "the environment" if path is None else f"the environment and {path.absolute()}"
    yield Check("settings", f"from {where}; times without an offset: {settings.timezone}; database: {kind}")
    try:
        with open_database(settings) as database:
            found = check_database(database)
    except IotctlError as error:
        found = [Check("database", error.message, error.hint, error)]
    yield from found
    yield from _store_checks(settings)


def _store_checks(settings: Settings) -> list[Check]:
    """The checks of the store. A person who sets none up, and loads files by their paths, has no problem."""
    store = store_settings(settings)
    found = [check_store("time series", settings.timeseries_uri, store)]
    # If the place of the readings is set and that of a mapping is not, there is no mapping: files name their sensors.
    if "mapping_uri" in settings.model_fields_set or "timeseries_uri" not in settings.model_fields_set:
        found.insert(0, check_store("mapping", settings.mapping_uri, store))
    is_set_up = any(name.startswith("s3_") or name.endswith("_uri") for name in settings.model_fields_set)
    if not is_set_up and all(isinstance(check.error, NoKeysError) for check in found):
        return [Check("store", "none is set up; files and folders are loaded by their paths")]
    return found


def _show(check: Check) -> None:
    mark = "ok" if check.error is None else "NO"
    show_labelled(f"{mark:3} {check.name:12} ", printable(hidden(check.found)), by_state(mark))
    if check.advice:
        show_labelled(f"    {'':12} -> ", printable(hidden(check.advice)))


def _as_json(check: Check) -> dict[str, str | bool | None]:
    advice = check.advice and hidden(check.advice)
    return {"name": check.name, "ok": check.error is None, "found": hidden(check.found), "advice": advice}
