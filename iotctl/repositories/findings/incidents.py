"""The incidents that are kept for dashboards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime


@dataclass(frozen=True, slots=True)
class KeptIncident:
    """An incident as it is stored for dashboards. start, end: microseconds since 1970-01-01 UTC.

    sensors, events: their numbers. origin: the id of the sensor where it probably began, None for the data path.
    """

    incident_id: str
    start: int
    end: int
    severity: float
    sensors: int
    events: int
    origin: int | None
    place: str | None
    sentence: str


def keep_incidents(conn: Connection, incidents: Iterable[KeptIncident]) -> None:
    """Replace the stored incidents, in one transaction."""
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("LOCK TABLE incident IN EXCLUSIVE MODE")  # two runs do this one after the other
        cursor.execute("DELETE FROM incident")
        cursor.executemany(
            "INSERT INTO incident (incident_id, start_time, end_time, severity, sensors, events, origin, place,"
            " sentence) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    *(one.incident_id, as_datetime(one.start), as_datetime(one.end), one.severity, one.sensors),
                    *(one.events, one.origin, one.place, one.sentence),
                )
                for one in incidents
            ],
        )
