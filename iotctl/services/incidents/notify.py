"""Notify: send new events to a webhook as JSON. None is lost, and without failures none is sent twice.

The events of an incident are one message, with its sentence; all other events share messages. So do their ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from iotctl import __version__
from iotctl.model import Finding, Sensor
from iotctl.repositories import Database
from iotctl.repositories.findings.notices import NoticeRepository
from iotctl.services.incidents.incident_ends import End, find_ends
from iotctl.services.incidents.incident_words import sentence, sentence_of_end
from iotctl.services.incidents.incidents import FleetIncident
from iotctl.services.incidents.webhook import post
from iotctl.words import WITHDRAWN

_EVENTS_PER_REQUEST = 100
_EVENTS_AT_ONCE = 10_000  # events that are read from the database and grouped by incident together

SensorFinding = tuple[Sensor, Finding]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """How many events were sent; and of how many sent events the end was told, or the withdrawal."""

    events: int
    ends: int


def notify(
    url: str,
    database: Database,
    sensors: Sequence[Sensor],
    incidents: Sequence[FleetIncident] = (),
    timezone: str = "UTC",
) -> Told:
    """Send the sensors' events that are marked for sending, and the ends of events that were sent. Retries.

    incidents: of several sensors; the events of each are one message, with its sentence, with times in timezone. The
    events of a request are noted as sent right after its answer; if it fails, the next run sends them. The end of an
    incident is told once, when all of it is over. Raises IotctlError, which has only the host of the URL.
    """
    sent = ended = 0
    incident_of = {
        (sensor.sensor_id, finding.event.event_id): incident
        for incident in incidents
        for sensor, finding in incident.findings
    }
    ids = [sensor.sensor_id for sensor in sensors]
    with database.connect(application="iotctl notify") as conn:
        notices = NoticeRepository(conn)
        with notices.one_notifier():
            while events := notices.unsent(ids, _EVENTS_AT_ONCE):
                for incident, some in _messages(events, incident_of):
                    post(url, _message(some, incident, timezone))
                    notices.mark_notified(some, None if incident is None else incident.incident_id)
                    sent += len(some)
            for end in find_ends(notices.untold_ends(ids), incidents, _EVENTS_PER_REQUEST):
                post(url, _end_message(end, timezone))
                notices.mark_end_told(end.events)
                ended += len(end.events)
    return Told(sent, ended)


def _messages(
    events: Sequence[SensorFinding], incident_of: Mapping[tuple[int, str], FleetIncident]
) -> Iterator[tuple[FleetIncident | None, Sequence[SensorFinding]]]:
    """The events of each message, those of incidents first; in order of time."""
    together: dict[str, list[SensorFinding]] = {}
    known: dict[str, FleetIncident | None] = {"": None}
    for sensor, finding in events:
        incident = incident_of.get((sensor.sensor_id, finding.event.event_id))
        name = "" if incident is None else incident.incident_id
        known[name] = incident
        together.setdefault(name, []).append((sensor, finding))
    for name in sorted(together, key=lambda name: name == ""):
        for first in range(0, len(together[name]), _EVENTS_PER_REQUEST):
            yield known[name], together[name][first : first + _EVENTS_PER_REQUEST]


def _message(events: Sequence[SensorFinding], incident: FleetIncident | None, timezone: str) -> dict[str, object]:
    message: dict[str, object] = {"source": "iotctl", "version": __version__}
    if incident is not None:
        state = "open" if incident.goes_on else "over"
        message["incident"] = _incident_record(incident, sentence(incident, timezone), state)
    return message | {"events": [_record(*event) for event in events]}


def _end_message(end: End, timezone: str) -> dict[str, object]:
    message: dict[str, object] = {"source": "iotctl", "version": __version__}
    if end.incident is not None:
        state = "over" if end.over else "withdrawn"
        message["incident"] = _incident_record(end.incident, sentence_of_end(end.incident, state, timezone), state)
    withdrawn = [
        record | {"explanation": f"{WITHDRAWN}: {record['explanation']}"}
        for record in (_record(*event) for event in end.withdrawn)
    ]
    return message | {"events": [], "over": [_record(*event) for event in end.over], "withdrawn": withdrawn}


def _incident_record(incident: FleetIncident, said: str, state: str) -> dict[str, object]:
    """The whole incident, not only the events that are sent. told: some of its events were sent before."""
    origin = incident.origin
    return {
        "incident_id": incident.incident_id,
        "state": state,
        "sentence": said,
        "origin": None if origin is None else origin.title,
        "cause": "data path" if origin is None else "plant",
        "place": incident.place_name,
        "sensors": len(incident.sensors),
        "names": [sensor.title for sensor in incident.sensors],
        "events": len(incident.findings),
        "start": _iso(incident.start),
        "end": _iso(incident.end),
        "severity": _number(incident.severity),
        "told": any(finding.notified_at is not None for _, finding in incident.findings),
    }


def _record(sensor: Sensor, finding: Finding) -> dict[str, object]:
    event = finding.event
    return {
        "event_id": event.event_id,
        "sensor": sensor.sensor_name,
        "sensor_uuid": sensor.sensor_uuid,
        "unit": sensor.unit,
        "start": _iso(event.start),
        "end": _iso(event.end),
        "goes_on": finding.goes_on,
        "kind": event.kind.value,
        "severity": _number(event.severity),
        "score": _number(event.score),
        "rows": event.rows,
        "extreme": _number(event.extreme),
        "expected": _number(event.expected),
        "low": _number(event.low),
        "high": _number(event.high),
        "explanation": event.explanation,
    }


def _iso(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


def _number(value: float) -> float | None:
    """JSON has no NaN or infinity (RFC 8259, section 6)."""
    return value if value - value == 0 else None
