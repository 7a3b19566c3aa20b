"""The kind of a sensor, found from its readings."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.analysis.sensor_kinds import recognise_kind
from iotctl.analysis.sensor_kinds.counter import rises, usual_steps
from iotctl.analysis.sensor_kinds.intermittent import usual_amount
from iotctl.model import Kind, SensorKind
from tests.bench.sensor_kinds import make_kind

MINUTE = 60_000_000


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("continuous", SensorKind.CONTINUOUS),
        ("quantised", SensorKind.CONTINUOUS),
        ("random walk", SensorKind.CONTINUOUS),
        ("machine cycles", SensorKind.CONTINUOUS),
        ("heavy tails", SensorKind.CONTINUOUS),
        ("humidity at 100", SensorKind.SATURATING),
        ("level at 0", SensorKind.SATURATING),
        ("rain", SensorKind.INTERMITTENT),
        ("tap", SensorKind.INTERMITTENT),
        ("setpoint", SensorKind.ON_OFF),
        ("on/off", SensorKind.ON_OFF),
        ("counter, wraps", SensorKind.COUNTER),
        ("counter, resets", SensorKind.COUNTER),
    ],
)
def test_the_kind_of_a_sensor_is_recognised(name: str, kind: SensorKind, seed: int) -> None:
    assert recognise_kind(make_kind(name, seed, faults=False).value) is kind
    assert recognise_kind(make_kind(name, seed, faults=True).value) is kind or name == "setpoint"


@pytest.mark.parametrize("value", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_handful_of_readings_says_nothing(value: list[float]) -> None:
    assert recognise_kind(np.array(value)) is SensorKind.CONTINUOUS


def test_noise_about_a_trend_is_no_counter() -> None:
    random = np.random.default_rng(1)
    assert recognise_kind(np.arange(2000.0) + random.normal(0, 2, 2000)) is SensorKind.CONTINUOUS
    assert recognise_kind(np.arange(2000.0)) is SensorKind.COUNTER
    assert recognise_kind(np.cumsum(random.integers(0, 5, 2000)).astype(float)) is SensorKind.COUNTER


def test_the_rises_of_a_counter_are_those_of_a_loop() -> None:
    x = np.array([0.0, 1, 2, 4, 5, 6, 7])
    y = np.array([10.0, 12, 15, 19, 2, 5, 5])
    # To the first as to the second; two steps from 15 to 19; the fall to 2 is taken for the median of 2, 3, 2, 3, 0.
    assert rises(x, y, 1.0).tolist() == [2, 2, 3, 2, 2, 3, 0]
    assert usual_steps(x, 1.0).tolist() == [1, 1, 1, 2, 1, 1, 1]
    # The median of 4 and 3 is less than the rise before each fall, or than the first rise.
    assert rises(np.arange(7.0), np.array([9.0, 5, 4, 8, 3, 1, 4]), 1.0).tolist() == [3.5, 3.5, 3.5, 4, 3.5, 3.5, 3]


def test_a_counter_that_stops_and_one_that_runs_away_are_told_in_its_readings() -> None:
    random = np.random.default_rng(3)
    rise = np.clip(random.normal(4, 0.5, 8000), 0, None)
    rise[3000:3200] = 0.0
    rise[6000:6200] += 5.0
    value = np.round(np.cumsum(rise) % 10_000, 2)
    found = detect(10 * MINUTE * np.arange(8000), value)
    stuck, fast = found.events
    assert found.sensor_kind is SensorKind.COUNTER
    assert (stuck.kind, fast.kind) == (Kind.STUCK, Kind.SHIFT)
    assert stuck.extreme == value[3100]
    assert "200 readings without a change" in stuck.explanation
    assert "rise per reading: 5.0 above" in fast.explanation
    assert fast.low < fast.expected < fast.high < fast.extreme
    assert np.abs(found.expected - value)[1:].max() < 10


def test_what_comes_of_rain_is_judged_by_what_comes_when_it_rains() -> None:
    assert usual_amount(np.array([0.0] * 90 + [2.0, 4.0, 6.0])) == 4.0
    rain = make_kind("rain", 5, faults=False)
    assert len(detect(rain.time, rain.value).events) <= 2
    flood = rain.value.copy()
    flood[20_000:20_200] += 20.0
    (event,) = (e for e in detect(rain.time, flood).events if e.start <= rain.time[20_100] <= e.end)
    assert event.severity > 1
