"""Regimes in words are those of the made-up readings."""

from __future__ import annotations

import re

import numpy as np

from iotctl.analysis import detect
from iotctl.analysis.regime_words import regime_words

DAY = 86_400_000_000
ROWS = 144 * 90


def said(value: np.ndarray[tuple[int], np.dtype[np.float64]], unit: str = "") -> str:
    noisy = value + np.random.default_rng(3).normal(0, 1, ROWS)
    return regime_words(detect(np.arange(ROWS) * DAY // 144, noisy).regimes, "Europe/Berlin", unit)


def test_levels_are_told_with_the_day_from_which_they_are() -> None:
    days = np.arange(ROWS) / 144
    assert said(np.full(ROWS, 20.0)) == "1 regime"
    # Half past eleven at night by UTC is the next day in Berlin.
    assert (
        said(np.where(days < 40 + 23.5 / 24, 20.0, 50.0), "bar") == "2 regimes: 20.0 bar, from 1970-02-11 on 50.0 bar"
    )
    turns = said(np.interp(days, [0, 45, 90], [50, 50, 95]))
    assert re.fullmatch(r"2 regimes: 50\.0, from 1970-02-1\d on rising from 50\.\d to 95\.0", turns)


def test_many_are_counted_alone() -> None:
    value = np.repeat([20.0, 60.0, 10.0, 90.0, 40.0], ROWS // 5)
    assert said(np.append(value, np.full(ROWS - len(value), 40.0))) == "5 regimes"
