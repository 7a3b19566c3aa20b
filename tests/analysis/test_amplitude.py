"""The amplitude of a day over the year, compared with the real one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.modelling import season
from iotctl.analysis.modelling.amplitude import find_amplitude

Floats = NDArray[np.float64]

HOURS = np.arange(365 * 48) / 2
DAY = np.sin(2 * np.pi * HOURS / 24)
SUMMER = (1 - np.cos(2 * np.pi * HOURS / 8760)) / 2


def noise(seed: int, sigma: float = 1.0) -> Floats:
    made: Floats = np.random.default_rng(seed).normal(0, sigma, len(HOURS))
    return made


def test_the_factor_is_that_of_the_course_that_was_put_in() -> None:
    true = 0.4 + 1.2 * SUMMER
    amplitude = find_amplitude(HOURS, true * 4 * DAY + noise(1), 4 * DAY, 24.0)
    assert amplitude is not None
    # At the ends and at the top of the course a stretch of two weeks lies beside it.
    assert np.abs(amplitude.at(HOURS) - true).max() < 0.12
    assert np.abs(amplitude.at(HOURS) - true).mean() < 0.03


@pytest.mark.parametrize("seed", range(6))
def test_an_amplitude_that_stays_is_not_taken_for_one_that_changes(seed: int) -> None:
    assert find_amplitude(HOURS, 4 * DAY + noise(seed), 4 * DAY, 24.0) is None
    assert find_amplitude(HOURS, 4 * DAY + noise(seed, 0.01), 4 * DAY, 24.0) is None
    # Two thirds of the day on: the median of a cycle is not its middle.
    on: Floats = np.where(HOURS % 24 >= 8, 20.0, 0.0)
    assert find_amplitude(HOURS, on - 20 + noise(seed, 0.5), np.subtract(on, 20), 24.0) is None
    assert find_amplitude(HOURS, on - 18 + noise(seed, 0.5), np.subtract(on, 20), 24.0) is None


def test_ten_strange_days_do_not_change_it() -> None:
    true = 0.4 + 1.2 * SUMMER
    value = true * 4 * DAY + noise(1)
    value[100 * 48 : 110 * 48] = 0
    amplitude = find_amplitude(HOURS, value, 4 * DAY, 24.0)
    assert amplitude is not None
    assert np.abs(amplitude.at(HOURS) - true)[100 * 48 : 110 * 48].max() < 0.15


def test_a_few_weeks_have_no_course() -> None:
    weeks = slice(0, 60 * 48)
    value = (0.4 + 1.2 * SUMMER) * 4 * DAY + noise(1)
    assert find_amplitude(HOURS[weeks], value[weeks], 4 * DAY[weeks], 24.0) is None


def test_what_the_swing_of_other_months_would_hide_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    time = 1_800_000_000 * np.arange(len(HOURS))
    value = 10 * SUMMER + (0.2 + 7.8 * SUMMER) * DAY + noise(2, 0.5)
    assert detect(time, value).events == ()
    days = (20, 180, 330)  # in winter, in summer, and in winter again
    for day in days:
        value[day * 48 : day * 48 + 40] += 3.5
    assert [event.start // 86_400_000_000 for event in detect(time, value).events] == list(days)
    monkeypatch.setattr(season, "find_amplitude", lambda *_: None)
    assert [event.start // 86_400_000_000 for event in detect(time, value).events] != list(days)
