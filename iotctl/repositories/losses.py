"""What the ledger knows of single sensors: readings that lost to another value, and rows that gave none."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.repositories.binary import as_datetime
from iotctl.repositories.connection import Connection


@dataclass(frozen=True, slots=True)
class Losses:
    """What one sensor lost. conflicts: as far as they are kept.

    rejected, without_value, bad_quality: rows of the batches of its readings; None where the ledger knows no batch of
    them, or one that holds other sensors' readings, too.
    """

    conflicts: int = 0
    rejected: int | None = None
    without_value: int | None = None
    bad_quality: int | None = None


def losses_by_sensor(conn: Connection, start: int | None = None, end: int | None = None) -> dict[int, Losses]:
    """sensor_id -> what was lost of it in [start, end), microseconds since 1970-01-01 UTC; where that is known.

    A batch counts where its readings reach into that time. Two passes over small tables, whatever the sensors.
    """
    rows = conn.execute(
        """
        WITH batch AS (
            SELECT b.sensors, b.rejected, b.missing, b.bad_quality,
                   upper(b.sensors) - lower(b.sensors) = 1 AS is_single
            FROM ingest_batch b JOIN ingest_file f USING (file_id, generation)
            WHERE NOT isempty(b.sensors) AND b.last_time >= %(start)s AND b.first_time < %(end)s
        ), shared AS (
            SELECT range_agg(sensors) AS sensors FROM batch WHERE NOT is_single
        ), single AS (
            SELECT lower(sensors) AS sensor_id, sum(rejected)::bigint AS rejected, sum(missing)::bigint AS missing,
                   sum(bad_quality)::bigint AS bad_quality
            FROM batch WHERE is_single GROUP BY 1
        ), lost AS (
            SELECT sensor_id, count(*) AS conflicts FROM conflict
            WHERE timestamp >= %(start)s AND timestamp < %(end)s GROUP BY 1
        )
        SELECT sensor_id, coalesce(conflicts, 0), CASE WHEN is_known THEN rejected END,
               CASE WHEN is_known THEN missing END, CASE WHEN is_known THEN bad_quality END
        FROM single FULL JOIN lost USING (sensor_id)
        CROSS JOIN LATERAL (
            SELECT rejected IS NOT NULL
                   AND NOT coalesce(sensor_id <@ (SELECT sensors FROM shared), false) AS is_known
        ) k
        """,
        {
            "start": "-infinity" if start is None else as_datetime(start),
            "end": "infinity" if end is None else as_datetime(end),
        },
    )
    return {
        int(str(sensor_id)): Losses(int(str(conflicts)), *(None if n is None else int(str(n)) for n in counts))
        for sensor_id, conflicts, *counts in rows
    }
