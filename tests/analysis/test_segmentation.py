"""Segmentation recovers breaks that were put in."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import segment
from iotctl.analysis.modelling.segmentation import noise_unit
from tests.bench.synthetic import Base, make_sensor


def breaks_f1(found: NDArray[np.intp], true: list[int], tolerance: int) -> tuple[int, int, int]:
    hit = sum(any(abs(int(f) - t) <= tolerance for f in found) for t in true)
    wrong = sum(not any(abs(int(f) - t) <= tolerance for t in true) for f in found)
    return hit, wrong, len(true) - hit


@pytest.mark.parametrize("rows", [10_000, 100_000])
@pytest.mark.parametrize("spoilt", [False, True])
def test_breaks_are_recovered_with_outliers_and_missing_rows(rows: int, spoilt: bool) -> None:
    hit = wrong = missed = 0
    for seed in range(8):
        random = np.random.default_rng([7, seed])
        true = np.sort(random.choice(np.arange(1, 20), 5, replace=False)) * (rows // 20)
        y = random.normal(0, 1, rows)
        level = 0.0
        for start, end in zip([0, *true], [*true, rows], strict=True):
            y[start:end] += level + random.uniform(-3, 3) * np.linspace(0, 1, end - start)
            level += random.choice([-1, 1]) * random.uniform(4, 9)
        x = np.arange(float(rows))
        if spoilt:
            outliers = random.choice(rows, rows // 100, replace=False)
            y[outliers] += random.choice([-1, 1], len(outliers)) * random.uniform(10, 50, len(outliers))
            keep = np.sort(random.choice(rows, rows * 9 // 10, replace=False))
            x, y, true = x[keep], y[keep], np.searchsorted(keep, true)
        counts = breaks_f1(segment(x, y), true.tolist(), rows // 1000)
        hit, wrong, missed = hit + counts[0], wrong + counts[1], missed + counts[2]
    assert 2 * hit / (2 * hit + wrong + missed) >= 0.97


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_a_trend_and_slow_noise_are_no_breaks(correlation: float) -> None:
    random = np.random.default_rng(4)
    noise = random.normal(0, 1, 20_000)
    for row in range(1, len(noise)):
        noise[row] += correlation * noise[row - 1]
    x = np.arange(20_000.0)
    assert len(segment(x, 0.01 * x + noise)) == 0


def test_the_noise_is_measured_blind_to_trend_and_breaks() -> None:
    random = np.random.default_rng(6)
    y = random.normal(0, 2, 50_000) + 0.1 * np.arange(50_000)
    y[25_000:] += 500
    assert noise_unit(y) == pytest.approx(4.0, rel=0.1)


def test_the_search_finds_what_trying_every_pair_of_breaks_finds() -> None:
    y = np.random.default_rng(2).normal(0, 1, 60)
    y[20:45] += 9

    def spread(start: int, end: int) -> float:
        line = np.polyfit(np.arange(start, end), y[start:end], 1)
        return float(((y[start:end] - np.polyval(line, np.arange(start, end))) ** 2).sum())

    pairs = [(a, b) for a in range(3, 55) for b in range(a + 3, 58)]
    best = min(pairs, key=lambda pair: spread(0, pair[0]) + spread(pair[0], pair[1]) + spread(pair[1], 60))
    assert segment(np.arange(60.0), y).tolist() == list(best) == [20, 45]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    y = np.zeros(100)
    y[50] = bad
    with pytest.raises(ValueError, match="finite"):
        segment(np.arange(100.0), y)


def test_a_made_up_year_without_breaks_has_none() -> None:
    seed = next(seed for seed in range(20) if make_sensor(seed, hours=10).base is Base.LINEAR)
    sensor = make_sensor(seed, anomalies=False)
    assert len(segment((sensor.time - sensor.time[0]) / 3.6e9, sensor.value)) == 0


def test_from_a_third_to_three_times_the_usual_penalty_the_breaks_are_the_same() -> None:
    x = np.arange(20_000.0)
    y = np.random.default_rng(11).normal(0, 1, len(x))
    y[8_000:] += 5
    y[16_000:16_300] += 3
    by_penalty = {penalty: segment(x, y, penalty=penalty).tolist() for penalty in (3.0, 10.0, 30.0, 100.0)}
    assert by_penalty[3.0] == by_penalty[10.0] == by_penalty[30.0]
    assert breaks_f1(segment(x, y), [8_000, 16_000, 16_300], 20) == (3, 0, 0)
    assert len(by_penalty[100.0]) == 1
