"""What a command works on: the database, a server or the embedded one; and who called it, and how."""

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


def who() -> str:
    """The user and machine that this process runs as and on."""
    import getpass
    import os
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def command_line() -> str:
    """This command as one would type it again; what may be a password or key is left out, though none belongs there."""
    import shlex
    import sys

    from iotctl.secrets import passwordless

    return shlex.join(["iotctl", *map(passwordless, sys.argv[1:])])
