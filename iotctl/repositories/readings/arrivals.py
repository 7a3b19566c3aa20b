"""The last reading of each sensor, and the time up to which the ledger expects readings now."""

from __future__ import annotations

from collections.abc import Sequence

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_row
from iotctl.repositories.postgres.timestamps import as_datetime, as_microseconds

# The age of the newest reading before an arrival is measured in the hours of a month with arrivals, at least so many.
# The limit is a high quantile of these ages, times a factor for what has not happened yet.
_FEWEST_HOURS, _NEARLY_ALL, _AGAIN = 10, 0.95, 2.0


def last_readings(conn: Connection, sensor_ids: Sequence[int], before: int) -> dict[int, int]:
    """sensor_id -> the time of its last reading before a moment; both microseconds since 1970-01-01 UTC.

    Sensors without such a reading are not in the result. Each sensor takes one index look-up.
    """
    rows = conn.execute(
        """
        SELECT sensor_id, last_reading_of(sensor_id, %(before)s) FROM unnest(%(ids)s::int[]) AS wanted(sensor_id)
        """,
        {"ids": list(sensor_ids), "before": as_datetime(before)},
    )
    return {sensor_id: as_microseconds(time) for sensor_id, time in rows if time is not None}


def expected_up_to(conn: Connection, now: int) -> int | None:
    """The time up to which readings should have come by now, microseconds since 1970-01-01 UTC; None where not known.

    It uses the age of the newest reading whenever newer ones came, in the last 30 days: minutes if loggers send each
    minute, more than a day if yesterday's file comes each morning, years if history was loaded. Batches with readings
    of the future do not count.
    """
    hours, seconds = one_row(
        conn,
        """
        WITH arrival AS (
            SELECT loaded_at, last_time,
                   max(last_time) OVER (ORDER BY loaded_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
            FROM ingest_batch
            WHERE loaded_at > %(now)s - interval '30 days' AND loaded_at <= %(now)s
              AND last_time <= loaded_at + interval '1 hour'
        ), age AS (
            SELECT max(extract(epoch FROM loaded_at - newest)) AS seconds
            FROM arrival WHERE last_time > newest
            GROUP BY date_trunc('hour', loaded_at)
        )
        SELECT count(*), percentile_cont(%(nearly_all)s) WITHIN GROUP (ORDER BY seconds)::float8 FROM age
        """,
        {"now": as_datetime(now), "nearly_all": _NEARLY_ALL},
    )
    if hours < _FEWEST_HOURS:
        return None
    return now - int(_AGAIN * max(seconds, 0.0) * 1_000_000)
