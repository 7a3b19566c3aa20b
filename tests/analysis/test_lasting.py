"""Lasting changes of level, slope and noise are told, with before and after."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Event, Kind
from tests.bench.plant_kinds import make_plant

Floats = NDArray[np.float64]
MINUTE = 60_000_000
DAY = 144  # rows
ROWS = 200 * DAY


def noise(seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0, 1, ROWS)


def events(value: Floats, options: DetectOptions | None = None) -> list[Event]:
    return list(detect(10 * MINUTE * np.arange(len(value)), value, options).events)


def day(event: Event) -> float:
    """The middle of an event, in days since the first reading."""
    return (event.start + event.end) / 2 / MINUTE / 10 / DAY


@pytest.mark.parametrize("size", [5.0, -10.0])
@pytest.mark.parametrize("days", [11, 40, 100])
def test_a_level_that_lasts_is_told_where_it_begins_and_where_it_ends(size: float, days: int) -> None:
    value = 50 + noise()
    value[50 * DAY : (50 + days) * DAY] += size
    up, down = events(value)
    assert (up.kind, down.kind) == (Kind.STEP, Kind.STEP)
    assert (day(up), day(down)) == pytest.approx((50, 50 + days), abs=0.05)
    assert up.extreme - up.expected == pytest.approx(size, abs=0.5)
    assert down.extreme - down.expected == pytest.approx(-size, abs=0.5)


def test_a_drift_over_a_month_is_told_by_its_slopes() -> None:
    value = 50 + noise()
    value[90 * DAY : 120 * DAY] += np.linspace(0, 12, 30 * DAY)
    value[120 * DAY :] += 12
    begins, ends = events(value)
    assert (begins.kind, ends.kind) == (Kind.SLOPE, Kind.SLOPE)
    assert (day(begins), day(ends)) == pytest.approx((90, 120), abs=2)
    assert "rises by 0.4" in begins.explanation


def test_a_noise_that_triples_for_good_is_one_event_and_no_other_row_is_odd_for_it() -> None:
    value = 50 + noise()
    value[120 * DAY :] = 50 + 3 * (value[120 * DAY :] - 50)
    (event,) = events(value)
    assert event.kind is Kind.NOISE
    assert day(event) == pytest.approx(120, abs=2)
    assert event.explanation.startswith(("varies 2.9 times", "varies 3.0 times", "varies 3.1 times"))


def test_noise_alone_a_small_step_and_a_course_of_the_year_are_no_news() -> None:
    assert events(50 + noise()) == []
    step = 50 + noise()
    step[90 * DAY :] += 2.5
    assert events(step) == []
    year = 10 * np.sin(2 * np.pi * np.arange(5 * 365 * 24) / 365 / 24)
    hourly = year + np.random.default_rng(2).normal(0, 1, len(year))
    assert [e for e in detect(60 * MINUTE * np.arange(len(year)), hourly).events if e.kind is not Kind.SPIKE] == []


def test_a_level_that_moves_all_the_time_is_no_news_unless_it_moves_far() -> None:
    walk = np.cumsum(np.random.default_rng(5).normal(0, 1, ROWS))
    assert [event for event in events(walk) if event.kind is Kind.STEP] == []


def test_all_change_points_are_listed_on_demand() -> None:
    value = 50 + noise()
    value[90 * DAY :] += 2.5
    (change,) = events(value, DetectOptions(least_change=0.0))
    assert change.kind is Kind.STEP
    assert change.severity == pytest.approx(2.5 / 4, rel=0.1)


def test_a_coarse_scale_varies_by_where_the_level_lies_and_that_is_no_news() -> None:
    value = 48.4 + noise()
    value[60 * DAY :] += 4.6
    assert [event for event in events(np.round(value / 2) * 2) if event.kind is not Kind.STEP] == []


def test_a_slope_among_many_others_is_no_news() -> None:
    radio = make_plant("radio", 3, faults=False)
    assert [e.explanation for e in detect(radio.time, radio.value).events if e.kind is Kind.SLOPE] == []


def test_a_level_that_rises_and_falls_again_and_again_is_no_news_but_one_turn_is() -> None:
    days = np.arange(ROWS) / DAY
    weather = np.interp(days, [0, 7, 19, 28], [0.7, 0, 1.8, 0.6])[: 28 * DAY]
    assert [event.kind for event in events(50 + 0.25 * noise(3)[: 28 * DAY] + weather)] == []
    one_turn = np.interp(days, [0, 100, 200], [0, 12, 0])
    (event,) = events(50 + noise(3) + one_turn)
    assert event.kind is Kind.SLOPE
    assert day(event) == pytest.approx(100, abs=3)
