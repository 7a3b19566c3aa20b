"""Incidents: events of many sensors grouped by cause, in order of time, with the sensor where each began."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.incidents.common_cause import group_by_cause, reading_step
from iotctl.analysis.incidents.data_path import at_once
from iotctl.model import Event

Floats = NDArray[np.float64]

# Events began at the same time if they began within this part of a step of readings.
_ALIKE = 0.1


@dataclass(frozen=True, slots=True)
class SensorEvent:
    """An event of a sensor. sensor: the sensor's index among all sensors with events.

    first_run: the number of the run that found it first; None where no run has saved it.
    """

    sensor: int
    event: Event
    first_run: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Events of one cause, by when they began; the first event of a sensor stands for the sensor.

    incident_id: 12 hex digits, from the id of the event that was found first (of several, the one that began first), so
    that it stays the same while the incident grows. origin: the sensor where it probably began. is_data_path: whether
    all its sensors were silent, or stuck, at the same time.
    """

    incident_id: str
    events: tuple[SensorEvent, ...]
    origin: int
    is_data_path: bool = False

    @property
    def start(self) -> int:
        """When its first event begins, microseconds since 1970-01-01 UTC."""
        return self.events[0].event.began

    @property
    def end(self) -> int:
        """When its last event ends, microseconds since 1970-01-01 UTC."""
        return max(one.event.end for one in self.events)

    @property
    def severity(self) -> float:
        """The highest severity of its events."""
        return max(one.event.severity for one in self.events)

    @property
    def movers(self) -> tuple[SensorEvent, ...]:
        """The first event of each sensor, in order of time."""
        first: dict[int, SensorEvent] = {}
        for one in self.events:
            first.setdefault(one.sensor, one)
        return tuple(first.values())


def group_events(events: Sequence[SensorEvent], related: Floats) -> list[Incident]:
    """Incidents by start. Every event is in one incident; an event without relation is alone in its own.

    related: (k, k), how likely a cause that shows in one sensor shows in another one, see relate().
    """
    ordered = sorted(events, key=lambda one: (one.event.began, one.event.event_id))
    sensors = [one.sensor for one in ordered]
    on_the_way = at_once(sensors, [one.event for one in ordered])
    taken = {i for group in on_the_way for i in group}
    left = [one for i, one in enumerate(ordered) if i not in taken]
    by_cause = group_by_cause([one.sensor for one in left], [one.event for one in left], related)
    incidents = [_incident([ordered[i] for i in group], is_data_path=True) for group in on_the_way]
    incidents += [_incident([left[i] for i in group]) for group in by_cause]
    return sorted(incidents, key=lambda incident: (incident.start, incident.incident_id))


def common_group(
    sensors: Sequence[int], groups: Mapping[tuple[str, str], Sequence[int]], least: float = 0.8
) -> tuple[str, str] | None:
    """The smallest group that has nearly all of the sensors, and nearly no others; None without such a group.

    groups: (label, value) -> its sensors; such as ("gateway", "gw-3").
    """
    wanted = set(sensors)
    fitting = [
        (len(members), name)
        for name, members in groups.items()
        if len(wanted & set(members)) >= least * max(len(wanted), len(set(members)), 2)
    ]
    return min(fitting)[1] if fitting else None


def _incident(events: list[SensorEvent], *, is_data_path: bool = False) -> Incident:
    found_first = min(
        events, key=lambda one: (float("inf") if one.first_run is None else one.first_run, one.event.began)
    )
    digest = hashlib.sha256(f"incident {found_first.event.event_id}".encode()).hexdigest()
    return Incident(digest[:12], tuple(events), _origin(events), is_data_path)


def _origin(events: list[SensorEvent]) -> int:
    """The sensor that moved first; among several at the same time, the one that moved most.

    A sensor has moved between two readings, and the later one shows it. So sensors that send seldom look late.
    """
    step = [reading_step(one.event) for one in events]
    moved = [one.event.began - between / 2 for one, between in zip(events, step, strict=True)]
    until = min(moment + _ALIKE * between for moment, between in zip(moved, step, strict=True))
    first = [one for one, moment in zip(events, moved, strict=True) if moment <= until]
    return max(first, key=lambda one: one.event.score).sensor
