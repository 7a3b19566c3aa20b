"""Running sums give the same as a loop over the rows."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from iotctl.analysis.blocks import blocks
from iotctl.analysis.scores.rolling import Local, RollingMean, running_total

RANDOM = np.random.default_rng(1)


def test_the_rolling_mean_is_that_of_the_nearest_full_window() -> None:
    y = RANDOM.normal(0, 1, 40)
    slow = []
    for row in range(40):
        start = min(max(row - 4, 0), 40 - 8)
        slow.append(sum(y[start : start + 8]) / 8)
    mean = RollingMean(running_total(40, iter([y[:7], y[7:8], y[8:]])), 8)
    assert mean[:] == pytest.approx(slow)
    assert mean[np.arange(40)[::-3]] == pytest.approx(slow[::-3])
    for start in range(40):
        for end in range(start + 1, 41):
            assert mean[start:end] == pytest.approx(slow[start:end])


def test_sums_do_not_depend_on_where_blocks_end() -> None:
    y = RANDOM.normal(0, 1, 1000)
    whole = running_total(1000, iter([y]))
    assert whole.tolist() == running_total(1000, iter(np.split(y, [1, 2, 500, 999]))).tolist()
    assert whole[1:].tolist() == np.cumsum(y).tolist()


@pytest.mark.parametrize("rows", [8, 9, 50])
def test_a_value_is_looked_at_beside_the_median_of_the_five_around_it(rows: int) -> None:
    y = RANDOM.normal(0, 1, rows)
    padded = [y[0], y[0], *y, y[-1], y[-1]]
    slow = [y[i] - statistics.median(padded[i : i + 5]) for i in range(rows)]
    assert Local(y)[:].tolist() == slow
    assert Local(y)[np.arange(rows)].tolist() == slow
    assert Local(y)[1 : rows - 1].tolist() == slow[1 : rows - 1]
    assert Local(y)[rows - 1 : rows].tolist() == slow[-1:]


def test_blocks_are_all_rows_once() -> None:
    assert np.concatenate([np.arange(300_000)[rows] for rows in blocks(300_000)]).tolist() == list(range(300_000))
    assert list(blocks(0)) == []
