"""Names of sensors and layouts for completion in the shell. Completion must be quick, and prints no errors.

It does not start the embedded server. Commands that use the server leave the names of sensors in a file beside it.
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

# Nobody reads more names, and a longer file would take too long to read.
_MOST_SHOWN, _MOST_KEPT = 200, 20_000


def complete_sensor(incomplete: str) -> list[str]:
    """Names of sensors with this beginning; none if they are not available at once."""
    try:
        return _beginning(_names(incomplete), incomplete)[:_MOST_SHOWN]
    except Exception:  # noqa: BLE001 -- a message would appear in the middle of the typed command
        return []


def complete_layout(incomplete: str) -> list[str]:
    """Names of layouts with this beginning, and layout files; empty to let the shell complete other files."""
    from iotctl.formats.layouts.builtin import builtin_names
    from iotctl.formats.layouts.layout import AUTO

    folder = os.path.dirname(incomplete)  # noqa: PTH120 -- as it was typed
    files = [os.path.join(folder, path.name) for path in Path(folder).glob("*.toml")]  # noqa: PTH118
    return _beginning(sorted([AUTO.name, *builtin_names()]), incomplete) + _beginning(sorted(files), incomplete)


def keep_names(database: Database, home: Path) -> None:
    """Save the names of sensors in a file of IOTCTL_HOME that only its user can read."""
    from iotctl.repositories.names_at_once import names_at_once

    # If this fails, the command itself has still succeeded.
    with suppress(Exception):
        _write(home / _FILE, names_at_once(database, "", _MOST_KEPT))


def _names(incomplete: str) -> list[str]:
    from iotctl.settings import read_settings

    settings = read_settings()
    if settings.database_url is None:
        return (settings.home / _FILE).read_text(encoding="utf-8").splitlines()
    from iotctl.repositories import Database
    from iotctl.repositories.names_at_once import names_at_once

    return names_at_once(Database(settings.database_url.get_secret_value()), incomplete, _MOST_SHOWN)


class _AnyCase(str):
    """A name in another case than the typed text. typer drops completions that do not start with the typed text."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        return True


def _beginning(names: list[str], incomplete: str) -> list[str]:
    """The names with this beginning; if there are none, those with it in another case."""
    return [name for name in names if name.startswith(incomplete)] or [
        _AnyCase(name) for name in names if name.casefold().startswith(incomplete.casefold())
    ]


def _write(path: Path, names: Iterable[str]) -> None:
    text = "".join(f"{name}\n" for name in names if name.isprintable())
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
