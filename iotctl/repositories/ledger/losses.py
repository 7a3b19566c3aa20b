"""What the ledger knows of single sensors: readings that lost to another value, and rows that gave none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import lower_bound, upper_bound


@dataclass(frozen=True, slots=True)
class Losses:
    """What one sensor lost. conflicts: as far as they are kept.

    rejected, without_value, bad_quality: rows of the batches of its readings; None where the ledger knows no batch of
    them, or one that holds other sensors' readings, too. Of such a sensor rejected and bad_quality are the rows kept
    that have its UUID in their text, where all of time is asked for and every reject of its files is kept.
    """

    conflicts: int = 0
    rejected: int | None = None
    without_value: int | None = None
    bad_quality: int | None = None


def losses_by_sensor(conn: Connection, start: int | None = None, end: int | None = None) -> dict[int, Losses]:
    """sensor_id -> what was lost of it in [start, end), microseconds since 1970-01-01 UTC; where that is known.

    A batch counts where its readings reach into that time. A few passes over small tables, whatever the sensors.
    """
    known = _by_batches(conn, start, end)
    if start is None and end is None:
        for sensor_id, (rejected, bad) in _by_text(conn).items():
            losses = known.get(sensor_id, Losses())
            if losses.rejected is None:
                known[sensor_id] = replace(losses, rejected=rejected, bad_quality=bad)
    return known


def _by_text(conn: Connection) -> dict[int, tuple[int, int]]:
    """sensor_id -> rows that name its UUID: rejected ones, and those of bad quality; of sensors of which all are kept.

    A text that names several sensors, such as a line of an array, is of none. A rejected row has no time that is known.
    """
    rows = conn.execute(
        """
        WITH lost AS (
            SELECT file_id, sum(rejected + bad_quality)::bigint AS rows FROM ingest_batch b
            JOIN ingest_file f USING (file_id, generation) GROUP BY 1
        ), kept AS (
            SELECT file_id, count(*) AS rows FROM reject GROUP BY 1
        ), partly AS (
            SELECT file_id FROM lost LEFT JOIN kept USING (file_id) WHERE lost.rows > coalesce(kept.rows, 0)
        ), unsure AS (
            SELECT range_agg(sensors) AS sensors FROM ingest_batch JOIN partly USING (file_id)
            WHERE NOT isempty(sensors)
        ), named AS (
            SELECT found.names[1]::uuid AS sensor_uuid, reject.reason
            FROM reject CROSS JOIN LATERAL (
                SELECT array_agg(DISTINCT lower(match[1])) AS names
                FROM regexp_matches(raw, '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', 'g') AS match
            ) AS found
            WHERE cardinality(found.names) = 1
        )
        SELECT sensor_id, count(*) FILTER (WHERE reason <> 'quality'), count(*) FILTER (WHERE reason = 'quality')
        FROM named JOIN sensor USING (sensor_uuid)
        WHERE NOT coalesce(sensor_id <@ (SELECT sensors FROM unsure), false)
        GROUP BY sensor_id
        """
    )
    return {sensor_id: (rejected, bad) for sensor_id, rejected, bad in rows}


def _by_batches(conn: Connection, start: int | None, end: int | None) -> dict[int, Losses]:
    """What batches of a single sensor have lost, and what conflicts are kept."""
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
            "start": lower_bound(start),
            "end": upper_bound(end),
        },
    )
    return {sensor_id: Losses(conflicts, *counts) for sensor_id, conflicts, *counts in rows}
