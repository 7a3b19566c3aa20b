"""Which events have one cause: cases with known answers, and the same rule in slow and obvious loops."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.incidents.common_cause import group_by_cause
from iotctl.model import Event, Kind

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_NUMBER = itertools.count()


def event(minute: float, hours: float = 5.0, kind: Kind = Kind.SHIFT) -> Event:
    """An event of a sensor that sends every minute."""
    start = int(minute * MINUTE)
    end = start + int(hours * HOUR)
    rows = (end - start) // MINUTE + 1
    return Event(f"{next(_NUMBER):012x}", kind, start, end, rows, 1.0, 9.0, 1.0, 0.0, -1.0, 1.0, "because")


def pumps(count: int, inside: float = 0.5, beside: float = 0.01) -> NDArray[np.float64]:
    """How sensors of pumps are related, three in each pump: strongly inside a pump, weakly to other pumps."""
    pump = np.arange(count) // 3
    related = np.where(pump[:, None] == pump, inside, beside)
    np.fill_diagonal(related, 0.5)
    return related


def grouped(made: Sequence[tuple[int, Event]], related: NDArray[np.float64]) -> list[list[int]]:
    """The groups by sensor."""
    # An event long after all others, because the event that ends last may go on.
    made = [*made, (len(related) - 1, event(60 * 24 * 30))]
    ordered = sorted(made, key=lambda one: one[1].began)
    groups = group_by_cause([sensor for sensor, _ in ordered], [event for _, event in ordered], related)
    return [[ordered[i][0] for i in group] for group in groups][:-1]


def test_two_causes_that_meet_at_neighbours_do_not_take_each_others_sensors() -> None:
    related = pumps(60, beside=0.001)
    made = [(0, event(0)), (3, event(3)), (1, event(20)), (4, event(24)), (5, event(40)), (2, event(45))]
    assert grouped(made, related) == [[0, 1, 2], [3, 4, 5]]
    related[1, 3] = related[3, 1] = 0.3
    assert grouped(made, related) == [[0, 1, 2], [3, 4, 5]]
    assert grouped([made[1], made[2]], related) == [[3, 1]]


def test_what_lasts_about_as_long_has_one_cause_sooner() -> None:
    related = pumps(60, beside=0.01)
    alike = [(0, event(0)), (1, event(5)), (3, event(30)), (4, event(33))]
    other = [(0, event(0)), (1, event(5)), (3, event(30, 0.5)), (4, event(33, 0.4))]
    assert grouped(alike, related) == [[0, 1, 3, 4]]
    assert grouped(other, related) == [[0, 1], [3, 4]]


def test_how_long_is_not_asked_of_what_goes_on() -> None:
    related = pumps(60, beside=0.04)
    made = [(0, event(0, 1.0)), (1, event(5, 0.9)), (3, event(50, 0.2)), (4, event(52, 0.2))]
    assert grouped(made, related) == [[0, 1], [3, 4]]
    going_on = group_by_cause([sensor for sensor, _ in made], [event for _, event in made], related)
    assert going_on == [[0, 1, 2, 3]]


def test_two_sensors_all_of_whose_neighbours_are_calm_have_faults_of_their_own() -> None:
    related = pumps(60, beside=0.02)
    assert grouped([(0, event(0)), (3, event(20))], related) == [[0], [3]]
    accompanied = [(0, event(0)), (1, event(5)), (3, event(20)), (4, event(22))]
    assert grouped(accompanied, related) == [[0, 1, 3, 4]]


def test_an_event_in_pieces_is_one_spell_and_a_new_state_is_none() -> None:
    pieces = [(0, event(0, 1)), (1, event(10, 4)), (0, event(150, 1)), (0, event(300, 0.2))]
    assert grouped(pieces, pumps(60)) == [[0, 1, 0, 0]]
    state = [(0, event(0, 48, Kind.SLOPE)), (0, event(60 * 20)), (1, event(60 * 20 + 10))]
    assert grouped(state, pumps(60)) == [[0], [0, 1]]


def test_nothing_and_one_event_are_no_and_one_group() -> None:
    assert group_by_cause([], [], pumps(6)) == []
    assert group_by_cause([3], [event(0)], pumps(6)) == [[0]]


def slowly(sensors: Sequence[int], events: Sequence[Event], related: NDArray[np.float64]) -> list[list[int]]:
    """The same rule, pair by pair and merge by merge."""
    spells: list[list[int]] = []
    for i, one in enumerate(events):
        own = [spell for spell in spells if sensors[spell[0]] == sensors[i]]
        if own and one.began - max(events[j].end for j in own[-1]) <= 2 * HOUR:
            own[-1].append(i)
        else:
            spells.append([i])
    begins = [events[spell[0]].began for spell in spells]
    ends = [max(events[i].end for i in spell) for spell in spells]
    of = [sensors[spell[0]] for spell in spells]
    history = max(begins[-1] - begins[0], 30 * DAY)
    rate = [(of.count(sensor) + 1) / history for sensor in range(len(related))]

    def alone(a: int, b: int) -> float:
        shared = related[of[a], of[b]]
        closer = {k for k in range(len(related)) if k != of[a] and related[of[a], k] > 2 * shared}
        near = {of[k] for k in range(len(of)) if -135 * MINUTE <= begins[k] - begins[a] < 135 * MINUTE}
        unshown = float(np.sum([np.log1p(-related[of[a], k]) for k in closer]))
        return 0.0 if closer & near else unshown

    def odds(a: int, b: int) -> float:
        if of[a] == of[b] or abs(begins[a] - begins[b]) > 585 * MINUTE:
            return 0.5
        delay = max(abs(begins[a] - begins[b]) - 2 * MINUTE, 0) / (45 * MINUTE)
        found = np.log(related[of[a], of[b]]) - delay - np.log(45 * MINUTE * max(rate[of[a]], rate[of[b]]))
        if max(ends[a], ends[b]) < max(ends) - 45 * MINUTE:
            lasted = [ends[k] - begins[k] + MINUTE for k in (a, b)]
            ratio = max(lasted) / min(lasted)
            found += np.log(0.8 * 4 * ratio**-3 + 0.2)
        if found > 0.5:
            found += max(alone(a, b) + alone(b, a), -3.0)
        return max(float(found), 0.5)

    groups = [[k] for k in range(len(spells))]
    while len(groups) > 1:
        pairs = itertools.combinations(groups, 2)
        best, some, more = max((float(np.mean([odds(a, b) for a in x for b in y])), x, y) for x, y in pairs)
        if best < 1.4:
            break
        groups = [group for group in groups if group not in (some, more)] + [some + more]
    return sorted(sorted(i for k in group for i in spells[k]) for group in groups)


@pytest.mark.parametrize("seed", range(12))
def test_groups_are_those_of_the_slow_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    related = random.uniform(0.001, 0.6, (12, 12)) ** 2
    related = np.maximum(related, related.T)
    np.fill_diagonal(related, 0.5)
    made = [
        (int(random.integers(12)), event(minute, float(random.uniform(0.2, 9))))
        for start in (0, 900, 2000)
        for minute in start + random.uniform(0, 300, 8)
    ]
    ordered = sorted(made, key=lambda one: one[1].began)
    sensors, events = [sensor for sensor, _ in ordered], [event for _, event in ordered]
    assert group_by_cause(sensors, events, related) == slowly(sensors, events, related)


def test_of_very_many_that_hang_together_a_bounded_number_is_grouped_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotctl.analysis.incidents.common_cause._MOST_TOGETHER", 4)
    events = [event(minute) for minute in range(10)]
    groups = group_by_cause(range(10), events, np.full((10, 10), 0.5))
    assert groups == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
