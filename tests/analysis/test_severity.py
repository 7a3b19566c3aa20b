"""Severity counts decades of rarity; tails tell what chance explains."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.scores.severity import severity
from iotctl.analysis.scores.tails import MOST_DECADES, tail_of, tails_of

RANDOM = np.random.default_rng(1)
# An exponential tail is what the scale is made for: one in 10 ** k lies beyond k ln 10.
EXPONENTIAL = RANDOM.exponential(1.0, 200_000)


@pytest.mark.parametrize("decades", [1.0, 2.0, 3.0, 4.0, 6.0])
def test_one_more_for_each_decade_beyond_one_in_ten(decades: float) -> None:
    component = np.append(EXPONENTIAL, (1 + decades) * np.log(10))
    assert tail_of(component).rarity(component)[-1] == pytest.approx(decades, rel=0.1)


def test_rarity_has_a_bound() -> None:
    component = np.append(EXPONENTIAL, 1e9)
    assert tail_of(component).rarity(component)[-1] == MOST_DECADES


def test_nine_of_ten_rows_are_usual() -> None:
    assert (tail_of(EXPONENTIAL).rarity(EXPONENTIAL) == 0).mean() == pytest.approx(0.9, abs=0.005)


def test_severity_is_the_mean_over_what_looks_at_a_row() -> None:
    odd, usual = EXPONENTIAL.copy(), RANDOM.permutation(EXPONENTIAL)
    odd[7], usual[7] = 7 * np.log(10), 0.0

    def of_row_7(**components: NDArray[np.float64]) -> float:
        return float(severity(components, tails_of(components), len(odd))[7])

    assert of_row_7(odd=odd, usual=usual) == pytest.approx(3.0, rel=0.1)
    assert of_row_7(odd=odd, same=odd) == pytest.approx(6.0, rel=0.1)


def test_what_is_rare_is_learnt_from_the_usual_rows() -> None:
    component = np.concatenate([EXPONENTIAL[:1000], 10 * EXPONENTIAL[:1000]])
    good = np.arange(2000) < 1000
    against, alone = (tails_of({"point": component}, usual)["point"] for usual in (good, None))
    assert against.rarity(component)[1000:].mean() > 3 * alone.rarity(component)[1000:].mean()


@pytest.mark.parametrize("component", [np.zeros(50), np.full(50, 3.0), np.eye(50)[7]])
def test_without_a_tail_rarity_is_defined(component: NDArray[np.float64]) -> None:
    found = tail_of(component).rarity(component)
    assert np.isfinite(found).all()
    assert (found[component == component.min()] == 0).all()


@pytest.mark.parametrize(
    ("tail", "value", "decades"),
    [
        # By hand: of an exponential one in 10 ** k lies beyond k ln 10, of a Pareto of index 3 beyond 10 ** (k / 3).
        (EXPONENTIAL, 5 * np.log(10), 5.0),
        (RANDOM.random(200_000) ** (-1 / 3), 10 ** (5 / 3), 5.0),
        (RANDOM.random(200_000) ** (-1 / 3), 10 ** (8 / 3), 8.0),
    ],
    ids=["exponential", "pareto", "pareto, far"],
)
def test_a_tail_tells_how_rare_a_value_is(tail: NDArray[np.float64], value: float, decades: float) -> None:
    assert tail_of(tail).decades(np.array([value])) == pytest.approx([decades], rel=0.15)


def test_nothing_is_rare_in_the_body_and_values_that_come_often_are_not_rare() -> None:
    assert tail_of(EXPONENTIAL).decades(np.array([1.0])).tolist() == [0.0]
    steps = np.where(np.arange(10_000) % 500 == 0, 5.0, 0.0)
    often, beyond, far = tail_of(steps).decades(np.array([5.0 + 1e-9, 7.0, 500.0])).tolist()
    assert often == pytest.approx(3.0)
    assert beyond < 4.0
    assert far == 99.0
