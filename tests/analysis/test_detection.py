"""Detection on series with known answers."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Detection, Event, Kind, Method
from tests.bench.detect import Quality, event_spans
from tests.bench.synthetic import make_sensor

MINUTE = 60_000_000
START = 1_420_070_400_000_000
Floats = NDArray[np.float64]


def times(rows: int, minutes: int = 10) -> NDArray[np.int64]:
    return START + MINUTE * minutes * np.arange(rows)


def quiet(rows: int = 6000, seed: int = 1) -> Floats:
    """A sensor with a daily season and white noise of sigma 1."""
    noise: Floats = np.random.default_rng(seed).normal(0, 1, rows)
    return 100 + 5 * np.sin(2 * np.pi * np.arange(rows) / 144) + noise


def row_of(moment: int) -> int:
    return (moment - START) // (10 * MINUTE)


def sharp(found: Detection) -> list[Event]:
    return [event for event in found.events if event.kind is not Kind.GAP]


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    "value",
    [
        np.array([]),
        np.array([1.0]),
        np.array([1.0, 2.0]),
        np.full(500, 3.25),
        np.full(500, 0.0),
        np.full(500, np.nan),
        np.r_[np.full(300, np.inf), np.arange(300.0)],
        np.arange(7.0),
        np.arange(500.0),
        np.r_[np.zeros(250), np.ones(250)],
        np.tile([0.0, 1.0], 300),
        np.r_[np.zeros(400), 1e300, np.zeros(100)],
        np.r_[np.full(400, 1e-300), np.full(100, 2e-300)],
        np.r_[np.tile([1e307, -1e307], 200), 1e308, np.tile([1e307, -1e307], 50)],
        np.r_[np.zeros(300), np.linspace(0, 1, 200), np.zeros(200)],
    ],
    ids=lambda value: f"{len(value)} rows",
)
def test_degenerate_series_have_defined_results(value: Floats, method: Method) -> None:
    found = detect(times(len(value)), value, DetectOptions(method=method))
    kept = int(np.isfinite(value).sum()) - found.dropped.get("invalid", 0)
    assert len(found.time) == len(found.score) == len(found.expected) == len(found.severity) == kept
    assert sum(found.dropped.values()) == len(value) - kept
    assert found.dropped.get("invalid", 0) == np.count_nonzero(np.abs(value[np.isfinite(value)]) == 1e300)
    for array in (found.expected, found.scale, found.score, found.severity):
        assert np.isfinite(array).all()
    assert (found.scale > 0).all()


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        detect(times(10), np.zeros(9))
    with pytest.raises(ValueError, match="one length"):
        detect(times(10).reshape(2, 5), np.zeros((2, 5)))


def test_a_constant_has_no_events() -> None:
    assert detect(times(5000), np.full(5000, 7.0)).events == ()


def test_noise_alone_has_next_to_no_events() -> None:
    counts = [len(detect(times(20_000), quiet(20_000, seed)).events) for seed in range(5)]
    assert sum(counts) <= 1


@pytest.mark.parametrize(
    ("kind", "rows", "change"),
    [
        (Kind.SPIKE, 1, lambda v: v + 15),
        (Kind.BURST, 12, lambda v: v - 9),
        (Kind.SHIFT, 150, lambda v: v + 8),
        (Kind.DRIFT, 500, lambda v: v + np.linspace(0, 12, 500)),
        (Kind.VARIANCE, 200, lambda v: v + 6 * np.random.default_rng(5).normal(0, 1, 200)),
        (Kind.STUCK, 90, lambda v: np.full(90, v[0])),
    ],
)
def test_each_kind_is_found_where_it_is_and_called_by_its_name(kind: Kind, rows: int, change: object) -> None:
    value = quiet(20_000)
    value[9000 : 9000 + rows] = change(value[9000 : 9000 + rows])  # type: ignore[operator]
    (event,) = detect(times(20_000), value).events
    assert event.kind is kind
    first, last = row_of(event.start), row_of(event.end)
    assert 9000 - 12 <= first <= 9000 + rows // 2
    assert 9000 + rows // 2 <= last <= 9000 + rows + 12
    assert event.rows == last - first + 1
    assert event.explanation
    if kind is not Kind.STUCK:
        assert not event.low <= event.extreme <= event.high or kind is Kind.DRIFT


def test_the_model_is_the_truth_without_noise_and_season_and_breaks_are_reported() -> None:
    value = quiet(20_000)
    value[8000:] += 20
    found = detect(times(20_000), value)
    assert found.periods_hours == (24.0,)
    (change,) = found.change_points
    assert abs(row_of(change) - 8000) <= 3
    (step,) = sharp(found)
    assert (step.kind, step.start) == (Kind.STEP, change)
    assert step.explanation == (
        "level steps up by 20.0, from 100.0 to 120.0, and stays there for 83 days, up to the last reading"
    )
    truth = 100 + 5 * np.sin(2 * np.pi * np.arange(20_000) / 144) + np.where(np.arange(20_000) >= 8000, 20, 0)
    assert np.abs(found.expected - truth).mean() < 0.2
    assert found.scale.mean() == pytest.approx(1.0, rel=0.1)


def test_gaps_are_events_of_their_own() -> None:
    keep = np.ones(6000, dtype=bool)
    keep[3000:3100] = False
    found = detect(times(6000)[keep], quiet()[keep])
    (gap,) = [event for event in found.events if event.kind is Kind.GAP]
    assert (row_of(gap.start), row_of(gap.end)) == (2999, 3100)
    assert "about 100 readings missing" in gap.explanation


def test_one_gap_over_most_of_the_range_and_irregular_steps_are_no_trouble() -> None:
    random = np.random.default_rng(3)
    moments = START + np.cumsum(random.integers(1, 3_600_000_000, 3000))
    moments[1500:] += 10**15
    found = detect(moments, random.normal(0, 1, 3000))
    assert [event.kind for event in found.events] == [Kind.GAP]


def test_readings_outside_the_limits_are_events_however_usual() -> None:
    value = quiet()
    found = detect(times(6000), value, DetectOptions(limits=(-math.inf, 106.5)))
    beyond = [event for event in found.events if event.kind is Kind.LIMIT]
    assert len(beyond) > 10
    assert all(event.extreme > 106.5 for event in beyond)


@pytest.mark.parametrize("seed", [1, 11, 12])
def test_a_reference_of_a_few_days_does_not_make_the_rest_odd(seed: int) -> None:
    """White noise: no part of it differs from another, however little the reference holds of the longer windows."""
    value = np.random.default_rng(seed).normal(20, 1, 20_000)
    times_ = 600_000_000 * np.arange(len(value))
    found = detect(times_, value, DetectOptions(reference=(0, int(times_[570]))))
    assert found.events == ()


def test_a_reference_period_says_what_is_usual() -> None:
    value = quiet()
    value[3000:] += 0.8 * np.sin(np.arange(3000) / 200)
    value[3000:] += 3 * np.random.default_rng(8).normal(0, 1, 3000)
    times_ = times(6000)
    reference = (int(times_[0]), int(times_[3000]))
    alone = detect(times_, value)
    against = detect(times_, value, DetectOptions(reference=reference))
    late = times_[3000]
    assert sum(event.rows for event in against.events if event.end >= late) > 2000
    assert sum(event.rows for event in alone.events if event.end >= late) < 2000
    assert not [event for event in against.events if event.end < late]


def test_order_and_repeats_of_the_input_do_not_matter() -> None:
    value = quiet()
    value[3000] += 30
    order = np.random.default_rng(2).permutation(6000)
    found = detect(np.r_[times(6000)[order], times(6000)[:5]], np.r_[value[order], np.zeros(5)])
    assert found.dropped == {"repeated time": 5}
    assert (np.diff(found.time) > 0).all()
    assert (value[order][found.row] == value).all()
    assert [event.event_id for event in found.events] == [event.event_id for event in detect(times(6000), value).events]


def test_ids_are_the_same_on_any_machine() -> None:
    value = np.zeros(2000)
    value[1000:1200] = 5.0
    keep = np.r_[0:500, 700:2000]
    (gap,) = [e for e in detect(times(2000)[keep], quiet(2000)[keep]).events if e.kind is Kind.GAP]
    # sha256 of "gap START END", by hand: printf 'gap 1420369800000000 1420490400000000' | sha256sum
    assert (gap.start, gap.end) == (START + 499 * 10 * MINUTE, START + 700 * 10 * MINUTE)
    assert gap.event_id == "18bc1fa5790a"


def test_labelled_sensors_are_judged_well_on_seeds_nothing_was_chosen_on() -> None:
    quality, textbook = Quality(), Quality()
    for seed in range(500, 508):
        sensor = make_sensor(seed)
        quality.add(sensor, event_spans(sensor.time, sensor.value, DetectOptions()))
        if seed < 503:
            options = DetectOptions(method=Method.RUPTURES, threshold=3.0, min_severity=0.0)
            textbook.add(sensor, event_spans(sensor.time, sensor.value, options))
    assert quality.event_f1 > 0.95
    assert quality.false_per_sensor < 0.2
    assert quality.point_f1 > 0.95
    assert textbook.event_f1 < quality.event_f1


def test_a_million_readings_take_bounded_memory() -> None:
    value = quiet(1_000_000)
    tracemalloc.start()
    detect(times(1_000_000, minutes=1), value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # With 16 MB of input; 500 MB is the limit for the whole process.
    assert peak < 400e6


def test_the_default_method_never_imports_ruptures() -> None:
    code = (
        "import sys, numpy as np; from iotctl.analysis import detect;"
        "detect(np.arange(1000) * 60_000_000, np.random.default_rng(1).normal(size=1000));"
        "sys.exit('ruptures' in sys.modules or 'pandas' in sys.modules or 'scipy.signal' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
