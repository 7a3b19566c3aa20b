"""The schema: numbered SQL files, each applied once, in order; and the capabilities of the server."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from psycopg import errors as pg

from iotctl.errors import ConfigurationError
from iotctl.model import StorageLayout
from iotctl.repositories.postgres.connection import Connection, Database
from iotctl.repositories.postgres.locks import ADVISORY_CLASS, SCHEMA_LOCK
from iotctl.repositories.postgres.one_row import one_value

_OLDEST_SERVER = 150000
_DIRECT_COMPRESS_SINCE = (2, 21)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A server. timescaledb: its version, or None where the extension is not installed."""

    server: str
    timescaledb: str | None
    community_licence: bool

    @property
    def layout(self) -> StorageLayout:
        """The layout of a new schema on this server."""
        if self.timescaledb is None:
            return StorageLayout.SEGMENTS
        version = tuple(int(part) for part in self.timescaledb.split("-")[0].split(".")[:2])
        compresses = version >= _DIRECT_COMPRESS_SINCE and self.community_licence
        return StorageLayout.COLUMNSTORE if compresses else StorageLayout.SEGMENTS


def capabilities(conn: Connection) -> Capabilities:
    """The capabilities of the server; installs the TimescaleDB extension if it is available and permitted.

    Raises ConfigurationError where the server is older than PostgreSQL 15.
    """
    if conn.info.server_version < _OLDEST_SERVER:
        raise ConfigurationError(
            f"The database is PostgreSQL {conn.info.server_version // 10000}; iotctl needs 15 or newer.",
            hint="Upgrade the server, or unset IOTCTL_DATABASE_URL to use the embedded one.",
        )
    return Capabilities(
        server=f"PostgreSQL {conn.info.parameter_status('server_version')}",
        timescaledb=_text(conn, "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"),
        community_licence=_text(conn, "SELECT current_setting('timescaledb.license', true)") == "timescale",
    )


def schema_version(conn: Connection) -> int:
    """The newest schema file that the database has, 0 for none."""
    if not has_table(conn, "iotctl_schema"):
        return 0
    return one_value(conn, int, "SELECT coalesce(max(version), 0) FROM iotctl_schema")


def has_table(conn: Connection, name: str) -> bool:
    """Whether the table exists now.

    Not by to_regclass, which may use a cache that is not refreshed after a wait for an advisory lock.
    """
    query = "SELECT FROM pg_catalog.pg_class WHERE relname = %s AND pg_catalog.pg_table_is_visible(oid)"
    return conn.execute(query, (name,)).fetchone() is not None


def schema_state(conn: Connection) -> tuple[int, int]:
    """The schema version that the database has, and the newest that this program knows.

    Raises ConfigurationError where the database has a newer version.
    """
    present, newest = schema_version(conn), max(_files(StorageLayout.SEGMENTS))
    if present > newest:
        raise ConfigurationError(
            f"The database has schema version {present}; this iotctl supports up to {newest}.",
            where=f"database: {conn.info.dbname} on {conn.info.host or 'localhost'}",
            hint="Upgrade iotctl: pip install --upgrade iotctl",
        )
    return present, newest


def ensure_schema(conn: Connection) -> StorageLayout:
    """Bring the database to the newest schema version, and return the layout of its readings.

    Raises ConfigurationError where the schema is newer than the program, ForbiddenError without the right to create.
    """
    present, newest = schema_state(conn)
    if present < newest:
        _apply(conn)
    return layout_of(conn)


def present_layout(conn: Connection) -> StorageLayout | None:
    """The layout of the stored readings, None where the database has no schema; changes nothing."""
    present, _ = schema_state(conn)
    return layout_of(conn) if present else None


def is_empty(database: Database) -> bool:
    """Whether nothing was ever loaded into a database; changes nothing."""
    with database.connect() as conn:
        if not schema_state(conn)[0]:
            return True
        return conn.execute("SELECT FROM sensor LIMIT 1").fetchone() is None


def layout_of(conn: Connection) -> StorageLayout:
    """The layout of an existing schema. Raises ConfigurationError where this program no longer supports it."""
    layout = _text(conn, "SELECT layout FROM iotctl_schema WHERE version = 1")
    assert layout is not None
    try:
        return StorageLayout(layout)
    except ValueError:
        raise ConfigurationError(
            f"The readings are stored in the layout {layout!r}, which this iotctl no longer supports.",
            hint="Load the files again into a new database: set another IOTCTL_HOME or IOTCTL_DATABASE_URL.",
        ) from None


def _apply(conn: Connection) -> None:
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, SCHEMA_LOCK))
        present, _ = schema_state(conn)  # another session may have been faster
        if present == 0:
            _install_timescaledb(conn)
            conn.execute(
                "CREATE TABLE iotctl_schema (version int PRIMARY KEY, layout text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            layout = capabilities(conn).layout
        else:
            layout = layout_of(conn)
        for version, sql in sorted(_files(layout).items()):
            if version > present:
                conn.execute(sql.encode())
                conn.execute("INSERT INTO iotctl_schema (version, layout) VALUES (%s, %s)", (version, layout))


def _install_timescaledb(conn: Connection) -> None:
    at_hand = "SELECT 'yes' FROM pg_available_extensions WHERE name = 'timescaledb' AND installed_version IS NULL"
    # Without its library loaded at start, the extension ends the session. Not every user may read
    # shared_preload_libraries; this setting exists if the library is loaded.
    preloaded = "SELECT current_setting('timescaledb.max_background_workers', true)"
    if _text(conn, at_hand) is None or _text(conn, preloaded) is None:
        return
    try:
        with conn.transaction():
            conn.execute("CREATE EXTENSION timescaledb")
    except (pg.InsufficientPrivilege, pg.FeatureNotSupported):
        return  # segments work, too; doctor reports that the extension is not used


def _files(layout: StorageLayout) -> dict[int, str]:
    """Version -> SQL for one layout; a file named 0002_reading.LAYOUT.sql is only for that layout."""
    chosen: dict[int, str] = {}
    for file in resources.files(__package__).joinpath("schema").iterdir():
        stem = file.name.removesuffix(".sql")
        name, _, only_for = stem.partition(".")
        if only_for in ("", layout):
            chosen[int(name.split("_")[0])] = file.read_text()
    return chosen


def _text(conn: Connection, query: str) -> str | None:
    row = conn.execute(query.encode()).fetchone()
    return None if row is None else row[0]
