"""Notices: which events people are to be told of, and which of them they were told of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iotctl.model import Finding, Kind, Sensor
from iotctl.repositories.findings.anomaly_rows import anomaly_rows
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import ADVISORY_CLASS, NOTIFY_LOCK


class NoticeRepository:
    """What people are told of events, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @contextmanager
    def one_notifier(self) -> Iterator[None]:
        """A context in which no other session notifies people, so that no event is told twice."""
        self._conn.execute("SELECT pg_advisory_lock(%s, %s)", (ADVISORY_CLASS, NOTIFY_LOCK))
        try:
            yield
        finally:
            self._conn.execute("SELECT pg_advisory_unlock(%s, %s)", (ADVISORY_CLASS, NOTIFY_LOCK))

    def unsent(self, sensor_ids: Sequence[int], limit: int) -> list[tuple[Sensor, Finding]]:
        """Events of these sensors that are marked for telling and were not told yet; the first ones by time."""
        rows = anomaly_rows(
            self._conn,
            """
            WHERE sensor_id = ANY(%s) AND notify AND NOT over_budget AND merged_into IS NULL
              AND withdrawn_at IS NULL
              AND (label IS NULL OR label = 'true')
            ORDER BY start_time, sensor_id, event_id LIMIT %s
            """,
            (list(sensor_ids), limit),
        )
        return [(row.sensor, row.finding) for row in rows]

    def mark_notified(self, events: Sequence[tuple[Sensor, Finding]], incident_id: str | None = None) -> None:
        """Note that people were told of these events.

        incident_id: of the incident of several sensors, if told as one.
        """
        self._conn.execute(
            "UPDATE anomaly SET notify = false, notified_at = now(), told_open = goes_on, told_in = %s"
            " WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))",
            (incident_id, *_keys(events)),
        )

    def untold_ends(self, sensor_ids: Sequence[int]) -> list[tuple[Sensor, Finding]]:
        """Events of these sensors with an end or withdrawal that must be told and was not told yet, by time.

        People were told of these events; now they are withdrawn, or they went on then and are over now. An incident is
        not over as long as any event that was told in it goes on.
        """
        rows = anomaly_rows(
            self._conn,
            """
            WHERE sensor_id = ANY(%s) AND notified_at IS NOT NULL AND NOT notify AND merged_into IS NULL
              AND (label IS NULL OR label = 'true')
              AND (withdrawn_at IS NOT NULL OR told_open AND NOT goes_on AND kind <> ALL(%s))
              AND NOT EXISTS (
                  SELECT FROM anomaly AS other
                  WHERE other.told_in = anomaly.told_in AND other.told_open AND other.goes_on
                    AND other.withdrawn_at IS NULL AND other.merged_into IS NULL
              )
            ORDER BY start_time, sensor_id, event_id
            """,
            (list(sensor_ids), [kind for kind in Kind if kind.lasts]),
        )
        return [(row.sensor, row.finding) for row in rows]

    def mark_end_told(self, events: Sequence[tuple[Sensor, Finding]]) -> None:
        """Note that the end of these events was told; a withdrawn event then counts as not told."""
        self._conn.execute(
            "UPDATE anomaly SET told_open = false,"
            " notified_at = CASE WHEN withdrawn_at IS NULL THEN notified_at END,"
            " told = CASE WHEN withdrawn_at IS NULL THEN told ELSE 0 END,"
            " told_end = CASE WHEN withdrawn_at IS NULL THEN told_end END"
            " WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))",
            _keys(events),
        )


def _keys(events: Sequence[tuple[Sensor, Finding]]) -> tuple[list[int], list[str]]:
    return [sensor.sensor_id for sensor, _ in events], [finding.event.event_id for _, finding in events]
