"""Incidents on the page of a fleet: each with its sentence, and what happened when at which sensor."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from iotctl.charts.marks import COLOURS
from iotctl.model import Event, IncidentCard, Kind, Sensor

# The most severe incidents, and the first sensors of each, are shown.
_MOST_INCIDENTS, _MOST_SENSORS = 50, 8
# Those behind the first ones are folded, so that the sensors below are in reach.
_UNFOLDED = 5

STYLE = """
h2 { font-size: 1.05rem; margin: 0 0 0.5rem; }
section.incidents { margin: 0 0 1.2rem; }
article { border: 1px solid #ddd; border-left: 4px solid #B03A2E; border-radius: 4px; padding: 0.5rem 0.7rem;
  margin: 0 0 0.5rem; content-visibility: auto; contain-intrinsic-size: 600px 120px; }
section.incidents summary { cursor: pointer; margin: 0 0 0.5rem; color: #0072B2; }
article.path { border-left-color: #555; }
article p { color: #222; margin: 0; overflow-wrap: anywhere; }
article small { color: #666; }
article ol { list-style: none; margin: 0.4rem 0 0; padding: 0; }
article li { display: grid; grid-template-columns: minmax(6rem, 14rem) minmax(4rem, 1fr); gap: 0.8rem;
  align-items: center; }
article li > a, article li > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: #0072B2; }
article li > span { color: #222; }
article .bar { position: relative; height: 0.8rem; background: #f4f4f4; }
article .bar i { position: absolute; top: 0; bottom: 0; min-width: 3px; opacity: 0.8; }
article .bar i.onset { min-width: 0; opacity: 0.35; }
"""


def incident_section(incidents: Sequence[IncidentCard], pages: Mapping[int, str]) -> str:
    """The section as HTML, empty without incidents; pages: sensor_id -> link to its chart, of those that have one."""
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
    return f"{head}{''.join(articles[:_UNFOLDED])}{folded}</section>\n<h2>Sensors</h2>\n"


def _weight(incident: IncidentCard) -> float:
    """Its severity without that of gaps, which is length; what stops many sensors at once comes first."""
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
    name = html.escape(sensor.sensor_name or sensor.sensor_uuid)
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
