"""The database of a command: a server, or the embedded one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from iotctl import interrupt
from iotctl.cli.completion import keep_names
from iotctl.cli.output.log import say, say_detail

if TYPE_CHECKING:
    from iotctl.repositories import Database
    from iotctl.settings import Settings


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The server in IOTCTL_DATABASE_URL, or the embedded one while the context lasts.

    Prints what is used with --verbose. If an embedded database is empty, it always says so: the user may mean another.
    """
    from iotctl.repositories import Database

    interrupt.begin()
    if settings.database_url is not None:
        database = Database(settings.database_url.get_secret_value())
        say_detail(_used(database.address, settings))
        yield database
        return
    from iotctl.repositories.embedded import embedded_database
    from iotctl.repositories.schema import is_empty

    say_detail(_used(f"embedded in {settings.home}", settings))
    with embedded_database(settings.home) as database:
        # An empty URL is a choice of the embedded database.
        if "IOTCTL_DATABASE_URL" not in os.environ and is_empty(database):
            say(
                f"The embedded database in {settings.home} is empty. It is used because IOTCTL_DATABASE_URL is not set."
            )
        yield database
        keep_names(database, settings.home)


def _used(database: str, settings: Settings) -> str:
    from iotctl.env_files import env_file

    path = env_file()
    store = settings.s3_endpoint_url or "AWS"
    files = "environment" if path is None else f"environment, {path.absolute()}"
    return f"database: {database}; store: {store}; times: {settings.timezone}; settings: {files}"
