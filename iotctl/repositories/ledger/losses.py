"""The losses of single sensors in the ledger: readings that gave way to another value, and rows without a reading."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import lower_bound, upper_bound


@dataclass(frozen=True, slots=True)
class Losses:
    """What one sensor lost. conflicts: the stored ones.

    rejected, without_value, bad_quality: rows of the batches of its readings; None if the ledger has no such batch, or
    one that also has other sensors' readings. In the latter case rejected and bad_quality are the stored rows with its
    UUID in their text, if all of time is asked for and every reject of its files is stored.
    """

    conflicts: int = 0
    rejected: int | None = None
    without_value: int | None = None
    bad_quality: int | None = None


def losses_by_sensor(conn: Connection, start: int | None = None, end: int | None = None) -> dict[int, Losses]:
    """sensor_id -> its known losses in [start, end), microseconds since 1970-01-01 UTC.

    A batch counts if its readings reach into that time. This takes a few passes over small tables, for any sensors.
    """
    known = _by_batches(conn, start, end)
    if start is None and end is None:
        for sensor_id, (rejected, bad) in _by_text(conn).items():
            losses = known.get(sensor_id, Losses())
            if losses.rejected is None:
                known[sensor_id] = replace(losses, rejected=rejected, bad_quality=bad)
    return known


def _by_text(conn: Connection) -> dict[int, tuple[int, int]]:
    """sensor_id -> rows with its UUID in their text (rejected, bad quality), for sensors with all rejects stored.

    A text with several sensors, such as a line of an array, does not count. The time of a rejected row is not known.
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
    """The losses in batches of a single sensor, and the stored conflicts."""
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
