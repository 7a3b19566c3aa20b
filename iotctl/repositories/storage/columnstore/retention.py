"""Retention of chunks: a policy of TimescaleDB drops whole chunks; iotctl policy drops them immediately."""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import errors as pg
from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.storage.answers import Expired
from iotctl.repositories.storage.columnstore.jobs import job_interval

# To drop a chunk, the session must wait for every running load, and later loads wait for it; so the wait is short.
_LOCK_TIMEOUT = "3s"

# Chunks that end at or before the moment: they have no younger reading.
_OLD_CHUNKS = """
    SELECT chunk_schema, chunk_name, range_end FROM timescaledb_information.chunks
    WHERE hypertable_schema = current_schema() AND hypertable_name = 'reading' AND range_end <= now() - %s::interval
    ORDER BY range_end
"""


def retention(conn: Connection) -> timedelta | None:
    """See ReadingStorage.retention."""
    return job_interval(conn, "policy_retention", "drop_after")


def set_retention(conn: Connection, keep: timedelta | None) -> None:
    """Set how long readings are kept, None for ever."""
    with conn.transaction():
        conn.execute("SELECT remove_retention_policy('reading', if_exists => true)")
        if keep is not None:
            # The first run is in a day: iotctl drops chunks now, and both would wait for each other.
            conn.execute(
                "SELECT add_retention_policy('reading', %s::interval, initial_start => now() + interval '1 day')",
                (keep,),
            )


def expired(conn: Connection, keep: timedelta) -> Expired:
    """The readings that this retention would drop."""
    old = _old_parts(conn, keep)
    if not old:
        return Expired(0, 0, None)
    # Parts do not overlap: a reading before the end of the last part is in one of them.
    until = old[-1][2]
    readings = one_value(conn, int, "SELECT count(*) FROM reading WHERE timestamp < %s", (until,))
    return Expired(len(old), readings, as_microseconds(until))


def drop_expired(conn: Connection) -> Expired:
    """Drop readings older than the retention; returns what was dropped. Outside a transaction."""
    keep = retention(conn)
    if keep is None:
        return Expired(0, 0, None)
    gone = Expired(0, 0, None)
    for schema, name, until in _old_parts(conn, keep):
        part = sql.Identifier(schema, name)
        try:
            with conn.transaction():
                conn.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
                readings = one_value(conn, int, sql.SQL("SELECT count(*) FROM {}").format(part))
                # Not by DROP: only drop_chunks informs continuous aggregates.
                conn.execute("SELECT drop_chunks('reading', older_than => %s::timestamptz)", (until,))
        except pg.UndefinedTable:
            continue  # another session was faster
        except (pg.LockNotAvailable, pg.DeadlockDetected):
            return Expired(gone.parts, gone.readings, gone.until, busy=True)
        gone = Expired(gone.parts + 1, gone.readings + readings, as_microseconds(until))
    return gone


def _old_parts(conn: Connection, keep: timedelta) -> list[tuple[str, str, datetime]]:
    return conn.execute(_OLD_CHUNKS.encode(), (keep,)).fetchall()
