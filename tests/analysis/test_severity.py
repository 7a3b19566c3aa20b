"""Severity counts in decades of rarity."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis.severity import rarity, severity

RANDOM = np.random.default_rng(1)
# An exponential tail is what the scale is made for: one in 10 ** k lies beyond k ln 10.
EXPONENTIAL = RANDOM.exponential(1.0, 200_000)


@pytest.mark.parametrize("decades", [1.0, 2.0, 3.0, 4.0, 6.0])
def test_one_more_for_each_decade_beyond_one_in_ten(decades: float) -> None:
    component = np.append(EXPONENTIAL, (1 + decades) * np.log(10))
    assert rarity(component)[-1] == pytest.approx(decades, rel=0.1)


def test_nine_of_ten_rows_are_usual() -> None:
    assert (rarity(EXPONENTIAL) == 0).mean() == pytest.approx(0.9, abs=0.005)


def test_severity_is_the_mean_over_what_looks_at_a_row() -> None:
    odd, usual = EXPONENTIAL.copy(), RANDOM.permutation(EXPONENTIAL)
    odd[7], usual[7] = 7 * np.log(10), 0.0
    assert severity([odd, usual])[7] == pytest.approx(3.0, rel=0.1)
    assert severity([odd, odd])[7] == pytest.approx(6.0, rel=0.1)


def test_what_is_rare_is_learnt_from_the_known_good_rows() -> None:
    component = np.concatenate([EXPONENTIAL[:1000], 10 * EXPONENTIAL[:1000]])
    good = np.arange(2000) < 1000
    assert rarity(component, good)[1000:].mean() > 3 * rarity(component)[1000:].mean()


@pytest.mark.parametrize("component", [np.zeros(50), np.full(50, 3.0), np.eye(50)[7]])
def test_without_a_tail_rarity_is_defined(component: np.ndarray) -> None:
    found = rarity(component)
    assert np.isfinite(found).all()
    assert (found[component == component.min()] == 0).all()
