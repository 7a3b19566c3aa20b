"""Regimes get their line, whatever is between them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.modelling.regimes import fit_trend

Floats = NDArray[np.float64]
STEP = 0.1  # hours; 10 days are 2,400 rows
ROWS = 10_000
X = np.arange(float(ROWS)) * STEP


def noise(seed: int = 1) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 1, ROWS)
    return values


def at(*rows: int) -> NDArray[np.intp]:
    return np.array(rows, dtype=np.intp)


def test_a_regime_gets_its_line_in_spite_of_outliers() -> None:
    y: Floats = 50 + 0.02 * X + noise()
    y[::50] += 100
    (line,) = fit_trend(X, y, at(), STEP).lines
    assert (line.start, line.end) == (0, ROWS)
    assert line.level == pytest.approx(50, abs=0.2)
    assert line.slope == pytest.approx(0.02, abs=0.0005)
    # Normal noise with 2 % far out: least squares would say 14.
    assert line.scale == pytest.approx(1.0, rel=0.1)


def test_two_long_pieces_are_two_regimes_with_a_jump_between() -> None:
    y: Floats = np.where(np.arange(ROWS) < 4000, 10.0, 30.0) + noise()
    trend = fit_trend(X, y, at(4000), STEP)
    assert [(line.start, line.end) for line in trend.lines] == [(0, 4000), (4000, ROWS)]
    assert trend.expected[3999] == pytest.approx(10, abs=0.3)
    assert trend.expected[4000] == pytest.approx(30, abs=0.3)


def test_a_short_piece_at_another_level_is_bridged() -> None:
    y: Floats = 5 + noise()
    y[4000:4300] += 12
    trend = fit_trend(X, y, at(4000, 4300), STEP)
    # Those on both sides go on as one.
    assert [(line.start, line.end) for line in trend.lines] == [(0, ROWS)]
    assert np.abs(trend.expected - 5).max() < 0.2


def test_between_two_levels_an_event_is_bridged_from_one_to_the_other() -> None:
    y: Floats = np.where(np.arange(ROWS) < 4150, 10.0, 20.0) + noise()
    y[4000:4300] = 60
    trend = fit_trend(X, y, at(4000, 4300), STEP)
    assert [(line.start, line.end) for line in trend.lines] == [(0, 4000), (4300, ROWS)]
    assert trend.expected[4150] == pytest.approx(15, abs=0.3)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_short_piece_between_an_event_and_a_change_is_normal_life(mirrored: bool) -> None:
    y: Floats = np.where(np.arange(ROWS) < 4700, 10.0, 20.0) + noise()
    y[4000:4300] += 9  # back to 10 for 400 rows, and then to 20 for good
    breaks = at(4000, 4300, 4700)
    expected = [(0, 4700), (4700, ROWS)]
    if mirrored:
        y, breaks = y[::-1], ROWS - breaks[::-1]
        expected = [(0, 5300), (5300, ROWS)]
    trend = fit_trend(X, y, breaks, STEP)
    assert [(line.start, line.end) for line in trend.lines] == expected
    quiet = slice(5300, 5700) if mirrored else slice(4300, 4700)
    assert np.abs(trend.expected[quiet] - 10).max() < 0.3


def test_without_a_long_piece_the_whole_series_is_one_regime() -> None:
    y: Floats = noise() + np.arange(ROWS) // 500
    (line,) = fit_trend(X, y, at(*range(500, ROWS, 500)), STEP).lines
    assert (line.start, line.end) == (0, ROWS)


def test_events_at_either_end_are_bridged_level() -> None:
    y: Floats = 5 + 0.01 * X + noise()
    y[:300] += 50
    y[-300:] -= 50
    trend = fit_trend(X, y, at(300, ROWS - 300), STEP)
    assert (trend.expected[:300] == trend.expected[300]).all()
    assert (trend.expected[-300:] == trend.expected[-301]).all()
