"""Quality of made-up series, by hand and by slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.quality.bad_values import invalid_values, stuck_values
from iotctl.analysis.quality.quality import Quality, measure_all, measure_quality
from iotctl.analysis.quality.resolution import resolution

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

SECOND = 1_000_000
START = 1_420_070_400 * SECOND
N = 6000


def times(rows: int = N, seconds: float = 600.0) -> Times:
    return START + (np.arange(rows) * seconds * SECOND).astype(np.int64)


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def noise(rows: int = N, seed: int = 1) -> Floats:
    return random(seed).normal(20, 1, rows)


def slow_missing(present: list[bool]) -> int:
    """Slots of a grid without a reading, between the first and the last reading."""
    slots = [slot for slot, there in enumerate(present) if there]
    return sum(not present[slot] for slot in range(slots[0], slots[-1] + 1))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
@pytest.mark.parametrize("jitter", [0.0, 60.0])
def test_what_is_missing_is_what_was_taken_away(share: float, jitter: float) -> None:
    rng = random()
    present = rng.random(N) >= share
    present[1000:1500] = False
    time = times() + (rng.uniform(-jitter, jitter, N) * SECOND).astype(np.int64)
    quality = measure_quality(time[present], noise()[present])
    missing = slow_missing(present.tolist())
    assert quality.interval == pytest.approx(600, rel=0.02)
    assert quality.missing == pytest.approx(missing, rel=0.02)
    assert quality.completeness == pytest.approx(present.sum() / (present.sum() + missing), rel=0.01)
    assert quality.score == pytest.approx(100 * present.sum() / (present.sum() + missing), rel=0.01)


def test_gaps_are_counted_and_the_longest_measured() -> None:
    present = np.ones(N, dtype=bool)
    present[100:104] = present[500:520] = present[3000:3500] = False  # the first is short
    quality = measure_quality(times()[present], noise()[present])
    assert (quality.gaps, quality.longest_gap, quality.missing) == (2, 501 * 600, 4 + 20 + 500)


def test_the_jitter_of_a_clock_is_that_of_its_steps() -> None:
    rng = random()
    steps = rng.normal(600, 6, N - 1)
    time = START + np.concatenate([[0], np.cumsum(steps * SECOND)]).astype(np.int64)
    assert measure_quality(time, noise()).jitter == pytest.approx(6, rel=0.05)
    assert measure_quality(times(), noise()).jitter == 0.0


def test_readings_at_random_or_in_bursts_have_no_interval_and_lack_nothing() -> None:
    at_random = START + np.cumsum(random().exponential(600, N) * SECOND).astype(np.int64)
    bursts = times()[::3].repeat(3) + np.tile(np.arange(3) * SECOND, N // 3)
    for time in (at_random, bursts):
        quality = measure_quality(time, noise())
        assert (quality.interval, quality.missing, quality.completeness, quality.jitter) == (None, None, None, None)
        assert (quality.gaps, quality.score) == (0, 100.0)


@pytest.mark.parametrize(("steps", "silent"), [(1, 0.0), (9.5, 0.0), (11, 6600.0), (1000, 600_000.0)])
def test_a_sensor_is_silent_when_its_last_reading_is_ten_steps_ago(steps: float, silent: float) -> None:
    now = int(times()[-1] + steps * 600 * SECOND)
    quality = measure_quality(times(), noise(), now=now)
    assert (quality.silent, quality.score) == (silent, 50.0 if silent else 100.0)
    assert measure_quality(times(), noise()).silent is None


def test_stuck_readings_are_those_that_were_held() -> None:
    value = np.round(noise(), 2)
    value[1000:1200] = value[1000]
    held = np.zeros(N, dtype=bool)
    held[1000:1200] = True
    held[999] = value[999] == value[1000]
    held[1200] = value[1200] == value[1000]
    assert stuck_values(value).tolist() == held.tolist()
    assert measure_quality(times(), value).score == pytest.approx(100 * (1 - held.sum() / N))
    dead = noise()
    dead[N // 2 :] = dead[N // 2]
    assert measure_quality(times(), dead).stuck == N // 2


def test_what_stands_still_by_its_nature_is_not_stuck() -> None:
    rng = random()
    rain = np.where(np.repeat(rng.random(N // 60) < 0.2, 60), np.round(rng.exponential(2, N), 1), 0.0)
    humidity = np.clip(np.round(95 + 10 * np.sin(np.arange(N) / 90) + rng.normal(0, 1, N), 1), 0, 100)
    valve = np.repeat(rng.integers(0, 2, N // 50), 50).astype(float)
    setpoint = np.repeat([18.0, 20.0, 21.0, 22.5], N // 4)
    counter = np.cumsum(rng.integers(0, 3, N)).astype(float)
    for value in (rain, humidity, valve, setpoint, counter, np.full(N, 7.0)):
        quality = measure_quality(times(), value)
        assert (quality.stuck, quality.invalid, quality.score) == (0, 0, 100.0)


@pytest.mark.parametrize("code", [2147483647.0, -2147483648.0, -999.0, -9999.0, 1e38, 65535.0, float("nan"), 1e9])
@pytest.mark.parametrize("rows", [[17], [17, 18, 19, 4000]])
def test_values_that_are_none_are_invalid_and_nothing_else(code: float, rows: list[int]) -> None:
    value = noise()
    value[rows] = code
    assert np.flatnonzero(invalid_values(value)).tolist() == rows
    quality = measure_quality(times(), value, limits=(0.0, 100.0))
    assert (quality.invalid, quality.below, quality.above) == (len(rows), 0, 0)
    assert quality.score == pytest.approx(100 * (1 - len(rows) / N))


def test_many_error_codes_are_invalid_too() -> None:
    value = noise()
    code = random(2).random(N) < 0.3
    value[code] = -999
    assert invalid_values(value).tolist() == code.tolist()


def test_ordinary_values_are_valid_whatever_the_kind() -> None:
    rng = random()
    pump: Floats = np.divide(noise(), 100)
    pump[np.arange(N) % 100 < 3] = 50.0  # on for 3 of 100
    counter: Floats = np.arange(0.0, 10.0 * N, 10.0)  # passes 999, 9999 and 32767
    fifteen_bits: Floats = rng.integers(0, 32768, N).astype(np.float64)
    rare: Floats = np.zeros(N)
    tailed: Floats = np.exp(rng.normal(0, 2, N))
    rare[[5, 700]] = 3.0
    for value in (pump, counter, rare, tailed, fifteen_bits):
        assert not invalid_values(value).any()


def test_limits_hold_from_both_sides_and_may_be_open() -> None:
    value = noise()
    low, high = int((value < 18).sum()), int((value > 22).sum())
    assert low
    assert high
    both = measure_quality(times(), value, (18.0, 22.0))
    assert (both.below, both.above) == (low, high)
    assert both.score == pytest.approx(100 * (1 - (low + high) / N))
    upper = measure_quality(times(), value, (float("-inf"), 22.0))
    assert (upper.below, upper.above) == (None, high)


def test_a_reading_that_is_bad_in_two_ways_counts_once() -> None:
    value = np.round(noise(), 2)
    value[1000:1200] = 60.0
    quality = measure_quality(times(), value, (0.0, 50.0))
    assert (quality.stuck, quality.above, quality.unusable) == (200, 200, 200)


def test_the_step_of_the_values_and_its_changes() -> None:
    value = noise()
    tenths, hundredths = np.round(value, 1), np.round(value, 2)
    assert resolution(tenths) == pytest.approx(0.1)
    assert resolution(hundredths) == pytest.approx(0.01)
    assert resolution(value) == 0.0
    assert resolution(np.repeat([1.0, 2.0], 100)) is None
    for steady in (tenths, hundredths, np.round(value, 3), np.round(value, 4), value):
        assert measure_quality(times(), steady).resolution_changes == 0
    halves = np.round(value * 2 * 4) / 2  # sigma 4, so that there are many
    for before, after in ((tenths, hundredths), (hundredths, tenths), (value, tenths), (tenths * 4, halves)):
        changed = np.concatenate([before[: N // 2], after[N // 2 :]])
        assert measure_quality(times(), changed).resolution_changes == 1


def test_parts_are_judged_by_what_is_usual_in_all_and_add_up() -> None:
    present = np.ones(N, dtype=bool)
    present[900:2100] = False  # reaches over an edge, and all of a part
    value = np.round(noise(), 2)
    value[2990:3010] = value[2990]
    edges = [*times()[[0, 1000, 2000, 3000]].tolist(), int(times()[-1]) + 1]
    whole = measure_quality(times()[present], value[present])
    _, parts = measure_all(times()[present], value[present], np.array(edges))
    expected = [slow_in(present, 0, 1000), slow_in(present, 1000, 2000), slow_in(present, 2000, 3000)]
    # A missing reading lies anywhere between its neighbours: an edge may cut one in two.
    assert [part.missing for part in parts[:3]] == pytest.approx(expected, abs=1)
    assert [part.readings for part in parts] == [900, 0, 900, 3000]
    assert [part.stuck for part in parts] == [0, 0, 10, 10]
    assert [part.gaps for part in parts] == [1, 0, 0, 0]
    assert parts[1].score == 0.0
    for name in ("readings", "missing", "gaps", "stuck", "invalid", "unusable"):
        assert sum(getattr(part, name) for part in parts) == pytest.approx(getattr(whole, name))


def slow_in(present: NDArray[np.bool_], start: int, end: int) -> int:
    return sum(not present[slot] for slot in range(start, end))


@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_few_readings_have_a_defined_quality(rows: int) -> None:
    now = int(times(rows + 1)[-1]) + 10**15
    quality = measure_quality(times(rows), noise(rows), (0.0, 100.0), now)
    assert isinstance(quality, Quality)
    assert (quality.readings, quality.interval, quality.silent) == (rows, None, None)
    assert quality.score == (100.0 if rows else 0.0)
    assert measure_all(times(rows), noise(rows), np.empty(0, dtype=np.int64))[1] == []


def test_nothing_but_bad_values_scores_zero_without_a_warning() -> None:
    with np.errstate(all="raise"):
        for value in (np.full(N, np.nan), np.full(N, np.inf), np.full(N, 1.7e308)):
            assert measure_quality(times(), value).score == 0.0
        mixed = noise()
        mixed[::2] = 1.7e308
        mixed[1::4] = -1.7e308
        assert measure_quality(times(), mixed).invalid == N * 3 // 4


def test_a_door_that_is_closed_over_holidays_is_not_stuck_and_one_closed_for_good_is() -> None:
    nights = [700 if number % 25 == 0 else 60 for number in range(100)]
    door = np.concatenate([np.append(np.zeros(rows), np.ones(3)) for rows in nights])
    assert not stuck_values(door).any()
    held = np.concatenate([door, np.zeros(5000), np.ones(3), door])
    assert stuck_values(held).sum() == 5000
