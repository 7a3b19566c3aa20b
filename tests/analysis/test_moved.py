"""The rows over which a level has moved, near the ends of a series, where one window is used for many rows."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.analysis.events.moved import highest_rows
from iotctl.model import Kind

MINUTE = 60_000_000
ROWS = 5_000


@pytest.mark.parametrize("height", [9.0, -5.0])
@pytest.mark.parametrize("beside", [1, 10, 40, 100, 250])
@pytest.mark.parametrize("at_start", [False, True])
def test_a_shift_ends_where_it_ended_however_many_rows_of_the_series_are_beyond(
    height: float, beside: int, at_start: bool
) -> None:
    u = np.random.default_rng(3).normal(0, 1, ROWS)
    first, last = ROWS - beside - 200, ROWS - beside
    u[first:last] += height
    if at_start:
        u, first, last = u[::-1], ROWS - last, ROWS - first
    (event,) = detect(MINUTE * np.arange(ROWS), u).events
    assert event.kind is Kind.SHIFT
    off = event.start // MINUTE - first, event.end // MINUTE + 1 - last
    near, inner = off if at_start else off[::-1]
    assert abs(near) <= 2
    assert abs(inner) <= 20  # by the windows themselves


@pytest.mark.parametrize("row", [0, 1, 5, ROWS - 6, ROWS - 2, ROWS - 1])
def test_a_spike_near_an_end_is_one_reading(row: int) -> None:
    u = np.random.default_rng(4).normal(0, 1, ROWS)
    u[row] = 60.0
    (event,) = detect(MINUTE * np.arange(ROWS), u).events
    assert (event.kind, event.start // MINUTE, event.rows) == (Kind.SPIKE, row, 1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("first", "last"), [(0, 16), (0, 1), (15, 16), (3, 9), (10, 16)])
def test_the_rows_that_are_off_are_those_of_the_step(first: int, last: int, sign: float) -> None:
    u = np.zeros(16)
    u[first:last] = 5.0 * sign
    assert highest_rows(u) == (first, last)


def test_a_slope_is_off_from_a_third_of_its_height() -> None:
    # Rows above half of the mean of those above: of a line from 0 to 1 they begin at 1/3.
    first, last = highest_rows(np.linspace(0, 9, 301))
    assert abs(first - 100) <= 2
    assert last == 301
