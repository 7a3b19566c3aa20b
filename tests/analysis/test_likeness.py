"""Variants of a labelled event are like it; larger, longer or other events, or at another hour, are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iotctl.analysis import detect
from iotctl.analysis.likeness import is_like
from iotctl.model import Event, Kind
from tests.bench.variants import SHAPES, VARIANTS, make_variants

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def event(kind: Kind, **changes: float) -> Event:
    """40 readings within 6.5 hours from 08:00 on, 12 above the expected."""
    numbers = {"severity": 1.0, "score": 9.0, "extreme": 32.0, "expected": 20.0, "low": 14.0, "high": 26.0}
    times = {"start": 100 * DAY + 8 * HOUR, "end": 100 * DAY + 8 * HOUR + 390 * MINUTE, "rows": 40}
    given = {**numbers, **{name: int(value) for name, value in times.items()}, **changes}
    return Event(event_id="", kind=kind, explanation="", **given)  # type: ignore[arg-type]


def moved(known: Event, microseconds: int) -> Event:
    return replace(known, start=known.start + microseconds, end=known.end + microseconds)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", [311, 312])
def test_ten_variants_are_like_the_first_and_a_clearly_larger_one_is_not(kind: Kind, seed: int) -> None:
    sensor = make_variants(kind, seed)
    events = detect(sensor.time, sensor.value).events
    known = max(sensor.event_at(sensor.spans[0], events), key=lambda one: one.score)
    variants = [one for span in sensor.spans[1 : VARIANTS + 1] for one in sensor.event_at(span, events)]
    assert len(variants) >= 9  # they are events: without what is learnt each is told
    assert [one for one in variants if not is_like(one, known)] == []
    larger = sensor.event_at(sensor.spans[-1], events)
    assert any(not is_like(one, known) for one in larger)


def test_a_stretch_is_like_another_by_size_side_length_and_hour() -> None:
    known = event(Kind.BURST)
    assert is_like(moved(known, 50 * DAY + 2 * HOUR), known)
    assert is_like(moved(known, -2 * DAY - 170 * MINUTE), known)
    assert not is_like(moved(known, 50 * DAY + 4 * HOUR), known)
    assert is_like(replace(known, kind=Kind.SHIFT, rows=45), known)
    assert is_like(replace(known, extreme=24.0), known)
    assert is_like(replace(known, extreme=40.9), known)
    assert not is_like(replace(known, extreme=41.1), known)  # 12 times 1.75 is 21
    assert not is_like(replace(known, extreme=8.0), known)
    assert not is_like(replace(known, rows=90), known)
    assert not is_like(replace(known, rows=8), known)
    for kind in (Kind.VARIANCE, Kind.STUCK, Kind.GAP, Kind.LIMIT, Kind.INVALID, Kind.STEP):
        assert not is_like(replace(known, kind=kind), known)


def test_a_variance_is_like_another_by_its_farthest_reading_on_either_side() -> None:
    known = event(Kind.VARIANCE)
    assert is_like(replace(known, extreme=8.0, score=40.0), known)
    assert is_like(replace(known, extreme=43.9), known)  # 12 times 2 is 24
    assert not is_like(replace(known, extreme=44.1), known)
    assert not is_like(replace(known, kind=Kind.SHIFT), known)


def test_what_lasts_longer_than_half_a_day_has_no_hour() -> None:
    known = replace(event(Kind.SHIFT), end=event(Kind.SHIFT).start + 20 * HOUR)
    assert is_like(moved(known, 50 * DAY + 9 * HOUR), known)


def test_midnight_is_no_edge_of_the_day() -> None:
    known = moved(event(Kind.SPIKE, rows=1), -8 * HOUR + 30 * MINUTE)
    known = replace(known, end=known.start)
    assert is_like(moved(known, 3 * DAY - HOUR), known)


def test_facts_are_like_one_another_by_what_they_are() -> None:
    gap = event(Kind.GAP, rows=2)
    assert is_like(replace(moved(gap, DAY), end=gap.end + DAY + 3 * HOUR), gap)
    assert not is_like(replace(moved(gap, DAY), end=gap.end + DAY + 9 * HOUR), gap)
    code = event(Kind.INVALID, extreme=-999.0)
    assert is_like(replace(moved(code, 5 * HOUR), rows=1), code)
    assert not is_like(replace(code, extreme=9999.0), code)
    step = event(Kind.STEP)
    assert is_like(moved(step, 5 * HOUR), step)
    assert not is_like(replace(step, score=16.0), step)
    assert not is_like(replace(step, extreme=10.0), step)
    assert not is_like(event(Kind.SILENT), event(Kind.SILENT))
