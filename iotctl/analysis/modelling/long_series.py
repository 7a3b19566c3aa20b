"""Long series: a model fitted to evenly spread rows, placed among all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.modelling.lasting import Lasting
from iotctl.analysis.modelling.regimes import Line

Floats = NDArray[np.float64]

# A break found among the spread rows is exact to so many of them.
_REACH = 2


@dataclass(frozen=True)
class Places:
    """Where the fitted rows lie among all n rows.

    rows: (m,), ascending. moved: break among the fitted rows -> its row among all rows.
    """

    rows: NDArray[np.intp]
    n: int
    moved: dict[int, int]

    def of(self, row: int) -> int:
        """The row among all rows, for a row or an end among the fitted rows."""
        if row in self.moved:
            return self.moved[row]
        return 0 if row <= 0 else self.n if row >= len(self.rows) else int(self.rows[row])

    def lines(self, lines: Sequence[Line], x: Floats) -> tuple[Line, ...]:
        """Regimes with their rows among all rows. x: (n,) hours."""
        placed = []
        for line in lines:
            start, end = self.of(line.start), self.of(line.end)
            level = line.level + line.slope * float(x[start] - x[self.rows[line.start]])
            placed.append(replace(line, start=start, end=end, level=level))
        return tuple(placed)

    def changes(self, changes: Sequence[Lasting]) -> list[Lasting]:
        """Lasting changes with their rows among all rows."""
        return [
            replace(change, row=self.of(change.row), until=None if change.until is None else self.of(change.until))
            for change in changes
        ]

    def pieces(self, factor: Floats) -> Floats:
        """A column that is constant in pieces, (m,), extended to all rows, (n,)."""
        starts = [0, *(np.flatnonzero(np.diff(factor)) + 1).tolist()]
        ends = [self.of(start) for start in [*starts[1:], len(factor)]]
        return np.repeat(factor[starts], np.diff([0, *ends]))


def place(rows: NDArray[np.intp], lines: Sequence[Line], x: Floats, without: Callable[[slice], Floats]) -> Places:
    """The places of the fitted rows; each break between two regimes is placed exactly, by all rows around it.

    lines: regimes of the fitted rows. x: (n,) hours of all rows. without: gives readings of some rows without season.
    """
    moved = {}
    for before, after in pairwise(lines):
        if before.end != after.start:  # an event lies between them
            continue
        at = after.start
        near = slice(int(rows[max(at - _REACH, 0)]), int(rows[min(at + _REACH, len(rows) - 1)]))
        one, other = (line.level + line.slope * (x[near] - x[rows[line.start]]) for line in (before, after))
        # A wild reading must not decide for either side.
        value = np.clip(without(near), np.minimum(one, other), np.maximum(one, other))
        cost = np.append(0.0, np.cumsum((value - one) ** 2 - (value - other) ** 2))
        moved[at] = near.start + int(np.argmin(cost))
    return Places(rows, len(x), moved)
