"""Events begin and end with the anomaly, and things that happen every day are not events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.events.described import Modelled
from iotctl.analysis.events.events import find_events, usual_rows
from iotctl.analysis.events.gaps_and_limits import find_beyond_limits, find_gaps
from iotctl.analysis.scores.components import Components
from iotctl.analysis.scores.tails import tails_of
from iotctl.model import Kind

Floats = NDArray[np.float64]
MINUTE = 60_000_000
THRESHOLD = 6.0


def series(u: Floats, severity: Floats | None = None, minutes: Floats | None = None) -> Modelled:
    """A series with model 0 and scale 1; one reading each minute."""
    rows = len(u)
    time = (np.arange(float(rows)) if minutes is None else minutes) * MINUTE
    rare = np.ones(rows) if severity is None else severity
    return Modelled(time.astype(np.int64), u, np.zeros(rows), np.ones(rows), np.abs(u), rare)


def components(u: Floats) -> Components:
    return Components({"point": np.abs(u), "local": np.zeros(len(u)), "stuck": np.zeros(len(u))}, {})


def spans(u: Floats, severity: Floats | None = None, min_severity: float = 0.3) -> list[tuple[int, int]]:
    """First and last row of each event."""
    found = find_events(series(u, severity), components(u), {}, THRESHOLD, min_severity)
    return [(event.start // MINUTE, event.end // MINUTE) for event in found]


def peaks(rows: int, at: dict[int, float]) -> Floats:
    u = np.zeros(rows)
    u[list(at)] = list(at.values())
    return u


def test_stretches_up_to_twelve_rows_apart_are_one_event() -> None:
    assert spans(peaks(100, {20: 7, 33: 7})) == [(20, 33)]
    assert spans(peaks(100, {20: 7, 34: 7})) == [(20, 20), (34, 34)]


def test_an_event_is_trimmed_to_rows_odd_by_themselves_and_strays_do_not_count() -> None:
    u = np.zeros(400)
    u[200:210] = 5.0  # ten rows, none of which is an event by its own score
    u[[120, 290]] = 4.5
    seen = components(u)
    spread = np.where((np.arange(400) > 100) & (np.arange(400) < 300), 8.0, 0.0)
    seen = Components({**seen.scores, "spread64": spread}, {})
    (event,) = find_events(replace(series(u), score=spread), seen, {}, THRESHOLD, 0.3)
    assert (event.start // MINUTE, event.end // MINUTE) == (200, 209)
    assert event.rows == 10


def test_a_level_of_four_sigma_is_found_whole_though_few_of_its_rows_are_odd_by_themselves() -> None:
    u = np.random.default_rng(8).normal(0, 1, 20_000)
    shift, lasts = slice(9_000, 9_700), slice(19_300, 20_000)
    u[shift] += 4.0
    u[lasts] += 4.0
    first, last = detect(MINUTE * np.arange(20_000), u).events
    assert (first.kind, last.kind) == (Kind.SHIFT, Kind.SHIFT)
    for event, rows in ((first, shift), (last, lasts)):
        assert abs(event.start // MINUTE - rows.start) <= 20
        assert abs(event.end // MINUTE + 1 - rows.stop) <= 20


@pytest.mark.parametrize("direction", [1, -1])
def test_a_drift_begins_where_its_line_leaves_zero(direction: int) -> None:
    u = np.zeros(1000)
    u[300:500] = np.linspace(0, 12, 200)
    (span,) = spans(u[::direction])
    # No row before the 366th is odd by itself.
    assert span == pytest.approx((300, 499) if direction == 1 else (500, 699), abs=2)


def test_a_drift_in_noise_that_is_odd_in_its_second_half_alone_is_found_whole() -> None:
    u = np.random.default_rng(1).normal(0, 1, 2000)
    u[500:1200] += np.linspace(0, 6.5, 700)
    rows = np.arange(2000)
    level = np.where((rows >= 850) & (rows < 1250), 8.0, 0.0)
    seen = Components({**components(u).scores, "level64": level}, {})
    (event,) = find_events(replace(series(u), score=level), seen, {}, THRESHOLD, 0.3)
    assert event.kind is Kind.DRIFT
    assert (event.start // MINUTE, event.end // MINUTE) == pytest.approx((500, 1199), abs=70)


def test_a_drift_does_not_reach_into_the_event_before_it() -> None:
    u = np.zeros(1000)
    u[300:500] = np.linspace(4, 12, 200)  # its line is zero at 200
    u[240:245] = 9
    assert spans(u) == [(240, 244), (245, 499)]


def test_what_a_higher_rate_adds_lies_in_no_event_of_one_a_year() -> None:
    u = np.zeros(1000)
    u[300:500] = np.linspace(4, 12, 200)  # its line is zero at 200
    u[[240, 700]] = 5.0

    def found(rate: float) -> list[tuple[int, int]]:
        events = find_events(series(u), components(u), {}, THRESHOLD, 0.3, rate)
        return [(event.start // MINUTE, event.end // MINUTE) for event in events]

    ((start, end),) = found(1.0)
    assert start < 240
    assert found(50.0) == [(start, end), (700, 700)]


def test_an_event_has_to_be_rare() -> None:
    u = peaks(1000, {100: 7, 500: 7})
    severity = peaks(1000, {100: 0.2, 500: 0.5})
    assert spans(u, severity) == [(500, 500)]
    assert spans(u, severity, min_severity=0.0) == [(100, 100), (500, 500)]


def test_in_a_crowd_an_event_has_to_be_rarer() -> None:
    rows = np.arange(50, 4000, 100)
    u, severity = np.zeros(4000), np.zeros(4000)
    u[rows] = 7
    # 40 events in 4,000 rows, where one is few: the last one needs 0.3 (1 + 0.7 log10 40) = 0.64.
    severity[rows] = 0.6
    kept = len(spans(u, severity))
    # 0.3 (1 + 0.7 log10 k) <= 0.6 up to k = 10 ** (1 / 0.7) = 26.8.
    assert kept == 26
    severity[rows] = 0.65
    assert len(spans(u, severity)) == 40
    # The same number in forty times as many rows is few.
    more = np.zeros(156_000)
    assert len(spans(np.append(u, more), np.append(0.5 * severity, more))) == 40


def test_a_gap_is_a_step_far_longer_than_the_usual_ones() -> None:
    minutes = np.arange(500.0)
    minutes[250:] += 120
    (gap,) = find_gaps(series(np.zeros(500), minutes=minutes), THRESHOLD)
    assert (gap.kind, gap.start, gap.end) == (Kind.GAP, 249 * MINUTE, 370 * MINUTE)
    assert gap.explanation == "no reading for 2 hours, about 120 readings missing"
    assert gap.severity == pytest.approx(np.log10(121))


def test_steps_that_vary_are_no_gaps_and_two_rows_have_none() -> None:
    uneven = np.cumsum(np.random.default_rng(1).exponential(10, 2000))
    assert find_gaps(series(np.zeros(2000), minutes=uneven), THRESHOLD) == []
    assert find_gaps(series(np.zeros(2), minutes=np.array([0.0, 1e6])), THRESHOLD) == []


def test_limits_are_inclusive_and_each_side_has_its_sentence() -> None:
    u = peaks(100, {10: -5.0, 11: -5.5, 50: 8.0, 80: 5.0})
    found = find_beyond_limits(series(u), (-4.0, 5.0), THRESHOLD)
    assert [(event.start // MINUTE, event.extreme) for event in found] == [(10, -5.5), (50, 8.0)]
    assert found[0].explanation == "2 readings below the limit of -4, farthest at -5.5"
    assert found[1].explanation == "one reading of 8, above the limit of 5"


def test_an_id_tells_kind_start_and_end_apart_and_nothing_else() -> None:
    u = peaks(1000, {100: 7.0})
    (event,) = find_events(series(u), components(u), {}, THRESHOLD, 0.3)
    # The last digit of a value may differ between processors.
    nudged = u * (1 + 1e-12)
    (again,) = find_events(series(nudged), components(nudged), {}, THRESHOLD, 0.3)
    assert event.event_id == again.event_id
    (limit,) = find_beyond_limits(series(u), (-1.0, 1.0), THRESHOLD)
    assert limit.event_id != event.event_id


def test_a_limit_of_any_size_changes_nothing_about_the_other_events() -> None:
    random = np.random.default_rng(4)
    value = random.normal(0, 1, 3000)
    value[1000] += 20
    time = MINUTE * np.arange(3000)
    plain = detect(time, value)
    limited = detect(time, value, DetectOptions(limits=(-2.0, 2.0)))
    assert [event for event in limited.events if event.kind is not Kind.LIMIT] == list(plain.events)


def test_what_the_tail_of_a_component_explains_is_no_event() -> None:
    random = np.random.default_rng(6)
    u = random.standard_t(3.0, 60_000)
    u[30_000] = 400.0
    scores = Components({"point": np.abs(u), "local": np.zeros(60_000), "stuck": np.zeros(60_000)}, {})
    tails = tails_of(scores.scores)
    without = find_events(series(u), scores, {}, THRESHOLD, 0.0)
    within = find_events(series(u), scores, tails, THRESHOLD, 0.0)
    assert len(without) > 100
    # One such event comes by chance.
    assert len(within) <= 3
    assert 30_000 * MINUTE in {event.start for event in within}


def test_long_stretches_are_not_usual_unless_there_are_many() -> None:
    score = np.zeros(40_000)
    score[1000:1100] = 9.0
    score[5000:5010] = 9.0
    usual = usual_rows(score, THRESHOLD)
    assert usual is not None
    assert np.flatnonzero(~usual).tolist() == list(range(1000, 1100))
    for start in range(0, 40_000, 2000):
        score[start : start + 30] = 8.0
    score[[8010, 14_010]] = 9.0
    usual = usual_rows(score, THRESHOLD)
    assert usual is not None
    # Only the worst three, because such events come all the time.
    assert np.flatnonzero(np.diff(usual.astype(int)) < 0).tolist() == [999, 7999, 13_999]
    assert usual_rows(np.where(np.arange(1000) < 250, 9.0, 0.0), THRESHOLD) is None
