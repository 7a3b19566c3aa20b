"""Each component answers to its own kind of oddness, and noise to none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.components import measure_components
from iotctl.analysis.still import run_lengths

Floats = NDArray[np.float64]
ROWS = 20_000


def noise(seed: int = 1) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 1, ROWS)
    return values


def test_the_point_is_the_distance_from_the_median_in_robust_sigma() -> None:
    u = noise()
    u[5000] = 9.0
    point = measure_components(u, u).scores["point"]
    assert point[5000] == pytest.approx(9.0, rel=0.05)
    assert np.quantile(point, 0.6827) == pytest.approx(1.0, rel=0.05)


def test_a_lone_value_stands_out_from_its_neighbours_on_a_hill_that_does_not() -> None:
    u = noise() * 0.2 + 20 * np.exp(-(((np.arange(ROWS) - 10_000) / 1500) ** 2))
    u[10_000] += 3
    local = measure_components(u, u).scores["local"]
    assert int(np.argmax(local)) == 10_000
    assert local[9_000:9_990].max() < 0.5 * local[10_000]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("level64", lambda u: u + 2.0),
        ("level256", lambda u: u + 1.2),
        ("spread64", lambda u: 3.0 * u),
        ("spread256", lambda u: 2.5 * u),
        ("shape", lambda u: u + 2.5 * np.sign(np.sin(np.arange(300) / 5))),
    ],
)
def test_a_change_that_no_single_row_shows_is_seen_by_its_component(name: str, change: object) -> None:
    u = noise()
    u[8000:8300] = change(u[8000:8300])  # type: ignore[operator]
    score = measure_components(u, u).scores[name]
    assert 7900 <= int(np.argmax(score)) < 8400
    assert score[8100:8200].max() > 6
    assert np.delete(score, np.r_[7700:8600]).max() < 6


def test_no_component_calls_noise_odd() -> None:
    found = measure_components(noise(), noise())
    assert set(found.scores) == {
        *("point", "local", "shape", "stuck"),
        *("level16", "spread16", "level64", "spread64", "level256", "spread256"),
    }
    assert set(found.slow) == {"level1024", "spread1024"}
    assert all(score.max() < 6.5 for score in found.scores.values())
    assert all(score.shape == (ROWS,) and (score >= 0).all() for score in found.scores.values())


def test_a_short_series_has_the_windows_that_fit_eight_times() -> None:
    u = noise()[:200]
    assert set(measure_components(u, u).scores) == {"point", "local", "level16", "spread16", "stuck"}


def test_what_is_usual_comes_from_the_known_good_rows_alone() -> None:
    u = noise()
    u[10_000:] *= 5
    good = np.arange(ROWS) < 10_000
    everywhere = measure_components(u, u).scores["spread64"]
    against = measure_components(u, u, good).scores["spread64"]
    assert np.median(against[10_000:]) > 20
    assert np.median(everywhere[10_000:]) < 3


def test_runs_of_equal_values_are_counted_as_a_loop_would() -> None:
    y = np.array([1.0, 1, 2, 3, 3, 3, 1])
    starts, lengths = run_lengths(y)
    assert starts.tolist() == [0, 2, 3, 6]
    assert lengths.tolist() == [2, 1, 3, 1]


def test_stuck_is_a_run_far_longer_than_this_sensors_usual_ones() -> None:
    u = noise()
    fine, coarse = u.copy(), np.round(u / 3)
    fine[5000:5012] = fine[5000]
    assert (measure_components(u, fine).scores["stuck"] > 0).nonzero()[0].tolist() == list(range(5000, 5012))
    # On a scale of 3 sigma runs of twelve are daily bread.
    coarse[5000:5012] = coarse[5000]
    assert (measure_components(u, coarse).scores["stuck"] == 0).all()
    coarse[5000:5400] = coarse[5000]
    assert (measure_components(u, coarse).scores["stuck"][5000:5400] >= 6).all()


def test_a_constant_is_not_stuck() -> None:
    assert (measure_components(np.zeros(100), np.full(100, 4.0)).scores["stuck"] == 0).all()
