"""The memory of a sensor: tails, compared with quantiles of all its readings; its kind; its seasons."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.analysis.modelling.hours import Hours
from iotctl.analysis.modelling.season import find_seasons
from iotctl.analysis.scores.memory import blended, learn, remembered_kind, wider
from iotctl.analysis.scores.promised import asked_decades
from iotctl.analysis.scores.tails import Tail, tail_of
from iotctl.model import SensorKind, SensorMemory

STEP = 600_000_000
DAY_ROWS, YEAR_ROWS = 144, 52_560


def test_new_rows_move_what_was_learnt_by_their_part_of_a_year() -> None:
    memory = SensorMemory(until=STEP * 99_999, rows=100_000, tails={"point": (1.0, 2.0, 4.0), "gone": (9.0, 9.0, 9.0)})
    time = STEP * np.arange(100_000 - 5_000, 100_000 + DAY_ROWS)
    own = {"point": Tail(2.0, 3.0, 8.0), "other": Tail(1.0, 1.0, 1.0)}
    found = blended(memory, own, time, 1 / 6)
    share = DAY_ROWS / (YEAR_ROWS + DAY_ROWS)
    point = found["point"]
    assert (point.body, point.far, point.farthest) == pytest.approx((1 + share, 2 + share, 4 + 4 * share))
    assert found["other"] == own["other"]
    assert "gone" not in found


def test_what_was_usual_once_or_is_usual_now_is_usual() -> None:
    one, other = {"point": Tail(1.0, 5.0, 6.0)}, {"point": Tail(2.0, 3.0, 8.0), "else": Tail(1.0, 1.0, 1.0)}
    assert wider(one, other) == {"point": Tail(2.0, 5.0, 8.0)}


@pytest.mark.parametrize(
    "memory", [None, SensorMemory(), SensorMemory(until=0, rows=500, tails={"point": (9.0, 9.0, 9.0)})]
)
def test_the_readings_at_hand_stand_alone_where_little_was_learnt(memory: SensorMemory | None) -> None:
    own = {"point": Tail(2.0, 3.0, 8.0)}
    assert blended(memory, own, STEP * np.arange(5_000), 1 / 6) == own


def test_daily_looks_at_weeks_remember_the_quantiles_of_months() -> None:
    """The oracle are quantiles of all readings at once. Weeks by themselves are farther off."""
    every = np.abs(np.random.default_rng(3).standard_t(4, 300 * DAY_ROWS))
    rows = 30 * DAY_ROWS
    memory: SensorMemory | None = None
    by_itself = []
    for day in range(30, 301, 2):
        at_hand = slice(day * DAY_ROWS - rows, day * DAY_ROWS)
        time = STEP * np.arange(at_hand.start, at_hand.stop)
        own = {"point": tail_of(every[at_hand])}
        tails = blended(memory, own, time, 1 / 6)
        memory = learn(memory, tails, time, SensorKind.CONTINUOUS, (), every[at_hand])
        by_itself.append(own["point"].farthest)
    assert memory is not None
    assert memory.rows == len(every)
    expected = np.quantile(every, [0.9, 0.99, 0.999])
    remembered = np.abs(np.array(memory.tails["point"]) / expected - 1)
    assert (remembered < [0.02, 0.05, 0.1]).all()
    assert np.median(np.abs(np.array(by_itself) / expected[2] - 1)) > remembered[2]


def test_a_sensor_that_stands_still_for_now_is_what_it_was() -> None:
    counter = SensorMemory(sensor_kind=SensorKind.COUNTER)
    assert remembered_kind(counter, SensorKind.STILL) is SensorKind.COUNTER
    assert remembered_kind(counter, SensorKind.CONTINUOUS) is SensorKind.CONTINUOUS
    assert remembered_kind(None, SensorKind.STILL) is SensorKind.STILL


def test_a_stream_is_asked_as_a_year_is_and_a_short_one_less() -> None:
    year, months, week = (STEP * np.arange(days * DAY_ROWS) for days in (365, 90, 7))
    of_a_year = np.log10(YEAR_ROWS)
    assert asked_decades(year, None) == asked_decades(year, SensorMemory()) == pytest.approx(of_a_year, abs=1e-3)
    assert asked_decades(months, SensorMemory()) == pytest.approx(of_a_year, abs=1e-3)
    assert asked_decades(months, None) < of_a_year - 1
    assert (
        asked_decades(week, None) < asked_decades(week, SensorMemory()) < asked_decades(week, SensorMemory(rows=5_000))
    )
    assert asked_decades(week, SensorMemory(rows=9_000)) == pytest.approx(of_a_year, abs=1e-3)


def test_heavy_tails_looked_at_again_and_again_are_told_no_more_often_than_once() -> None:
    """Nothing is wrong in it. Each look by itself finds something now and then, and several of them too much."""
    value = np.random.default_rng(12).standard_t(3, 130 * DAY_ROWS)
    time = STEP * np.arange(len(value))
    memory, told, alone = SensorMemory(), set(), set()
    for day in range(60, 131, 14):
        rows = slice(0, day * DAY_ROWS)
        found = detect(time[rows], value[rows], memory=memory)
        memory = found.memory or SensorMemory()
        told |= {event.start for event in found.events}
        alone |= {event.start for event in detect(time[rows], value[rows]).events}
    assert len(told) <= 1
    assert len(alone) >= 2


def test_less_is_asked_of_a_season_that_is_known() -> None:
    x = np.arange(100 * 144) / 6
    faint = 0.35 * np.sin(2 * np.pi * x / 33) + np.random.default_rng(2).normal(0, 1, len(x))
    hours = Hours(x, x)
    assert find_seasons(hours, faint, 1 / 6, [33.0]) == ()
    assert [season.period_hours for season in find_seasons(hours, faint, 1 / 6, [33.0], [33.0])] == [33.0]
    nothing = np.random.default_rng(2).normal(0, 1, len(x))
    assert find_seasons(hours, nothing, 1 / 6, [33.0], [33.0]) == ()
