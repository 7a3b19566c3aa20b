"""The real servers of the tests, each started once: PostgreSQL, TimescaleDB if there is one, an S3 store."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg.conninfo import make_conninfo

from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.repositories.embedded import embedded_database
from tests.fork_server import ForkServer
from tests.store import S3Server
from tests.timescale import URL_SETTING, leave_it_to_timescaledb, timescale_server

# Tests start the command thousands of times: compiled once, it begins a third of a second sooner.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


_names = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The embedded server, to make databases on."""
    with embedded_database(tmp_path_factory.mktemp("home")) as database:
        with database.connect() as conn:
            # Data need not survive a crash of this machine. Other tests kill and restart their own servers.
            conn.execute("ALTER SYSTEM SET fsync = off")
            conn.execute("SELECT pg_reload_conf()")
        yield database


@pytest.fixture(scope="session")
def timescale_or_none() -> Iterator[Database | None]:
    """A TimescaleDB server to make databases on, where there is one."""
    with timescale_server() as database:
        yield database


@pytest.fixture
def timescale(timescale_or_none: Database | None) -> Iterator[Database]:
    """A new database with TimescaleDB."""
    if timescale_or_none is None:
        pytest.skip(f"no TimescaleDB: set {URL_SETTING}, or install it for a local PostgreSQL")
    with new_database(timescale_or_none) as database:
        yield database


@pytest.fixture
def postgres(postgres_server: Database) -> Iterator[Database]:
    """A new database on plain PostgreSQL."""
    with new_database(postgres_server) as database:
        yield database


@pytest.fixture
def timescale_direct(timescale: Database) -> Database:
    """A new database with TimescaleDB, which compresses the readings itself."""
    leave_it_to_timescaledb(timescale)
    return timescale


@pytest.fixture(params=["postgres", "timescale"])
def database(request: pytest.FixtureRequest) -> Database:
    """A new database, once on each kind of server."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    """A connection to a new database that has the schema, once on each kind of server."""
    with database.connect() as conn:
        ensure_schema(conn)
        yield conn


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server with keys."""
    with S3Server(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """The server that forks processes of the command."""
    server = ForkServer()
    yield server
    server.close()


@contextmanager
def new_database(server: Database, template: str = "template0") -> Iterator[Database]:
    """A new database on a server, dropped at the end: a copy of the template, or an empty one.

    No session can be connected to template0. TimescaleDB connects to template1 when its server starts.
    """
    name = f"iotctl_test_{next(_names)}"
    with server.connect() as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    yield Database(make_conninfo(server.dsn, dbname=name))
    with server.connect() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
