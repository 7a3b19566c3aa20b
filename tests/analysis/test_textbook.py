"""The textbook method: right where its assumptions hold, defined and bounded in cost everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import ruptures
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.modelling.textbook import textbook_trend
from iotctl.model import Kind, Method

OPTIONS = DetectOptions(method=Method.RUPTURES, threshold=3.0, min_severity=0.0)
MINUTE = 60_000_000
Floats = NDArray[np.float64]


def stepped(rows: int) -> Floats:
    value: Floats = np.random.default_rng(1).normal(0, 1, rows)
    value[rows // 2 :] += 10
    return value


@pytest.mark.parametrize("rows", [200, 3999, 4001, 50_000])
def test_a_step_is_found_to_within_a_block_at_any_length(rows: int) -> None:
    found = textbook_trend(np.arange(float(rows)), stepped(rows))
    (first, second) = found.lines
    assert abs(second.start - rows // 2) <= -(-rows // 4000)
    assert first.level == pytest.approx(0, abs=0.5)
    assert second.scale == pytest.approx(1, abs=0.1)
    assert (first.start, first.end, second.end) == (0, second.start, rows)


def test_the_search_never_sees_more_than_four_thousand_points(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Counted(ruptures.BottomUp):  # type: ignore[misc]
        def fit(self, signal: Floats) -> object:
            seen.append(len(signal))
            return super().fit(signal)

    monkeypatch.setattr(ruptures, "BottomUp", Counted)
    textbook_trend(np.arange(100_001.0), stepped(100_001))
    assert seen
    assert max(seen) <= 4000


def test_a_value_that_is_not_a_number_costs_its_row_and_nothing_else() -> None:
    value = stepped(2000)
    spoilt = value.copy()
    spoilt[[100, 900, 1500]] = [np.nan, np.inf, -np.inf]
    time = MINUTE * np.arange(2000)
    found = detect(time, spoilt, OPTIONS)
    assert found.dropped == {"not finite": 3}
    assert len(found.change_points) == 1
    clean = detect(np.delete(time, [100, 900, 1500]), np.delete(value, [100, 900, 1500]), OPTIONS)
    assert found.change_points == clean.change_points
    assert [event.event_id for event in found.events] == [event.event_id for event in clean.events]


def test_its_limit_a_long_anomaly_is_swallowed_by_its_change_points() -> None:
    value = np.random.default_rng(1).normal(0, 1, 4000)
    value[2000:2200] += 8
    time = MINUTE * np.arange(4000)
    textbook = [event for event in detect(time, value, OPTIONS).events if event.kind is Kind.SHIFT]
    default = [event for event in detect(time, value).events if event.kind is Kind.SHIFT]
    assert textbook == []
    assert len(default) == 1
