"""The words about a sensor are true for its readings."""

from __future__ import annotations

import re

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.analysis.sensor_kinds.dwell import longest_usual
from iotctl.analysis.sensor_kinds.held import Held
from iotctl.analysis.sensor_words import describe_sensor
from iotctl.analysis.still import run_lengths
from iotctl.model import Kind, SensorKind
from tests.bench.plant_kinds import make_plant
from tests.bench.sensor_kinds import make_kind

MINUTE = 60_000_000


def times(rows: int, minutes: float = 10.0) -> np.typing.NDArray[np.int64]:
    return (np.arange(rows) * minutes * MINUTE).astype(np.int64)


def test_words_are_counted_from_the_readings() -> None:
    """Each number in the sentence is counted another way."""
    value = np.tile(np.repeat([0.0, 40.0, 0.0, 80.0], [20, 5, 30, 17]), 40)
    said = describe_sensor(times(len(value)), value, "%")
    changes = sum(a != b for a, b in zip(value.tolist()[1:], value.tolist(), strict=False))
    days = (len(value) - 1) * 10 / 1440
    assert (
        said == f"states: 3 values from 0 to 80 %, about {changes / days:.0f} changes a day; a reading every 10 minutes"
    )
    on = describe_sensor(times(3000, 60), np.tile([0.0, 0.0, 0.0, 1.0, 1.0], 600))
    assert on == "on/off: 0 or 1, at 1 in 40 % of its readings, about 10 changes a day; a reading every hour"
    held = make_kind("humidity at 100", 3, faults=False)
    part = re.search(r"held at 100 for (\d+) %", describe_sensor(held.time, held.value))
    assert part is not None
    assert int(part[1]) == round(100 * sum(v == 100.0 for v in held.value.tolist()) / len(held.value))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quantised", "in steps of 0.5"),
        ("lognormal", "skewed to high values"),
        ("heavy tails", "jumping now and then"),
        ("on change", "sent on change"),
        ("irregular", "sent irregularly"),
        ("valve", "states: "),
        ("rain", "intermittent: 0 in"),
        ("counter, resets", "falls back once about every day"),
        ("daily, five years", "a reading every day"),
    ],
)
def test_what_a_sensor_is_can_be_read(name: str, words: str) -> None:
    sensor = make_kind(name, 3, faults=False)
    assert words in describe_sensor(sensor.time, sensor.value)


@pytest.mark.parametrize("value", [[], [1.0], [2.0, 2.0], [0.0, 1e300, -1e300]])
def test_a_handful_of_readings_is_described_without_a_warning(value: list[float]) -> None:
    assert describe_sensor(times(len(value)), np.array(value))


def test_a_meter_that_stands_most_of_the_time_is_a_counter() -> None:
    meter = make_plant("water meter", 0, faults=False)
    found = detect(meter.time, meter.value)
    assert found.sensor_kind is SensorKind.COUNTER
    assert "never falls" in found.sensor_words


def test_a_valve_that_does_not_move_is_odd_and_one_that_moves_is_not() -> None:
    """A window opened for minutes on most days, and left open for a day."""
    random = np.random.default_rng(3)
    value = np.zeros(20_000)
    for start in random.choice(np.arange(50, 19_900, 50), 200, replace=False).tolist():
        value[start : start + int(random.integers(1, 8))] = 1.0
    assert detect(times(20_000), value).events == ()
    left_open = value.copy()
    left_open[7010:7154] = 1.0
    (event,) = detect(times(20_000), left_open).events
    assert event.kind is Kind.STUCK
    assert 140 <= event.rows <= 160
    starts, length = run_lengths(left_open)
    limit = longest_usual(left_open, starts, length, Held())
    assert limit is not None
    assert (limit[left_open[starts] == 1.0] < 30).all()
    assert longest_usual(random.normal(0, 1, 500), *run_lengths(random.normal(0, 1, 500)), Held()) is None
