"""A database that is full, locked, read-only, without connections or too slow: a clear error, nothing half done."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from iotctl.errors import ConfigurationError, ForbiddenError, IotctlError, UnreachableError
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.workers.opening import worker_count
from tests.local_server import LocalServer
from tests.obvious import obvious, table, write_files
from tests.services.test_ingest import run, store_settings
from tests.store import S3Server


def name_of(database: Database) -> str:
    with database.connect() as conn:
        return conn.info.dbname


def execute(database: Database, *statements: str) -> None:
    with database.connect() as conn:
        for statement in statements:
            conn.execute(statement.encode())


def assert_whole_batches(database: Database) -> None:
    """The ledger's counts of loaded rows are those of the table."""
    with database.connect() as conn:
        counted = conn.execute(
            "SELECT (SELECT count(*) FROM reading),"
            " (SELECT coalesce(sum(rows_loaded), 0) FROM ingest_batch)"
            " - (SELECT sum(displaced + displaced_conflicts) FROM ingest_file)"
        ).fetchone()
    assert counted is not None
    assert counted[0] == counted[1]


@contextmanager
def small_disk(folder: Path, megabytes: int, owner_of: Path) -> Iterator[Path]:
    """A file system of so many megabytes."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        subprocess.run(["chown", f"--reference={owner_of}", place], check=True)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_said_and_the_next_run_goes_on(server: LocalServer, store: S3Server) -> None:
    contents = write_files(store, "full", 3, 60_000, seed=31)
    with small_disk(server.folder, 5, owner_of=server.folder) as place:
        execute(
            server.database,
            f"CREATE TABLESPACE small LOCATION '{place}'",
            "CREATE DATABASE little TABLESPACE pg_default",
            "ALTER DATABASE little SET default_tablespace = small",
        )
        database = Database(make_conninfo(server.database.dsn, dbname="little"))
        error = None
        while error is None:  # the columnstore needs little space
            error = run("s3://full/t/", database, store_settings(store), batch_rows=5000).error
            write_files(store, "full", 3, 60_000, seed=len(table(database)))
        assert "disk is full" in str(error)
        assert "Free space" in str(error)
        assert_whole_batches(database)
        contents = write_files(store, "full", 3, 60_000, seed=31)
        subprocess.run(["mount", "-o", "remount,size=500m", place], check=True)
        run("s3://full/t/", database, store_settings(store), batch_rows=5000)
        assert set(table(database)) >= set(obvious(contents))
        assert_whole_batches(database)


def test_a_statement_timeout_ends_the_run_with_the_reason(database: Database, store: S3Server) -> None:
    contents = write_files(store, "timeout", 2, 3000, seed=32)
    execute(database, f"ALTER DATABASE {name_of(database)} SET statement_timeout = '2s'")
    blocker_is_ready, over = threading.Event(), threading.Event()

    def block() -> None:
        with database.connect() as conn:
            ensure_schema(conn)
            with conn.transaction():
                conn.execute("LOCK TABLE ingest_batch IN ACCESS EXCLUSIVE MODE")
                blocker_is_ready.set()
                over.wait(60)

    blocker = threading.Thread(target=block)
    blocker.start()
    try:
        assert blocker_is_ready.wait(20)
        with pytest.raises(IotctlError, match="cancelled a statement") as caught:
            run("s3://timeout/t/", database, store_settings(store))
    finally:
        over.set()
        blocker.join()
    assert "statement_timeout" in str(caught.value)
    assert table(database) == {}
    execute(database, f"ALTER DATABASE {name_of(database)} RESET statement_timeout")
    run("s3://timeout/t/", database, store_settings(store))
    assert table(database) == obvious(contents)


def count_of(watcher: Connection, query: str) -> int:
    row = watcher.execute(query.encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_a_deadlock_is_tried_again(database: Database, store: S3Server) -> None:
    write_files(store, "deadlock", 1, 3000, seed=33)
    run("s3://deadlock/t/", database, store_settings(store))
    contents = write_files(store, "deadlock", 1, 3000, seed=34)  # a new version
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'iotctl ingest'"
        " AND wait_event_type = 'Lock' AND datname = current_database()"
    )
    with database.connect() as watcher, database.connect() as rival, ThreadPoolExecutor(1) as ingesting:
        before = count_of(watcher, deadlocks)
        rival.execute("SET deadlock_timeout = '30s'")  # so that the ingest is the one to give way
        with rival.transaction():
            rival.execute("LOCK TABLE reject IN ACCESS EXCLUSIVE MODE")
            ended = ingesting.submit(run, "s3://deadlock/t/", database, store_settings(store))
            while not count_of(watcher, waiting):
                time.sleep(0.01)
            rival.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
        ended.result(60)
        deadline = time.monotonic() + 20
        while count_of(watcher, deadlocks) == before:  # a session's numbers show once it has been idle
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert table(database) == obvious(contents)


@pytest.fixture
def loader(database: Database) -> Iterator[Database]:
    """The database as its owner without other privileges sees it."""
    execute(
        database,
        "DROP ROLE IF EXISTS iotctl_loader",
        "CREATE ROLE iotctl_loader LOGIN",
        f"ALTER DATABASE {name_of(database)} OWNER TO iotctl_loader",
    )
    yield Database(make_conninfo(database.dsn, user="iotctl_loader"))
    execute(database, "REASSIGN OWNED BY iotctl_loader TO CURRENT_USER", "DROP OWNED BY iotctl_loader")
    execute(database, "DROP ROLE iotctl_loader")


def test_workers_are_no_more_than_the_connections_that_are_free(loader: Database, database: Database) -> None:
    assert worker_count(loader, 16, cores=2) == 16
    execute(database, "ALTER ROLE iotctl_loader CONNECTION LIMIT 5")
    assert worker_count(loader, 16, cores=2) == 2  # of 5, less its own, one for the listing, one for others
    execute(database, "ALTER ROLE iotctl_loader CONNECTION LIMIT -1")
    execute(database, f"ALTER DATABASE {name_of(database)} CONNECTION LIMIT 7")
    assert worker_count(loader, 16, cores=2) == 4


# A role that may do nothing but load, in a database that has nothing yet.
@pytest.mark.parametrize("database", ["postgres", "timescale"], indirect=True)
def test_too_few_connections_are_said(loader: Database, database: Database, store: S3Server) -> None:
    contents = write_files(store, "crowded", 3, 3000, seed=35)
    execute(database, "ALTER ROLE iotctl_loader CONNECTION LIMIT 0")
    with pytest.raises(UnreachableError, match="no free connection"):
        run("s3://crowded/t/", loader, store_settings(store))
    execute(database, "ALTER ROLE iotctl_loader CONNECTION LIMIT 3")
    over = threading.Event()

    def make_room_later() -> None:
        over.wait(1.5)
        execute(database, "ALTER ROLE iotctl_loader CONNECTION LIMIT -1")

    room = threading.Thread(target=make_room_later)
    room.start()
    run("s3://crowded/t/", loader, store_settings(store), workers=6)
    room.join()
    assert table(database) == obvious(contents)


@pytest.mark.parametrize("database", ["postgres", "timescale"], indirect=True)
def test_a_default_of_read_only_keeps_nobody_from_loading(
    loader: Database, database: Database, store: S3Server
) -> None:
    contents = write_files(store, "readonly", 2, 3000, seed=36)
    execute(database, "ALTER ROLE iotctl_loader SET default_transaction_read_only = on")
    run("s3://readonly/t/", loader, store_settings(store))
    assert table(database) == obvious(contents)


def test_what_is_wrong_before_a_session_begins_has_its_own_exit_code(loader: Database, database: Database) -> None:
    for change, kind in (({"dbname": "iotctl_none"}, ConfigurationError), ({"user": "iotctl_nobody"}, ForbiddenError)):
        with (
            pytest.raises(kind, match="does not exist"),
            Database(make_conninfo(loader.dsn, **change)).connect(),
        ):
            pass
    execute(database, "ALTER ROLE iotctl_loader NOLOGIN")
    with pytest.raises(ForbiddenError, match="not permitted to log in"), loader.connect():
        pass
