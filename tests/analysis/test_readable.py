"""The usual range has only values that a sensor can read."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.sensor_kinds.readable import Readable, readable
from iotctl.analysis.sensor_words import describe_sensor
from iotctl.model import Kind, Method, SensorKind

MINUTE = 60_000_000
N = 20_000


def test_a_range_ends_where_the_sensor_does() -> None:
    humidity = Readable(lowest=0.0, highest=100.0)
    assert humidity.bounded(98.0, 86.0, 110.0) == (98.0, 86.0, 100.0)
    assert humidity.bounded(-2.0, -40.0, 125.0) == (0.0, 0.0, 100.0)
    assert Readable().bounded(-2.0, -40.0, 125.0) == (-2.0, -40.0, 125.0)


@pytest.mark.parametrize(
    ("expected", "low", "high", "said"),
    [
        (0.02, -0.43, 0.46, (0.0, 0.0, 0.0)),
        (0.6, -0.2, 1.3, (1.0, 0.0, 1.0)),
        (0.4, 0.3, 0.5, (0.0, 0.0, 0.0)),  # no state is within: the nearest is
    ],
)
def test_what_is_usual_for_a_switch_is_a_state_of_it(
    expected: float, low: float, high: float, said: tuple[float, float, float]
) -> None:
    assert Readable(states=(0.0, 1.0)).bounded(expected, low, high) == said


def test_faults_are_nothing_that_a_sensor_can_read() -> None:
    value = np.where(np.arange(N) // 100 % 2 == 0, 0.0, 50.0)
    value[500:503] = -7.0
    usual = value >= 0
    assert readable(SensorKind.STATES, value, usual) == Readable(lowest=0.0, states=(0.0, 50.0))


def test_no_event_calls_usual_what_the_sensor_never_reads() -> None:
    random = np.random.default_rng(5)
    rain = np.where(random.random(N) < 0.05, random.exponential(0.5, N), 0.0)
    rain[9000] = 60.0
    humidity = np.clip(85 + 12 * np.sin(np.arange(N) / 144 * 2 * np.pi) + random.normal(0, 4, N), None, 100)
    humidity[7000] = 20.0
    for value, at, bounds in ((rain, 9000, (0.0, np.inf)), (humidity, 7000, (0.0, 100.0))):
        time = np.arange(N) * 10 * MINUTE
        (event,) = (e for e in detect(time, value).events if e.start <= time[at] <= e.end)
        assert bounds[0] <= event.low <= event.expected <= event.high <= bounds[1], event.explanation


def test_a_stuck_sensor_is_as_severe_with_a_course_of_the_day_as_without() -> None:
    noise = np.random.default_rng(6).normal(0, 1, N)
    time = np.arange(N) * 10 * MINUTE
    value = 20 + noise
    value[8000:8090] = value[8000]
    (event,) = (e for e in detect(time, value).events if e.kind is Kind.STUCK)
    assert event.severity >= np.log10(90) - 0.01  # its other runs are of one reading
    assert event.explanation.endswith("90 readings without a change (usual: fewer than 8)")


def test_what_a_sensor_is_is_said_without_its_faults() -> None:
    random = np.random.default_rng(4)
    value = np.repeat(random.integers(0, 2, 2000) * 50.0, random.integers(3, 60, 2000))[:N]
    value[10_000] = 900.0
    found = detect(np.arange(N) * 10 * MINUTE, value)
    assert [event.extreme for event in found.events] == [900.0]
    assert found.sensor_words.startswith("on/off: 0 or 50, "), found.sensor_words


def test_a_level_that_has_stepped_once_is_not_skewed() -> None:
    value = np.random.default_rng(7).normal(0, 1, N) + np.where(np.arange(N) < 5000, 0.0, 30.0)
    time = np.arange(N) * 10 * MINUTE
    assert detect(time, value).sensor_words == "continuous; a reading every 10 minutes"


def test_a_counter_that_stops_is_stuck_and_one_that_rises_evenly_is_told_so() -> None:
    random = np.random.default_rng(8)
    for rise, said in ((0.0, "stuck at"), (1e6, "rises by the same 1000000 at each reading for")):
        rises = random.integers(900_000, 1_100_000, N).astype(float)
        rises[9000:9200] = rise
        time = np.arange(N) * 30 * MINUTE  # half hours are exact
        (event,) = (e for e in detect(time, np.cumsum(rises)).events if e.kind is Kind.STUCK)
        assert event.explanation.startswith(said), event.explanation


def test_no_step_comes_from_a_line_that_is_drawn_on_through_an_event() -> None:
    # The level falls for two weeks; then come ten odd days; then it is back at the low level.
    rows = np.arange(12_000)
    level = np.where(rows < 6000, 100.0, np.where(rows < 8000, 100 - (rows - 6000) * 0.02, 60.0))
    value = level + np.random.default_rng(9).normal(0, 1, len(rows))
    value[8000:9200] += 15 * np.sin(np.arange(1200) / 60)
    steps = [e for e in detect(rows * 10 * MINUTE, value).events if e.kind is Kind.STEP]
    assert [e.explanation for e in steps if e.expected < value.min() - 5 or e.expected > value.max() + 5] == []


def test_a_switch_whose_every_move_is_an_event_is_still_a_switch() -> None:
    value = np.zeros(4000)
    value[2000:2003] = 1.0
    time = np.arange(4000) * 5 * MINUTE
    for method in Method:
        assert detect(time, value, DetectOptions(method=method, threshold=3.0, min_severity=0.0)).sensor_words
    assert describe_sensor(time, np.zeros(4000), kind=SensorKind.ON_OFF).startswith("stands still at 0")
