"""Schema versions, and the embedded server."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iotctl.errors import ConfigurationError
from iotctl.repositories import Database, Layout, embedded_database, ensure_schema
from iotctl.repositories.connection import passwordless


def test_many_at_once_make_the_schema_once(database: Database) -> None:
    def make(_: int) -> Layout:
        with database.connect() as conn:
            return ensure_schema(conn)

    with ThreadPoolExecutor(6) as pool:
        layouts = set(pool.map(make, range(6)))
    assert len(layouts) == 1
    with database.connect() as conn:
        versions = [row[0] for row in conn.execute("SELECT version FROM iotctl_schema ORDER BY version")]
    assert versions == [1, 2, 3]


def test_the_layout_follows_the_server(postgres: Database) -> None:
    with postgres.connect() as conn:
        assert ensure_schema(conn) is Layout.PARTITIONS


def test_the_columnstore_is_used_where_there_is_one(timescale: Database) -> None:
    with timescale.connect() as conn:
        assert ensure_schema(conn) is Layout.COLUMNSTORE


def test_a_newer_schema_is_refused(postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
        conn.execute("INSERT INTO iotctl_schema (version, layout) VALUES (99, 'partitions')")
        with pytest.raises(ConfigurationError, match="version 99"):
            ensure_schema(conn)


def test_views_have_the_promised_columns(database: Database) -> None:
    with database.connect() as conn:
        ensure_schema(conn)
        for view, columns in (
            ("sensor_mapping", ["sensor_name", "sensor_uuid"]),
            ("sensor_data", ["timestamp", "sensor_uuid", "sensor_value"]),
        ):
            cursor = conn.execute(f"SELECT * FROM {view}".encode())
            assert [column.name for column in cursor.description or []] == columns


def test_several_commands_share_the_embedded_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from iotctl.repositories import embedded_database\n"
        "with embedded_database(Path(sys.argv[1])) as database, database.connect() as conn:\n"
        "    time.sleep(1); print(conn.execute('SELECT 1').fetchone()[0])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == ["1", "1", "1"]
    assert not (tmp_path / "postgresql" / "postmaster.pid").exists()
    with embedded_database(tmp_path) as database, database.connect() as conn:
        for setting, value in (("fsync", "on"), ("full_page_writes", "on"), ("shared_buffers", "512MB")):
            assert conn.execute(f"SHOW {setting}".encode()).fetchone() == (value,)


def test_a_command_that_is_killed_leaves_a_server_that_the_next_one_uses_and_stops(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path; from iotctl.repositories import embedded_database\n"
        "with embedded_database(Path(sys.argv[1])) as database, database.connect() as conn:\n"
        "    conn.execute('CREATE TABLE t AS SELECT 7 AS seven')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == -9
    again = code.replace(
        "conn.execute('CREATE TABLE t AS SELECT 7 AS seven')", "print(conn.execute('TABLE t').fetchone())"
    )
    again = again.replace("os.kill(os.getpid(), signal.SIGKILL)", "pass")
    ended = subprocess.run([sys.executable, "-c", again, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.stdout == "(7,)\n", ended.stderr
    assert not (tmp_path / "postgresql" / "postmaster.pid").exists()


def test_a_url_is_shown_without_its_password() -> None:
    assert passwordless("postgresql://me:p%40ss@host:5432/db") == "postgresql://me:***@host:5432/db"
    database = Database("postgresql://me:secret@host:5432/db")
    assert "secret" not in repr(database) + database.address
