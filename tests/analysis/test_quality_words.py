"""What is said of a sensor: only what is bad, the worst first."""

from __future__ import annotations

import numpy as np

from iotctl.analysis.quality.quality import measure_quality
from iotctl.analysis.quality.quality_words import quality_words

START, STEP, N = 1_420_070_400_000_000, 600_000_000, 10_000


def test_the_worst_comes_first() -> None:
    random = np.random.default_rng(1)
    time = START + STEP * np.arange(N)
    value = random.normal(20, 1, N)
    value[1000:1500] = value[1000]
    value[20:23] = 2147483647
    value[5000:5100] = 90
    present = np.ones(N, dtype=bool)
    present[2000:5000] = present[9000:9020] = False
    found = measure_quality(time[present], value[present], (0.0, 50.0), now=int(time[-1]) + 3 * 86_400_000_000)
    assert quality_words(found) == [
        "silent for 3 days",
        "30 % missing, in 2 gaps, the longest 21 days",
        "8.6 % stuck",
        "1.4 % above the limits",
        "3 invalid readings",
    ]


def test_nothing_is_said_of_good_readings_and_something_of_none() -> None:
    time, value = START + STEP * np.arange(N), np.random.default_rng(1).normal(20, 1, N)
    assert quality_words(measure_quality(time, value, (0.0, 50.0), now=int(time[-1]))) == []
    assert quality_words(measure_quality(time[:0], value[:0])) == ["no readings"]


def test_a_clock_that_drifts_and_uneven_sending_are_said() -> None:
    value = np.random.default_rng(1).normal(20, 1, N)
    slow = START + (np.arange(N) * 600 * (1 + 12 / 86_400) * 1e6).astype(np.int64)
    assert quality_words(measure_quality(slow, value)) == ["clock: 12.0 s later each day"]
    uneven = START + np.cumsum(np.random.default_rng(2).normal(600, 90, N) * 1e6).astype(np.int64)
    (only,) = quality_words(measure_quality(uneven, value))
    assert only.startswith("uneven intervals: ")
