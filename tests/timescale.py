"""A TimescaleDB server for tests: a given one, or one started from a local PostgreSQL with the extension."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iotctl.model import ColumnstoreWriter
from iotctl.repositories import Database, open_storage
from tests.local_server import LocalServer

URL_SETTING = "IOTCTL_TEST_TIMESCALE_URL"
INSTALLATIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)

# A chunk makes a table that is not empty: no ingest gives it a primary key again.
_CHUNK = "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (-1, '1990-01-01', 0)"

SETTINGS = """
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
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


def leave_it_to_timescaledb(database: Database) -> None:
    """Make the schema, with TimescaleDB to compress the readings itself, by direct compress."""
    with database.connect() as conn:
        open_storage(conn).set_writer(ColumnstoreWriter.DIRECT)
        conn.execute(_CHUNK.encode())
        conn.execute("DELETE FROM reading")
        conn.execute("SELECT compress_chunk(c) FROM show_chunks('reading') c")


@contextmanager
def timescale_server() -> Iterator[Database | None]:
    """A running server to make databases on, or None where the machine has none."""
    if url := os.environ.get(URL_SETTING):
        yield Database(url)
    elif programs := timescale_programs():
        with LocalServer(programs, settings=SETTINGS) as server:
            yield server.database
    else:
        yield None
