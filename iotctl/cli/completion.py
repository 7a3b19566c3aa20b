"""Names of sensors for the shell: a key was pressed, so it is quick, and says nothing where it cannot be.

The embedded server is not started for that. Commands that have used it leave the names in a file beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iotctl.repositories import Database

_FILE = "sensor_names"

# More than anyone reads; a file of more names would take long to read.
_MOST_SHOWN, _MOST_KEPT = 200, 20_000


def complete_sensor(incomplete: str) -> list[str]:
    """Names that begin so; none where they cannot be had at once, for any reason."""
    try:
        return _named(incomplete)
    except Exception:  # noqa: BLE001 -- a message would stand in the middle of what is being typed
        return []


def keep_names(database: Database, home: Path) -> None:
    """Leave the names of sensors in a file of IOTCTL_HOME that only its user can read."""
    from iotctl.repositories.names_at_once import names_at_once

    # Whoever wanted a command done has it done, also where this fails.
    with suppress(Exception):
        _write(home / _FILE, names_at_once(database, "", _MOST_KEPT))


def _named(incomplete: str) -> list[str]:
    from iotctl.settings import read_settings

    settings = read_settings()
    if settings.database_url is None:
        names = (settings.home / _FILE).read_text(encoding="utf-8").splitlines()
        return [name for name in names if name.startswith(incomplete)][:_MOST_SHOWN]
    from iotctl.repositories import Database
    from iotctl.repositories.names_at_once import names_at_once

    return names_at_once(Database(settings.database_url.get_secret_value()), incomplete, _MOST_SHOWN)


def _write(path: Path, names: Iterable[str]) -> None:
    text = "".join(f"{name}\n" for name in names if name.isprintable())
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
