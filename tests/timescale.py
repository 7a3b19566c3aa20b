"""A TimescaleDB server for tests: one that is named, or one started from a local PostgreSQL that has the extension."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iotctl.repositories import Database
from tests.store import free_port

URL_SETTING = "IOTCTL_TEST_TIMESCALE_URL"
INSTALLATIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)

SETTINGS = """
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
listen_addresses = ''
shared_buffers = 512MB
max_wal_size = 4GB
max_connections = 60
max_worker_processes = 16
"""


def timescale_programs() -> Path | None:
    """The bin folder of a local PostgreSQL, 15 or newer, that has TimescaleDB; None where there is none."""
    for pattern in INSTALLATIONS:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            asked = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
            if (Path(asked.stdout.strip()) / "extension" / "timescaledb.control").exists():
                return folder
    return None


@contextmanager
def timescale_server() -> Iterator[Database | None]:
    """A running server to make databases on, or None where the machine has none."""
    if url := os.environ.get(URL_SETTING):
        yield Database(url)
    elif programs := timescale_programs():
        with _started(programs) as database:
            yield database
    else:
        yield None


@contextmanager
def _started(programs: Path) -> Iterator[Database]:
    # PostgreSQL refuses to run as root: Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else None
    # A short path: the socket's name has to fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="iotctl-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, port = folder / "data", free_port()

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {port}\nunix_socket_directories = '{folder}'\n")
        run(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")
        try:
            yield Database(f"host={folder} port={port} user=postgres dbname=postgres")
        finally:
            run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
