"""Incidents: the saved events of all sensors, grouped by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iotctl.analysis.incidents.incidents import Incident, SensorEvent, common_group, group_events
from iotctl.analysis.incidents.relatedness import correlate, relate, without_events
from iotctl.errors import NotFoundError
from iotctl.model import Finding, Label, Sensor
from iotctl.repositories import Connection, Database, SensorRepository, ensure_schema
from iotctl.repositories.findings.anomalies import AnomalyRepository
from iotctl.repositories.readings.hourly_course import hourly_courses
from iotctl.repositories.readings.incident_sources import files_at
from iotctl.services.detect.anomalies import label_events
from iotctl.services.detect.learned import NOTHING, marked, taught_sensors

_DAY = 86_400_000_000

# Correlations use at most so many days, spread over the time of the events. Each call reads at most about so many
# readings: 23 million are those of 1,000 sensors that send every 8 minutes.
_MOST_DAYS = 128
_MOST_READINGS = 50_000_000


@dataclass(frozen=True, slots=True)
class FleetIncident:
    """An incident with its sensors.

    incident_id, start, end (microseconds since 1970-01-01 UTC), severity: see analysis.incidents.Incident. findings:
    its events with their sensors, by start. sensors: in the order in which they moved. origin: the sensor where it
    probably began, None where the cause is in the data path. place: the smallest group that has all sensors, as (label,
    value) or ("file", URI); None where there is no such group.
    """

    incident_id: str
    start: int
    end: int
    severity: float
    findings: tuple[tuple[Sensor, Finding], ...]
    sensors: tuple[Sensor, ...]
    origin: Sensor | None
    place: tuple[str, str] | None

    @property
    def place_name(self) -> str | None:
        """Its place in words: "asset pump 7"."""
        return None if self.place is None else " ".join(self.place)

    @property
    def goes_on(self) -> bool:
        """Whether any of its events goes on, or is a lasting change, which has no end."""
        return any(finding.goes_on or finding.event.kind.lasts for _, finding in self.findings)


def find_incidents(
    database: Database,
    start: int | None = None,
    end: int | None = None,
    min_severity: float | None = None,
    *,
    include_labelled: bool = False,
) -> list[FleetIncident]:
    """Incidents of the saved events that reach into [start, end), by start.

    start, end: microseconds since 1970-01-01 UTC, None for open. All saved events are grouped, so that an incident is
    the same in each range that shows it. min_severity: of an incident's most severe event. include_labelled: also group
    events that are labelled false or expected.
    """
    with database.connect(application="iotctl incidents") as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn).all()
        known = {sensor.sensor_id: sensor for sensor in sensors}
        taught = taught_sensors(conn)
        every = [
            (sensor, marked(finding, taught.get(sensor.sensor_id, NOTHING)))
            for sensor, finding in AnomalyRepository(conn).stored()
        ]
        stored = [
            (known[sensor.sensor_id], finding)
            for sensor, finding in every
            if sensor.sensor_id in known and (include_labelled or not finding.silenced)
        ]
        grouped = _group(stored, len(sensors), conn)
        return [
            _described(incident, grouped, sensors, conn)
            for incident in grouped.incidents
            if (start is None or incident.end >= start)
            and (end is None or incident.start < end)
            and (min_severity is None or incident.severity >= min_severity)
        ]


def group_findings(database: Database, found: Sequence[tuple[Sensor, Finding]]) -> list[FleetIncident]:
    """Incidents of events, saved or not, by start; events with a label false or expected are left out."""
    told = [(sensor, finding) for sensor, finding in found if not finding.silenced]
    with database.connect(application="iotctl incidents") as conn:
        sensors = SensorRepository(conn).all()
        grouped = _group(told, len(sensors), conn)
        return [_described(incident, grouped, sensors, conn) for incident in grouped.incidents]


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Incidents, with the sensors to which the indices of their events refer, and the findings of the events."""

    incidents: Sequence[Incident]
    members: Sequence[Sensor]
    findings: Mapping[tuple[int, str], Finding]


def _group(found: Sequence[tuple[Sensor, Finding]], fleet: int, conn: Connection) -> _Grouped:
    members = list({sensor.sensor_id: sensor for sensor, _ in found}.values())
    index = {sensor.sensor_id: number for number, sensor in enumerate(members)}
    events = [SensorEvent(index[sensor.sensor_id], finding.event, finding.first_run) for sensor, finding in found]
    days = sample_days([one.event.start for one in events])
    courses = hourly_courses(conn, list(index), days, _MOST_READINGS)
    correlation = correlate(without_events(courses, days, ((one.sensor, one.event) for one in events)))
    related = relate([member.labels for member in members], *correlation, fleet)
    findings = {(index[sensor.sensor_id], finding.event.event_id): finding for sensor, finding in found}
    return _Grouped(group_events(events, related), members, findings)


def find_incident(database: Database, wanted: str) -> FleetIncident:
    """The incident with this id, or with an event of this id. Raises NotFoundError."""
    for include_labelled in (False, True):
        for incident in find_incidents(database, include_labelled=include_labelled):
            ids = {finding.event.event_id for _, finding in incident.findings}
            if wanted == incident.incident_id or wanted in ids:
                return incident
    raise NotFoundError(f"No incident or event has the id {wanted!r}.", hint="The ids: iotctl incidents")


def label_incident(
    database: Database, wanted: str, label: Label | None, *, dry_run: bool = False
) -> list[tuple[Sensor, Finding]]:
    """Save a verdict on all events of an incident (None removes it); returns the events. Raises NotFoundError."""
    incident = find_incident(database, wanted)
    return label_events(database, {finding.event.event_id: label for _, finding in incident.findings}, dry_run=dry_run)


def sample_days(starts: Sequence[int]) -> list[int]:
    """The days (counted from 1970-01-01 UTC) on which sensors are compared: from 60 before the first event to the last.

    At most 128 days: every day, or every second, fourth and so on, so that a new event seldom changes the choice.
    """
    if not starts:
        return []
    first, last = min(starts) // _DAY - 60, max(starts) // _DAY
    every = 1
    while (last - first) // every >= _MOST_DAYS:
        every *= 2
    return [day for day in range(first, last + 1) if day % every == 0]


def _described(
    incident: Incident,
    grouped: _Grouped,
    sensors: Sequence[Sensor],
    conn: Connection,
) -> FleetIncident:
    members, findings = grouped.members, grouped.findings
    movers = tuple(members[one.sensor] for one in incident.movers)
    at_once = incident.is_data_path
    place = _source(movers, sensors, incident.start, conn) if at_once else _place(movers, sensors)
    return FleetIncident(
        incident_id=incident.incident_id,
        start=incident.start,
        end=incident.end,
        severity=incident.severity,
        findings=tuple((members[one.sensor], findings[one.sensor, one.event.event_id]) for one in incident.events),
        sensors=movers,
        origin=None if at_once else members[incident.origin],
        place=place,
    )


def _place(movers: Sequence[Sensor], sensors: Sequence[Sensor]) -> tuple[str, str] | None:
    shared = set(movers[0].labels.items()).intersection(*(mover.labels.items() for mover in movers))
    sizes = {group: sum(group in sensor.labels.items() for sensor in sensors) for group in shared}
    return min(sizes, key=lambda group: (sizes[group], group)) if sizes else None


def _source(
    movers: Sequence[Sensor], sensors: Sequence[Sensor], start: int, conn: Connection
) -> tuple[str, str] | None:
    groups: dict[tuple[str, str], list[int]] = {}
    for sensor in sensors:
        for group in sensor.labels.items():
            groups.setdefault(group, []).append(sensor.sensor_id)
    wanted = [mover.sensor_id for mover in movers]
    if (by_label := common_group(wanted, groups)) is not None:
        return by_label
    files: dict[tuple[str, str], list[int]] = {}
    for sensor_id, uri in files_at(conn, [sensor.sensor_id for sensor in sensors], start).items():
        files.setdefault(("file", uri), []).append(sensor_id)
    return common_group(wanted, files)
