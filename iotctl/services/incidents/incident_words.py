"""An incident in a sentence, for a list and for an alert; and its end in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from iotctl.model import Kind, Sensor
from iotctl.services.incidents.incidents import FleetIncident
from iotctl.timezones import find_zone
from iotctl.words import WITHDRAWN, counted

_MINUTE = 60_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMED = 3


def sentence(incident: FleetIncident, timezone: str) -> str:
    """What happened where and when, and which sensor moved first; times in timezone."""
    hint = ": check the data path before the sensors" if incident.origin is None else ""
    return f"{_what(incident, timezone)}{hint}"


def sentence_of_end(incident: FleetIncident, state: str, timezone: str) -> str:
    """What is over since when, or is withdrawn; times in timezone."""
    ended = WITHDRAWN if state == "withdrawn" else f"over since {_clock(incident.end, timezone)}"
    return f"{ended}: {_what(incident, timezone)}"


def _what(incident: FleetIncident, timezone: str) -> str:
    clock = _clock(incident.start, timezone)
    count = len(incident.sensors)
    where = "" if incident.place is None else f" of {' '.join(incident.place)}"
    if incident.origin is None:
        what = "silent" if incident.findings[0][1].event.kind.is_absence else "stuck"
        last = " and until now" if all(finding.event.kind is Kind.SILENT for _, finding in incident.findings) else ""
        return f"{counted(count, 'sensor')}{where} {what} at the same time, from {clock} on{last}"
    event = next(finding.event for sensor, finding in incident.findings if sensor == incident.origin)
    if count == 1:
        more = len(incident.findings) - 1
        also = f", and {counted(more, 'more event')}" if more else ""
        return f"{incident.origin.title} alone from {clock} on ({event.kind}): {event.explanation}{also}"
    if all(_is_now(moved - event.began) for _, moved in first_moves(incident)):
        moves = [incident.origin.title, *(one.title for one, _ in first_moves(incident) if one != incident.origin)]
        moves[0] += f" ({event.kind})"
        return f"{counted(count, 'sensor')}{where} at the same time, from {clock} on: {_named(moves)}"
    then = [
        f"{sensor.title} {_after(moved - event.began)}"
        for sensor, moved in first_moves(incident)
        if sensor != incident.origin
    ]
    first = f"{incident.origin.title} first ({event.kind})"
    return f"{counted(count, 'sensor')}{where} from {clock} on, {first}; {_named(then)}"


def _named(sensors: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    left = len(sensors) - _MOST_NAMED
    return ", ".join(sensors[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


def _is_now(delay: int) -> bool:
    return round(delay / _MINUTE) <= 0


def _clock(time: int, timezone: str) -> str:
    moment = (_EPOCH + timedelta(microseconds=time)).astimezone(find_zone(timezone))
    return f"{moment:%Y-%m-%d %H:%M}"


def first_moves(incident: FleetIncident) -> list[tuple[Sensor, int]]:
    """Each sensor with the time when its first event began, microseconds since 1970-01-01 UTC, by time."""
    first: dict[int, tuple[Sensor, int]] = {}
    for sensor, finding in incident.findings:
        first.setdefault(sensor.sensor_id, (sensor, finding.event.began))
    return list(first.values())


def _after(delay: int) -> str:
    minutes = round(delay / _MINUTE)
    if _is_now(delay):
        return "at the same time"
    return f"after {minutes} min" if minutes < 180 else f"after {minutes / 60:.1f} h"
