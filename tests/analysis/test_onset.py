"""The onset of made-up events, compared with the real one and with a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.events.onset import onset_row
from iotctl.model import Kind

N, AT = 2000, 1000
START, STEP = 1_420_070_400_000_000, 600_000_000


def calm(seed: int, alike: float = 0.0) -> NDArray[np.float64]:
    """AR(1) with variance 1."""
    random = np.random.default_rng(seed)
    u = np.empty(N)
    u[0] = random.normal()
    for row in range(1, N):
        u[row] = alike * u[row - 1] + np.sqrt(1 - alike**2) * random.normal()
    return u


def found_late(u: NDArray[np.float64], least: float = 6.0) -> int:
    """The first row beyond so many sigma from AT on: where a threshold finds the event."""
    return AT + int(np.argmax(np.abs(u[AT:]) > least))


@pytest.mark.parametrize("alike", [0.0, 0.6, 0.9])
def test_a_step_begins_where_it_was_made(alike: float) -> None:
    off = []
    for seed in range(20):
        u = calm(seed, alike)
        u[AT : AT + 60] += 9
        off.append(onset_row(u, AT + 5, AT + 60) - AT)
    assert np.median(np.abs(off)) == 0
    assert np.mean(np.abs(off)) < 1


def test_a_ramp_begins_far_before_a_threshold_finds_it() -> None:
    off, late = [], []
    for seed in range(20):
        u = calm(seed, 0.5)
        u[AT : AT + 100] += np.minimum(np.arange(100) * 0.8, 12)
        first = found_late(u)
        late.append(first - AT)
        off.append(onset_row(u, first, AT + 100) - AT)
    assert np.median(late) >= 5
    assert np.median(np.abs(off)) <= 2
    assert np.mean(np.abs(off)) < 0.4 * np.mean(late)


def test_noise_that_grows_begins_where_it_grew() -> None:
    off = []
    for seed in range(20):
        u = calm(seed)
        u[AT : AT + 80] *= 5
        off.append(onset_row(u, found_late(u, 8.0), AT + 80) - AT)
    assert np.median(np.abs(off)) <= 1


def test_what_is_hardly_louder_than_the_calm_does_not_begin_hours_before() -> None:
    off = []
    for seed in range(40):
        u = calm(seed, 0.5) + 0.8 * calm(seed + 100)
        u[AT : AT + 8] += 3
        off.append(onset_row(u, AT, AT + 8) - AT)
    assert np.mean(np.abs(off)) < 1.5  # 3.7 where every row is as likely as any other


def slow_onset(u: NDArray[np.float64], start: int, end: int) -> int:
    """The same probability, row by row."""
    first = start - 30
    before = u[first - 114 : first]
    middle = before - np.median(before)
    alike = min(max(sum(middle[1:] * middle[:-1]) / sum(middle**2), 0.0), 0.95)
    added = before[1:] - alike * before[:-1]
    usual = (1.4826 * np.median(np.abs(added - np.median(added)))) ** 2
    costs = []
    for k in range(first, start + 1):
        cost = sum(min((u[row] - alike * u[row - 1]) ** 2 / usual, 100) for row in range(first, k))
        rows = range(k, min(end, start + 16))
        loud = np.array([u[row] - alike * u[row - 1] for row in rows])
        shapes = [np.zeros(len(rows)), np.ones(len(rows)), np.arange(1.0, len(rows) + 1)]
        found = []
        for shape in shapes:
            moved = shape - alike * np.append(0.0, shape[:-1])
            height = 0.0 if not shape.any() else float(np.linalg.lstsq(moved[:, None], loud, rcond=None)[0][0])
            spread = max(float(np.mean((loud - height * moved) ** 2)), usual)
            found.append(len(loud) * (np.log(spread / usual) + 1) + 4 * bool(shape.any()))
        costs.append(cost + min(found) + start - k)
    return first + int(np.argmin(costs))


def test_it_is_the_most_likely_row() -> None:
    for seed in range(20):
        u = calm(seed, 0.5)
        u[AT : AT + 70] += np.linspace(0, 10, 70)
        first = found_late(u)
        assert onset_row(u, first, AT + 70) == slow_onset(u, first, AT + 70)


def test_at_the_beginning_of_a_series_it_is_the_first_odd_row() -> None:
    u = calm(1)
    for start in (0, 1, 20, 45):
        assert onset_row(u, start, start + 5) == start
    assert onset_row(np.zeros(300), 200, 210) in range(170, 201)


def test_an_event_has_an_onset_unless_it_is_no_odd_reading() -> None:
    time = START + STEP * np.arange(8000)
    value = np.random.default_rng(3).normal(20, 1, 8000)
    value[4000:4100] += np.minimum(np.arange(100) * 0.5, 14)
    value[6000:6200] = value[6000]
    present = np.ones(8000, dtype=bool)
    present[7000:7100] = False
    events = {event.kind: event for event in detect(time[present], value[present]).events}
    stuck, gap = events.pop(Kind.STUCK), events.pop(Kind.GAP)
    assert (stuck.onset, gap.onset) == (None, None)
    assert (stuck.began, gap.began) == (stuck.start, gap.start)
    (drift,) = events.values()
    assert drift.onset is not None
    assert 0 <= drift.onset - (START + 4000 * STEP) < drift.start - (START + 4000 * STEP)
    assert drift.began == drift.onset


def test_a_drift_that_stays_where_it_has_drifted_did_not_begin_where_its_line_is_zero() -> None:
    time = START + STEP * np.arange(8000)
    value = np.random.default_rng(3).normal(20, 1, 8000)
    value[4000:4100] += np.minimum(np.arange(100) * 0.3, 15)
    (drift,) = detect(time, value).events
    assert drift.kind is Kind.DRIFT
    assert drift.start < START + 3960 * STEP
    assert abs(drift.began - (START + 4000 * STEP)) <= 10 * STEP
