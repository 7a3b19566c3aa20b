"""The page of a fleet as one file: incidents, sensors (the worst first), events, and a chart of each sensor."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from iotctl.charts.about import About, chart_data
from iotctl.charts.assets import CHART_SCRIPTS, embedded, page, scripts, styles
from iotctl.charts.event_list import BAR, ListedEvent, event_list, label_of, most_severe
from iotctl.charts.files import write_whole
from iotctl.charts.fleet_card import about_sensor, card_grid, link_to
from iotctl.charts.incident_list import incident_section
from iotctl.charts.kinds import looks, symbol
from iotctl.charts.thinning import course_of, extreme_rows, rounded, shown_rows
from iotctl.model import Course, Detection, Finding, IncidentCard, Kind, Sensor, SensorCard
from iotctl.moments import local_time
from iotctl.words import counted

# Rows of a sensor in the page: for the course, and around each event. About 10 bytes each.
_POINTS, _NEAR = 800, 120
# With more sensors, each has fewer rows: a page of 200 has less than 5 MB, so that it can be sent by mail.
_SENSORS_WHOLE = 200

# The list has the most severe events, at most so many.
_LISTED = 1000


def card_of(sensor: Sensor, detection: Detection, findings: Sequence[Finding]) -> SensorCard:
    """The card of a sensor. findings: of the events of the detection, in the same order."""
    extremes = [(int(detection.time[row]), float(detection.value[row])) for row in extreme_rows(detection)]
    return SensorCard(
        sensor,
        len(detection.time),
        rounded(course_of(detection, _POINTS, _NEAR)),
        tuple(findings),
        tuple(extremes),
        detection.change_points,
        detection.sensor_words,
    )


def draw_fleet(
    cards: Sequence[SensorCard],
    path: Path,
    *,
    sensors: int,
    notes: Sequence[str],
    timezone: str,
    threshold: float = 6.0,
    incidents: Sequence[IncidentCard] = (),
    qualities: Mapping[int, tuple[float, str]] | None = None,
) -> None:
    """Write the page: incidents of several sensors, then the sensors (the worst first), then the events.

    sensors: how many were judged, if there are more than cards. notes: more text for the top. qualities: sensor_id ->
    its last measured quality, 0 to 100, and what is wrong in words.
    """
    known = qualities or {}
    ordered = sorted(cards, key=lambda card: (-card.worst, -len(card.findings), card.sensor.title))
    share = min(1.0, _SENSORS_WHOLE / max(len(cards), 1))
    listed = [
        ListedEvent(finding.event, card.sensor.title, label_of(finding), link_to(card.sensor))
        for card in ordered
        for finding in card.findings
    ]
    shown = most_severe(listed, _LISTED)
    body = [
        _head(ordered, sensors, notes, timezone, len(incidents), known),
        incident_section(incidents, {card.sensor.sensor_id: link_to(card.sensor) for card in cards}),
        _FILTER,
        card_grid("with events, the worst first", [card for card in ordered if card.findings], timezone, known),
        card_grid("without events", [card for card in ordered if not card.findings], timezone, known),
        _EVENTS_HEAD if shown else "",
        event_list(shown, timezone, more=len(listed) - len(shown)),
        BAR,
        _DIALOG,
        embedded("kinds", looks()),
        *(_data(card, timezone, threshold, share) for card in ordered),
        scripts(*CHART_SCRIPTS, "verdicts.js", "fleet.js"),
    ]
    head = styles("page.css", "chart.css", "verdicts.css", "incidents.css", "fleet.css")
    write_whole(path, page("Sensors", head, "".join(body)).encode())


_FILTER = (
    '<h2 id="sensors">Sensors</h2>\n<input id="filter" type="search" placeholder="part of a name, label or kind"'
    ' aria-label="part of a name, label or kind">\n'
)
_EVENTS_HEAD = """<h2 id="events">Events</h2>
<div class="ranges" id="order">
<button type="button" data-order="severity" aria-pressed="true">most severe first</button>
<button type="button" data-order="start">newest first</button>
<button type="button" data-order="sensor">by sensor</button></div>
"""
_DIALOG = """<dialog id="sensor"><div class="over"><h1></h1><button type="button" data-do="close">close</button></div>
<p></p><div class="key"><span><i class="reading"></i>readings</span>
<span><i class="expected"></i>expected, with season</span><span><i class="band"></i>usual</span>
<span><i class="change"></i>change of regime</span></div>
<div class="chart"></div><ul class="events"></ul></dialog>
"""


def _head(
    cards: Sequence[SensorCard],
    sensors: int,
    notes: Sequence[str],
    timezone: str,
    incidents: int,
    known: Mapping[int, tuple[float, str]],
) -> str:
    kinds = Counter(event.kind for card in cards for event in card.events)
    times = [int(card.course.time[row]) for card in cards if len(card.course.time) for row in (0, -1)]
    scores = [known[card.sensor.sensor_id][0] for card in cards if card.sensor.sensor_id in known]
    figures = [
        (f"{len(cards):,}", "sensors"),
        (f"{sum(bool(card.findings) for card in cards):,}", "with events"),
        (f"{sum(kinds.values()):,}", "events"),
        *([(f"{incidents:,}", "incidents")] if incidents else []),
        (f"{sum(card.readings for card in cards):,}", "readings"),
        *([(f"{sum(scores) / len(scores):.1f}", "mean quality")] if scores else []),
    ]
    days = [f"{local_time(moment, timezone):%Y-%m-%d}" for moment in (min(times), max(times))] if times else []
    said = [
        *([" to ".join(days)] if days else []),
        f"Times: {timezone}",
        *([f"{counted(sensors - len(cards), 'more sensor')} not shown"] if sensors > len(cards) else []),
        *notes,
    ]
    key = "".join(f"<span>{symbol(kind)}{kind.value} {kinds[kind]:,}</span>" for kind in Kind if kinds[kind])
    tiles = "".join(f"<div><b>{figure}</b>{name}</div>" for figure, name in figures)
    return (
        f'<h1>Sensors</h1>\n<p>{html.escape(". ".join(said))}</p>\n<div class="tiles">{tiles}</div>\n'
        f'<div class="key">{key}</div>\n'
    )


def _data(card: SensorCard, timezone: str, threshold: float, share: float) -> str:
    sensor = card.sensor
    about = About(sensor.title, sensor.unit, sensor.limits, timezone, threshold)
    course = _thinner(card.course, share) if share < 1 else card.course
    data = chart_data(course, card.events, card.extremes, card.change_points, about)
    said = ". ".join(part for part in (about_sensor(sensor), card.words, counted(card.readings, "reading")) if part)
    return embedded(f"data-{html.escape(sensor.sensor_uuid)}", data | {"said": said})


def _thinner(course: Course, share: float) -> Course:
    rows = shown_rows(course.value, int(share * len(course.time)))
    names = ("time", "value", "expected", "scale", "severity")
    return replace(course, **{name: getattr(course, name)[rows] for name in names})
