"""Schema versions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from iotctl.errors import ConfigurationError
from iotctl.model import StorageLayout
from iotctl.repositories import Database, ensure_schema
from iotctl.secrets import passwordless


def test_many_at_once_make_the_schema_once(database: Database) -> None:
    def make(_: int) -> StorageLayout:
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
        assert ensure_schema(conn) is StorageLayout.SEGMENTS


def test_the_columnstore_is_used_where_there_is_one(timescale: Database) -> None:
    with timescale.connect() as conn:
        assert ensure_schema(conn) is StorageLayout.COLUMNSTORE


def test_a_newer_schema_is_refused(postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
        conn.execute("INSERT INTO iotctl_schema (version, layout) VALUES (99, 'segments')")
        with pytest.raises(ConfigurationError, match="version 99"):
            ensure_schema(conn)


def test_a_layout_of_the_past_is_told_and_what_to_do(postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
        conn.execute("UPDATE iotctl_schema SET layout = 'partitions'")
        with pytest.raises(ConfigurationError, match=r"'partitions'.*no longer supports") as raised:
            ensure_schema(conn)
    assert "Load the files again" in str(raised.value.hint)


def test_views_have_the_promised_columns(database: Database) -> None:
    with database.connect() as conn:
        ensure_schema(conn)
        for view, columns in (
            ("sensor_mapping", ["sensor_name", "sensor_uuid"]),
            ("sensor_data", ["timestamp", "sensor_uuid", "sensor_value"]),
        ):
            cursor = conn.execute(f"SELECT * FROM {view}".encode())
            assert [column.name for column in cursor.description or []] == columns


def test_a_url_is_shown_without_its_password() -> None:
    assert passwordless("postgresql://me:p%40ss@host:5432/db") == "postgresql://me:***@host:5432/db"
    database = Database("postgresql://me:secret@host:5432/db")
    assert "secret" not in repr(database) + database.address
