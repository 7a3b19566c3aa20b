"""Many equal events are a habit of the sensor, and only much larger ones are told."""

from __future__ import annotations

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.events.described import HOUR, Modelled, Stretch
from iotctl.analysis.events.habit import habits
from iotctl.model import Kind

ROWS, APART = 4000, 100


def series(severities: list[float], years: float, side: list[float] | None = None) -> tuple[Modelled, list[Stretch]]:
    """A spike every 100 rows, with the given severities."""
    time = (np.linspace(0.0, years * 8760.0, ROWS) * HOUR).astype(np.int64)
    severity, value = np.zeros(ROWS), np.zeros(ROWS)
    at = [(i + 1) * APART for i in range(len(severities))]
    severity[at], value[at] = severities, side or [9.0] * len(severities)
    found = [Stretch(row, row + 1, Kind.SPIKE) for row in at]
    return Modelled(time, value, np.zeros(ROWS), np.ones(ROWS), np.abs(value), severity), found


def test_four_events_alike_are_each_news_and_of_six_only_the_one_that_stands_out() -> None:
    assert habits(*series([1.0, 1.0, 1.0, 1.0], years=0.5)) == {}
    made, found = series([1.0, 1.0, 1.05, 3.0, 1.0, 1.0], years=1.0)
    usual = habits(made, found)
    assert set(usual) == set(found) - {found[3]}
    assert set(usual.values()) == {6.0}  # a year


def test_events_are_counted_by_the_year_by_side_and_by_kind() -> None:
    assert habits(*series([1.0] * 9, years=3.0)) == {}
    assert set(habits(*series([1.0] * 15, years=3.0)).values()) == {5.0}
    assert habits(*series([1.0] * 8, years=1.0, side=[9.0, -9.0] * 4)) == {}
    made, found = series([1.0] * 6, years=1.0)
    assert habits(made, [*found[:3], *(Stretch(s.start, s.end, Kind.STUCK) for s in found[3:])]) == {}
    # A level that has moved for a while is one kind, whether it came suddenly or slowly.
    moved = [Stretch(s.start, s.end, kind) for s, kind in zip(found, [Kind.SHIFT, Kind.DRIFT] * 3, strict=True)]
    assert set(habits(made, moved)) == set(moved)


def test_a_bump_that_comes_ten_times_is_told_to_who_allows_as_many() -> None:
    random = np.random.default_rng(4)
    value = random.normal(20.0, 1.0, 30_000)
    at = np.arange(1500, 30_000, 3000)
    for row in at:
        value[row : row + 10] += 8.0 + random.uniform(-0.5, 0.5)
    time = np.arange(30_000) * 15 * 60_000_000
    told = detect(time, value).events
    allowed = detect(time, value, DetectOptions(false_alarms=52.0)).events
    assert len(told) <= len(at) // 2
    assert len(allowed) >= len(at)
    assert {event.event_id for event in told} <= {event.event_id for event in allowed}
