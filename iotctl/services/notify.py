"""Notify: new events to a webhook as JSON, so that none is lost and, where all goes well, none is sent twice.

Events of one incident are a message of their own, with its sentence; all others travel together.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from iotctl import __version__
from iotctl.errors import IotctlError, UsageError
from iotctl.model import Finding, Sensor
from iotctl.repositories import Database
from iotctl.repositories.anomalies import AnomalyRepository
from iotctl.services.incident_words import name_of, sentence
from iotctl.services.incidents import FleetIncident

_EVENTS_PER_REQUEST = 100
_EVENTS_AT_ONCE = 10_000  # read from the database, and sorted by incident
_TIMEOUT_SECONDS = 10.0
_WAIT_SECONDS = (0.5, 2.0, 8.0)

# Answers after which the same request may succeed; any other refusal is final.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

SensorFinding = tuple[Sensor, Finding]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_url(url: str) -> None:
    """Raises UsageError where events cannot be sent to a URL; the URL itself, which may hold a secret, is not in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or " " in url:
        raise UsageError("--notify needs an http or https URL.", hint="Such as https://hooks.example.com/T0K3N")
    if parts.username is not None:
        raise UsageError("--notify takes no user and password in the URL.", hint="Put a token into its path or query.")


def notify(
    url: str,
    database: Database,
    sensors: Sequence[Sensor],
    incidents: Sequence[FleetIncident] = (),
    timezone: str = "UTC",
) -> int:
    """Send the sensors' events that are marked for it and not yet sent; returns how many. Retries with back-off.

    incidents: of several sensors; the events of each are a message with its sentence, in which times are of timezone.
    Each request's events are noted as sent right after its answer: what fails is sent by the next run. Raises
    IotctlError, with the URL's host alone.
    """
    sent = 0
    incident_of = {
        (sensor.sensor_id, finding.event.event_id): incident
        for incident in incidents
        for sensor, finding in incident.findings
    }
    ids = [sensor.sensor_id for sensor in sensors]
    with database.connect(application="iotctl notify") as conn:
        anomalies = AnomalyRepository(conn)
        with anomalies.one_notifier():
            while events := anomalies.unsent(ids, _EVENTS_AT_ONCE):
                for incident, some in _messages(events, incident_of):
                    _post(url, json.dumps(_message(some, incident, timezone), allow_nan=False).encode())
                    anomalies.mark_notified(some)
                    sent += len(some)
    return sent


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
        message["incident"] = _incident_record(incident, timezone)
    return message | {"events": [_record(*event) for event in events]}


def _incident_record(incident: FleetIncident, timezone: str) -> dict[str, object]:
    """What is known of an incident: all of it, not only the events that are sent. told: some of them were before."""
    origin = incident.origin
    return {
        "incident_id": incident.incident_id,
        "sentence": sentence(incident, timezone),
        "origin": None if origin is None else name_of(origin),
        "cause": "data path" if origin is None else "plant",
        "place": None if incident.place is None else " ".join(incident.place),
        "sensors": len(incident.sensors),
        "names": [name_of(sensor) for sensor in incident.sensors],
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


def _post(url: str, body: bytes) -> None:
    for seconds in _waits():
        problem, final = _try_post(url, body)
        if problem is None:
            return
        if final or seconds is None:
            break
        time.sleep(seconds)
    parts = urlsplit(url)
    raise IotctlError(
        f"The events are saved, but {parts.scheme}://{parts.hostname} did not take them: {problem}.",
        hint="The next run with --notify sends them.",
    )


def _waits() -> Iterator[float | None]:
    yield from _WAIT_SECONDS
    yield None


def _try_post(url: str, body: bytes) -> tuple[str | None, bool]:
    """What went wrong, None for nothing; and whether there is no use in trying again."""
    headers = {"Content-Type": "application/json", "User-Agent": f"iotctl/{__version__}"}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 -- check_url has seen the scheme
    try:
        with build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS):
            return None, False
    except HTTPError as error:
        error.close()
        return f"HTTP status {error.code}", error.code < HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in _PASSING
    except (URLError, OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        # Only the system's own words: others may quote the URL.
        words = reason.strerror if isinstance(reason, OSError) else None
        return words or type(reason).__name__, False


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would become a GET somewhere else: an answer of that kind is a refusal."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None
