"""Which events have one cause: the odds of each pair of spells, and average linkage over them.

A spell is a run of events of one sensor. Two spells have one cause if that explains them better than chance does (a
naive Bayes classifier on pairs). The odds of a pair are: how likely the two sensors share a cause, times the density of
the delay, divided by the density of the second sensor's spells at any time. Two more factors count: whether both last
about equally long, and whether the sensors that are most closely related to them move, too. Groups come from average
linkage (UPGMA): the best pairs are joined first, so that two causes at the same time keep their own sensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from iotctl.model import Event, Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE

# Events of a sensor that begin this soon after the last one belong to the same spell.
_PIECES = 120 * _MINUTE
# The usual delay from sensor to sensor, including the delay of detection; delays are assumed to be exponential.
_DELAY = 45 * _MINUTE
# Spells that begin farther apart are not compared.
_HORIZON = 13 * _DELAY
# A rate needs at least this much time: otherwise the first fault of a fleet would look usual.
_SHORTEST_HISTORY = 30 * _DAY

# Four of five effects of one cause last about equally long: the logarithm of the ratio of their lengths is exponential
# with this scale. For any two spells the scale is 1. The fifth effect may have any length.
_ALIKE, _ALIKE_SPREAD = 0.8, 0.25

# A common cause would show first in the sensors that are twice as closely related to one of a pair. Where all of these
# are calm, the sensor has a fault of its own. The odds are then multiplied by this at least.
_CLOSER, _WORST = 2.0, -3.0
# They are calm if none of them moves within this time.
_CALM = 3 * _DELAY

# Mean log odds from which groups of spells belong together; and the log odds of a pair of which nothing is known,
# because a common cause does not show in every pair of sensors.
_ENOUGH, _NOTHING_KNOWN = 1.4, 0.5

# Most spells that are grouped at a time; they take 80 MB.
_MOST_TOGETHER = 2000


@dataclass(frozen=True, slots=True)
class _Spells:
    """Spells by start, (n,) each. start, end, step between readings: microseconds. ends: whether it is over."""

    events: list[list[int]]
    sensor: Ints
    start: Ints
    end: Ints
    step: Floats
    ends: NDArray[np.bool_]


def group_by_cause(sensors: Sequence[int], events: Sequence[Event], related: Floats) -> list[list[int]]:
    """Groups of events, as indices. Each group is in order, and groups are ordered by their first event.

    events: in order of when they began. sensors: the index of each event's sensor. related: (k, k), how likely a cause
    that shows in one sensor shows in another one, see relatedness.relate().
    """
    if not events:
        return []
    spells = _spells(sensors, events)
    first, second, odds = _pairs(spells, related)
    groups = [
        sorted(i for spell in part for i in spells.events[spell])
        for together in _hanging_together(len(spells.events), first, second, odds)
        for part in together
    ]
    return sorted(groups)


def reading_step(event: Event) -> float:
    """The usual step between the readings of an event, microseconds; 0 for a single reading."""
    if event.kind.is_absence:
        return float((event.end - event.start) / 10.0 ** min(max(event.severity, 0.0), 300.0))
    return (event.end - event.start) / (event.rows - 1) if event.rows > 1 else 0.0


def _spells(sensors: Sequence[int], events: Sequence[Event]) -> _Spells:
    """The spells: events of a sensor that follow one another closely are one spell."""
    found: list[list[int]] = []
    last_of: dict[int, tuple[list[int], int]] = {}
    for i, (sensor, event) in enumerate(zip(sensors, events, strict=True)):
        until = event.began if event.kind.lasts else event.end
        spell, over = last_of.get(sensor, ([], 0))
        if spell and event.began - over <= _PIECES:
            spell.append(i)
            last_of[sensor] = spell, max(over, until)
        else:
            found.append([i])
            last_of[sensor] = found[-1], until
    end = np.array([max(events[i].end for i in spell) for spell in found], dtype=np.int64)
    known = [not any(events[i].kind.lasts or events[i].kind is Kind.SILENT for i in spell) for spell in found]
    return _Spells(
        events=found,
        sensor=np.array([sensors[spell[0]] for spell in found], dtype=np.int64),
        start=np.array([events[spell[0]].began for spell in found], dtype=np.int64),
        end=end,
        step=np.array([max(reading_step(events[i]) for i in spell) for spell in found]),
        # A spell that ends with the newest event may go on.
        ends=np.array(known) & (end < end.max() - _DELAY),
    )


def _pairs(spells: _Spells, related: Floats) -> tuple[Ints, Ints, Floats]:
    """Pairs of spells with log odds above those of an unknown pair; and these log odds, (pairs,)."""
    sensor, start, step = spells.sensor, spells.start, spells.step
    history = max(int(start[-1] - start[0]), _SHORTEST_HISTORY)
    # One more than there were, so that no rate is 0.
    rate = (np.bincount(sensor, minlength=len(related)) + 1) / history
    length = np.log(np.maximum(spells.end - start, step) + _MINUTE)
    others = related - np.diag(np.diag(related))
    nearest = _nearest_that_moved(spells, others)
    pairs: list[tuple[Ints, Ints, Floats]] = []
    for i in range(1, len(start)):
        near = np.arange(np.searchsorted(start, start[i] - _HORIZON), i)
        near = near[sensor[near] != sensor[i]]
        delay = np.maximum(start[i] - start[near] - step[near] - step[i], 0)
        odds = np.log(related[sensor[near], sensor[i]]) - delay / _DELAY
        odds -= np.log(_DELAY * np.maximum(rate[sensor[near]], rate[sensor[i]]))
        odds += np.where(spells.ends[near] & spells.ends[i], _lasting_alike(length[near] - length[i]), 0.0)
        near, odds = near[odds > _NOTHING_KNOWN], odds[odds > _NOTHING_KNOWN]
        shared = related[sensor[near], sensor[i]]
        alone = _alone(others[sensor[near]], shared, nearest[near]) + _alone(others[[sensor[i]]], shared, nearest[i])
        odds += np.maximum(alone, _WORST)
        telling = odds > _NOTHING_KNOWN
        pairs.append((near[telling], np.full(int(telling.sum()), i), odds[telling]))
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    first, second, odds = (np.concatenate(each) for each in zip(*pairs, strict=True))
    return first, second, odds


def _nearest_that_moved(spells: _Spells, related: Floats) -> Floats:
    """How closely related the closest sensor is that moved at about the same time, (n,); 0 where none did."""
    sensor, start = spells.sensor, spells.start
    bounds = np.searchsorted(start, [start - _CALM, start + _CALM], side="left").T
    return np.array([related[sensor[i], sensor[first:last]].max() for i, (first, last) in enumerate(bounds.tolist())])


def _alone(related: Floats, shared: Floats, nearest: Floats | np.float64) -> Floats:
    """Log odds of a shared cause for pairs, (pairs,), judged by the sensors that are closer to one of the two.

    related: of that one to all sensors, (pairs or 1, k). shared: of the two, (pairs,). nearest: see
    _nearest_that_moved.
    """
    unshown = np.where(related > _CLOSER * shared[:, None], np.log1p(-related), 0.0).sum(axis=1)
    odds: Floats = np.where(nearest > _CLOSER * shared, 0.0, unshown)
    return odds


def _lasting_alike(ratio: Floats) -> Floats:
    """Log odds of one cause, by the logarithm of the ratio of two spells' lengths."""
    apart = np.abs(ratio)
    odds: Floats = np.log(_ALIKE / _ALIKE_SPREAD * np.exp(apart - apart / _ALIKE_SPREAD) + 1 - _ALIKE)
    return odds


def _hanging_together(count: int, first: Ints, second: Ints, odds: Floats) -> list[list[list[int]]]:
    """Groups of average linkage within each connected set of spells, which limits the work.

    No group reaches farther: its mean can be high enough only if that of some pair is.
    """
    enough = odds > _ENOUGH
    joined = coo_array((np.ones(int(enough.sum())), (first[enough], second[enough])), shape=(count, count))
    _, component = connected_components(joined, directed=False)
    order = np.argsort(component, kind="stable")
    sets = np.split(order, np.flatnonzero(np.diff(component[order])) + 1)
    inside = component[first] == component[second]
    first, second, odds = first[inside], second[inside], odds[inside]
    of_pair = np.argsort(component[first], kind="stable")
    bounds = np.searchsorted(component[first][of_pair], np.arange(len(sets) + 1))
    groups: list[list[list[int]]] = []
    place = np.empty(count, dtype=np.int64)
    for number, members in enumerate(sets):
        own = of_pair[bounds[number] : bounds[number + 1]]
        for at in range(0, len(members), _MOST_TOGETHER):
            some = members[at : at + _MOST_TOGETHER]
            place[members] = -1
            place[some] = np.arange(len(some))
            both = own[(place[first[own]] >= 0) & (place[second[own]] >= 0)]
            groups.append(_linked(some, place[first[both]], place[second[both]], odds[both]))
    return groups


def _linked(spells: Ints, first: Ints, second: Ints, odds: Floats) -> list[list[int]]:
    """Groups of some spells by average linkage. first, second: the pairs, as indices of these spells."""
    if len(spells) == 1:
        return [spells.tolist()]
    from scipy.cluster.hierarchy import fcluster, linkage  # 0.3 s: imported only where there is something to group
    from scipy.spatial.distance import squareform

    closeness = np.full((len(spells), len(spells)), _NOTHING_KNOWN)
    closeness[first, second] = closeness[second, first] = odds
    most = float(closeness.max())
    distance = most - closeness
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    group = fcluster(tree, most - _ENOUGH, "distance")
    return [spells[group == number].tolist() for number in np.unique(group)]
