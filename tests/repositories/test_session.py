"""Sessions rest on their own settings, whatever the defaults of the database and the user are."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from psycopg import errors as pg
from psycopg import sql

from iotctl.errors import IotctlError, UnreachableError
from iotctl.model import OnDuplicate
from iotctl.repositories import Database, LostRaceError, ReadingLoader, ReadingRepository, ensure_schema, sort_readings
from iotctl.repositories.connection import explain

MINUTE = 60_000_000


def set_default(database: Database, setting: str, value: str) -> None:
    with database.connect() as conn:
        row = conn.execute("SELECT current_database()").fetchone()
        assert row is not None
        conn.execute(
            sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                sql.Identifier(str(row[0])),
                sql.SQL(setting),
                sql.Literal(value),
            )
        )


def write(database: Database, sensors: int, minutes: range, file_id: int) -> None:
    sensor = np.repeat(np.arange(1, sensors + 1, dtype=np.int32), len(minutes))
    time = np.tile(np.array(minutes, dtype=np.int64) * MINUTE, sensors)
    batch = sort_readings(sensor, time, time.astype(float))
    with database.connect() as conn:
        loader = ReadingLoader(conn, ensure_schema(conn))
        while True:
            try:
                with loader.batch(batch):
                    loader.write(batch, file_id, OnDuplicate.SKIP)
            except LostRaceError:
                continue
            return


def count(database: Database) -> tuple[object, ...] | None:
    with database.connect() as conn:
        return conn.execute("SELECT count(*), count(DISTINCT (sensor_id, timestamp)) FROM reading").fetchone()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_two_loads_at_once_double_nothing_under_any_default_isolation(database: Database, isolation: str) -> None:
    with database.connect() as conn:
        ensure_schema(conn)
    set_default(database, "default_transaction_isolation", isolation)
    barrier = threading.Barrier(3)

    def load(file_id: int) -> None:
        barrier.wait()
        for start in range(0, 3000, 500):
            write(database, 3, range(start, start + 700), file_id)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(load, (1, 2, 3)))
    assert count(database) == (3 * 3200, 3 * 3200)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("default_transaction_read_only", "on"),
        ("default_transaction_deferrable", "on"),
        ("lock_timeout", "1ms"),
        ("idle_in_transaction_session_timeout", "1ms"),
        ("search_path", ""),
        ("search_path", "elsewhere, pg_catalog"),
        ("synchronous_commit", "off"),
        ("row_security", "off"),
        ("timezone", "Asia/Tokyo"),
    ],
)
def test_loads_and_reads_are_right_under_other_defaults(database: Database, setting: str, value: str) -> None:
    write(database, 2, range(500), 1)
    with database.connect() as conn:
        conn.execute("CREATE SCHEMA elsewhere")
        conn.execute("CREATE TABLE elsewhere.reading (nothing int)")
    set_default(database, setting, value)
    write(database, 2, range(250, 1000), 2)
    assert count(database) == (2000, 2000)
    with database.connect() as conn:
        time, _ = ReadingRepository(conn).whole_series(1)
    assert time.tolist() == [minute * MINUTE for minute in range(1000)]


def test_a_new_database_gets_its_tables_where_no_search_path_says(database: Database) -> None:
    set_default(database, "search_path", "")
    write(database, 1, range(10), 1)
    assert count(database) == (10, 10)


def test_a_schema_that_comes_before_ours_later_hides_nothing(database: Database) -> None:
    write(database, 1, range(100), 1)
    with database.connect() as conn:
        conn.execute("CREATE SCHEMA postgres")  # the user's own name: it comes first in the default search_path
        conn.execute("CREATE TABLE postgres.reading (nothing int)")
    write(database, 1, range(50, 150), 2)
    assert count(database) == (150, 150)


@pytest.mark.parametrize(
    ("error", "is_away"),
    [
        (pg.ConfigurationLimitExceeded("tuple decompression limit exceeded by operation"), False),
        (pg.ProgramLimitExceeded("x"), False),
        (pg.OutOfMemory("x"), False),
        (pg.DeadlockDetected("x"), False),
        (pg.ObjectInUse("x"), False),
        (pg.AdminShutdown("x"), True),
        (pg.ConnectionFailure("x"), True),
        (pg.CannotConnectNow("x"), True),
    ],
)
def test_an_errors_class_decides_its_message(error: pg.Error, is_away: bool) -> None:
    told = explain(error, "somewhere")
    assert isinstance(told, IotctlError)
    assert isinstance(told, UnreachableError) == is_away
    assert ("does not answer" in told.message) == is_away
