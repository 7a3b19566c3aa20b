"""The page of a fleet: a small picture per sensor, the worst first, each with a link to its chart."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from iotctl.charts.files import write_whole
from iotctl.charts.incident_list import STYLE as INCIDENT_STYLE
from iotctl.charts.incident_list import incident_section
from iotctl.charts.marks import COLOURS, READINGS_COLOUR, said_limits, shown_end
from iotctl.charts.thinning import extreme_rows, shown_rows, with_holes
from iotctl.charts.verdicts import BAR, SCRIPT, event_list
from iotctl.charts.verdicts import STYLE as VERDICT_STYLE
from iotctl.model import Detection, Event, IncidentCard, Kind, Sensor, SensorCard
from iotctl.timezones import find_zone
from iotctl.words import counted

_WIDTH, _HEIGHT, _EDGE = 300, 72, 6
_POINTS = 300

# Events of a card that are listed; its chart has more.
_LISTED = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STYLE = """
body { font: 14px/1.4 sans-serif; color: #222; margin: 1.5rem; }
h1 { font-size: 1.3rem; margin: 0; }
p { color: #666; margin: 0.3rem 0 0.6rem; }
input { font: inherit; padding: 0.2rem 0.5rem; margin: 0 0 0.8rem; width: 16rem; }
.key span { margin-right: 1rem; white-space: nowrap; }
.key i { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.35em; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 0.8rem;
  align-items: start; }
.card { border: 1px solid #ddd; border-radius: 4px; padding: 0.5rem 0.6rem; overflow: hidden; display: flex;
  flex-direction: column; content-visibility: auto; contain-intrinsic-size: 300px 160px; }
.card > a { color: inherit; text-decoration: none; flex: 1; display: flex; flex-direction: column; }
.card:hover, .card:focus-within { border-color: #0072B2; }
.card.quiet { opacity: 0.65; }
.card summary { cursor: pointer; color: #0072B2; font-size: 12px; margin-top: 0.3rem; }
.card b { overflow-wrap: anywhere; }
.card small { display: block; color: #666; }
.card path { fill: none; vector-effect: non-scaling-stroke; }
.card path.dot { stroke-width: 6; stroke-linecap: round; }
.card svg { display: block; width: 100%; height: 72px; margin-top: auto; padding-top: 0.3rem; }
"""

_FILTER = """
document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const card of document.querySelectorAll('.card')) {
    card.hidden = !card.dataset.name.includes(wanted);
    card.style.display = card.hidden ? 'none' : '';
  }
});
"""


def card_of(sensor: Sensor, detection: Detection, page: str) -> SensorCard:
    """The card of a sensor; page: the name of its chart's file."""
    rows = shown_rows(detection.value, _POINTS, extreme_rows(detection))
    time, value = with_holes(detection.time[rows], detection.value[rows], detection.time)
    return SensorCard(sensor, page, len(detection.time), time, value, detection.events)


def draw_fleet(
    cards: Sequence[SensorCard],
    path: Path,
    folder: str,
    *,
    sensors: int,
    notes: Sequence[str],
    timezone: str,
    incidents: Sequence[IncidentCard] = (),
) -> None:
    """Write the page: incidents of several sensors, then the sensors, the worst first.

    folder: where the charts lie, relative to the page. sensors: how many were looked at, should there be more than
    cards. notes: what else to say above.
    """
    pages = {card.sensor.sensor_id: f"{folder}/{card.page}" for card in cards}
    ordered = sorted(cards, key=lambda card: (-card.worst, -len(card.events), _name(card.sensor)))
    kinds = Counter(event.kind for card in cards for event in card.events)
    troubled = sum(bool(card.events) for card in cards)
    said = [
        f"{counted(sum(card.readings for card in cards), 'reading')} of {counted(len(cards), 'sensor')};"
        f" {counted(sum(kinds.values()), 'event')} at {troubled:,} of them, the most severe first",
        *([f"{counted(sensors - len(cards), 'more sensor')} not shown"] if sensors > len(cards) else []),
        *notes,
        f"Times: {timezone}",
    ]
    key = "".join(
        f'<span><i style="background:{COLOURS[kind]}"></i>{kind.value} {kinds[kind]:,}</span>'
        for kind in Kind
        if kinds[kind]
    )
    page = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>Sensors</title><style>{_STYLE}{INCIDENT_STYLE}{VERDICT_STYLE}</style></head>
<body>
<h1>Sensors</h1>
<p>{html.escape(". ".join(said))}</p>
<p class="key">{key}</p>
{incident_section(incidents, pages)}
<input id="filter" type="search" placeholder="part of a name or label" aria-label="part of a name or label">
<main>
{"".join(_card(card, folder, timezone) for card in ordered)}</main>
{BAR}<script>{_FILTER}{SCRIPT}</script>
</body>
</html>
"""
    write_whole(path, page.encode())


def _card(card: SensorCard, folder: str, timezone: str) -> str:
    name, link = html.escape(_name(card.sensor)), html.escape(f"{folder}/{card.page}")
    about = html.escape(_about(card.sensor))
    events = event_list(card.events, _name(card.sensor), timezone, _LISTED)
    return (
        f'<div class="card{"" if card.events else " quiet"}" data-name="{name.lower()} {about.lower()}">'
        f'<a href="{link}"><b>{name}</b>{f"<small>{about}</small>" if about else ""}'
        f"<small>{html.escape(_summary(card, timezone))}</small>{_picture(card)}</a>"
        f"{f'<details><summary>right or wrong?</summary>{events}</details>' if events else ''}</div>\n"
    )


def _about(sensor: Sensor) -> str:
    """Unit, limits and labels of a sensor, as far as they are known."""
    limits = [] if sensor.limits is None else [f"limits {said_limits(sensor.limits, sensor.unit)}"]
    unit = [sensor.unit] if sensor.unit and not limits else []
    return "; ".join([*unit, *limits, *(f"{label} {text}" for label, text in sorted(sensor.labels.items()))])


def _summary(card: SensorCard, timezone: str) -> str:
    if not card.events:
        return f"{counted(card.readings, 'reading')}, no events"
    worst = max(card.events, key=lambda event: (not event.kind.is_absence, event.severity))
    day = (_EPOCH + timedelta(microseconds=worst.start)).astimezone(find_zone(timezone)).strftime("%Y-%m-%d %H:%M")
    return f"{counted(len(card.events), 'event')}; worst: {worst.kind}, severity {worst.severity:.1f}, {day}"


def _picture(card: SensorCard) -> str:
    """The readings as a line, events as coloured stretches and dots, in an SVG that stretches with its card."""
    finite = card.value[np.isfinite(card.value)]
    if not len(finite):
        return ""
    low, high = float(finite.min()), float(finite.max())
    first, last = int(card.time[0]), int(card.time[-1])
    ends = [shown_end(event, first, last) for event in card.events]
    last = max([last, *ends])

    def x(moment: float) -> float:
        return _EDGE + (_WIDTH - 2 * _EDGE) * (moment - first) / max(last - first, 1)

    def y(value: float) -> float:
        # Halved first: the difference of two large numbers may be infinite.
        part = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        return _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * part

    shades = "".join(
        f'<rect x="{x(event.start):.1f}" y="0" width="{max(x(end) - x(event.start), 1):.1f}" height="{_HEIGHT}"'
        f' fill="{COLOURS[event.kind]}" opacity=".25"/>'
        for event, end in zip(card.events, ends, strict=True)
    )
    # Dots are ends of lines without length, so that they stay round where the picture is stretched.
    dots = "".join(
        f'<path d="M{x((event.start + end) / 2):.1f} {y(_within(event, low, high)):.1f}h0" class="dot"'
        f' stroke="{COLOURS[event.kind]}"><title>{html.escape(f"{event.kind}: {event.explanation}")}</title></path>'
        for event, end in zip(card.events, ends, strict=True)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="readings">{shades}'
        f'<path d="{_path(card, x, y)}" stroke="{READINGS_COLOUR}"/>'
        f"{dots}</svg>"
    )


def _within(event: Event, low: float, high: float) -> float:
    return min(max(event.extreme, low), high)


def _path(card: SensorCard, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    steps, pen_up = [], True
    for moment, value in zip(card.time.tolist(), card.value.tolist(), strict=True):
        if value != value:
            pen_up = True
            continue
        steps.append(f"{'M' if pen_up else 'L'}{x(moment):.1f} {y(value):.1f}")
        pen_up = False
    return "".join(steps)


def _name(sensor: Sensor) -> str:
    return sensor.sensor_name or sensor.sensor_uuid
