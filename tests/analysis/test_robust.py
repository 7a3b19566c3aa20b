"""Robust statistics agree with slow and obvious ones."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.robust import (
    clip_spikes,
    dithered,
    grouped_median,
    mad_sigma,
    quantum,
    running_median5,
    thin,
    thin_rows,
)

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("rows", [1000, 400_000])
def test_mad_stands_for_the_standard_deviation_and_bears_outliers(rows: int) -> None:
    a = RANDOM.normal(7, 3, rows)
    a[: rows // 20] = 1e9
    assert mad_sigma(a) == pytest.approx(3.0, rel=0.15)


def test_mad_of_little_is_defined() -> None:
    assert mad_sigma(np.array([])) == 0.0
    assert mad_sigma(np.array([5.0])) == 0.0


@pytest.mark.parametrize("rows", [5, 6, 50])
def test_the_running_median_is_the_median_of_five(rows: int) -> None:
    y = RANDOM.normal(0, 1, rows)
    padded = [y[0], y[0], *y, y[-1], y[-1]]
    assert running_median5(y).tolist() == [statistics.median(padded[i : i + 5]) for i in range(rows)]


@pytest.mark.parametrize("rows", [3, 300_000])
def test_rows_thinned_among_some_are_those_that_are_left_of_them_alone(rows: int) -> None:
    among = RANDOM.random(600_000) < 0.8
    every = np.arange(600_000)
    assert every[thin_rows(600_000, rows, among)].tolist() == thin(every[among].astype(float), rows).tolist()


def test_medians_by_group_are_those_of_each_group_alone() -> None:
    group: NDArray[np.intp] = RANDOM.integers(0, 7, 500).astype(np.intp)
    a = RANDOM.normal(100, 5, 500)
    slow = [statistics.median(a[group == g].tolist()) for g in range(7)]
    found = grouped_median(group, a, 8)
    assert found[:7] == pytest.approx(slow)
    assert np.isnan(found[7])


def test_the_quantum_is_the_step_of_the_scale() -> None:
    assert quantum(np.round(RANDOM.normal(20, 3, 5000) / 0.25) * 0.25) == pytest.approx(0.25)
    assert quantum(np.full(100, 3.0)) == 0.0
    # Three tenths, and once more with the last bit off: no step.
    assert quantum(np.array([0.3, 0.1 + 0.2, 0.8])) == pytest.approx(0.5)


def test_dithering_stays_within_half_a_step_and_makes_medians_move() -> None:
    slope = np.linspace(0, 3, 3000)
    y = np.round(slope)
    filled = dithered(y)
    assert np.abs(filled - y).max() <= 0.5
    blocks = np.median(filled.reshape(30, 100), axis=1)
    assert len(np.unique(np.median(y.reshape(30, 100), axis=1))) <= 7
    assert len(np.unique(blocks)) == 30


def test_a_spike_is_drawn_in_and_a_step_is_not() -> None:
    y = RANDOM.normal(0, 1, 2000)
    y[1000:] += 50
    y[500] = 1000
    clipped = clip_spikes(y)
    assert abs(clipped[500]) < 10
    assert clipped[999] < 10
    assert clipped[1000] > 40


@pytest.mark.parametrize("period", [2, 3, 144, 180, 1440])
def test_a_thinned_series_meets_every_phase_of_a_season(period: int) -> None:
    phase = thin(np.arange(1_000_000.0) % period, 16_384)
    assert 16_384 / 2 < len(phase) <= 16_384 * 1.7
    share = np.bincount(phase.astype(int), minlength=period) / len(phase) * period
    assert share.min() > 0.5
    assert share.max() < 1.5


def test_a_short_series_is_not_thinned() -> None:
    a = RANDOM.normal(0, 1, 100)
    assert thin(a, 100).tolist() == a.tolist()
