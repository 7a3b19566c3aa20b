"""Each component finds its own kind of anomaly, and none finds anything in noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.scores.components import measure_components, measure_stuck
from iotctl.analysis.still import run_lengths

Floats = NDArray[np.float64]
ROWS = 20_000


def noise(seed: int = 1) -> Floats:
    values: Floats = np.random.default_rng(seed).normal(0, 1, ROWS)
    return values


def scores(u: Floats, y: Floats | None = None, good: NDArray[np.bool_] | None = None) -> dict[str, Floats]:
    found = measure_components(u, measure_stuck(u if y is None else y), good)
    return {name: np.asarray(column[:]) for name, column in found.scores.items()}


def test_the_point_is_the_distance_from_the_median_in_robust_sigma() -> None:
    u = noise()
    u[5000] = 9.0
    point = scores(u)["point"]
    assert point[5000] == pytest.approx(9.0, rel=0.05)
    assert np.quantile(point, 0.6827) == pytest.approx(1.0, rel=0.05)


def test_a_lone_value_stands_out_from_its_neighbours_on_a_hill_that_does_not() -> None:
    u = noise() * 0.2 + 20 * np.exp(-(((np.arange(ROWS) - 10_000) / 1500) ** 2))
    u[10_000] += 3
    local = scores(u)["local"]
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
    score = scores(u)[name]
    assert 7900 <= int(np.argmax(score)) < 8400
    assert score[8100:8200].max() > 6
    assert np.delete(score, np.r_[7700:8600]).max() < 6


def test_no_component_calls_noise_odd() -> None:
    found = scores(noise())
    assert set(found) == {
        *("point", "local", "shape", "stuck"),
        *("level16", "spread16", "level64", "spread64", "level256", "spread256"),
    }
    assert set(measure_components(noise(), noise()).slow) == {"level1024", "spread1024"}
    assert all(score.max() < 6.5 for score in found.values())
    assert all(score.shape == (ROWS,) and (score >= 0).all() for score in found.values())


def test_a_short_series_has_the_windows_that_fit_eight_times() -> None:
    u = noise()[:200]
    assert set(scores(u)) == {"point", "local", "level16", "spread16", "stuck"}


def test_what_is_usual_comes_from_the_known_good_rows_alone() -> None:
    u = noise()
    u[10_000:] *= 5
    good = np.arange(ROWS) < 10_000
    everywhere = scores(u)["spread64"]
    against = scores(u, good=good)["spread64"]
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
    assert (scores(u, fine)["stuck"] > 0).nonzero()[0].tolist() == list(range(5000, 5012))
    # On a scale of 3 sigma, runs of twelve are usual.
    coarse[5000:5012] = coarse[5000]
    assert (scores(u, coarse)["stuck"] == 0).all()
    coarse[5000:5400] = coarse[5000]
    assert (scores(u, coarse)["stuck"][5000:5400] >= 6).all()


def test_a_constant_is_not_stuck() -> None:
    assert (scores(np.zeros(100), np.full(100, 4.0))["stuck"] == 0).all()


def test_any_rows_of_a_component_are_those_of_the_whole() -> None:
    """The oracle is the whole column: of each component those rows are cut from it."""
    u, y = noise(), np.round(noise() / 3)
    y[5000:5400] = y[5000]
    found = measure_components(u, measure_stuck(y))
    assert set(found.every) > {"point", "local", "level16", "spread1024", "shape", "stuck"}
    for column in found.every.values():
        whole = np.asarray(column[:])
        assert len(column) == len(whole) == ROWS
        for start, end in ((0, 1), (0, 3), (1, 40), (7, 700), (4999, 5401), (ROWS - 600, ROWS - 2), (ROWS - 1, ROWS)):
            assert column[start:end].tolist() == whole[start:end].tolist()
        some = np.array([0, 1, 2, 700, 5000, 5399, 5400, ROWS - 2, ROWS - 1])
        assert column[some].tolist() == whole[some].tolist()


def test_the_highest_of_a_component_in_each_run_is_that_of_its_rows() -> None:
    u = np.random.default_rng(2).normal(0, 1, 300_000)
    found = measure_components(u, measure_stuck(u))
    runs = [(0, 1), (5, 9), (10, 200_000), (200_000, 200_001), (250_000, 299_000), (299_999, 300_000)]
    for name in ("point", "level64", "shape"):
        whole = np.asarray(found.scores[name][:])
        assert found.highest(name, runs).tolist() == [whole[start:end].max() for start, end in runs]
