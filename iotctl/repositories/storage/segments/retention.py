"""Retention of segments: only whole months (UTC) are dropped. There is no job for it on this layout."""

from __future__ import annotations

from datetime import timedelta

from psycopg import errors as pg

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_row
from iotctl.repositories.postgres.timestamps import optional_microseconds
from iotctl.repositories.storage.answers import Expired
from iotctl.repositories.storage.segments.table import SENSORS

# A load may lock a segment until it commits, so the wait is short; the next time drops the rest.
_LOCK_TIMEOUT = "3s"

# Each sensor's segments of months that ended so long ago; one index look-up for each sensor.
_OLD = f"""
    SELECT s.sensor_id, old.first, old.readings FROM ({SENSORS}) AS s, LATERAL (
        SELECT first, readings FROM reading_segment
        WHERE sensor_id = s.sensor_id AND first < date_trunc('month', now() - %(keep)s::interval, 'UTC')
        OFFSET 0
    ) AS old
"""  # noqa: S608 -- constants
_TOTAL = """
    SELECT count(DISTINCT date_trunc('month', first, 'UTC')), coalesce(sum(readings), 0)::bigint,
           max(date_trunc('month', first, 'UTC') + interval '1 month')
    FROM {} AS gone
"""


def retention(conn: Connection) -> timedelta | None:
    """See ReadingStorage.retention."""
    row = conn.execute("SELECT drop_after FROM reading_retention").fetchone()
    return None if row is None else row[0]


def set_retention(conn: Connection, keep: timedelta | None) -> None:
    """See ReadingStorage.set_retention."""
    with conn.transaction():
        conn.execute("DELETE FROM reading_retention")
        if keep is not None:
            conn.execute("INSERT INTO reading_retention (drop_after) VALUES (%s)", (keep,))


def expired(conn: Connection, keep: timedelta) -> Expired:
    """See ReadingStorage.expired."""
    return _total(conn, _TOTAL.format(f"({_OLD})"), keep)


def drop_expired(conn: Connection) -> Expired:
    """See ReadingStorage.drop_expired."""
    keep = retention(conn)
    if keep is None:
        return Expired(0, 0, None)
    try:
        with conn.transaction():
            conn.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
            drop = (
                f"WITH old AS ({_OLD}), gone AS (DELETE FROM reading_segment s USING old"  # noqa: S608 -- constants
                " WHERE s.sensor_id = old.sensor_id AND s.first = old.first RETURNING s.first, s.readings) "
            )
            return _total(conn, drop + _TOTAL.format("gone"), keep)
    except (pg.LockNotAvailable, pg.DeadlockDetected):
        return Expired(0, 0, None, busy=True)


def _total(conn: Connection, query: str, keep: timedelta) -> Expired:
    months, readings, until = one_row(conn, query.encode(), {"keep": keep})
    return Expired(months, readings, optional_microseconds(until))
