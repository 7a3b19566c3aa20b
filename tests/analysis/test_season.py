"""Seasons are found with their profile, and none is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.modelling.hours import Hours
from iotctl.analysis.modelling.season import DAY, WEEK, Season, correlated_periods, find_seasons, fit_season

Floats = NDArray[np.float64]
STEP = 1 / 6  # hours


def hours(days: int) -> Floats:
    return np.arange(days * 144.0) * STEP


def seasons(x: Floats, y: Floats, step_hours: float) -> tuple[Season, ...]:
    return find_seasons(Hours(x, x), y, step_hours, [DAY, WEEK, *correlated_periods(x, y, step_hours)])


def off(found: Floats, true: Floats) -> Floats:
    """The difference of two profiles without a constant, because a season's level belongs to the trend."""
    apart = found - true
    away: Floats = np.abs(apart - np.median(apart))
    return away


def noise(rows: int, seed: int = 1) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 1, rows)
    return values


def test_a_day_is_found_and_its_profile_is_the_wave_that_was_put_in() -> None:
    x = hours(60)
    wave = 4 * np.sin(2 * np.pi * x / 24) + 2 * np.cos(4 * np.pi * x / 24)
    (season,) = seasons(x, wave + noise(len(x)), STEP)
    assert season.period_hours == 24.0
    # Median of 60 rows per bin: sigma 0.16; the wave moves by 0.2 within a bin.
    assert off(season.at(x), wave).mean() < 0.2


def test_a_week_beside_a_day_is_found_too() -> None:
    x = hours(140)
    weekend = np.where(x % 168 >= 120, -5.0, 0.0)
    found = seasons(x, 4 * np.sin(2 * np.pi * x / 24) + weekend + noise(len(x)), STEP)
    assert [season.period_hours for season in found] == [24.0, 168.0]


def test_a_period_that_no_calendar_names_is_found_by_its_correlation() -> None:
    x = hours(60)
    # 70.2 steps: with a period of 70 the last of 123 cycles would be three hours late.
    wave = 4 * np.sin(2 * np.pi * x / 11.7)
    (season,) = seasons(x, wave + noise(len(x)), STEP)
    assert season.period_hours == pytest.approx(11.7, abs=0.01)
    assert off(season.at(x), wave).mean() < 0.3


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_slow_noise_have_no_season(seed: int) -> None:
    x = hours(60)
    white = noise(len(x), seed)
    slow = np.convolve(white, np.full(100, 0.1), mode="same")
    assert seasons(x, white, STEP) == ()
    assert seasons(x, slow, STEP) == ()


@pytest.mark.parametrize("period", [1.1, 2.5, 11.7])
def test_a_short_cycle_is_found_in_a_year_whose_profiles_come_from_fewer_rows(period: float) -> None:
    x = np.arange(65_000.0) * 8 / 60
    y = 4 * np.sin(2 * np.pi * x / period) + noise(len(x))
    found = detect((x * 3.6e9).astype(np.int64), y)
    # A multiple of it is as good, though it has fewer rows per bin.
    assert any(abs(p / period - round(p / period)) < 0.01 for p in found.periods_hours)
    assert found.scale.mean() == pytest.approx(1.0, abs=0.15)


def test_a_day_is_found_among_a_million_regular_readings() -> None:
    # 2,880 rows a day: a sample at a whole stride would miss most phases.
    x = np.arange(1e6) / 120
    found = detect((x * 3.6e9).astype(np.int64), 3 * np.sin(2 * np.pi * x / 24) + noise(len(x)))
    assert found.periods_hours == (24.0,)
    assert np.abs(found.expected - 3 * np.sin(2 * np.pi * x / 24)).max() < 0.5


def test_what_happens_once_is_no_season() -> None:
    x = hours(60)
    once = noise(len(x))
    once[3000:3070] += 30
    assert fit_season(x, once, 24.0, STEP) is None


@pytest.mark.parametrize("rows", [2, 10, 100])
def test_too_few_cycles_or_rows_are_no_season(rows: int) -> None:
    x = np.arange(float(rows)) * STEP
    assert seasons(x, np.sin(2 * np.pi * x / 24), STEP) == ()


def test_a_profile_bridges_hours_without_rows() -> None:
    x = hours(60)
    awake = (x % 24 < 11) | (x % 24 > 12)
    x = x[awake]
    season = fit_season(x, 5 * np.sin(2 * np.pi * x / 24), 24.0, STEP)
    assert season is not None
    day = np.linspace(0, 24, 97)
    assert off(season.at(day), 5 * np.sin(2 * np.pi * day / 24)).max() < 0.3


def test_a_gap_of_decades_leads_to_no_period_out_of_the_series() -> None:
    # A peak of the autocorrelation is here on a slope that is straight except for rounding.
    noise = np.random.default_rng(3278)
    late, years = int(noise.integers(2, 40)), int(noise.integers(5, 60))
    x: Floats = np.arange(500.0) * (8 / 60)
    x[-late:] += years * 8766.0
    residual: Floats = noise.normal(0, 1, 500)
    residual[-late:] += noise.normal(0, 30) * (noise.random() < 0.7)
    residual += noise.normal(0, 5) * np.sin(2 * np.pi * x / noise.uniform(1, 3000))
    assert all(0 < period < x[-1] / 4 for period in correlated_periods(x, residual, 8 / 60))
