"""Rows of the anomaly table: each is an event of a sensor, beside what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from iotctl.model import Event, Finding, Kind, Label, Sensor
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_microseconds, optional_microseconds

SELECT_ANOMALIES = """
    SELECT sensor_id, sensor_uuid::text, sensor_name, coalesce(unit, file_unit) AS sensor_unit, event_id, kind,
           start_time, end_time, readings, severity, score, extreme, expected, anomaly.low, anomaly.high, explanation,
           a_year, found_at, label, over_budget, notified_at, told, told_end, withdrawn_at, onset, first_run, goes_on,
           told_in
    FROM anomaly JOIN sensor USING (sensor_id)
"""


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """A row of SELECT_ANOMALIES, with the names and types of its columns."""

    sensor_id: int
    sensor_uuid: str
    sensor_name: str | None
    sensor_unit: str | None
    event_id: str
    kind: str
    start_time: datetime
    end_time: datetime
    readings: int
    severity: float
    score: float
    extreme: float
    expected: float
    low: float
    high: float
    explanation: str
    a_year: float
    found_at: datetime
    label: str | None
    over_budget: bool
    notified_at: datetime | None
    told: int
    told_end: datetime | None
    withdrawn_at: datetime | None
    onset: datetime | None
    first_run: int
    goes_on: bool
    told_in: str | None

    @property
    def sensor(self) -> Sensor:
        """The sensor, without limits and labels."""
        return Sensor(self.sensor_id, self.sensor_uuid, self.sensor_name, self.sensor_unit)

    @property
    def finding(self) -> Finding:
        """The event, and what is known of it."""
        event = Event(
            event_id=self.event_id,
            kind=Kind(self.kind),
            start=as_microseconds(self.start_time),
            end=as_microseconds(self.end_time),
            rows=self.readings,
            severity=self.severity,
            score=self.score,
            extreme=self.extreme,
            expected=self.expected,
            low=self.low,
            high=self.high,
            explanation=self.explanation,
            a_year=self.a_year,
            onset=optional_microseconds(self.onset),
        )
        return Finding(
            event=event,
            found_at=as_microseconds(self.found_at),
            label=None if self.label is None else Label(self.label),
            over_budget=self.over_budget,
            notified_at=optional_microseconds(self.notified_at),
            told=self.told,
            told_end=optional_microseconds(self.told_end),
            withdrawn_at=optional_microseconds(self.withdrawn_at),
            first_run=self.first_run,
            goes_on=self.goes_on,
            told_in=self.told_in,
        )


AS_ANOMALY = class_row(AnomalyRow)


def anomaly_rows(conn: Connection, condition: str, parameters: Sequence[object]) -> Iterable[AnomalyRow]:
    """Rows of SELECT_ANOMALIES. condition: what stands behind it, from WHERE on."""
    return conn.cursor(row_factory=AS_ANOMALY).execute(SELECT_ANOMALIES + condition, parameters)


def events_by_key(conn: Connection, keys: Sequence[tuple[int, str]]) -> list[tuple[Sensor, Finding]]:
    """The events of these pairs of sensor id and event id, by sensor name and start."""
    rows = anomaly_rows(
        conn,
        """
        WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))
        ORDER BY sensor_name NULLS LAST, sensor_uuid, start_time, event_id
        """,
        ([sensor_id for sensor_id, _ in keys], [event_id for _, event_id in keys]),
    )
    return [(row.sensor, row.finding) for row in rows]
