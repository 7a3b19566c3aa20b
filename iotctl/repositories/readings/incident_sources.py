"""What incidents are made of: hourly means of sensors, and the files that their readings came from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import decode_bigints, decode_floats
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime

_DAY = 86_400_000_000


def hourly_means(conn: Connection, sensor_ids: Sequence[int], day: int) -> tuple[NDArray[np.float64], int]:
    """Hourly means of sensors on a day (UTC, counted from 1970-01-01), float64 (sensors, 24), and how many readings.

    NaN where an hour has no reading.
    """
    row_of = {sensor_id: row for row, sensor_id in enumerate(sensor_ids)}
    means = np.full((len(sensor_ids), 24), np.nan)
    read = 0
    cursor = conn.cursor(binary=True).execute(
        """
        SELECT sensor_id, array_agg(hour), array_agg(mean), sum(readings)::bigint
        FROM (
            SELECT sensor_id, extract(hour FROM timestamp AT TIME ZONE 'UTC')::bigint AS hour,
                   avg(sensor_value) AS mean, count(*) AS readings
            FROM readings_of(%(sensor_ids)s::int[], %(start)s, %(end)s)
            GROUP BY 1, 2
        ) AS hours
        GROUP BY sensor_id
        """,
        {
            "sensor_ids": list(sensor_ids),
            "start": as_datetime(day * _DAY),
            "end": as_datetime((day + 1) * _DAY),
        },
    )
    result = cursor.pgresult
    assert result is not None
    for row, (sensor_id, _, _, readings) in enumerate(cursor):
        hours = decode_bigints(result.get_value(row, 1))
        means[row_of[sensor_id], hours] = decode_floats(result.get_value(row, 2))
        read += readings
    return means, read


def files_at(conn: Connection, sensor_ids: Sequence[int], moment: int) -> dict[int, str]:
    """The file of each sensor's last reading up to a moment (microseconds since 1970-01-01 UTC): sensor_id -> URI.

    Only the readings of the day before the moment count.
    """
    rows = conn.execute(
        """
        SELECT sensor_id, uri
        FROM unnest(%(sensor_ids)s::int[]) AS wanted (sensor_id)
        CROSS JOIN LATERAL (
            SELECT file_id FROM readings_of(wanted.sensor_id, %(first)s, %(until)s)
            ORDER BY timestamp DESC LIMIT 1
        ) AS last
        JOIN ingest_file USING (file_id)
        """,
        {
            "sensor_ids": list(sensor_ids),
            "first": as_datetime(moment - _DAY + 1),
            "until": as_datetime(moment + 1),
        },
    )
    return dict(rows.fetchall())
