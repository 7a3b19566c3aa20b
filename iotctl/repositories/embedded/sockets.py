"""The socket of the embedded server: the folder that it lies in, and whether a server answers there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from iotctl.repositories.embedded.account import Account
from iotctl.repositories.embedded.pid_file import PidFile

PORT = 5432

# macOS allows 103 bytes for the name of a socket, Linux 107 (sys/un.h).
_SOCKET_NAME_BYTES = 103
_SOCKET_FOLDER_PREFIX = "iotctl-"


def choose_socket_folder(data: Path, account: Account) -> Path:
    """The folder of the socket: beside the data, or, if that name is too long, a folder that only its user can open."""
    if _fits(data):
        return data
    before = PidFile(data).socket_folder()
    if before is not None and before != data:
        return before
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 -- mkdtemp makes a folder that nobody else can enter
        folder = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER_PREFIX, dir=parent))
        if _fits(folder):
            account.give(folder)
            return folder
        folder.rmdir()
    raise OSError("no folder has a path short enough for a socket")


def connection_string(socket_folder: Path) -> str:
    """The host and port for libpq, by the folder of the server's socket."""
    return make_conninfo("", host=str(socket_folder), port=PORT, user="postgres", dbname="postgres")


def answers(socket_folder: Path) -> bool:
    """Whether the server accepts connections; it does not while it starts, recovers or stops."""
    return PGconn.ping(connection_string(socket_folder).encode()) == Ping.OK


def _fits(folder: Path) -> bool:
    """Whether a folder can have a socket: its name is short, and has no comma, which separates hosts in libpq."""
    name = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(name) <= _SOCKET_NAME_BYTES and b"," not in name and name.isascii()
