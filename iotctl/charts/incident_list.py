"""Incidents on the page of a fleet: each with its sentence, and a row of events for each sensor."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from iotctl.charts.kinds import COLOURS
from iotctl.model import Event, IncidentCard, Kind, Sensor

# The page shows so many incidents, the most severe, and so many sensors of each, the first.
_MOST_INCIDENTS, _MOST_SENSORS = 50, 8
# The incidents after the first ones are folded, so that the sensors below are easy to reach.
_UNFOLDED = 5


def incident_section(incidents: Sequence[IncidentCard], pages: Mapping[int, str]) -> str:
    """The section as HTML, empty without incidents. pages: sensor_id -> link to its chart, if it has one."""
    if not incidents:
        return ""
    ordered = sorted(incidents, key=lambda one: (-_weight(one), one.start, one.incident_id))
    more = len(ordered) - _MOST_INCIDENTS
    said = f"<p>{more:,} more incidents are not shown: iotctl incidents --min-sensors 2</p>\n" if more > 0 else ""
    articles = [_article(one, pages) for one in ordered[:_MOST_INCIDENTS]]
    folded = "".join(articles[_UNFOLDED:]) + said
    if folded:
        folded = f"<details><summary>{len(ordered) - _UNFOLDED:,} more incidents</summary>\n{folded}</details>\n"
    head = f'<section class="incidents">\n<h2>Incidents: {len(incidents):,}</h2>\n'
    return f"{head}{''.join(articles[:_UNFOLDED])}{folded}</section>\n"


def _weight(incident: IncidentCard) -> float:
    """The severity without gaps, whose severity is their length; incidents that stop many sensors come first."""
    if incident.origin is None:
        return float("inf")
    return max((event.severity for _, event in incident.events if not event.kind.is_absence), default=0.0)


def _article(incident: IncidentCard, pages: Mapping[int, str]) -> str:
    of_sensor: dict[int, tuple[Sensor, list[Event]]] = {}
    for sensor, event in incident.events:
        of_sensor.setdefault(sensor.sensor_id, (sensor, []))[1].append(event)
    shown = list(of_sensor.values())[:_MOST_SENSORS]
    more = len(of_sensor) - len(shown)
    kinds = ", ".join(kind.value for kind in Kind if any(event.kind is kind for _, event in incident.events))
    rows = "".join(_row(sensor, events, incident, pages) for sensor, events in shown)
    left = f"; {more} more sensors" if more > 0 else ""
    path = ' class="path"' if incident.origin is None else ""
    return (
        f'<article{path} data-id="{html.escape(incident.incident_id)}"><p>{html.escape(incident.sentence)}</p>'
        f"<small>{html.escape(incident.incident_id)}; severity {incident.severity:.1f}; {kinds}{left}</small>\n"
        f"<ol>\n{rows}</ol></article>\n"
    )


def _row(sensor: Sensor, events: Sequence[Event], incident: IncidentCard, pages: Mapping[int, str]) -> str:
    name = html.escape(sensor.title)
    page = pages.get(sensor.sensor_id)
    label = f'<span title="{name}">{name}</span>'
    if page is not None:
        label = f'<a title="{name}" href="{html.escape(page)}">{name}</a>'
    bars = "".join(
        (_bar(incident, event, event.began, event.start, ' class="onset"') if event.began < event.start else "")
        + _bar(incident, event, event.start, event.end)
        for event in events
    )
    return f'<li>{label}<div class="bar">{bars}</div></li>\n'


def _bar(incident: IncidentCard, event: Event, start: int, end: int, style: str = "") -> str:
    whole = max(incident.end - incident.start, 1)
    return (
        f'<i{style} style="left:{100 * (start - incident.start) / whole:.2f}%;'
        f'width:{max(100 * (end - start) / whole, 0.3):.2f}%;background:{COLOURS[event.kind]}"'
        f' title="{html.escape(f"{event.kind}: {event.explanation}")}"></i>'
    )
