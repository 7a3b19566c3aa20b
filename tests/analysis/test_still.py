"""Sensors that stand still except for a few changes: setpoints, valves, states."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.robust import quantum
from iotctl.analysis.still import held, stands_still
from iotctl.model import Event, Kind, Method

MINUTE = 60_000_000
START = 1_451_602_800_000_000
Floats = NDArray[np.float64]


def events(value: Floats, method: Method = Method.PIECEWISE) -> list[Event]:
    return list(detect(START + 10 * MINUTE * np.arange(len(value)), value, DetectOptions(method=method)).events)


def row(moment: int) -> int:
    return (moment - START) // (10 * MINUTE)


def constant(rows: int, level: float, spikes: dict[int, float]) -> Floats:
    value = np.full(rows, level)
    for at, reading in spikes.items():
        value[at] = reading
    return value


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("at", [0, 1, 2, 70, -3, -2, -1])
@pytest.mark.parametrize(
    ("rows", "level", "reading"),
    [
        (501, 5.0, 50.0),
        (144, 21.0, 85.0),
        (2001, 21.0, 85.0),
        (65_000, 21.0, 85.0),
        (1000, 0.0, 1.0),
        (1000, 1e6, 0.0),
        (1000, -3.3, -3.4),
        (1000, 1e-6, 1e9),
        (1000, 1e9 + 0.5, 1e9),
        (100, 0.1, 0.3),
    ],
)
def test_one_odd_reading_of_a_constant_is_found_and_nothing_else(
    rows: int, level: float, reading: float, at: int, method: Method
) -> None:
    (event,) = events(constant(rows, level, {at: reading}), method)
    # A value fifteen decades beyond all others is not a reading.
    assert event.kind is (Kind.INVALID if reading > 1e3 * level > 0 else Kind.SPIKE)
    assert row(event.start) == row(event.end) == at % rows
    assert event.extreme == reading
    for usual in (event.expected, event.low, event.high):
        assert usual == pytest.approx(level, rel=1e-9, abs=1e-4 * abs(reading - level))


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    "spikes",
    [
        {100: 85.0, 500: 85.0},
        {100: 85.0, 500: -40.0, 900: 22.0},
        {100: 85.0, 101: 85.0, 500: 85.0},
        {100: 1e9, 500: 31.0},
        {0: 1e9, 999: 31.0},
        dict.fromkeys(range(40, 1000, 70), 85.0),
    ],
    ids=["equal", "different", "neighbours", "one far larger", "at both ends", "fourteen"],
)
def test_a_few_odd_readings_of_a_constant_are_all_found(spikes: dict[int, float], method: Method) -> None:
    found = events(constant(1000, 21.0, spikes), method)
    covered = {r for event in found for r in range(row(event.start), row(event.end) + 1)}
    assert covered == set(spikes)
    assert all(event.expected == pytest.approx(21.0, abs=1e-6) for event in found)


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("levels", [[5.0, 50.0], [50.0, 5.0], [0.0, 100.0, 25.0], [18.0, 21.0, 19.5, 21.0]])
@pytest.mark.parametrize("rows", [100, 5000, 16_384])
def test_constant_levels_are_expected_as_they_are_and_a_spike_in_them_is_found(
    levels: list[float], rows: int, method: Method
) -> None:
    value = np.repeat(levels, rows)
    steps = events(value, method)
    assert {event.kind for event in steps} <= {Kind.STEP}
    if method is Method.PIECEWISE:
        assert [row(step.start) for step in steps] == [rows * (i + 1) for i in range(len(levels) - 1)]
        assert [step.expected for step in steps] == pytest.approx(levels[:-1])
        assert [step.extreme for step in steps] == pytest.approx(levels[1:])
    value[rows // 2] = 77.0
    time = START + 10 * MINUTE * np.arange(len(value))
    found = detect(time, value, DetectOptions(method=method))
    (event,) = (e for e in found.events if e.kind is not Kind.STEP)
    assert row(event.start) == row(event.end) == rows // 2
    assert event.expected == pytest.approx(levels[0], abs=1e-4)
    truth = np.repeat(levels, rows)
    assert np.abs(found.expected - truth).max() < 1e-3
    assert [row(change) for change in found.change_points] == [rows * (i + 1) for i in range(len(levels) - 1)]


def test_the_sentence_names_the_constant() -> None:
    (event,) = events(constant(143, 21.0, {100: 85.0}))
    assert event.explanation == "one reading of 85 where 21.0 was expected, 64.0 above (usual: 21.0)"
    (event,) = events(constant(1000, -3.3, {100: -3.4}))
    assert re.search(r"\(usual: -3\.30*\)$", event.explanation)


def test_a_valve_that_opens_once_is_a_shift() -> None:
    value = np.zeros(5000)
    value[2000:2100] = 100.0
    (event,) = events(value)
    assert (event.kind, row(event.start), row(event.end), event.expected) == (Kind.SHIFT, 2000, 2099, 0.0)


def test_rounding_in_the_last_bit_is_no_change() -> None:
    value = np.tile([0.3, 0.1 + 0.2], 500)
    assert stands_still(value)
    assert events(value) == []
    value[400] = 5.0
    (event,) = events(value)
    assert row(event.start) == 400
    assert event.expected == pytest.approx(0.3)


def test_a_sensor_that_moves_does_not_stand_still() -> None:
    random = np.random.default_rng(1)
    assert not stands_still(random.normal(0, 1, 1000))
    assert not stands_still(np.round(random.normal(21, 0.5, 1000)))
    assert not stands_still(np.round(np.linspace(0, 3, 3000)))  # a slow drift on a coarse scale
    assert not stands_still(np.tile([0.0, 1.0], 300))
    assert not stands_still(np.repeat(np.tile([0.0, 1.0], 60), 50))  # a pump that switches all the time
    assert not stands_still(np.arange(500.0))


def test_the_step_of_a_scale_is_not_that_of_a_spike() -> None:
    scale = np.round(np.random.default_rng(2).normal(20, 0.4, 2000) * 10) / 10
    for reading in (21.55, 1e3, 1e12):
        spiked = scale.copy()
        spiked[700] = reading
        assert quantum(spiked) <= 0.1 + 1e-9
    spiked = scale.copy()
    spiked[700] = 1e10
    (event,) = events(spiked)
    assert (row(event.start), row(event.end)) == (700, 700)
    assert event.expected == pytest.approx(20.0, abs=0.2)


def test_held_is_the_last_value_that_lasted() -> None:
    y = np.array([9.0, 1, 1, 1, 1, 1, 7, 8, 1, 2, 2, 2, 2, 2, 9])
    assert held(y).tolist() == [1.0] * 9 + [2.0] * 6


def test_a_series_without_any_run_is_held_as_it_is() -> None:
    y = np.array([1.0, 2, 3])
    assert held(y).tolist() == [1, 2, 3]
