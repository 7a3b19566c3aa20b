"""Incidents: events of many sensors grouped by their cause, in order of time, with the sensor where it began.

Two events have one cause where that explains them better than chance does: the odds are how likely the sensors share a
cause, times the density of its delay, over the density of the sensor's events at any time (a naive Bayes classifier on
pairs; groups grow event by event, as average linkage over the best half of the pairs).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Event, Kind

Floats = NDArray[np.float64]

_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE

# The usual delay from sensor to sensor, with that of finding it; delays are taken to fall off exponentially.
_DELAY = 45 * _MINUTE
# Events that begin this much later than the last one of an incident are not looked at.
_HORIZON = 13 * _DELAY
# Rates are not estimated from less than this: the first fault of a fleet would look usual.
_SHORTEST_HISTORY = 30 * _DAY
# Log odds from which events belong together.
_LEAST_ODDS = 2.25
# Events that began within such a part of a step of readings began at once.
_ALIKE = 0.2

# Sensors that fall silent and come back together without a known group that explains it: fewer are chance.
_FEWEST_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class SensorEvent:
    """An event of a sensor; sensor: its index in what is known of all sensors with events.

    first_run: the number of the run that found it first; None where none has saved it.
    """

    sensor: int
    event: Event
    first_run: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Events of one cause, by when they began; the first of each sensor stands for it.

    incident_id: 12 hex digits, from the id of the event that was found first, and of those the one that began first:
    it stays while the incident grows. origin: the sensor
    where it probably began. is_data_path: all its sensors were silent, or stuck, at once.
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
        """The highest of its events."""
        return max(one.event.severity for one in self.events)

    @property
    def movers(self) -> tuple[SensorEvent, ...]:
        """The first event of each sensor, in order of time."""
        first: dict[int, SensorEvent] = {}
        for one in self.events:
            first.setdefault(one.sensor, one)
        return tuple(first.values())


def group_events(events: Sequence[SensorEvent], related: Floats) -> list[Incident]:
    """Incidents by start; every event is in one of them, alone where nothing goes with it.

    related: (k, k), how likely a cause that shows in one sensor shows in another one, see relate().
    """
    ordered = sorted(events, key=lambda one: (one.event.began, one.event.event_id))
    at_once = [
        [ordered[i] for i in group]
        for kinds in ((Kind.GAP, Kind.SILENT), (Kind.STUCK,))
        for group in _at_once([one.event for one in ordered], kinds)
        if len({ordered[i].sensor for i in group}) >= _FEWEST_AT_ONCE
    ]
    taken = {id(one) for group in at_once for one in group}
    left = [one for one in ordered if id(one) not in taken]
    incidents = [_incident(group, is_data_path=True) for group in at_once]
    incidents += [_incident([left[i] for i in group]) for group in _by_cause(left, related)]
    return sorted(incidents, key=lambda incident: (incident.start, incident.incident_id))


def common_group(
    sensors: Sequence[int], groups: Mapping[tuple[str, str], Sequence[int]], least: float = 0.8
) -> tuple[str, str] | None:
    """The smallest group that has nearly all of the sensors and of which nearly all are among them; else None.

    groups: (what it is, its name) -> its sensors, such as ("gateway", "gw-3").
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
    """The sensor that moved first; among those that cannot be told apart by time, the one that moved most."""
    until = min(one.event.began + _ALIKE * _step(one.event) for one in events)
    first = [one for one in events if one.event.began <= until]
    return max(first, key=lambda one: one.event.score).sensor


def _at_once(events: Sequence[Event], kinds: Sequence[Kind]) -> list[list[int]]:
    """Indices of events of these kinds that begin and end together, to a step of the sensors, by start."""
    groups: list[list[int]] = []
    open_groups: list[list[int]] = []
    for i, event in enumerate(events):
        if event.kind not in kinds:
            continue
        open_groups = [group for group in open_groups if events[group[0]].start >= event.start - _DAY]
        for group in open_groups:
            head = events[group[0]]
            slack = 1.5 * max(_step(head), _step(event))
            if max(abs(event.start - head.start), abs(event.end - head.end)) <= slack:
                group.append(i)
                break
        else:
            groups.append([i])
            open_groups.append(groups[-1])
    return groups


def _by_cause(events: Sequence[SensorEvent], related: Floats) -> list[list[int]]:
    """Groups of indices of events, which are in order of start."""
    count = len(events)
    sensor = np.array([one.sensor for one in events], dtype=np.int64)
    start = np.array([one.event.began for one in events], dtype=np.int64)
    end = np.array([one.event.end for one in events], dtype=np.int64)
    step = np.array([_step(one.event) for one in events])
    rate = _rates(sensor, start, len(related))
    group = np.empty(count, dtype=np.int64)
    groups: list[list[int]] = []
    last_of: dict[int, int] = {}
    for i in range(count):
        near = np.arange(np.searchsorted(start, start[i] - _HORIZON), i)
        own = last_of.get(int(sensor[i]))
        if own is not None and own < (near[0] if len(near) else i) and end[own] >= start[i] - _HORIZON:
            near = np.append(near, own)
        last_of[int(sensor[i])] = i
        best, chosen = _LEAST_ODDS, -1
        if len(near):
            same = sensor[near] == sensor[i]
            delay = np.where(same, start[i] - end[near], start[i] - start[near] - step[near] - step[i])
            odds = np.log(related[sensor[near], sensor[i]]) - np.maximum(delay, 0) / _DELAY
            odds -= np.log(_DELAY * np.maximum(rate[sensor[near]], rate[sensor[i]]))
            for candidate in np.unique(group[near]).tolist():
                pairs = np.sort(odds[group[near] == candidate])
                linkage = float(pairs[len(pairs) // 2 :].mean())
                if linkage > best:
                    best, chosen = linkage, candidate
        if chosen < 0:
            chosen = len(groups)
            groups.append([])
        groups[chosen].append(i)
        group[i] = chosen
    return groups


def _rates(sensor: NDArray[np.int64], start: NDArray[np.int64], sensors: int) -> Floats:
    """Days with events per microsecond of each sensor, (sensors,); one more than there were, for nobody has none."""
    if not len(start):
        return np.zeros(sensors)
    days = Counter(which for which, _ in {(s, t // _DAY) for s, t in zip(sensor.tolist(), start.tolist(), strict=True)})
    history = max(int(start[-1] - start[0]), _SHORTEST_HISTORY)
    return np.array([(days[which] + 1) / history for which in range(sensors)])


def _step(event: Event) -> float:
    """The usual step between its sensor's readings, microseconds; 0 where one reading is all there is."""
    if event.kind.is_absence:
        return float((event.end - event.start) / 10.0 ** min(max(event.severity, 0.0), 300.0))
    return (event.end - event.start) / (event.rows - 1) if event.rows > 1 else 0.0
