"""Silence by hand: when a sensor is silent, and its sentence."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis.events.silence import find_silence
from iotctl.model import Kind

MINUTE = 60_000_000
START = 1_420_070_400_000_000
N = 2000


def test_a_sensor_is_silent_after_ten_of_its_steps_and_the_event_says_since_when() -> None:
    time = START + np.arange(N) * 10 * MINUTE
    value = np.random.default_rng(1).normal(20, 1, N)
    value[-1] = 20.125
    last = int(time[-1])
    for minutes in (-5, 0, 9, 100):
        assert find_silence(time, value, last + minutes * MINUTE) is None
    event = find_silence(time, value, last + 1440 * MINUTE, "bar")
    assert event is not None
    assert (event.kind, event.start, event.end, event.rows) == (Kind.SILENT, last, last + 1440 * MINUTE, 1)
    assert event.severity == pytest.approx(np.log10(144))
    assert event.explanation == "silent for 24 hours, last reading 20.1 bar; about 144 readings missing so far"


def test_what_is_sent_on_change_is_silent_when_it_says_nothing_for_longer_than_ever() -> None:
    random = np.random.default_rng(2)
    time = START + np.cumsum(random.exponential(600, N) * 1e6).astype(np.int64)
    time[1000:] += 7 * 1440 * MINUTE  # it was silent for a week once
    last = int(time[-1])
    assert find_silence(time, np.ones(N), last + 7 * 1440 * MINUTE) is None
    assert find_silence(time, np.ones(N), last + 8 * 1440 * MINUTE) is not None


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_of_few_readings_nothing_is_said(rows: int) -> None:
    time = START + np.arange(rows) * 10 * MINUTE
    assert find_silence(time, np.ones(rows), START + 10**15) is None


def test_values_that_are_none_are_no_silence_and_no_trouble() -> None:
    time = START + np.arange(N) * 10 * MINUTE
    for value in (np.full(N, np.nan), np.full(N, 1.7e308)):
        event = find_silence(time, value, int(time[-1]) + 10**12)
        assert event is not None
        assert np.isfinite([event.extreme, event.severity]).all()
