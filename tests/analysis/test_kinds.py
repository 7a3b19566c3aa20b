"""Kinds have usual names, and sentences that people understand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.events.kinds import name_kind
from iotctl.analysis.events.sentences import OddRows, Reach, explain, explain_stuck
from iotctl.model import Kind

NOISE = np.random.default_rng(1).normal(0, 1, 300)


@pytest.mark.parametrize(
    ("kind", "u"),
    [
        (Kind.SPIKE, np.array([9.0])),
        (Kind.SPIKE, np.array([9.0, -8.0, 9.0])),
        (Kind.BURST, 7 + NOISE[:20]),
        (Kind.BURST, 7 * np.tile([1.0, -1.0], 10)),
        (Kind.SHIFT, 7 + NOISE),
        (Kind.SHIFT, np.full(300, -7.0)),
        (Kind.DRIFT, np.linspace(3, 12, 300) + NOISE),
        (Kind.DRIFT, np.linspace(-12, -3, 300) + NOISE),
        (Kind.VARIANCE, 5 * NOISE),
    ],
)
def test_a_stretch_gets_the_name_of_its_course(kind: Kind, u: NDArray[np.float64]) -> None:
    assert name_kind(u, NOISE[:50], NOISE[50:100]) is kind


def test_a_drift_has_begun_in_the_rows_before_a_shift_has_not() -> None:
    level = 5 + NOISE
    assert name_kind(level, np.linspace(1, 4, 70) + NOISE[:70], NOISE[:70]) is Kind.DRIFT
    assert name_kind(level, NOISE[:70], np.linspace(4, 1, 70) + NOISE[:70]) is Kind.DRIFT
    # Off to the other side: not a part of this.
    assert name_kind(level, NOISE[:70] - 4, NOISE[:70]) is Kind.SHIFT
    assert name_kind(level, NOISE[:0], NOISE[:0]) is Kind.SHIFT


def say(kind: Kind, value: list[float], hours: float = 5.0) -> str:
    """The sentence of an event with 20.0 expected, sigma 0.5 and a band of six sigma."""
    values = np.array(value)
    expected = np.full(len(values), 20.0)
    u = (values - expected) / 0.5
    rows = OddRows(values, expected, u, at=int(np.argmax(np.abs(u))), hours=hours)
    return explain(kind, rows, Reach(20.0, 17.0, 23.0))


def test_a_sentence_says_what_was_read_what_was_expected_and_what_is_usual() -> None:
    reach = "24.5 where 20.0 was expected, 4.5 above (usual: 17.0 to 23.0)"
    assert say(Kind.SPIKE, [24.5]) == f"one reading of {reach}"
    assert say(Kind.SPIKE, [24.5, 24.0], 1 / 6) == f"2 unusual readings within 10 minutes, farthest at {reach}"
    assert say(Kind.BURST, [24.5, 24.0] * 2) == f"4 unusual readings within 5 hours, farthest at {reach}"
    assert say(Kind.DRIFT, [21.0, 24.5], 72) == f"drifting for 3 days, farthest at {reach}"
    assert say(Kind.SHIFT, [24.0, 24.0, 24.5]) == f"4.0 above the expected level for 5 hours, farthest at {reach}"
    down = "15.5 where 20.0 was expected, 4.5 below (usual: 17.0 to 23.0)"
    assert say(Kind.SHIFT, [16.0, 16.0, 15.5]) == f"4.0 below the expected level for 5 hours, farthest at {down}"
    # The deviations are 2, -2 and 2 sigma of 0.5, and one of 9: their standard deviation is by hand 4.02.
    assert say(Kind.VARIANCE, [21.0, 19.0, 21.0, 24.5]).startswith("varying 4.0 times as much as usual for 5 hours")
    assert explain_stuck(19.96, 3.0, 9, 5.0, 8) == (
        "stuck at 20.0 for 5 hours: 9 readings without a change (usual: fewer than 8)"
    )
    assert say(Kind.BURST, [1.0] * 9).startswith("9 readings of 1 within 5 hours where 20.0 was expected, 19.0 below")


def test_a_sentence_never_calls_usual_what_it_reports() -> None:
    values, expected = np.array([22.0, 21.0]), np.array([20.0, 20.0])
    said = explain(Kind.SPIKE, OddRows(values, expected, np.array([4.0, 2.0]), 0, 0.5), Reach(20.0, 17.0, 23.0))
    assert said == "2 unusual readings within 30 minutes, farthest at 22 where 20.0 was expected, 2.0 above"
    beside = Reach(15.0, 12.0, 18.0, beside=True)
    said = explain(Kind.SPIKE, OddRows(values[:1], expected[:1], np.array([4.0]), 0, 0.0), beside)
    assert said == "one reading of 22 where the readings beside it are 15.0, 7.0 above (usual: 12.0 to 18.0)"


def test_the_band_is_that_of_the_component_that_fired() -> None:
    # On a slow wave of 20 sigma a reading is odd only compared with its neighbours.
    rows = np.arange(12_000)
    walk = np.cumsum(np.random.default_rng(3).normal(0, 1, 12_000))
    walk[7000] += 40
    found = detect(600_000_000 * rows, walk).events
    (spike,) = (event for event in found if event.start <= 7000 * 600_000_000 <= event.end)
    assert "the readings beside it are" in spike.explanation
    assert spike.expected == pytest.approx(np.median(walk[6998:7003]), abs=1)
    assert not spike.low <= spike.extreme <= spike.high
