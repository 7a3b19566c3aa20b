"""Hourly means of sensors on some days, stored in a table, so that only new days are computed from readings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.readings.incident_sources import hourly_means

Floats = NDArray[np.float64]

_FIRST = date(1970, 1, 1)
_HOURS, _MEANS = 24, np.dtype("<f8")

# Days of earlier choices are kept up to this number, so that they need not be read again.
_MOST_DAYS = 256

_NOT_ALLOWED = (pg.InsufficientPrivilege, pg.ReadOnlySqlTransaction)


def hourly_courses(conn: Connection, sensor_ids: Sequence[int], days: Sequence[int], most_readings: int) -> Floats:
    """Hourly means of sensors on days (UTC, counted from 1970-01-01), float64 (sensors, days, 24).

    NaN where an hour has no reading. A stored day of a sensor is read again only if it was not over when it was read,
    or if a batch with readings of this day was loaded since. After so many readings no more days are read: the newest
    days come first, and the next call goes on.
    """
    means = np.full((len(sensor_ids), len(days), _HOURS), np.nan)
    known = _read_kept(conn, sensor_ids, days, means)
    read = 0
    for column in range(len(days) - 1, -1, -1):
        missing = np.flatnonzero(~known[:, column])
        if not len(missing) or read >= most_readings:
            continue
        ids = [sensor_ids[row] for row in missing.tolist()]
        now = _now(conn)
        found, readings = hourly_means(conn, ids, days[column])
        read += readings
        means[missing, column] = found
        _keep(conn, ids, days[column], found, now)
    if read:
        _prune(conn)
    return means


def _read_kept(conn: Connection, sensor_ids: Sequence[int], days: Sequence[int], means: Floats) -> NDArray[np.bool_]:
    """Put stored days that are still valid into means; returns for which sensors and days, (sensors, days)."""
    row_of = {sensor_id: row for row, sensor_id in enumerate(sensor_ids)}
    column_of = {_date(day): column for column, day in enumerate(days)}
    loaded = _loaded_last(conn, days)
    known = np.zeros(means.shape[:2], dtype=np.bool_)
    rows = conn.execute(
        """
        SELECT sensor_id, array_agg(day ORDER BY day), array_agg(read_at ORDER BY day),
               string_agg(means, '' ORDER BY day)
        FROM hourly_course WHERE sensor_id = ANY(%s) AND day = ANY(%s) GROUP BY sensor_id
        """,
        (list(sensor_ids), list(column_of)),
    )
    for sensor_id, dates, moments, content in rows:
        row = row_of[sensor_id]
        values = np.frombuffer(content, dtype=_MEANS).reshape(-1, _HOURS)
        for kept_day, read_at, hours in zip(dates, moments, values, strict=True):
            column = column_of[kept_day]
            over = datetime(kept_day.year, kept_day.month, kept_day.day, tzinfo=UTC) + timedelta(days=1)
            if read_at > over and (column not in loaded or loaded[column] < read_at):
                means[row, column] = hours
                known[row, column] = True
    return known


def _loaded_last(conn: Connection, days: Sequence[int]) -> dict[int, datetime]:
    """Index of a day -> the time of the last load of a batch with readings on this day."""
    if not days:
        return {}
    rows = conn.execute(
        """
        SELECT floor(extract(epoch FROM first_time) / 86400)::bigint,
               floor(extract(epoch FROM last_time) / 86400)::bigint, max(loaded_at)
        FROM ingest_batch WHERE last_time >= %s AND first_time < %s GROUP BY 1, 2
        """,
        (_date(days[0]), _date(days[-1] + 1)),
    )
    wanted = np.array(days)
    loaded: dict[int, datetime] = {}
    for first, last, moment in rows:
        low, high = np.searchsorted(wanted, [first, last + 1]).tolist()
        for column in range(low, high):
            loaded[column] = max(moment, loaded.get(column, moment))
    return loaded


def _keep(conn: Connection, sensor_ids: Sequence[int], day: int, means: Floats, read_at: datetime) -> None:
    """Store a day of sensors. means: (sensors, 24). Without the right to write, it is read again the next time."""
    contents = [hours.astype(_MEANS).tobytes() for hours in means]
    with suppress(*_NOT_ALLOWED), conn.transaction():
        conn.execute(
            "INSERT INTO hourly_course (sensor_id, day, means, read_at)"
            " SELECT id, %s, means, %s FROM unnest(%s::int[], %s::bytea[]) AS t (id, means) ORDER BY id"
            " ON CONFLICT (sensor_id, day) DO UPDATE SET means = EXCLUDED.means, read_at = EXCLUDED.read_at",
            (_date(day), read_at, list(sensor_ids), contents),
        )


def _prune(conn: Connection) -> None:
    with suppress(*_NOT_ALLOWED), conn.transaction():
        conn.execute(
            "DELETE FROM hourly_course WHERE day < (SELECT day FROM hourly_course GROUP BY day ORDER BY day DESC"
            " OFFSET %s LIMIT 1)",
            (_MOST_DAYS,),
        )


def _now(conn: Connection) -> datetime:
    return one_value(conn, datetime, "SELECT clock_timestamp()")


def _date(day: int) -> date:
    return _FIRST + timedelta(days=day)
