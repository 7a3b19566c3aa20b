"""The texts of a chart of a detection, and its data for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from iotctl.charts.packed import clock_changes, pack
from iotctl.charts.words import said_limits, value_title
from iotctl.model import Course, Detection, Event
from iotctl.words import counted


@dataclass(frozen=True, slots=True)
class About:
    """title: the sensor's name. unit: of its values. limits: its physical limits. threshold: sigmas of the band.

    timezone: of the shown times. labels: event_id -> what a person said of it, in a word.
    """

    title: str
    unit: str | None = None
    limits: tuple[float, float] | None = None
    timezone: str = "Europe/Berlin"
    threshold: float = 6.0
    labels: Mapping[str, str] = field(default_factory=dict)


def counts(detection: Detection, about: About) -> str:
    """One line: the numbers of regimes, seasons and events, and the limits."""
    seasons = " and ".join(f"{hours:.0f} h" for hours in detection.periods_hours) or "none"
    parts = [
        counted(len(detection.regimes), "regime"),
        f"season: {seasons}",
        counted(len(detection.events), "event"),
    ]
    if about.limits is not None:
        parts.append(f"limits: {said_limits(about.limits, about.unit)}")
    return "; ".join(parts)


def chart_data(
    course: Course,
    events: Sequence[Event],
    extremes: Sequence[tuple[int, float]],
    change_points: Sequence[int],
    about: About,
) -> dict[str, object]:
    """The data of a detection for the script chart.js. extremes: see SensorCard."""
    columns = {
        "value": course.value,
        "expected": course.expected,
        "scale": course.scale,
        "severity": course.severity,
    }
    return {
        "name": about.title,
        "label": value_title(about.title, about.unit),
        "unit": about.unit or "",
        "limits": _finite(about.limits),
        "threshold": about.threshold,
        "offsets": _offsets(course, about.timezone),
        "changes": [moment / 1e6 for moment in change_points],
        "events": [
            {
                "id": event.event_id,
                "kind": event.kind.value,
                "start": event.start / 1e6,
                "end": event.end / 1e6,
                "at": moment / 1e6,
                "value": value,
                "words": event.explanation,
            }
            for event, (moment, value) in zip(events if len(extremes) else (), extremes, strict=True)
        ],
        "course": pack(course.time, columns),
    }


def _offsets(course: Course, timezone: str) -> list[tuple[int, int]]:
    if not len(course.time):
        return clock_changes(0, 0, timezone)
    return clock_changes(int(course.time[0]), int(course.time[-1]), timezone)


def _finite(limits: tuple[float, float] | None) -> list[float | None]:
    return [limit if abs(limit) != float("inf") else None for limit in limits or (float("-inf"), float("inf"))]
