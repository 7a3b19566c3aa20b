"""A promised rate of false alarms is kept, and a lower one never tells more."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.scores.components import Components
from iotctl.analysis.scores.promised import ALWAYS, a_year, by_score, by_severity, by_tails, rows_to_judge
from iotctl.analysis.scores.rolling import Column
from iotctl.analysis.scores.tails import tail_of
from iotctl.model import Event, Kind
from tests.bench.sensor_kinds import KindSensor, make_kind

MINUTE = 60_000_000
RATES = (0.1, 1.0, 12.0, 52.0)
# What has heavy tails, flows now and then, or is short: kinds that have events at every rate.
SENSORS = [("heavy tails", 31), ("tap", 31), ("60 days", 32)]


def told(sensor: KindSensor, rate: float) -> list[Event]:
    return list(detect(sensor.time, sensor.value, DetectOptions(false_alarms=rate)).events)


def test_a_value_is_as_frequent_as_the_distribution_that_it_comes_from_says() -> None:
    """The oracle is the formula of the exponential distribution: so many of n rows exceed x as n exp(-x)."""
    rows = 60_000
    random = np.random.default_rng(5).exponential(1.0, rows)
    scores: dict[str, Column] = {"point": random, "local": np.zeros(rows), "stuck": np.zeros(rows)}
    tails = {"point": tail_of(random)}
    for x in (8.0, 11.0, 14.0):
        scores["point"] = np.where(np.arange(rows) == 100, x, random)
        found = by_tails(Components(scores, {}), tails, [(100, 101)], float(np.log10(rows)))
        assert found.tolist() == pytest.approx([np.log10(rows * np.exp(-x))], abs=0.6)


def test_readings_are_counted_by_the_year_and_a_shorter_series_as_it_is() -> None:
    ten_minutes = 10 * MINUTE * np.arange(3 * 52_560)
    assert rows_to_judge(ten_minutes) == pytest.approx(52_560, rel=1e-3)
    assert rows_to_judge(ten_minutes[:1000]) == 1000
    assert rows_to_judge(ten_minutes[:0]) == 1


def test_ten_times_fewer_ask_for_a_decade_more() -> None:
    assert a_year(by_score(6.0, 6.0)) == 1.0
    assert a_year(by_score(7.0, 6.0)) == pytest.approx(0.1)
    assert a_year(by_severity(0.3, 0.3)) == pytest.approx(1.0)
    assert a_year(by_severity(0.51, 0.3)) == pytest.approx(0.1)
    assert a_year(ALWAYS, by_score(7.0, 6.0), by_severity(0.3, 0.3)) == pytest.approx(1.0)  # the least rare decides
    assert by_severity(5.0, 0.0) == ALWAYS


@pytest.mark.parametrize(("kind", "seed"), SENSORS)
def test_a_lower_rate_tells_a_part_of_what_a_higher_one_does_under_the_same_ids(kind: str, seed: int) -> None:
    sensor = make_kind(kind, seed, faults=True)
    lower: set[Event] = set()
    counts = []
    for rate in RATES:
        events = set(told(sensor, rate))
        assert lower <= events  # whole events: the same times, numbers and sentences, not the same ids alone
        assert all(event.a_year <= rate for event in events)
        lower = events
        counts.append(len(events))
    assert counts[-1] > counts[0]
    # One run at the highest rate says what each lower one would tell.
    assert [sum(event.a_year <= rate for event in lower) for rate in RATES] == counts


def test_one_a_year_is_the_threshold_of_six_sigma_and_stretches_do_not_overlap() -> None:
    sensor = make_kind("heavy tails", 32, faults=True)
    assert told(sensor, 1.0) == list(detect(sensor.time, sensor.value).events)
    events = [event for event in told(sensor, 52.0) if event.kind not in (Kind.GAP, Kind.STEP, Kind.SLOPE, Kind.NOISE)]
    assert len({event.event_id for event in events}) == len(events)
    assert all(first.end < second.start for first, second in pairwise(events))


def test_facts_are_told_at_every_rate_and_a_list_of_all_changes_is_one() -> None:
    value = np.random.default_rng(3).normal(20, 1, 8000)
    time = 10 * MINUTE * np.arange(8000)
    value[4000:] += 3
    value[100] = 2147483647.0
    kept = np.r_[0:2000, 2300:8000]
    options = DetectOptions(false_alarms=1e-6, limits=(-100.0, 23.5))
    kinds = {event.kind for event in detect(time[kept], value[kept], options).events}
    assert kinds == {Kind.GAP, Kind.INVALID, Kind.LIMIT}
    every = detect(time[kept], value[kept], replace(options, least_change=0.0)).events
    assert Kind.STEP in {event.kind for event in every}


@pytest.mark.parametrize("kind", ["continuous", "rain", "heavy tails", "humidity at 100", "60 days"])
def test_the_promise_is_kept_within_a_factor_of_three(kind: str) -> None:
    sensor = make_kind(kind, 33, faults=False)
    events = [event for event in told(sensor, 52.0) if event.kind is not Kind.GAP]
    for rate in (3.0, 12.0, 52.0):
        assert sum(event.a_year <= rate for event in events) <= 3 * rate
