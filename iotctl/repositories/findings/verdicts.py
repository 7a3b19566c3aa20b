"""People's verdicts on events: they are kept beside the event, and something is learnt from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iotctl.model import Finding, Label, Sensor
from iotctl.repositories.findings.anomaly_rows import anomaly_rows, events_by_key
from iotctl.repositories.postgres.connection import Connection


class VerdictRepository:
    """Verdicts by the id of their event, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def label(self, verdicts: Mapping[str, Label | None]) -> list[tuple[Sensor, Finding]]:
        """Save verdicts on events by their ids (None removes a verdict); returns the changed events.

        If a longer event has replaced an event, the verdict goes to the longer one; ids without an event are left out.
        """
        ids = list(verdicts)
        rows = self._conn.execute(
            """
            UPDATE anomaly SET label = verdict.label, labelled_at = now(), teaches = true
            FROM (SELECT sensor_id, coalesce(merged_into, event_id) AS event_id, min(v.label) AS label
                  FROM unnest(%s::text[], %s::text[]) AS v (event_id, label) JOIN anomaly USING (event_id)
                  GROUP BY 1, 2) AS verdict
            WHERE (anomaly.sensor_id, anomaly.event_id) = (verdict.sensor_id, verdict.event_id)
            RETURNING anomaly.sensor_id, anomaly.event_id
            """,
            (ids, [verdicts[event_id] for event_id in ids]),
        ).fetchall()
        return events_by_key(self._conn, rows)

    def standing(self, event_ids: Sequence[str]) -> dict[str, str]:
        """Each of these ids that has an event -> the id under which this event is stored now."""
        rows = self._conn.execute(
            "SELECT event_id, coalesce(merged_into, event_id) FROM anomaly WHERE event_id = ANY(%s)", (list(event_ids),)
        )
        return dict(rows.fetchall())

    def teaching(self) -> list[tuple[int, Finding]]:
        """Sensor id and event of each verdict that may teach something, by sensor and start."""
        rows = anomaly_rows(
            self._conn,
            "WHERE label IS NOT NULL AND teaches AND merged_into IS NULL ORDER BY sensor_id, start_time, event_id",
            (),
        )
        return [(row.sensor_id, row.finding) for row in rows]

    def forget(self, event_ids: Sequence[str]) -> list[tuple[Sensor, Finding]]:
        """Stop learning from the verdicts on these events; returns the events that had taught something."""
        rows = self._conn.execute(
            "UPDATE anomaly SET teaches = false WHERE event_id = ANY(%s) AND label IS NOT NULL AND teaches"
            " RETURNING sensor_id, event_id",
            (list(event_ids),),
        ).fetchall()
        return events_by_key(self._conn, rows)
