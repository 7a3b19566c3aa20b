"""Incidents: hand-made events with known answers, and made-up plants with known causes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.analysis.incidents.incidents import Incident, SensorEvent, common_group, group_events
from iotctl.analysis.incidents.relatedness import correlate, relate, without_events
from iotctl.model import Event, Kind
from tests.bench.incidents import found_events, judge, run
from tests.plants import make_plant

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_NUMBER = itertools.count()


def event(sensor: int, start: int, hours: float = 2, kind: Kind = Kind.SHIFT, score: float = 9.0) -> SensorEvent:
    """An event of a sensor that sends every minute; the severity of a gap comes from its length."""
    end = start + int(hours * HOUR)
    severity = float(np.log10((end - start) / MINUTE)) if kind is Kind.GAP else 1.0
    rows = 2 if kind is Kind.GAP else (end - start) // MINUTE + 1
    made = Event(f"{next(_NUMBER):012x}", kind, start, end, rows, severity, score, 1.0, 0.0, -1.0, 1.0, "because")
    return SensorEvent(sensor, made)


def pumps(count: int, size: int = 3) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """How sensors of so many pumps are related by their labels, without knowledge of their readings."""
    labels = [{"asset": f"pump {sensor // size}"} for sensor in range(count * size)]
    unknown = np.full((len(labels), len(labels)), np.nan)
    return relate(labels, unknown, np.zeros_like(unknown), len(labels))


def sensors(incidents: list[Incident]) -> list[list[int]]:
    return [[mover.sensor for mover in incident.movers] for incident in incidents]


def test_events_of_a_pump_within_minutes_are_one_incident_and_its_first_mover_the_origin() -> None:
    events = [event(2, 20 * MINUTE), event(0, 35 * MINUTE), event(1, 5 * MINUTE)]
    (incident,) = group_events(events, pumps(20))
    assert [mover.sensor for mover in incident.movers] == [1, 2, 0]
    assert incident.origin == 1
    assert (incident.start, incident.end) == (5 * MINUTE, 35 * MINUTE + 2 * HOUR)


def test_of_two_that_moved_at_once_the_stronger_is_the_origin() -> None:
    (incident,) = group_events([event(0, 0, score=8), event(1, MINUTE // 10, score=30), event(2, HOUR)], pumps(20))
    assert incident.origin == 1


def test_a_sensor_that_seldom_sends_moved_before_its_reading_shows_it() -> None:
    often, seldom = event(0, 20 * MINUTE), event(1, 25 * MINUTE)
    slow = replace(seldom, event=replace(seldom.event, rows=5))  # 2 hours, a reading every 30 minutes
    assert group_events([often, seldom, event(2, HOUR)], pumps(20))[0].origin == 0
    assert group_events([often, slow, event(2, HOUR)], pumps(20))[0].origin == 1


def test_an_incident_keeps_its_id_where_a_later_run_finds_what_began_before() -> None:
    first, later, earlier = (
        replace(event(sensor, sensor * MINUTE), first_run=run) for sensor, run in ((1, 7), (2, 8), (0, 9))
    )
    (alone,) = group_events([first], pumps(20))
    for events in ([first, later], [first, later, earlier], [replace(earlier, first_run=None), first]):
        (incident,) = group_events(events, pumps(20))
        assert incident.incident_id == alone.incident_id
    assert group_events([first, later, earlier], pumps(20))[0].origin == 0


def test_faults_of_other_pumps_at_the_same_time_are_other_incidents() -> None:
    events = [event(0, 0), event(1, 10 * MINUTE), event(30, 5 * MINUTE), event(31, 12 * MINUTE), event(57, MINUTE)]
    assert sensors(group_events(events, pumps(20))) == [[0, 1], [57], [30, 31]]


def test_events_of_a_pump_a_day_apart_are_two_incidents() -> None:
    assert sensors(group_events([event(0, 0), event(1, DAY)], pumps(20))) == [[0], [1]]


def test_a_sensor_that_has_events_every_day_says_little_with_one_more() -> None:
    pair = [event(0, 10 * DAY), event(1, 10 * DAY + 90 * MINUTE, 0.1)]
    assert sensors(group_events(pair, pumps(20))) == [[0, 1]]
    others = [event(1, day * DAY, 0.1) for day in range(30) if day not in (9, 10)]
    assert [0] in sensors(group_events([*pair, *others], pumps(20)))


def test_an_event_in_pieces_is_one_incident() -> None:
    pieces = [event(0, 0, 5), event(0, 5 * HOUR + 20 * MINUTE), event(0, 8 * HOUR)]
    assert len(group_events(pieces, pumps(20))) == 1


@pytest.mark.parametrize("kind", [Kind.GAP, Kind.STUCK])
def test_sensors_that_are_silent_or_stuck_at_once_are_a_fault_of_the_data_path(kind: Kind) -> None:
    at_once = [event(sensor, 1000 * MINUTE + sensor * 1000, 3, kind) for sensor in (0, 5, 10, 15)]
    other = event(1, 1010 * MINUTE, 2)
    longer = event(20, 1000 * MINUTE, 9, kind)
    found = group_events([*at_once, other, longer], pumps(20))
    assert [incident.is_data_path for incident in found if len(incident.events) > 1] == [True]
    assert [0, 5, 10, 15] in sensors(found)


@pytest.mark.parametrize("kind", [Kind.GAP, Kind.STUCK])
def test_a_reading_that_is_missing_before_an_outage_does_not_tear_it(kind: Kind) -> None:
    step = 10 * MINUTE

    def silent(sensor: int, start: int, end: int) -> SensorEvent:
        made = event(sensor, start, (end - start) / HOUR, kind)
        rows, severity = (end - start) // step + 1, float(np.log10((end - start) / step))
        return replace(made, event=replace(made.event, rows=rows, severity=severity))

    # The first one has lost its last two readings before it, the last one its first reading after it.
    starts = [-2 * step - 9 * MINUTE, -9 * MINUTE, -8 * MINUTE, -5 * MINUTE, -2 * MINUTE, -MINUTE // 2]
    members = [silent(5 * number, start, start + 51 * step) for number, start in enumerate(starts)]
    members[-1] = silent(25, starts[-1], starts[-1] + 52 * step)
    assert sensors(group_events(members, pumps(20))) == [[0, 5, 10, 15, 20, 25]]


def test_two_sensors_silent_at_once_may_be_chance() -> None:
    found = group_events([event(0, 0, 3, Kind.GAP), event(30, 0, 3, Kind.GAP)], pumps(20))
    assert [incident.is_data_path for incident in found] == [False, False]


def test_an_incident_keeps_its_id_while_it_grows() -> None:
    events = [event(0, 0), event(1, 10 * MINUTE), event(2, 30 * MINUTE)]
    ids = {group_events(events[:count], pumps(20))[0].incident_id for count in (1, 2, 3)}
    assert len(ids) == 1
    assert len(ids.pop()) == 12


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 3000), st.integers(1, 50), st.sampled_from(list(Kind))), max_size=25
    ),
    st.randoms(),
)
def test_every_event_is_in_one_incident_whatever_their_order(
    made: list[tuple[int, int, int, Kind]], random: object
) -> None:
    events = [event(sensor, start * MINUTE, hours, kind) for sensor, start, hours, kind in made]
    found = group_events(events, pumps(3))
    assert sorted(one.event.event_id for incident in found for one in incident.events) == sorted(
        one.event.event_id for one in events
    )
    assert group_events(events[::-1], pumps(3)) == found
    assert [incident.start for incident in found] == sorted(incident.start for incident in found)
    assert len({incident.incident_id for incident in found}) == len(found)


def test_the_group_named_is_the_smallest_that_nearly_all_fit() -> None:
    groups = {("site", "a"): range(20), ("gateway", "g1"): range(10), ("asset", "p1"): range(3)}
    assert common_group(range(10), groups) == ("gateway", "g1")
    assert common_group(range(9), groups) == ("gateway", "g1")
    assert common_group(range(3), groups) == ("asset", "p1")
    assert common_group(range(20), groups) == ("site", "a")
    assert common_group([0, 4, 8, 12], groups) is None
    assert common_group([], groups) is None


def test_correlation_is_that_of_the_textbook_without_levels_of_days_and_the_course_of_the_day() -> None:
    random = np.random.default_rng(1)
    days = 200
    course = random.normal(size=(days, 24))
    sunny = 50 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    together = [10 * course + 3 * random.normal(size=(days, 24)) + sunny for _ in range(2)]
    apart = random.normal(size=(days, 24)) + sunny + np.cumsum(random.normal(0, 9, days))[:, None]
    correlation, hours = correlate(np.array([*together, -together[0], apart]))
    plain = np.corrcoef(*(one.ravel() for one in (np.array(together) - sunny)))[0, 1]
    assert correlation[0, 1] == pytest.approx(plain, abs=0.05)
    assert correlation[0, 2] == pytest.approx(-1)
    assert abs(correlation[0, 3]) < 0.06
    assert (hours == days * 24).all()


def test_two_faults_that_met_once_do_not_make_sensors_related() -> None:
    random = np.random.default_rng(4)
    hours = random.normal(size=(2, 30, 24))
    hours[:, 10, 4:9] += 40
    hours[:, 20, 3:8] -= 40
    days = list(range(5, 35))
    events = [(sensor, event(sensor, (15 * 24 + 4) * HOUR, 4.5).event) for sensor in range(2)]
    events += [(sensor, event(sensor, (25 * 24 + 3) * HOUR, 4.5).event) for sensor in range(2)]
    assert correlate(hours)[0][0, 1] > 0.2
    calm = without_events(hours, days, events)
    assert abs(correlate(calm)[0][0, 1]) < 0.06
    gone = np.isnan(calm)
    assert int(gone.sum()) == 20
    assert gone[:, 10, 4:9].all()
    assert gone[:, 20, 3:8].all()
    assert not np.isnan(hours).any()
    assert without_events(np.zeros((0, 0, 24)), [], []).shape == (0, 0, 24)


def test_nothing_is_known_of_sensors_that_stand_still_are_empty_or_never_sent_together() -> None:
    random = np.random.default_rng(2)
    hours = random.normal(size=(4, 20, 24))
    hours[1] = 5.0
    hours[2] = np.nan
    hours[0, :10], hours[3, 10:] = np.nan, np.nan
    correlation, _ = correlate(hours)
    off = correlation[~np.eye(4, dtype=bool)]
    assert np.isnan(off).all()
    assert correlate(np.zeros((0, 0, 24)))[0].shape == (0, 0)
    assert relate([], *correlate(np.zeros((0, 0, 24))), 0).shape == (0, 0)


def test_sensors_that_move_together_are_related_without_labels() -> None:
    random = np.random.default_rng(3)
    courses = random.normal(size=(10, 60, 24))
    hours = np.repeat(courses, 3, axis=0) + 0.7 * random.normal(size=(30, 60, 24))
    related = relate([{}] * 30, *correlate(hours), 30)
    same = np.kron(np.eye(10, dtype=bool), np.ones((3, 3), dtype=bool)) & ~np.eye(30, dtype=bool)
    assert related[same].min() > 0.2
    assert related[~same & ~np.eye(30, dtype=bool)].max() < 0.05


def test_the_causes_of_a_made_up_plant_are_found() -> None:
    plant = make_plant(900, days=30)
    counts = judge(plant, run(plant, found_events(plant)))
    assert counts.causes >= 4
    assert counts.paths_named == counts.paths > 0
    assert counts.most >= 0.7 * counts.causes
    assert counts.merged <= 0.2 * counts.incidents
