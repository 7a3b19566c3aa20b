"""Incidents of several sensors for dashboards, pages and alerts."""

from __future__ import annotations

from collections.abc import Sequence

from iotctl.model import Finding, IncidentCard, Sensor
from iotctl.repositories import Database
from iotctl.repositories.findings.incidents import KeptIncident, keep_incidents
from iotctl.services.incidents.incident_words import sentence
from iotctl.services.incidents.incidents import FleetIncident, find_incidents

_FEWEST_SENSORS = 2


def refresh_incidents(database: Database, timezone: str) -> list[FleetIncident]:
    """The incidents of several sensors among all saved events, by start; saves them for dashboards.

    timezone: of the times in their sentences.
    """
    found = [incident for incident in find_incidents(database) if len(incident.sensors) >= _FEWEST_SENSORS]
    with database.connect(application="iotctl incidents") as conn:
        keep_incidents(conn, (_kept(incident, timezone) for incident in found))
    return found


def with_news(incidents: Sequence[FleetIncident], found: Sequence[tuple[Sensor, Finding]]) -> list[FleetIncident]:
    """The incidents that have at least one of these events."""
    wanted = {(sensor.sensor_id, finding.event.event_id) for sensor, finding in found}
    return [
        incident
        for incident in incidents
        if any((sensor.sensor_id, finding.event.event_id) in wanted for sensor, finding in incident.findings)
    ]


def incident_cards(incidents: Sequence[FleetIncident], timezone: str) -> list[IncidentCard]:
    """Incidents of several sensors for a page. timezone: of the times in their sentences."""
    return [
        IncidentCard(
            incident.incident_id,
            incident.start,
            incident.end,
            incident.severity,
            incident.origin,
            tuple((sensor, finding.event) for sensor, finding in incident.findings),
            sentence(incident, timezone),
        )
        for incident in incidents
        if len(incident.sensors) >= _FEWEST_SENSORS
    ]


def _kept(incident: FleetIncident, timezone: str) -> KeptIncident:
    return KeptIncident(
        incident_id=incident.incident_id,
        start=incident.start,
        end=incident.end,
        severity=incident.severity,
        sensors=len(incident.sensors),
        events=len(incident.findings),
        origin=None if incident.origin is None else incident.origin.sensor_id,
        place=incident.place_name,
        sentence=sentence(incident, timezone),
    )
