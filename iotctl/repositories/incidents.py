"""What incidents are made of: saved events of all sensors, hourly means of many, and the files of readings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import as_datetime, decode_bigints, decode_floats
from iotctl.repositories.connection import Connection

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR


def hourly_means(
    conn: Connection, sensor_ids: Sequence[int], days: Sequence[int], most_readings: int
) -> NDArray[np.float64]:
    """Hourly means of sensors on days (UTC, counted from 1970-01-01), float64 (sensors, days read, 24).

    NaN where an hour has no reading. A day is one query; no more days are read once that many readings were.
    """
    row_of = {sensor_id: row for row, sensor_id in enumerate(sensor_ids)}
    means = np.full((len(sensor_ids), len(days), 24), np.nan)
    read = 0
    for number, day in enumerate(days):
        if read >= most_readings:
            return means[:, :number]
        cursor = conn.cursor(binary=True).execute(
            """
            SELECT sensor_id, array_agg(hour), array_agg(mean), sum(readings)::bigint
            FROM (
                SELECT sensor_id, extract(hour FROM timestamp AT TIME ZONE 'UTC')::bigint AS hour,
                       avg(sensor_value) AS mean, count(*) AS readings
                FROM reading
                WHERE sensor_id = ANY(%(sensor_ids)s) AND timestamp >= %(start)s AND timestamp < %(end)s
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
            means[row_of[int(str(sensor_id))], number, hours] = decode_floats(result.get_value(row, 2))
            read += int(str(readings))
    return means


def files_at(conn: Connection, sensor_ids: Sequence[int], moment: int) -> dict[int, str]:
    """Which file each sensor's last reading up to a moment (microseconds since 1970-01-01 UTC) came from: id -> URI.

    Only the readings of the day before it are looked at.
    """
    rows = conn.execute(
        """
        SELECT sensor_id, uri
        FROM unnest(%(sensor_ids)s::int[]) AS wanted (sensor_id)
        CROSS JOIN LATERAL (
            SELECT file_id FROM reading
            WHERE reading.sensor_id = wanted.sensor_id AND timestamp > %(first)s AND timestamp <= %(moment)s
            ORDER BY timestamp DESC LIMIT 1
        ) AS last
        JOIN ingest_file USING (file_id)
        """,
        {
            "sensor_ids": list(sensor_ids),
            "first": as_datetime(moment - _DAY),
            "moment": as_datetime(moment),
        },
    )
    return {int(str(sensor_id)): str(uri) for sensor_id, uri in rows}
