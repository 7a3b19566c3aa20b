"""The incidents of a fleet's page: their order, their texts, and that names are only texts."""

from __future__ import annotations

import re
from dataclasses import replace

from iotctl.charts.incident_list import incident_section
from iotctl.model import Event, IncidentCard, Kind, Sensor

HOUR = 3_600_000_000
TITLE = '<script>document.title="bad"</script>'


def event(kind: Kind, start: int, end: int, severity: float) -> Event:
    return Event(f"{kind}{start}", kind, start, end, 5, severity, 9.0, 1.0, 0.0, -1.0, 1.0, f"{kind} & so on")


def incident(number: int, kind: Kind, severity: float, *, origin: bool = True, sensors: int = 2) -> IncidentCard:
    members = [Sensor(i, f"uuid-{i}", TITLE if i == 1 else f"s{i}") for i in range(sensors)]
    events = tuple((member, event(kind, i * HOUR, 4 * HOUR, severity)) for i, member in enumerate(members))
    origin_sensor = members[0] if origin else None
    return IncidentCard(f"id{number}", 0, 4 * HOUR, severity, origin_sensor, events, f"sentence {number} <b>")


def test_what_stops_many_at_once_comes_first_then_the_most_severe() -> None:
    incidents = [
        incident(1, Kind.SHIFT, 2.0),
        incident(2, Kind.SHIFT, 5.0),
        incident(3, Kind.GAP, 9.0),  # a length, not a severity
        incident(4, Kind.STUCK, 0.5, origin=False),
    ]
    page = incident_section(incidents, {})
    assert re.findall(r'data-id="id(\d)"', page) == ["4", "2", "1", "3"]
    assert "<b>" not in page
    assert "<script>" not in page
    assert incident_section([], {}) == ""


def test_bars_lie_where_events_are_and_names_lead_to_charts() -> None:
    page = incident_section([incident(1, Kind.SHIFT, 2.0)], {0: "charts/a.html"})
    assert re.findall(r"left:([\d.]+)%;width:([\d.]+)%", page) == [("0.00", "100.00"), ("25.00", "75.00")]
    assert re.findall(r'href="([^"]*)"', page) == ["charts/a.html"]
    # What began before its first odd reading has a paler bar from then on.
    card = incident(1, Kind.DRIFT, 2.0)
    early = tuple((sensor, replace(event, onset=event.start - HOUR // 2)) for sensor, event in card.events)
    page = incident_section([replace(card, start=-HOUR // 2, end=4 * HOUR - HOUR // 2, events=early)], {})
    onsets = re.findall(r'class="onset" style="left:([\d.]+)%;width:([\d.]+)%', page)
    assert onsets == [("0.00", "12.50"), ("25.00", "12.50")]
    assert "shift &amp;" not in page.replace("shift: shift &amp; so on", "")


def test_many_incidents_and_many_sensors_are_folded_and_counted() -> None:
    page = incident_section([incident(n, Kind.SHIFT, 1.0, sensors=12) for n in range(60)], {})
    assert page.count("<article") == 50
    assert "55 more incidents</summary>" in page
    assert "10 more incidents are not shown" in page
    assert page.count("<li>") == 50 * 8
    assert "4 more sensors" in page
