"""Connections to the database, and its errors as errors of errors.py."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from iotctl.errors import ConfigurationError, ForbiddenError, IotctlError, UnreachableError
from iotctl.repositories.postgres.address import read_address, shown_address
from iotctl.repositories.postgres.texts import TextDumper

# Without these a connection that a firewall dropped hangs for two hours (Linux' default keepalive time).
_DEFAULTS = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}

# Settings that must not depend on the defaults of the server, the database and the user. If a server does not notice
# that its client is gone, it keeps the client's locks, for two hours by default, and every other load waits.
_SESSION = """
    SET timezone = 'UTC';
    SET client_encoding = 'UTF8';
    SET DateStyle = 'ISO';
    SET IntervalStyle = 'postgres';
    SET bytea_output = 'hex';
    SET extra_float_digits = 1;
    SET standard_conforming_strings = on;
    SET array_nulls = on;
    SET transform_null_equals = off;
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_read_only = off;
    SET default_transaction_deferrable = off;
    SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET plan_cache_mode = force_custom_plan; -- a kept plan may rest on an order that a chunk of TimescaleDB has lost
    SET row_security = off; -- an error, not half of the rows, where a policy would hide the rest
"""

# If the search path finds our tables: the same result as _SEARCH_PATH, in half of the time.
_SEARCH_PATH_IN_SIGHT = """
    SELECT set_config('search_path', concat_ws(', ',
        c.relnamespace::regnamespace,
        (SELECT string_agg(quote_ident(name), ', ') FROM unnest(current_schemas(false)) AS name),
        (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'timescaledb')), false)
    FROM pg_class c WHERE c.oid = to_regclass('iotctl_schema') AND c.relkind = 'r'
"""

# The schema of our tables comes first, because current_schema() would change if a schema with the user's name is made
# later. A default search_path without our schema does not hide our tables; a search_path in the DSN does.
_SEARCH_PATH = """
    SELECT set_config('search_path', (
        SELECT string_agg(quote_ident(name), ', ' ORDER BY position) FROM (
            SELECT name, min(position) AS position FROM (
                SELECT coalesce(
                    (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relname = 'iotctl_schema' AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE')
                       AND (pg_table_is_visible(c.oid) OR
                            (SELECT source FROM pg_settings WHERE name = 'search_path') NOT IN ('client', 'session'))
                     ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname LIMIT 1),
                    current_schema(), 'public'), 0
                UNION ALL SELECT * FROM unnest(current_schemas(false)) WITH ORDINALITY
                UNION ALL SELECT n.nspname, 1000 FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                          WHERE e.extname = 'timescaledb'
            ) AS all_schemas (name, position) GROUP BY name
        ) AS schemas), false)
"""

# Before the session exists, libpq reports errors only as text (docs: libpq, PQconnectPoll).
_REFUSED_LOGIN = re.compile(
    r'password authentication failed|no password supplied|no pg_hba\.conf entry|role ".*" does not exist'
    r"|is not permitted to log in|permission denied for database"
)
# What stands before the reason in libpq's and psycopg's messages; the server is named beside it.
_ODD_BEGINNING = re.compile(
    r"^(connection failed|connection is bad): |connection to server .* failed: |\[Errno -?\d+\] |FATAL:  "
)
_WRONG_OPTION = re.compile(r"invalid .* value: |invalid integer value")
_NO_DATABASE = re.compile(r'database ".*" does not exist')
# SQLSTATE classes (manual, appendix A): resources and program limits; connection and operator intervention.
_LIMIT_CLASSES = ("53", "54")
_AWAY = ("08", "57")
# The error of a change to a compressed batch that another session changes or compresses at the same time.
_CHANGED_BESIDE = re.compile(r"tuple concurrently (updated|deleted)")
_NO_ROOM = re.compile(r"too many (clients already|connections for)|remaining connection slots are reserved")

# It would print to stderr for each pipeline that a deadlock ended, although that is tried again.
logging.getLogger("psycopg").setLevel(logging.ERROR)

T = TypeVar("T")

# Seconds to wait before a step is tried again after a conflict with another session.
_CONFLICT_SECONDS = (0.1, 0.5, 2.0, 5.0, 10.0)

Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class Database:
    """A server and how to reach it; small and picklable, without an open connection.

    dsn: a libpq connection string or URL; never printed, because it may have a password. revive: starts the server
    again if it does not run; only for the embedded server.
    """

    dsn: str = field(repr=False)
    revive: Callable[[], object] | None = field(default=None, repr=False, compare=False)

    @property
    def address(self) -> str:
        """The server as text: user, host, port and database, without the password."""
        return shown_address(self.dsn)

    @contextmanager
    def connect(self, *, application: str = "iotctl") -> Iterator[Connection]:
        """A connection in autocommit mode, UTC, closed on leaving; psycopg errors inside come out as IotctlError.

        Raises UnreachableError, ForbiddenError, ConfigurationError.
        """
        with self.errors():
            conn = self._connected(self._conninfo(application))
            try:
                conn.adapters.register_dumper(str, TextDumper)
                _set_session(conn)
                yield conn
            finally:
                conn.close()

    def _connected(self, conninfo: str) -> Connection:
        try:
            return psycopg.connect(conninfo, autocommit=True)
        except psycopg.OperationalError:
            if self.revive is None:
                raise
        self.revive()
        return psycopg.connect(conninfo, autocommit=True)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn errors of psycopg inside the context into errors that say what to do next."""
        try:
            yield
        except psycopg.Error as error:
            raise database_error(error, self.address) from error

    def _conninfo(self, application: str) -> str:
        return make_conninfo("", **{**_DEFAULTS, "application_name": application, **read_address(self.dsn)})


def _set_session(conn: Connection) -> None:
    found = conn.execute(_SESSION + _SEARCH_PATH_IN_SIGHT)
    while found.nextset():
        pass  # up to the result of the last statement
    if found.fetchone() is None:
        conn.execute(_SEARCH_PATH)


def free_connections(conn: Connection) -> int:
    """How many more connections the server accepts from this user, who may be without privileges."""
    # -1 is no limit; PostgreSQL 15 does not have reserved_connections.
    row = conn.execute(
        """
        SELECT least(
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true)::int, 0) - count(*),
            (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = session_user)
                - count(*) FILTER (WHERE usename = session_user),
            (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
                - count(*) FILTER (WHERE datname = current_database())
        )
        FROM pg_stat_activity WHERE backend_type = 'client backend'
        """
    ).fetchone()
    assert row is not None
    free: int = row[0]
    return free


def is_passing(error: BaseException | None) -> bool:
    """Whether a second try may succeed: after a broken connection, a deadlock, or while the server restarts."""
    return (
        isinstance(
            error,
            pg.DeadlockDetected
            | pg.SerializationFailure
            | pg.LockNotAvailable
            | pg.TooManyConnections
            | pg.AdminShutdown
            | pg.CrashShutdown
            | pg.CannotConnectNow
            | pg.IdleInTransactionSessionTimeout
            | pg.IdleSessionTimeout,
        )
        or (isinstance(error, pg.InternalError_) and _says(error, _CHANGED_BESIDE))
        or (
            # An OperationalError without SQLSTATE comes from libpq: the connection is gone, or could not be made.
            isinstance(error, psycopg.OperationalError)
            and error.sqlstate is None
            and not _says(error, _REFUSED_LOGIN)
            and not _says(error, _NO_DATABASE)
        )
    )


def again_after_conflicts(conn: Connection, step: Callable[[], T]) -> T:
    """The result of a step, which is tried again after a conflict with another session, such as a deadlock.

    The step must not be part of a transaction, and must be repeatable.
    """
    for seconds in _CONFLICT_SECONDS:
        try:
            return step()
        except psycopg.Error as error:
            if conn.closed or not is_passing(error):
                raise
            time.sleep(seconds)
    return step()


def database_error(error: psycopg.Error, address: str) -> IotctlError:
    """The IotctlError for a psycopg error at a server."""
    first_line = _ODD_BEGINNING.sub("", (str(error).strip().splitlines() or ["unknown error"])[0])
    where = f"database: {address}"
    match error:
        case pg.InvalidPassword() | pg.InvalidAuthorizationSpecification():
            return _refused(first_line, where)
        case pg.InsufficientPrivilege() | pg.ReadOnlySqlTransaction():
            return ForbiddenError(
                f"The database does not permit this: {first_line}",
                where=where,
                hint="Grant the rights to this user (iotctl doctor lists them), or connect as the tables' owner.",
            )
        case psycopg.OperationalError() if _says(error, _NO_DATABASE):
            return ConfigurationError(
                f"There is no such database: {first_line}",
                where=where,
                hint="Make it (createdb), or change the name at the end of IOTCTL_DATABASE_URL.",
            )
        case pg.DiskFull():
            return IotctlError(
                f"The database's disk is full: {first_line}",
                where=where,
                hint="Free space and run the command again: it goes on from the last committed batch.",
            )
        case psycopg.OperationalError() if isinstance(error, pg.TooManyConnections) or _says(error, _NO_ROOM):
            return UnreachableError(
                "The database has no free connection.",
                where=where,
                hint="Use fewer --workers, or raise max_connections (or this user's or database's CONNECTION LIMIT).",
            )
        case pg.QueryCanceled():
            return IotctlError(
                f"The database cancelled a statement: {first_line}",
                where=where,
                hint="If statement_timeout is set for this user, raise it, then run the command again.",
            )
        case psycopg.OperationalError() if _says(error, _REFUSED_LOGIN):
            return _refused(first_line, where)
        case psycopg.Error() if (error.sqlstate or "").startswith(_LIMIT_CLASSES):
            return IotctlError(
                f"The database is at one of its limits: {first_line}",
                where=where,
                hint="Raise the limit that it names and run again: it goes on from the last committed batch.",
            )
        case psycopg.OperationalError() if _says(error, _WRONG_OPTION):
            return ConfigurationError(
                f"IOTCTL_DATABASE_URL cannot be used: {first_line}",
                where=where,
                hint="Change that option in the address, or leave it out.",
            )
        case psycopg.OperationalError() if (error.sqlstate or _AWAY[0]).startswith(_AWAY):
            return UnreachableError(
                f"The database does not answer: {first_line}",
                where=where,
                hint="Is the server running? Check host and port in IOTCTL_DATABASE_URL, or run: iotctl doctor",
            )
        case _:
            return IotctlError(
                f"The database refused a statement: {first_line}",
                where=where,
                hint="Run: iotctl doctor. If it finds nothing, report this with the lines of: iotctl --debug ...",
            )


def _says(error: psycopg.Error, what: re.Pattern[str]) -> bool:
    return error.sqlstate is None and what.search(str(error)) is not None


def _refused(first_line: str, where: str) -> ForbiddenError:
    return ForbiddenError(
        f"The database rejected the login: {first_line}",
        where=where,
        hint="Check user and password in IOTCTL_DATABASE_URL.",
    )
