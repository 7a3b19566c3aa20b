"""Connections to the database, and its errors in the words of errors.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from iotctl.errors import ConfigurationError, ForbiddenError, IotctlError, UnreachableError

# Without these a connection that a firewall dropped hangs for two hours (Linux' default keepalive time).
_DEFAULTS = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Database:
    """A server and how to reach it; small and picklable, opens nothing by itself.

    dsn: a libpq connection string or URL; never printed, since it may hold a password.
    """

    dsn: str = field(repr=False)

    @property
    def address(self) -> str:
        """The server for people to read: user, host, port and database, no password."""
        try:
            parts = conninfo_to_dict(self.dsn)
        except psycopg.ProgrammingError:
            return "(unreadable connection string)"
        host = parts.get("host") or "localhost"
        port = f":{parts['port']}" if parts.get("port") else ""
        user = f"{parts['user']}@" if parts.get("user") else ""
        return f"{user}{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"

    @contextmanager
    def connect(self, *, application: str = "iotctl") -> Iterator[Connection]:
        """A connection in autocommit mode, UTC, closed on leaving; psycopg errors inside come out as IotctlError.

        Raises UnreachableError, ForbiddenError, ConfigurationError.
        """
        with self.errors():
            conn = psycopg.connect(self._conninfo(application), autocommit=True)
            try:
                # The machine's own zone, PGTZ and postgresql.conf must never shift a time.
                conn.execute("SET timezone = 'UTC'")
                yield conn
            finally:
                conn.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what psycopg raises inside into errors that say what to do next."""
        try:
            yield
        except psycopg.Error as error:
            raise explain(error, self.address) from error

    def _conninfo(self, application: str) -> str:
        try:
            given = conninfo_to_dict(self.dsn)
        except psycopg.ProgrammingError as error:
            raise ConfigurationError(
                "IOTCTL_DATABASE_URL is not a connection string.",
                hint="Its form: postgresql://USER:PASSWORD@HOST:5432/DATABASE (special characters percent-encoded).",
            ) from error
        return make_conninfo("", **{**_DEFAULTS, "application_name": application, **given})


def free_connections(conn: Connection) -> int:
    """How many more connections the server takes from users without privileges."""
    row = conn.execute(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def passwordless(url: str) -> str:
    """A database URL with its password, if any, replaced by ***; for showing settings."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    user = quote(unquote(parts.username or ""), safe="")
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:***@{host}").geturl()


def is_passing(error: BaseException | None) -> bool:
    """True where the same work may succeed on a second try: a broken connection, a deadlock, a restarting server."""
    return isinstance(
        error,
        pg.DeadlockDetected
        | pg.SerializationFailure
        | pg.LockNotAvailable
        | pg.TooManyConnections
        | pg.AdminShutdown
        | pg.CrashShutdown
        | pg.CannotConnectNow
        | pg.IdleInTransactionSessionTimeout,
    ) or (
        # An OperationalError without SQLSTATE comes from libpq: the connection is gone, or could not be made.
        isinstance(error, psycopg.OperationalError) and error.sqlstate is None and not _is_refused_login(error)
    )


def explain(error: psycopg.Error, address: str) -> IotctlError:
    """The IotctlError that tells a user about a psycopg error at a server."""
    first_line = (str(error).strip().splitlines() or ["unknown error"])[0]
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
        case pg.InvalidCatalogName():
            return ConfigurationError(
                f"No such database: {first_line}",
                where=where,
                hint="Create it (createdb), or mend IOTCTL_DATABASE_URL.",
            )
        case pg.DiskFull():
            return IotctlError(
                f"The database's disk is full: {first_line}",
                where=where,
                hint="Free space and run the command again: it goes on from the last committed batch.",
            )
        case pg.TooManyConnections():
            return UnreachableError(
                "The database has no free connection.",
                where=where,
                hint="Use fewer --workers, or raise max_connections.",
            )
        case pg.QueryCanceled():
            return IotctlError(
                f"The database cancelled a statement: {first_line}",
                where=where,
                hint="If statement_timeout is set for this user, raise it, then run the command again.",
            )
        case psycopg.OperationalError() if _is_refused_login(error):
            return _refused(first_line, where)
        case psycopg.OperationalError():
            return UnreachableError(
                f"The database does not answer: {first_line}",
                where=where,
                hint="Is the server running, and IOTCTL_DATABASE_URL right? iotctl doctor checks both.",
            )
        case _:
            return IotctlError(f"The database refused a statement: {first_line}", where=where)


def _is_refused_login(error: psycopg.Error) -> bool:
    # libpq reports failures before the session exists by text alone (docs: libpq, PQconnectPoll).
    text = str(error)
    return any(
        mark in text for mark in ("password authentication failed", "no password supplied", "no pg_hba.conf entry")
    )


def _refused(first_line: str, where: str) -> ForbiddenError:
    return ForbiddenError(
        f"The database does not let us in: {first_line}",
        where=where,
        hint="Check user and password in IOTCTL_DATABASE_URL.",
    )
