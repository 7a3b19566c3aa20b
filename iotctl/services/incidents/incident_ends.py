"""The ends of incidents and events that people were told of: they are over, or later readings show them as usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iotctl.model import Finding, Sensor
from iotctl.services.incidents.incidents import FleetIncident

SensorFinding = tuple[Sensor, Finding]


@dataclass(frozen=True, slots=True)
class End:
    """What people are told in one message. over: events that have ended; withdrawn: events that were false.

    incident: the incident of these events, None for single events.
    """

    incident: FleetIncident | None
    over: tuple[SensorFinding, ...]
    withdrawn: tuple[SensorFinding, ...]

    @property
    def events(self) -> tuple[SensorFinding, ...]:
        """All events."""
        return (*self.over, *self.withdrawn)


def find_ends(untold: Sequence[SensorFinding], incidents: Sequence[FleetIncident], at_once: int) -> Iterator[End]:
    """The ends to tell: one for each incident that is over; and single events, some in one message.

    untold: events, by time, that people were told of, and that are over or withdrawn now. incidents: as they are now. A
    withdrawn event is in no incident any more, but its former incident may be among them.
    """
    now = {
        (sensor.sensor_id, finding.event.event_id): incident
        for incident in incidents
        for sensor, finding in incident.findings
    }
    told = {
        finding.told_in: incident for incident in incidents for _, finding in incident.findings if finding.told_in
    } | {incident.incident_id: incident for incident in incidents}
    alone: list[SensorFinding] = []
    together: dict[str, tuple[FleetIncident | None, list[SensorFinding]]] = {}
    for sensor, finding in untold:
        incident = now.get((sensor.sensor_id, finding.event.event_id), told.get(finding.told_in or ""))
        name = finding.told_in if incident is None else incident.incident_id
        if name is None:
            alone.append((sensor, finding))
        elif incident is None or not incident.goes_on:
            together.setdefault(name, (incident, []))[1].append((sensor, finding))
    for name, (incident, events) in together.items():
        yield _end(events, _former(name, events) if incident is None else incident)
    for first in range(0, len(alone), at_once):
        yield _end(alone[first : first + at_once], None)


def _end(events: Sequence[SensorFinding], incident: FleetIncident | None) -> End:
    over = tuple(one for one in events if one[1].withdrawn_at is None)
    return End(incident, over, tuple(one for one in events if one[1].withdrawn_at is not None))


def _former(name: str, events: Sequence[SensorFinding]) -> FleetIncident:
    """An incident that no longer exists, by the events that people were told of."""
    events = sorted(events, key=lambda one: one[1].event.began)
    sensors = {sensor.sensor_id: sensor for sensor, _ in events}
    return FleetIncident(
        incident_id=name,
        start=events[0][1].event.began,
        end=max(finding.event.end for _, finding in events),
        severity=max(finding.event.severity for _, finding in events),
        findings=tuple(events),
        sensors=tuple(sensors.values()),
        origin=events[0][0],
        place=None,
    )
