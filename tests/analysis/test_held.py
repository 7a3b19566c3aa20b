"""Scheduled runs remember for a year how long a value was held, and judge by it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.sensor_kinds.held import Held, held_before, longest_held
from iotctl.model import HeldRun, Kind, SensorMemory

STEP = 600_000_000
DAY = 86_400_000_000
DAY_ROWS = 144


def runs(*held: tuple[float, int]) -> NDArray[np.float64]:
    """Readings that hold each value for so many rows."""
    return np.concatenate([np.full(rows, value) for value, rows in held])


def at(y: NDArray[np.float64], first: int = 0) -> NDArray[np.int64]:
    return STEP * np.arange(first, first + len(y))


def test_the_five_longest_runs_of_each_value_are_kept_with_their_ends() -> None:
    y = runs((0, 20), (1, 3), (0, 40), (1, 9), (0, 10), (2, 1), (0, 8), (1, 2), (0, 30), (3, 1), (0, 50), (4, 7))
    kept = longest_held(None, y, at(y))
    assert [(run.value, run.rows) for run in kept] == [(0, 50), (0, 40), (0, 30), (0, 20), (0, 10), (1, 9)]
    assert [run.end // STEP for run in kept] == [173, 62, 122, 19, 81, 71]


def test_runs_before_the_readings_at_hand_stay_for_a_year() -> None:
    memory = SensorMemory(held=(HeldRun(0.0, 90, 5 * STEP), HeldRun(0.0, 80, 200 * STEP), HeldRun(7.0, 70, 10 * DAY)))
    y = runs((0, 20), (1, 300))
    # The run that ends within the readings is one of them.
    kept = longest_held(memory, y, at(y, 150))
    assert [(run.value, run.rows) for run in kept] == [(1, 300), (0, 90), (0, 20)]
    assert {(run.value, run.rows) for run in longest_held(memory, y, at(y, 370 * DAY_ROWS))} == {
        *((1, 300), (7, 70), (0, 20)),
    }


@pytest.mark.parametrize(("days", "few"), [(30, 1), (126, 1), (183, 2), (365, 4), (900, 4)])
def test_four_runs_a_year_may_be_stuck_and_fewer_in_less(days: int, few: int) -> None:
    time = STEP * np.arange(30 * DAY_ROWS)
    known = held_before(SensorMemory(rows=days * DAY_ROWS), time, 1 / 6)
    assert known.few == few
    assert known.looks == pytest.approx(365 / 30)
    assert held_before(None, time, 1 / 6) == Held()


def test_what_is_usual_is_the_longest_but_those_few_by_earlier_runs_too() -> None:
    length = np.array([9, 30, 12], dtype=np.intp)
    assert Held({0.0: [50, 40]}, few=1).usual(0.0, length) == 40
    assert Held({0.0: [50, 40]}, few=4).usual(0.0, length) == 9
    assert Held({0.0: [50, 40]}, few=4).usual(1.0, length) == 0


def test_a_level_that_lies_at_its_limit_as_it_has_before_is_not_told_by_a_later_run() -> None:
    """A tank that is empty for a night, and for two days in each winter; a week is longer than it ever was."""
    random = np.random.default_rng(3)
    value = np.maximum(
        5 + 8 * np.sin(np.arange(150 * DAY_ROWS) * 2 * np.pi / DAY_ROWS) + random.normal(0, 1, 21_600), 0
    )
    value = np.round(value, 2).astype(np.float64)
    value[100 * DAY_ROWS : 102 * DAY_ROWS] = 0.0
    time = STEP * np.arange(200 * DAY_ROWS, 350 * DAY_ROWS)
    winters = tuple(
        HeldRun(0.0, 2 * DAY_ROWS + more, day * DAY) for more, day in ((5, 20), (9, 30), (20, 60), (40, 70))
    )

    def stuck(memory: SensorMemory) -> list[int]:
        found = detect(time, value, memory=memory).events
        return [event.rows for event in found if event.kind is Kind.STUCK]

    assert stuck(SensorMemory(rows=150 * DAY_ROWS))
    assert stuck(SensorMemory(rows=150 * DAY_ROWS, held=winters)) == []
    value[100 * DAY_ROWS : 107 * DAY_ROWS] = 0.0
    assert stuck(SensorMemory(rows=150 * DAY_ROWS, held=winters))
