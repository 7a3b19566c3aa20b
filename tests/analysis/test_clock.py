"""The drift of made-up clocks, compared with the real one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.quality.clock import clock_drift
from iotctl.analysis.quality.intervals import usual_interval

N = 20_000


def steps(seconds: NDArray[np.floating[Any]], resolution: float = 1e-6) -> NDArray[np.int64]:
    moments: NDArray[np.int64] = (np.floor(seconds / resolution) * resolution * 1e6).astype(np.int64)
    return np.diff(moments)


def drift_of(found: NDArray[np.int64]) -> float | None:
    interval = usual_interval(found)
    assert interval is not None
    return clock_drift(found, interval)


@pytest.mark.parametrize("drift", [0.0, 0.5, 3.0, -40.0])
@pytest.mark.parametrize("resolution", [1e-6, 1.0])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_clock_that_is_slow_or_fast_is_measured_through_jitter_gaps_and_whole_seconds(
    drift: float, resolution: float, jitter: float
) -> None:
    random = np.random.default_rng(3)
    time = np.arange(N) * 600 * (1 + drift / 86_400) + random.uniform(-jitter, jitter, N)
    present = random.random(N) > 0.03
    present[4000:4500] = False
    assert drift_of(steps(time[present], resolution)) == pytest.approx(drift, abs=0.05)


def test_a_clock_that_is_set_right_each_day_still_drifts() -> None:
    time = np.arange(N) * 600 * (1 + 20 / 86_400)
    time -= time // 86_400 * 20
    assert drift_of(steps(time)) == pytest.approx(20, rel=0.01)


def test_unevenness_that_adds_up_is_no_drift() -> None:
    for seed in range(10):
        uneven = np.random.default_rng(seed).normal(600, 20, N)
        assert drift_of(steps(np.cumsum(uneven))) == 0.0


def test_an_interval_that_nobody_sets_and_few_steps_have_none() -> None:
    assert drift_of(steps(np.arange(N) * 7.3)) is None
    assert drift_of(steps(np.arange(100) * 600.0)) is None
    assert drift_of(steps(np.arange(N) * 0.1)) == 0.0
    assert drift_of(steps(np.arange(N) * 1860.0)) == 0.0
