"""The database that a command works on: a server, or the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotctl import interrupt

if TYPE_CHECKING:
    from iotctl.repositories import Database
    from iotctl.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The server that IOTCTL_DATABASE_URL names, or the embedded one while the context lasts."""
    from iotctl.repositories import Database

    interrupt.begin()
    if settings.database_url is not None:
        yield Database(settings.database_url.get_secret_value())
    else:
        from iotctl.repositories.embedded import embedded_database

        with embedded_database(settings.home) as database:
            yield database
