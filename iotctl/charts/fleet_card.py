"""A sensor on the page of its fleet: a card with its name, unit, labels and quality, and a small picture."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence

from iotctl.charts.event_list import label_of
from iotctl.charts.sparkline import sparkline
from iotctl.charts.words import said_limits
from iotctl.model import Sensor, SensorCard
from iotctl.moments import local_time
from iotctl.words import counted

# The lowest score of each colour: good, medium, bad.
_SCORES = ((95.0, "good"), (80.0, "fair"), (0.0, "bad"))


def card_grid(
    title: str, cards: Sequence[SensorCard], timezone: str, qualities: Mapping[int, tuple[float, str]]
) -> str:
    """Cards under a title, in the order given; empty without any. qualities: see draw_fleet."""
    if not cards:
        return ""
    inside = "".join(_card(card, timezone, qualities.get(card.sensor.sensor_id)) for card in cards)
    return f'<h3>{len(cards):,} {title}</h3>\n<div class="cards">\n{inside}</div>\n'


def about_sensor(sensor: Sensor) -> str:
    """The known ones of unit, limits and labels of a sensor."""
    limits = [] if sensor.limits is None else [f"limits {said_limits(sensor.limits, sensor.unit)}"]
    unit = [sensor.unit] if sensor.unit and not limits else []
    return "; ".join([*unit, *limits, *(f"{label} {text}" for label, text in sorted(sensor.labels.items()))])


def link_to(sensor: Sensor) -> str:
    """The link that opens the sensor's chart on the page."""
    return f"#{html.escape(sensor.sensor_uuid)}"


def _card(card: SensorCard, timezone: str, quality: tuple[float, str] | None) -> str:
    name, about = html.escape(card.sensor.title), html.escape(about_sensor(card.sensor))
    words = " ".join([name, about, *sorted({event.kind.value for event in card.events})]).lower()
    labels = Counter(label for finding in card.findings if (label := label_of(finding)))
    marks = "".join(f"<mark>{html.escape(label)} {count}</mark>" for label, count in sorted(labels.items()))
    score = ""
    if quality is not None:
        grade = next(grade for least, grade in _SCORES if quality[0] >= least)
        score = f'<i class="quality {grade}" title="{html.escape(quality[1])}">quality {quality[0]:.0f}</i>'
    return (
        f'<a class="card" href="{link_to(card.sensor)}" data-name="{words}">'
        f"<b>{name}</b>{score}{f'<small>{about}</small>' if about else ''}"
        f"<small>{html.escape(_summary(card, timezone))}{marks}</small>{sparkline(card)}</a>\n"
    )


def _summary(card: SensorCard, timezone: str) -> str:
    if not card.findings:
        return f"{counted(card.readings, 'reading')}, no events"
    worst = max(card.events, key=lambda event: (not event.kind.is_absence, event.severity))
    begun = f"{local_time(worst.start, timezone):%Y-%m-%d %H:%M}"
    return f"{counted(len(card.findings), 'event')}; worst: {worst.kind}, severity {worst.severity:.1f}, {begun}"
