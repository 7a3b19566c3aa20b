"""Absurd readings are found, and do not change the result for other readings."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.invalid import find_absurd
from iotctl.model import Detection, Kind

Floats = NDArray[np.float64]
ROWS = 8000


def found(value: Floats) -> Detection:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return detect(600_000_000 * np.arange(len(value)), value)


def room(seed: int = 3) -> Floats:
    """A room's temperature with one spike, at row 5000."""
    random = np.random.default_rng(seed)
    value: Floats = 21 + 2 * np.sin(2 * np.pi * np.arange(ROWS) / 144) + random.normal(0, 0.3, ROWS)
    value[5000] += 6
    return value


@pytest.mark.parametrize(
    "absurd",
    [
        [2147483647.0],
        [-999.0],
        [1e9],
        [1e38],
        [3.4e38, -9999.0, 2147483647.0],
        [1.7e308, -1.7e308],
        [-999.0] * 40,
        [1e9] * 400,
    ],
    ids=lambda values: f"{len(values)} of {values[0]:g}",
)
def test_absurd_readings_are_invalid_and_leave_all_else_as_it_is(absurd: list[float]) -> None:
    value = room()
    rows = np.arange(300, 300 + len(absurd))
    value[rows] = absurd
    detection = found(value)
    without = detect(600_000_000 * np.delete(np.arange(ROWS), rows), np.delete(value, rows))
    invalid = [event for event in detection.events if event.kind is Kind.INVALID]
    assert sum(event.rows for event in invalid) == detection.dropped["invalid"] == len(absurd)
    assert {event.extreme for event in invalid} <= set(absurd)
    assert all(15 < event.low < event.expected < event.high < 30 for event in invalid)
    others = [event for event in detection.events if event.kind is not Kind.INVALID]
    assert others == [event for event in without.events if event.kind is not Kind.GAP]
    assert [event.kind for event in others] == [Kind.SPIKE]
    assert detection.periods_hours == (24.0,)


def test_the_sentence_names_the_code_and_what_the_sensor_reads() -> None:
    value = np.full(2000, 21.5)
    value[100] = 2147483647.0
    (event,) = found(value).events
    assert event.explanation == (
        "one reading of 2147483647, the largest 32-bit integer: not a value of this sensor, which reads 21.5"
    )


@pytest.mark.parametrize(
    "value",
    [
        np.r_[np.full(143, 21.0), 85.0],
        np.r_[np.zeros(500), 50.0],
        np.arange(-2000.0, 100.0),  # passes by -999
        np.exp(np.random.default_rng(1).normal(0, 3, 50_000)),
        np.r_[np.full(100, 20.0), np.full(100, 2147483647.0)],  # half of the readings are not a few errors
        np.cumsum(np.full(3000, 40.0)) % 65_536,
    ],
    ids=["85 among 21", "50 among 0", "ramp", "lognormal", "half", "counter"],
)
def test_a_large_reading_is_not_absurd_for_that(value: Floats) -> None:
    assert not find_absurd(value).rows.any()


def test_absurd_readings_are_found_as_a_loop_would_find_them() -> None:
    random = np.random.default_rng(9)
    for _ in range(50):
        value = random.normal(random.uniform(-50, 50), 10 ** random.uniform(-2, 2), 400)
        for row in random.integers(0, 400, random.integers(0, 4)):
            value[row] = random.choice([-1, 1]) * 10 ** random.uniform(2, 12)
        middle = float(np.median(value))
        away = sorted(abs(v - middle) for v in value)
        limit = float("inf")
        for near, far in pairwise(away[280:]):
            if far > max(1e4 * near, 1e3 * (abs(middle) + near)):
                limit = far
                break
        expected = np.array([abs(v - middle) >= limit for v in value])
        assert (find_absurd(value).rows == expected).all()
